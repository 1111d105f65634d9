"""Whether the power that the formula foretells is the power that simulated trials have (statistics.md 29).

    OMP_NUM_THREADS=1 python docs/simulation/power.py

Trials of two arms with an effect that the formula gives about 80 %, 60 % or 90 % power; each is
simulated many times over by the engine of `nudge simulate`, which analyses every run with the
project's own estimators. Sites that differ in size get new log-normal sizes in every group of runs.
Writes power.json beside itself; docs/power.md says what is in it.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from nudge.analysis.operating import Tally
from nudge.analysis.runs import Baseline, Runs
from nudge.design.fixed_numbers import redraws
from nudge.design.methods import method
from nudge.design.power import Block, Plan, power
from nudge.design.simulation import World, totals, unequal_sizes
from nudge.trial.records.analysis import Design, Floats, Ints
from nudge.trial.records.design import DrawUnit, Law

RESULT = Path(__file__).with_suffix(".json")
GROUPS, RUNS = 40, 250
SEED = 20_271_100
BASE, ALPHA = 0.4, 0.05
PEOPLE, ICC = 30, 0.03
HOUSEHOLDS, TWO_IN_ONE = 0.3, 0.5
"""The share of households that have two people, and how alike those are."""
FORETOLD = 0.3


@dataclass(frozen=True, slots=True)
class Setting:
    """One kind of trial. units: of both arms. cv: how sizes of sites vary; None for individuals.

    more: what else there is to it, in words that the page shows; or a method of drawing.
    """

    units: int
    aim: float
    cv: float | None = None
    average: str = "person"
    blocks: int = 1
    more: str = ""

    @property
    def number(self) -> int:
        """A part of the seed of its own."""
        parts = (self.units, round(100 * self.aim), round(100 * (self.cv or 0)), self.average == "cluster", self.blocks)
        plain = "".join(f"{int(part):04d}" for part in parts)
        return int(plain + "".join(f"{code:03d}" for code in self.more.encode()))

    @property
    def method(self) -> str:
        """How arms are drawn."""
        if self.more == "pairs":
            return "matched_pairs"
        return self.more if self.more in _METHODS else "complete"

    @property
    def shares(self) -> tuple[float, float]:
        """Of the arm and of its control."""
        return (2 / 3, 1 / 3) if self.more == "two to one" else (0.5, 0.5)

    @property
    def plan(self) -> Plan:
        """The formula's view of it."""
        per_block = self.units / self.blocks
        blocks = tuple(Block(*(per_block * share for share in self.shares)) for _ in range(self.blocks))
        plan = Plan(blocks, ALPHA, baseline=BASE)
        if self.cv is not None:
            plan = replace(plan, rows=PEOPLE, cv=self.cv, icc=ICC, average=self.average)
            if self.average == "cluster":
                plan = replace(plan, parameters=2.0 * self.blocks)
        if self.more == "pairs":
            plan = replace(plan, parameters=self.units / 2 + 1)
        if self.more == "households":
            rows = 1 + HOUSEHOLDS
            plan = replace(plan, rows=rows, cv=np.sqrt(HOUSEHOLDS * (1 - HOUSEHOLDS)) / rows, icc=TWO_IN_ONE)
        if self.number_is_counted:
            plan = replace(plan, baseline=None, spread=1.0, r2=FORETOLD if self.covariate else 0.0)
        return replace(plan, reached=self.reached, known=self.known)

    @property
    def reached(self) -> float:
        """The share of the arm that gets its message."""
        return 0.7 if self.more == "70 % reached" else 1.0

    @property
    def known(self) -> float:
        """The share whose outcome is known."""
        return 0.8 if self.more == "80 % known" else 1.0

    @property
    def covariate(self) -> bool:
        """Whether the fit has one."""
        return self.more in {"a covariate", "rerandomised"}

    @property
    def number_is_counted(self) -> bool:
        """Whether the outcome is a number, not a yes or no."""
        return self.covariate or self.more == "a number"

    @property
    def in_band(self) -> bool:
        """Whether formula and simulation must agree within 2 points (statistics.md 29)."""
        return self.units >= (400 if self.cv is None else 20)


_METHODS = {"simple", "permuted_blocks", "minimisation", "rerandomised", "waitlist"}
SETTINGS = (
    *(Setting(units, aim) for units in (100, 400, 2000) for aim in (0.6, 0.8, 0.9)),
    Setting(400, 0.8, blocks=5),
    *(
        Setting(units, 0.8, cv, average)
        for average in ("person", "cluster") for units in (12, 20, 30, 60) for cv in (0.0, 0.4, 0.65)
    ),
    *(
        Setting(400, 0.8, more=more)
        for more in (
            "a number", "a covariate", "two to one", "pairs", "households", "70 % reached", "80 % known",
            *sorted(_METHODS),
        )
    ),
    *(Setting(units, 0.8, cv, blocks=4) for units in (24, 40) for cv in (0.0, 0.4)),
    *(Setting(24, 0.8, cv, "cluster", blocks=4) for cv in (0.0, 0.4)),
    *(Setting(units, 0.8, cv, more="pairs") for units in (20, 40) for cv in (0.0, 0.4)),
    *(Setting(30, 0.8, 0.4, more=more) for more in ("70 % reached", "80 % known", "two to one")),
)  # fmt: skip


def effect_of(setting: Setting) -> float:
    """The effect at which the formula gives the power aimed at."""
    low, high = 0.0, 1 - BASE
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (low, middle) if power(setting.plan, middle) >= setting.aim else (middle, high)
    return high


def group(setting: Setting, number: int) -> float:
    """The share of one group's runs whose interval leaves out zero."""
    rng = np.random.default_rng([SEED, setting.number, number])
    pairs, sites = setting.more == "pairs", setting.cv is not None
    block: Ints = np.arange(setting.units, dtype=np.int64)
    block = block // 2 if pairs else block % setting.blocks
    people = unequal_sizes(setting.units, PEOPLE if sites else 1, setting.cv or 0.0, rng)
    if setting.more == "households":
        people = people + (rng.random(setting.units) < HOUSEHOLDS)
    values = rng.standard_normal(setting.units) if setting.method in _METHODS or setting.covariate else np.zeros(0)
    units = [
        DrawUnit(str(i), (str(code),), {"number": float(values[i]), "level": str(values[i] > 0)} if values.size else {})
        for i, code in enumerate(block)
    ]
    world = _world(setting, people, values)
    ratio = (1, 2) if setting.more == "two to one" else (1, 1)
    given = {"balance_on": ["number"], "accept": {"share": 0.1}} if setting.method == "rerandomised" else {}
    given = {"balance_on": ["level"]} if setting.method == "minimisation" else given
    law = Law("power", setting.method, ("usual", "reminder"), ratio, (), given)
    drawing = method(setting.method).redraws if setting.method in _METHODS else redraws
    arms = drawing(units, law, RUNS, rng)
    rows, sums = totals(world, arms, np.array([0.0, effect_of(setting)]), rng)
    baseline = Baseline.of({"number": values}, {"number": "number"}) if setting.covariate else None
    tally = Tally()
    tally.add(
        Runs(
            arms == 1, arms >= 0, rows, sums, block, binary=not setting.number_is_counted, clusters=sites,
            average=setting.average, of=world.of, baseline=baseline,
        ),
        Design(setting.method, clusters=sites, blocks=setting.blocks > 1 or pairs),
    )  # fmt: skip
    effect = effect_of(setting)
    return tally.operating(effect, effect, ALPHA, 1).found.value


def _world(setting: Setting, people: Ints, values: Floats) -> World:
    """How people would fare without a message; a covariate foretells a part of the variance."""
    sites = setting.cv is not None
    icc = ICC if sites else TWO_IN_ONE if setting.more == "households" else 0.0
    level = np.zeros(setting.units) if setting.number_is_counted else np.full(setting.units, BASE)
    if setting.covariate:
        level = level + np.sqrt(FORETOLD) * values
    spread = None if not setting.number_is_counted else float(np.sqrt(1 - setting.plan.r2))
    of = np.arange(setting.units) if setting.covariate else None
    return World(people, level, spread, icc, setting.reached, setting.known, not sites, of)


def simulated(setting: Setting, groups: int) -> dict[str, Any]:
    """Every group of one setting."""
    shares = [group(setting, number) for number in range(groups)]
    return asdict(setting) | {
        "effect": round(effect_of(setting), 6),
        "formula": round(power(setting.plan, effect_of(setting)), 6),
        "simulation": round(float(np.mean(shares)), 6),
        "mc_error": round(float(np.std(shares, ddof=1) / np.sqrt(groups)), 6),
        "first": shares[:3],
    }


def table(stored: Mapping[str, Any]) -> list[str]:
    """The rows of docs/power.md."""
    lines = ["| trial | formula | simulation |", "|---|---|---|"]
    for one in stored["settings"]:
        if one["cv"] is None:
            what = f"{one['units']:,} individuals" + (f" in {one['blocks']} blocks" if one["blocks"] > 1 else "")
        else:
            sizes = "equal sizes" if one["cv"] == 0 else f"sizes that vary by {100 * one['cv']:.0f} %"
            what = f"{one['units']} sites of {sizes}, each {one['average']} counts the same"
            what += f", {one['blocks']} blocks" if one["blocks"] > 1 else ""
        what += f": {one['more'].replace('_', ' ')}" if one["more"] else ""
        found = f"{100 * one['simulation']:.1f} % ({100 * one['mc_error']:.1f})"
        lines.append(f"| {what} | {100 * one['formula']:.1f} % | {found} |")
    return lines


def result(groups: int) -> dict[str, Any]:
    """Everything that is stored."""
    return {
        "script": "docs/simulation/power.py",
        "python": platform.python_version(),
        "numpy": np.__version__,
        "repetitions": groups * RUNS,
        "seeds": f"numpy.random.default_rng([{SEED}, Setting.number, N]), N from 0 to {groups - 1}",
        "settings": [simulated(setting, groups) for setting in SETTINGS],
    }


if __name__ == "__main__":
    everything = result(GROUPS)
    RESULT.write_text(json.dumps(everything, indent=1) + "\n", encoding="utf-8")
    print("\n".join(table(everything)))
