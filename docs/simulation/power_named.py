"""Whether the power that the formula foretells for named estimators is what simulated trials have (statistics.md 29).

    OMP_NUM_THREADS=1 python docs/simulation/power_named.py

Trials of two arms with the effect at which the formula gives 80 % power. Outcomes come about by the law that
`power:` of a trial file says (counts with their dispersion, times with the same hazard every day, answers that move
by the same odds at every step), people of one site are alike by the ICC, and every run is fitted by the estimator
itself, as `nudge simulate` does. Sites that differ in size get new sizes in every group of runs. Writes
power_named.json beside itself; docs/power.md says what is in it.
"""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from nudge.analysis.operating import Tally
from nudge.analysis.runs import Runs
from nudge.design.fixed_numbers import redraws
from nudge.design.power import Block, Plan, detectable_effect, power
from nudge.design.power_laws import Answers, Days, Hazards, OutcomeLaw, Rates
from nudge.design.simulation import unequal_sizes
from nudge.trial.records.analysis import Design, Ints
from nudge.trial.records.design import DrawUnit, Law
from nudge.workflow.planning.simulated_laws import LawWorld, made_by_law

RESULT = Path(__file__).with_suffix(".json")
SEED = 20_280_100
AIM, ALPHA = 0.8, 0.05
PEOPLE, ICC, UNEQUAL = 30, 0.03, 0.4
GROUPS = 20
RUNS = {"cox": 100}
"""A group, where not 125: these are fitted one by one."""
FIRST = 5
"""Runs of the first group whose p-values are stored."""

LAWS: Mapping[str, tuple[str, OutcomeLaw]] = {
    "logit": ("40 % without a message", Rates(0.4, 1, ratio=False, once=True)),
    "rate_ratio": ("1.5 events, dispersion 0.8", Rates(1.5, 1, dispersion=0.8)),
    "rate_ratio of a yes or no": ("40 %, fewer is better", Rates(0.4, -1, once=True)),
    "rate_difference": ("1.5 events, dispersion 0.8", Rates(1.5, 1, ratio=False, dispersion=0.8)),
    "negative_binomial": ("1.5 events, dispersion 0.8, fewer is better", Rates(1.5, -1, dispersion=0.8)),
    "survival": ("40 % within 56 days", Days(0.4, 56, -1)),
    "cox": ("40 % within 56 days", Hazards(0.4, 56, 1)),
    "ordinal": ("10, 20, 40 and 30 % of the answers", Answers((0.1, 0.2, 0.4, 0.3), 1)),
}


@dataclass(frozen=True, slots=True)
class Setting:
    """One kind of trial. units: of both arms. cv: how sizes of sites vary; None for individuals."""

    kind: str
    units: int
    cv: float | None = None

    @property
    def estimator(self) -> str:
        """By its file name."""
        return self.kind.split(" ", maxsplit=1)[0]

    @property
    def law(self) -> OutcomeLaw:
        """How the outcome comes about."""
        return LAWS[self.kind][1]

    @property
    def number(self) -> int:
        """A part of the seed of its own."""
        return list(LAWS).index(self.kind) * 1_000_000 + self.units * 100 + round(10 * (self.cv or 0))

    @property
    def runs(self) -> int:
        """Of every group."""
        return RUNS.get(self.estimator, 125)

    @property
    def plan(self) -> Plan:
        """The formula's view of it."""
        blocks = (Block(self.units / 2, self.units / 2),)
        parameters = 2.0 if self.estimator == "cox" else None
        if self.cv is None:
            return Plan(blocks, ALPHA, law=self.law, parameters=parameters)
        return Plan(blocks, ALPHA, rows=PEOPLE, cv=self.cv, icc=ICC, law=self.law, parameters=parameters)


SETTINGS = tuple(
    Setting(kind, units, cv)
    for kind in LAWS
    for units, cv in (
        (400, None), *(((20, 0.0),) if kind != "cox" else ()), (40, UNEQUAL),
    )
)  # fmt: skip


@cache
def effect_of(setting: Setting) -> float:
    """The effect at which the formula gives the power aimed at."""
    found = detectable_effect(setting.plan, AIM)
    if found is None:
        raise AssertionError("every setting can show some effect")
    return found


def runs_of(setting: Setting, number: int) -> Runs:
    """The rows of one group."""
    rng = np.random.default_rng([SEED, setting.number, number])
    sites = setting.cv is not None
    people = unequal_sizes(setting.units, PEOPLE if sites else 1, setting.cv or 0.0, rng)
    unit: Ints = np.repeat(np.arange(setting.units), people)
    world = LawWorld(setting.law, unit, ICC if sites else 0.0, 1.0, 1.0, together=False)
    drawn = [DrawUnit(str(i)) for i in range(setting.units)]
    arms = redraws(drawn, Law("power", "complete", ("usual", "message"), (1, 1), ()), setting.runs, rng)
    made = made_by_law(world, arms, np.array([0.0, effect_of(setting)]), rng)
    return Runs(
        arms == 1, arms >= 0, made.rows, made.totals, np.zeros(setting.units, dtype=np.int64),
        binary=isinstance(setting.law, Rates) and setting.law.once, clusters=sites, average="person", of=unit,
        named=setting.estimator, event=made.event, sign=setting.law.turn,
    )  # fmt: skip


def fitted(setting: Setting, runs: Runs) -> Tally:
    """Some runs, each by the estimator itself."""
    sites = setting.cv is not None
    tally = Tally()
    tally.add(runs, Design("cluster" if sites else "complete", clusters=sites, blocks=False))
    return tally


def first_p_values(setting: Setting) -> list[float]:
    """Those of the first group that are stored."""
    runs, some = runs_of(setting, 0), slice(FIRST)
    few = replace(
        runs, treated=runs.treated[some], here=runs.here[some], rows=runs.rows[some], totals=runs.totals[some],
        event=None if runs.event is None else runs.event[some],
    )  # fmt: skip
    found: list[float] = fitted(setting, few).p_value[0].tolist()
    return found


def simulated(setting: Setting) -> dict[str, Any]:
    """Every group of one setting."""
    found = [fitted(setting, runs_of(setting, number)) for number in range(GROUPS)]
    shares = [float((one.p_value[0] < ALPHA).mean()) for one in found]
    bias = np.concatenate([one.estimate[0] for one in found]) - effect_of(setting)
    return asdict(setting) | {
        "repetitions": GROUPS * setting.runs,
        "effect": round(effect_of(setting), 6),
        "formula": round(power(setting.plan, effect_of(setting)), 6),
        "simulation": round(float(np.mean(shares)), 6),
        "mc_error": round(float(np.std(shares, ddof=1) / np.sqrt(GROUPS)), 6),
        "bias_in_errors": round(float(np.nanmean(bias) / np.nanstd(bias)), 4),
        "first": [float(f"{p:.8g}") for p in found[0].p_value[0][:FIRST]],
    }


def as_text(settings: list[dict[str, Any]]) -> str:
    """JSON, a setting a line."""
    head = {
        "script": "docs/simulation/power_named.py",
        "python": platform.python_version(),
        "numpy": np.__version__,
        "seeds": f"numpy.random.default_rng([{SEED}, Setting.number, N]), N from 0 to {GROUPS - 1}",
    }
    lines = ",\n  ".join(json.dumps(one) for one in settings)
    return json.dumps(head, indent=1)[:-2] + f',\n "settings": [\n  {lines}\n ]\n}}\n'


def table(stored: Mapping[str, Any]) -> list[str]:
    """The rows of docs/power.md."""
    lines = ["| estimator | outcome | trial | formula | simulation |", "|---|---|---|---|---|"]
    for one in stored["settings"]:
        sizes = "of equal sizes" if one["cv"] == 0 else f"of sizes that vary by {100 * (one['cv'] or 0):.0f} %"
        what = f"{one['units']} individuals" if one["cv"] is None else f"{one['units']} sites {sizes}"
        found = f"{100 * one['simulation']:.1f} % ({100 * one['mc_error']:.1f})"
        lines.append(f"| {one['kind']} | {LAWS[one['kind']][0]} | {what} | {100 * one['formula']:.1f} % | {found} |")
    return lines


if __name__ == "__main__":
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        everything = list(pool.map(simulated, SETTINGS))
    RESULT.write_text(as_text(everything), encoding="utf-8")
    print("\n".join(table({"settings": everything})))
