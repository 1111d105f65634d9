"""How the analysis of a stepped wedge behaves, and whether its power is what the formula foretells.

    OMP_NUM_THREADS=1 python docs/simulation/stepped_wedge.py

For statistics.md 17 and 29. Sites that cross at four steps, a yes-or-no outcome at 40 %, people
alike within a site and period (ICC .05) and less so between periods (80 % of it). No effect, one
constant effect, and one that grows by the period since crossing. Analysed by the batched form of
the project's own estimators, and at eight sites also by drawing the schedule again.
Writes stepped_wedge.json beside itself; docs/simulation.md says what is in it.
"""

from __future__ import annotations

import json
import os
import platform
import re
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nudge.analysis.comparison import Pair
from nudge.analysis.drawn_wedge import Cells
from nudge.analysis.inference import answer
from nudge.analysis.operating import Tally
from nudge.design.methods import stepped_wedge
from nudge.design.power import Plan, detectable_effect, power
from nudge.design.simulation import World
from nudge.trial.records.analysis import Design, Phases, StoredLaw
from nudge.trial.records.design import DrawUnit, Law
from nudge.workflow.planning.simulating_wedge import WedgePlan, made_sums, run_wedges

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nudge.trial.records.analysis import Ints

RESULT = Path(__file__).with_suffix(".json")
SEED = 20_271_205
STEPS, PEOPLE, BASE, ICC, CAC, CV = 4, 10, 0.4, 0.05, 0.8, 0.5
ALPHA = 0.05
RUNS, AT_ONCE = 10_000, 500
SCHEDULE_RUNS = 500
LAW = Law("t", "stepped_wedge", ("usual", "plan"), (1, 1), (), {"steps": list(range(STEPS))}, "usual")
EFFECTS = {
    "none": np.zeros(STEPS + 1),
    "constant": np.array([0.0, 0.1, 0.1, 0.1, 0.1]),
    "growing": np.array([0.0, 0.05, 0.1, 0.15, 0.2]),
}


@dataclass(frozen=True, slots=True)
class Setting:
    """One kind of trial and analysis. sizes: equal or unequal, of the sites."""

    sites: int
    sizes: str
    estimand: str
    effect: str

    @property
    def number(self) -> int:
        """A part of the seed of its own; both estimands see the same data."""
        return self.sites * 100 + (self.sizes == "unequal") * 10 + list(EFFECTS).index(self.effect)

    @property
    def truth(self) -> float:
        """The average over the times since crossing."""
        return float(EFFECTS[self.effect][1:].mean())


SETTINGS = tuple(
    Setting(sites, sizes, estimand, effect)
    for sites, sizes in ((8, "equal"), (8, "unequal"), (12, "unequal"), (20, "equal"), (20, "unequal"))
    for effect in EFFECTS
    for estimand in ("immediate", "exposure_averaged")
)


@dataclass(frozen=True, slots=True)
class PowerSetting:
    """One wedge of sites alike for which power is foretold. aim: the power that the effect is chosen for."""

    sites: int
    estimand: str
    icc: float
    cac: float
    aim: float

    @property
    def plan(self) -> Plan:
        """The formula's view of it."""
        return Plan(
            (), ALPHA, rows=PEOPLE, icc=self.icc, baseline=BASE, steps=(self.sites / STEPS,) * STEPS, cac=self.cac,
            averaged=self.estimand == "exposure_averaged",
        )  # fmt: skip

    @property
    def number(self) -> int:
        """A part of the seed of its own."""
        return self.sites * 1000 + round(100 * self.icc) * 10 + round(10 * self.cac) + round(100 * self.aim)


POWERS = tuple(
    PowerSetting(sites, estimand, icc, cac, aim)
    for sites in (20,)
    for estimand in ("immediate", "exposure_averaged")
    for icc, cac in ((0.05, 0.8), (0.03, 1.0))
    for aim in (0.6, 0.8)
)


def wedge(sites: int, sizes: str, estimand: str, cac: float, rng: np.random.Generator) -> WedgePlan:
    """People of every site and period."""
    cluster, period = np.repeat(np.arange(sites), STEPS + 1), np.tile(np.arange(STEPS + 1), sites)
    cells = Cells(cluster, period, period, STEPS)
    size = np.full(sites, float(PEOPLE))
    if sizes == "unequal":
        size = np.maximum(2, np.rint(rng.gamma(1 / CV**2, PEOPLE * CV**2, sites)))
    times = cells.times_since if estimand == "exposure_averaged" else ()
    return WedgePlan(cells, size[cluster], cac, times, by_cell=False)


def world(sites: int, icc: float) -> World:
    """People of a site without a message."""
    return World(np.full(sites, PEOPLE), np.full(sites, BASE), None, icc, 1.0, 1.0, together=False)


def schedules(sites: int, number: int, rng: np.random.Generator) -> Ints:
    """Steps of every site, from 1."""
    drawn: Ints = stepped_wedge.redraws(units(sites), LAW, number, rng).astype(np.int64) + 1
    return drawn


def units(sites: int) -> list[DrawUnit]:
    """The sites as the draw knows them."""
    return [DrawUnit(f"{i:03d}") for i in range(sites)]


def simulated(setting: Setting, runs: int = RUNS) -> dict[str, Any]:
    """Estimate, interval and p of t over many runs; sizes are drawn anew for every group of runs."""
    tally = Tally()
    for group in range(0, runs, AT_ONCE):
        rng = np.random.default_rng([SEED, setting.number, group])
        plan = wedge(setting.sites, setting.sizes, setting.estimand, CAC, rng)
        drawn = schedules(setting.sites, min(AT_ONCE, runs - group), rng)
        run_wedges(plan, world(setting.sites, ICC), drawn, EFFECTS[setting.effect], rng, tally)
    found = tally.operating(setting.truth, 0.05, ALPHA, 1)
    given = float(np.isfinite(np.concatenate(tally.std_error)).mean())
    return asdict(setting) | {
        "truth": setting.truth, "bias": found.bias.value, "rejected": found.rejected.value,
        "coverage": found.coverage.value, "mc_error": found.coverage.mc_error, "with_interval": given,
        "runs": runs,
    }  # fmt: skip


def by_schedule(estimand: str, number: int) -> float | None:
    """The p-value of one true null at eight unequal sites, from all schedules, as the analysis of the rows gives it."""
    rng = np.random.default_rng([SEED, 8, number])
    plan = wedge(8, "unequal", estimand, CAC, rng)
    step = schedules(8, 1, rng)
    _, sums = made_sums(plan, world(8, ICC), step, EFFECTS["none"], rng)
    people = plan.people.astype(np.int64)
    cell = np.repeat(np.arange(people.size), people)
    place = np.arange(cell.size) - np.repeat(np.cumsum(people) - people, people)
    y = (place < sums[0][cell]).astype(float)
    unit, period = plan.cells.cluster[cell], plan.cells.period[cell]
    own = step[0][unit]
    n = y.size
    pair = Pair(
        y=y, treated=own <= period, unit=unit, block=np.zeros(n, dtype=np.int64), weight=np.ones(n),
        covariates={}, origin=unit, phases=Phases(period, period, own, STEPS),
    )  # fmt: skip
    design = Design("stepped_wedge", clusters=True, blocks=False, law=_stored(), estimand=estimand)
    return answer(pair, design, binary=True, average="person").p_value


@lru_cache(maxsize=1)
def _stored() -> StoredLaw:
    draws, chances = zip(*stepped_wedge.every_draw(units(8), LAW), strict=True)

    def redraw(number: int, rng: np.random.Generator) -> Any:
        return stepped_wedge.redraws(units(8), LAW, number, rng)

    steps = stepped_wedge.options(LAW)
    return StoredLaw(steps, redraw, (np.array(draws, dtype=np.int8), np.array(chances, dtype=float)))


def schedule_test(estimand: str, runs: int = SCHEDULE_RUNS) -> dict[str, Any]:
    """How often the analysis rejects a true null at eight sites."""
    found = [by_schedule(estimand, number) for number in range(runs)]
    rejected = sum(p is not None and p < ALPHA for p in found) / runs
    return {
        "estimand": estimand, "sites": 8, "runs": runs, "rejected": rejected,
        "mc_error": float(np.sqrt(rejected * (1 - rejected) / runs)), "without_p": sum(p is None for p in found) / runs,
        "first": [None if p is None else float(f"{p:.12g}") for p in found[:10]],
    }  # fmt: skip


def power_of(one: PowerSetting, runs: int = RUNS) -> dict[str, Any]:
    """The formula's power, and how often so large an effect is found."""
    effect = detectable_effect(one.plan, one.aim)
    if effect is None:
        raise AssertionError("every setting can find something")
    tally, added = Tally(), np.where(np.arange(STEPS + 1) > 0, effect, 0.0)
    for group in range(0, runs, AT_ONCE):
        rng = np.random.default_rng([SEED, one.number, group])
        plan = wedge(one.sites, "equal", one.estimand, one.cac, rng)
        drawn = schedules(one.sites, min(AT_ONCE, runs - group), rng)
        run_wedges(plan, world(one.sites, one.icc), drawn, added, rng, tally)
    found = tally.operating(effect, effect, ALPHA, 1)
    return asdict(one) | {
        "effect": effect, "formula": power(one.plan, effect), "simulated": found.rejected.value,
        "mc_error": found.rejected.mc_error, "runs": runs,
    }  # fmt: skip


def result() -> dict[str, Any]:
    """Everything that is stored."""
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        tests = [pool.submit(schedule_test, estimand) for estimand in ("immediate", "exposure_averaged")]
        settings, powers = list(pool.map(simulated, SETTINGS)), list(pool.map(power_of, POWERS))
        return {
            "script": "docs/simulation/stepped_wedge.py",
            "python": platform.python_version(),
            "numpy": np.__version__,
            "seeds": f"numpy.random.default_rng([{SEED}, .number, first run of a group of {AT_ONCE}])",
            "settings": settings,
            "schedule_tests": [one.result() for one in tests],
            "powers": powers,
        }


def tables(stored: Mapping[str, Any]) -> list[str]:
    """The tables of docs/simulation.md."""
    lines = [
        "| sites | effect | constant effect: bias, coverage | averaged effect: bias, coverage | with an interval |",
        "|---|---|---|---|---|",
    ]
    pairs = zip(stored["settings"][::2], stored["settings"][1::2], strict=True)
    for one, other in pairs:
        shown = [
            f"{100 * s['bias']:+.1f} points, {100 * s['coverage']:.1f} %"
            + (f"; p < .05 in {100 * s['rejected']:.1f} %" if s["effect"] == "none" else "")
            for s in (one, other)
        ]
        given = " and ".join(f"{100 * s['with_interval']:.0f} %" for s in (one, other))
        lines.append(f"| {one['sites']} of {one['sizes']} sizes | {one['effect']} | {' | '.join(shown)} | {given} |")
    lines += ["", "| sites | estimand | ICC, kept between periods | formula | simulated |", "|---|---|---|---|---|"]
    lines += [
        f"| {one['sites']} | {one['estimand']} | {one['icc']}, {100 * one['cac']:.0f} % | {100 * one['formula']:.1f} % "
        f"| {100 * one['simulated']:.1f} % ({100 * one['mc_error']:.1f}) |"
        for one in stored["powers"]
    ]
    return lines


def as_text(stored: Mapping[str, Any]) -> str:
    """JSON, lists of numbers on one line."""
    text = json.dumps(stored, indent=1)
    return re.sub(r"\[\s+([^\[\]{}]*?)\s+\]", lambda one: f"[{' '.join(one[1].split())}]", text) + "\n"


if __name__ == "__main__":
    everything = result()
    RESULT.write_text(as_text(everything), encoding="utf-8")
    print("\n".join(tables(everything)))
