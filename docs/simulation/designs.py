"""False positives and coverage of the default analysis of every design (statistics.md 29).

    OMP_NUM_THREADS=1 python docs/simulation/designs.py

Trials without an effect, and yes-or-no outcomes with one of 10 points; every run is drawn by the method's
own law and analysed as the lock would, in batches, by the engine of `nudge simulate`. An effect that is
added to a number moves estimate and truth alike, so there the coverage is that without one. Sizes,
covariates and pairs are made anew in every group of runs. Writes designs.json beside itself;
docs/simulation.md says what is in it.
"""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from nudge.analysis.foreseen import column_of
from nudge.analysis.operating import Tally
from nudge.analysis.runs import Baseline, Runs
from nudge.design.fixed_numbers import redraws as within_blocks
from nudge.design.methods import method
from nudge.design.simulation import World, totals, true_effect
from nudge.trial.records.analysis import Design, Floats, Ints
from nudge.trial.records.design import DrawUnit, Law
from nudge.workflow.planning.simulated_world import learning

RESULT = Path(__file__).with_suffix(".json")
GROUPS, RUNS = 20, 500
SEED = 20_280_200
STORED = 5
BASE, EFFECT, ICC, HOUSEHOLD_ICC = 0.3, 0.1, 0.05, 0.3
PEOPLE, CV, FORETOLD = 30, 0.8, 0.2
ALPHA = 0.05
SITES = (6, 8, 12, 20, 40)
_ENOUGH = 12
DRIFT = 0.1
"""How far the level without a message moves over an adaptive trial."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One kind of trial.

    sizes: one (individuals), households, equal or unequal (sites). kind: binary or continuous.
    """

    design: str
    units: int
    sizes: str
    average: str = "person"
    kind: str = "binary"
    effect: float = 0.0

    @property
    def sites(self) -> bool:
        """Whether the units are sites."""
        return self.sizes in {"equal", "unequal"}

    @property
    def key(self) -> list[int]:
        """A part of the seed of its own, the same with an effect and without, whoever is averaged over."""
        return [*self.design.encode(), self.units, *self.sizes.encode(), self.kind == "binary"]

    @property
    def few(self) -> bool:
        """Whether false positives may be up to 7 %, and as few as can be."""
        return self.sites and self.units < _ENOUGH

    def within(self, rejected: float, coverage: float | None) -> bool:
        """Whether both lie in the bands of statistics.md 29."""
        if self.effect == 0 and not (0.0 if self.few else 0.035) <= rejected <= (0.07 if self.few else 0.065):
            return False
        return coverage is None or (0.93 if self.few else 0.935) <= coverage <= (1.0 if self.few else 0.965)


def _kinds(setting: Setting) -> tuple[Setting, ...]:
    if setting.few:
        return (setting,)
    numbers = () if setting.design == "adaptive" else (replace(setting, kind="continuous"),)
    return setting, replace(setting, effect=EFFECT), *numbers


SETTINGS = tuple(
    kind
    for one in (
        *(
            Setting(design, units, sizes, average)
            for design in ("cluster", "blocked_cluster", "matched_pairs", "cluster, a covariate")
            for average in ("person", "cluster") if design != "cluster, a covariate" or average == "person"
            for units in (SITES if design != "cluster, a covariate" else (6, 8, 40)) for sizes in ("equal", "unequal")
        ),
        *(
            Setting(design, units, "one")
            for design in (
                "simple", "complete", "complete, 1 to 2", "complete, covariates", "blocked", "blocked, covariates",
                "blocked, small blocks", "matched_pairs", "permuted_blocks", "minimisation", "rerandomised",
                "factorial", "waitlist",
            )
            for units in (60, 400)
        ),
        *(Setting(design, 300, "households") for design in ("complete", "blocked, covariates")),
        *(Setting("adaptive", units, "one") for units in (300, 600)),
    )
    for kind in _kinds(one)
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Made:
    """One group's units: what the draw and the analysis know of them."""

    law: Law
    design: Design
    units: list[DrawUnit]
    block: Ints
    world: World
    baseline: Baseline | None

    @property
    def chance(self) -> Floats | None:
        """Of the arm and its control, (2, U), where it is known before the draw."""
        if self.law.method in {"minimisation", "adaptive"}:
            return None
        return np.tile([[self.law.probability("message")], [self.law.probability("usual")]], len(self.units))


def made(setting: Setting, rng: np.random.Generator) -> Made:
    """Units, sizes and covariates of one group of runs."""
    name, _, more = setting.design.partition(", ")
    n = setting.units
    people = sizes_of(setting, rng)
    columns = {"number": rng.standard_normal(n), "level": rng.integers(0, 2, n)}
    if setting.design == "matched_pairs":
        rank = np.argsort(np.argsort(columns["number"] if setting.sizes == "one" else people, kind="stable"))
        block: Ints = rank // 2
    elif more == "small blocks":
        block = np.arange(n, dtype=np.int64) // 3
    elif name in {"blocked", "blocked_cluster", "permuted_blocks"}:
        block = np.arange(n, dtype=np.int64) % (2 if setting.sites else 4)
    else:
        block = np.zeros(n, dtype=np.int64)
    law = _law(name, more, n)
    used = {"a covariate": ["number"], "covariates": ["number", "level"]}.get(more, [])
    used = ["number", "level"] if name == "minimisation" else ["number"] if name == "rerandomised" else used
    of = np.repeat(np.arange(n), people) if used else None
    baseline = _baseline({one: columns[one][of] for one in used}) if of is not None else None
    if name == "adaptive":
        block = np.arange(n, dtype=np.int64) // law.parameters["batch"]
    units = [
        DrawUnit(f"{i:05d}", (str(code),), {"number": float(columns["number"][i]), "level": str(columns["level"][i])})
        for i, code in enumerate(block.tolist())
    ]
    design = Design(name, clusters=setting.sites, blocks=bool(block.max() > 0))
    number = np.asarray(columns["number"], dtype=float)
    return Made(law, design, units, block, _world(setting, people, of, number), baseline)


def sizes_of(setting: Setting, rng: np.random.Generator) -> Ints:
    """People in each unit."""
    n = setting.units
    sizes = {
        "one": np.ones(n), "households": 1.0 + (rng.random(n) < 0.3),
        "equal": np.full(n, PEOPLE), "unequal": np.maximum(1, np.rint(rng.gamma(1 / CV**2, PEOPLE * CV**2, n))),
    }  # fmt: skip
    return sizes[setting.sizes].astype(np.int64)


def _law(name: str, more: str, units: int) -> Law:
    arms: tuple[str, ...] = ("usual", "message")
    ratio: tuple[int, ...] = (1, 2) if more == "1 to 2" else (1, 1)
    parameters: dict[str, Any] = {}
    if name == "factorial":
        arms, ratio = ("usual", "message", "call", "both"), (1, 1, 1, 1)
    if name == "adaptive":
        arms, ratio, parameters = ("usual", "message", "other"), (1, 1, 1), {"batch": units // 5}
    if name == "rerandomised":
        parameters = {"balance_on": ["number"], "accept": {"share": 0.1}}
    if name == "minimisation":
        parameters = {"balance_on": ["level"]}
    return Law("designs", name, arms, ratio, ("block",), parameters, "usual")


def _baseline(values: Mapping[str, np.ndarray]) -> Baseline | None:
    types = {"number": "number", "level": "category"}
    return Baseline.of({name: column_of(one.tolist(), types[name]) for name, one in values.items()}, types)


def _world(setting: Setting, people: Ints, of: Ints | None, number: Floats) -> World:
    """A level that hangs on the number a little, and in an adaptive trial on when the unit comes."""
    spread = None if setting.kind == "binary" else 1.0
    level = np.full(people.size, BASE if spread is None else 0.0)
    level += np.sqrt(FORETOLD / 10) * np.clip(number, -2, 2) * (np.sqrt(BASE * (1 - BASE)) if spread is None else 1.0)
    if setting.design == "adaptive":
        level += DRIFT * (np.arange(people.size) / people.size - 0.5)
    icc = {"one": 0.0, "households": HOUSEHOLD_ICC}.get(setting.sizes, ICC)
    if of is None:
        return World(people, level, spread, icc, 1.0, 1.0, together=not setting.sites)
    ones = np.ones(of.size, dtype=np.int64)
    return World(ones, level[of], spread, icc, 1.0, 1.0, not setting.sites, of)


def group(setting: Setting, number: int, tally: Tally) -> float:
    """Add one group's runs; returns their true effect."""
    rng = np.random.default_rng([SEED, *setting.key, number])
    one = made(setting, rng)
    added = np.zeros(len(one.law.arms))
    added[1] = setting.effect
    if one.law.method == "adaptive":
        arms, (rows, sums) = learning(one.law, one.world, added, RUNS, rng)
    else:
        drawing = within_blocks if one.law.method == "matched_pairs" else method(one.law.method).redraws
        arms = drawing(one.units, one.law, RUNS, rng)
        rows, sums = totals(one.world, arms, added, rng)
    tally.add(
        Runs(
            arms == 1, arms <= 1, rows, sums, one.block, setting.kind == "binary", one.design.clusters, setting.average,
            one.world.of, one.baseline, one.chance, ("message", "usual"),
        ),
        one.design,
    )  # fmt: skip
    return true_effect(one.world, (setting.effect, 0.0), of_units=setting.average == "cluster")


def simulated(setting: Setting) -> dict[str, Any]:
    """Every group of one setting."""
    tally = Tally()
    truth = float(np.mean([group(setting, number, tally) for number in range(GROUPS)]))
    found = tally.operating(truth, EFFECT, ALPHA, 1)
    given = float(np.isfinite(np.concatenate(tally.std_error)).mean())
    coverage = found.coverage.value if given > 0 else None
    return asdict(setting) | {
        "rejected": round(found.rejected.value, 6),
        "rejected_mc_error": round(found.rejected.mc_error, 6),
        "coverage": None if coverage is None else round(coverage, 6),
        "coverage_mc_error": round(found.coverage.mc_error, 6) if coverage is not None else None,
        "with_interval": round(given, 6),
        "repetitions": found.runs,
        "by_rows": round(found.by_rows / found.runs, 6),
        "in_band": setting.within(found.rejected.value, coverage),
        "first": [None if np.isnan(p) else float(f"{p:.12g}") for p in tally.p_value[0][:STORED].tolist()],
    }


def result() -> dict[str, Any]:
    """Everything that is stored."""
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        found = list(pool.map(simulated, SETTINGS))
    return {
        "script": "docs/simulation/designs.py",
        "python": platform.python_version(),
        "numpy": np.__version__,
        "seeds": f"numpy.random.default_rng([{SEED}, *Setting.key, N]), N from 0 to {GROUPS - 1}",
        "settings": found,
    }


Key = tuple[str, int, str, str]
_COLUMNS = (("binary", False), ("binary", True), ("continuous", False))


def table(stored: Mapping[str, Any]) -> list[str]:
    """The rows of docs/simulation.md: a trial a row, one column for each thing put in."""
    lines = [
        "| trial | yes or no: p < .05 | yes or no: held | 10 points: held | a number: p < .05 | interval given |",
        "|---|---|---|---|---|---|",
    ]
    rows: dict[Key, dict[tuple[str, bool], Mapping[str, Any]]] = {}
    for one in stored["settings"]:
        key = one["design"], one["units"], one["sizes"], one["average"]
        rows.setdefault(key, {})[one["kind"], one["effect"] > 0] = one
    for key, of in rows.items():
        nothing, effect, number = (of.get(kind) for kind in _COLUMNS)
        if nothing is None:
            raise AssertionError("every setting has a yes or no without an effect")
        cells = [
            _shown(nothing, "rejected"), _shown(nothing, "coverage"), _shown(effect, "coverage"),
            _shown(number, "rejected"), f"{100 * nothing['with_interval']:.0f} %",
        ]  # fmt: skip
        lines.append(f"| {_named(key)} | {' | '.join(cells)} |")
    return lines


def _named(key: Key) -> str:
    design, units, sizes, average = key
    name = design.replace("_", " ")
    if sizes == "one":
        return f"{name}: {units} individuals"
    if sizes == "households":
        return f"{name}: {units} households"
    return f"{name}: {units} sites of {sizes} sizes, each {average} the same"


def _shown(one: Mapping[str, Any] | None, what: str) -> str:
    """A share, with an asterisk where the setting is outside its band."""
    if one is None:
        return ""
    if one[what] is None:
        return "none"
    alone = Setting(**{key: one[key] for key in Setting.__slots__})
    fine = alone.within(one["rejected"], None) if what == "rejected" else alone.within(0.05, one["coverage"])
    return f"{100 * one[what]:.1f} % ({100 * one[what + '_mc_error']:.1f}){'' if fine else ' *'}"


if __name__ == "__main__":
    everything = result()
    RESULT.write_text(json.dumps(everything, indent=1) + "\n", encoding="utf-8")
    print("\n".join(table(everything)))
