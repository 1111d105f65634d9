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
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nudge.analysis.operating import Tally
from nudge.analysis.runs import Runs
from nudge.design.fixed_numbers import redraws
from nudge.design.power import Block, Plan, power
from nudge.design.simulation import World, totals, unequal_sizes
from nudge.trial.records.analysis import Design, Ints
from nudge.trial.records.design import DrawUnit, Law

RESULT = Path(__file__).with_suffix(".json")
GROUPS, RUNS = 40, 250
SEED = 20_271_100
BASE, ALPHA = 0.4, 0.05
PEOPLE, ICC = 30, 0.03


@dataclass(frozen=True, slots=True)
class Setting:
    """One kind of trial. units: of both arms. cv: how sizes of sites vary; None for individuals."""

    units: int
    aim: float
    cv: float | None = None
    average: str = "person"
    blocks: int = 1

    @property
    def number(self) -> int:
        """A part of the seed of its own."""
        parts = (self.units, round(100 * self.aim), round(100 * (self.cv or 0)), self.average == "cluster", self.blocks)
        return int("".join(f"{int(part):04d}" for part in parts))

    @property
    def plan(self) -> Plan:
        """The formula's view of it."""
        half = self.units / 2 / self.blocks
        blocks = tuple(Block(half, half) for _ in range(self.blocks))
        if self.cv is None:
            return Plan(blocks, ALPHA, baseline=BASE)
        parameters = 2.0 if self.average == "cluster" else None
        return Plan(
            blocks, ALPHA, rows=PEOPLE, cv=self.cv, icc=ICC, baseline=BASE, average=self.average, parameters=parameters
        )

    @property
    def in_band(self) -> bool:
        """Whether formula and simulation must agree within 2 points (statistics.md 29)."""
        return self.units >= (400 if self.cv is None else 20)


SETTINGS = (
    *(Setting(units, aim) for units in (100, 400, 2000) for aim in (0.6, 0.8, 0.9)),
    Setting(400, 0.8, blocks=5),
    *(
        Setting(units, 0.8, cv, average)
        for average in ("person", "cluster") for units in (12, 20, 30, 60) for cv in (0.0, 0.4, 0.65)
    ),
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
    block: Ints = np.arange(setting.units, dtype=np.int64) % setting.blocks
    units = [DrawUnit(str(i), (str(code),)) for i, code in enumerate(block)]
    sites = setting.cv is not None
    people = unequal_sizes(setting.units, PEOPLE if sites else 1, setting.cv or 0.0, rng)
    world = World(people, np.full(setting.units, BASE), None, ICC if sites else 0.0, 1.0, 1.0, together=not sites)
    arms = redraws(units, Law("power", "complete", ("usual", "reminder"), (1, 1), ()), RUNS, rng)
    rows, sums = totals(world, arms, np.array([0.0, effect_of(setting)]), rng)
    tally = Tally()
    tally.add(
        Runs(arms == 1, arms >= 0, rows, sums, block, binary=True, clusters=sites, average=setting.average),
        Design("complete", clusters=sites, blocks=setting.blocks > 1),
    )
    return tally.operating(effect_of(setting), effect_of(setting), ALPHA, 1).found.value


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
