"""A stepped wedge many times over: schedules drawn again, families in their own periods, the analysis of the lock.

People of one cluster and period are alike by the ICC and those of two periods by `power.cac` of
it: a cluster's level is drawn first, then that of each of its periods around it. The effect is
one constant from the day of crossing.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nudge.analysis.drawn_wedge import Cells, Fits, wedge_fits
from nudge.analysis.linear_effect import LEAST_DF
from nudge.analysis.operating import Tally
from nudge.analysis.randomisation import DRAWS
from nudge.analysis.schedules import schedule_p_values
from nudge.analysis.wedge_answer import FEW, SEED
from nudge.design.methods import method
from nudge.report.numbers import percent
from nudge.trial.crossing import crossings_of
from nudge.trial.errors import InputError
from nudge.workflow.allocating.drawn_design import estimand_of, every_draw
from nudge.workflow.allocating.placing import opening, primary_window

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from nudge.design.simulation import World
    from nudge.trial.model import Trial
    from nudge.trial.records.analysis import Bools, Floats, Ints
    from nudge.trial.records.design import DrawUnit, Law
    from nudge.trial.records.people import Roll
    from nudge.workflow.planning.plans import Planned

_HELD = 200_000
"""Runs × cells held at once."""
_EDGE = 1e-6
_PATTERNS = 10
"""Where outcomes are missing and p-values come from the schedule: how often it is settled anew whose they are."""


@dataclass(frozen=True, slots=True)
class WedgePlan:
    """Who would come when, and how it is analysed.

    cells: clusters by period (and transition). people: (C,) in each. cac: how much of the ICC two
    periods share. times: times since crossing that the effect is averaged over, none for a constant
    one. by_cell: every cluster and period counts the same.
    """

    cells: Cells
    people: Floats
    cac: float
    times: tuple[int, ...]
    by_cell: bool


def wedge_plan(trial: Trial, roll: Roll | None, people: Ints, now: datetime) -> WedgePlan | None:
    """The cells of a stepped wedge: those of the roll, else people shared evenly over the periods; else None."""
    crossings = crossings_of(trial)
    if crossings is None:
        return None
    steps = len(crossings.begins)
    counts: Counter[tuple[int, int, int]] = Counter()
    if roll is None:
        for unit, number in enumerate(people.tolist()):
            for period in range(steps + 1):
                counts[unit, period, period] += number // (steps + 1) + (period < number % (steps + 1))
    else:
        opens = opening(trial, primary_window(trial), roll.units, now)
        for unit, members in enumerate(roll.units):
            for person in members.people:
                at = opens[person.id]
                if at is not None:
                    counts[unit, crossings.begun(at), crossings.complete(at)] += 1
    if not counts:
        raise InputError("nobody on the roll can be placed in a period", "fill in the dates that windows open on")
    kept = np.array(sorted(key for key, number in counts.items() if number), dtype=np.int64)
    number = np.array([counts[cluster, period, complete] for cluster, period, complete in kept.tolist()], dtype=float)
    cells = Cells(kept[:, 0], kept[:, 1], kept[:, 2], steps)
    times = cells.times_since if estimand_of(trial) == "exposure_averaged" else ()
    cac = 1.0 if trial.power.cac is None else trial.power.cac
    return WedgePlan(cells, number, cac, times, trial.analysis.average == "cluster")


def wedge_notes(plan: WedgePlan | None) -> list[str]:
    """What a reader of a simulated stepped wedge must know."""
    if plan is None:
        return []
    notes = [
        f"people of two periods of one site keep {percent(plan.cac, 0)} of that likeness (`power.cac`)",
        "the effect put in is one constant from the day of crossing; messages and cost are told by `nudge check`",
    ]
    if plan.cells.clusters < FEW:
        notes.append(
            f"intervals are those of t; below {FEW} sites p comes from drawing the schedule again, as in the report"
        )
    return notes


def wedge_tallies(
    plan: WedgePlan, law: Law, worlds: Mapping[str, World], planned: Sequence[Planned], effect: float | None,
    runs: int, units: Sequence[DrawUnit], rng: np.random.Generator, progress: Callable[[int, int], None],
) -> list[Tally]:  # fmt: skip
    """One tally per primary outcome. effect: None for each one's worthwhile change."""
    tallies = [Tally() for _ in planned]
    at_once = max(1, min(runs, _HELD // plan.people.size))
    schedules = schedules_of(plan, units, law) if plan.cells.clusters < FEW else None
    if schedules is not None and any(worlds[one.named.outcome].known < 1 for one in planned):
        at_once = max(1, min(at_once, runs // _PATTERNS))
    for start in range(0, runs, at_once):
        number = min(at_once, runs - start)
        drawn = method(law.method).redraws(units, law, number, rng).astype(np.int64) + 1
        for one, tally in zip(planned, tallies, strict=True):
            size = one.aim.worthwhile if effect is None else effect
            added = np.where(np.arange(plan.cells.steps + 1) > 0, size, 0.0)
            run_wedges(plan, worlds[one.named.outcome], drawn, added, rng, tally, schedules)
        progress(start + number, runs)
    return tallies


@dataclass(frozen=True, slots=True)
class Schedules:
    """Schedules that the report holds a trial against. steps: (S, G). chance: (S,), None where they are a sample."""

    steps: Ints
    chance: Floats | None


def schedules_of(plan: WedgePlan, units: Sequence[DrawUnit], law: Law) -> Schedules:
    """All of them where they are few, else as many draws as the report takes, one set for all runs."""
    drawing = method(law.method)
    every = every_draw(drawing, units, law, range(plan.cells.clusters))
    if every is not None:
        return Schedules(every[0].astype(np.int64) + 1, every[1])
    return Schedules(drawing.redraws(units, law, DRAWS, np.random.default_rng(SEED)).astype(np.int64) + 1, None)


def run_wedges(
    plan: WedgePlan, world: World, drawn: Ints, added: Floats, rng: np.random.Generator, tally: Tally,
    schedules: Schedules | None = None,
) -> None:  # fmt: skip
    """Make and analyse one outcome under every schedule drawn; p is that of t, or from the schedules given."""
    from scipy.stats import t

    rows, sums = made_sums(plan, world, drawn, added, rng, alike=schedules is not None)
    found = wedge_fits(plan.cells, rows, sums, drawn, times=plan.times, by_cell=plan.by_cell)
    given = _given(found, plan.cells, rows, sums, drawn, binary=world.spread is None)
    error, df = np.where(given, found.std_error, np.nan), np.where(given, found.df, np.nan)
    tally.estimate.append(found.estimate)
    tally.std_error.append(error)
    tally.df.append(df)
    if schedules is None:
        tally.p_value.append(np.asarray(2 * t.sf(np.abs(found.estimate / error), df), dtype=float))
        return
    by_t, by_size = schedule_p_values(
        plan.cells, rows[0], sums, found, schedules.steps, schedules.chance, times=plan.times, by_cell=plan.by_cell
    )
    tally.p_value.append(np.where(given, by_t, np.where(np.isfinite(found.estimate), by_size, np.nan)))


def made_sums(
    plan: WedgePlan, world: World, drawn: Ints, added: Floats, rng: np.random.Generator, *, alike: bool = False
) -> tuple[Floats, Floats]:  # fmt: skip
    """People with a known outcome and the sum of their outcomes, by run and cell: (B, C) each.

    added: (S + 1,) what the message adds by the number of periods since the step, 0 first. alike: the same people
    are known of in all of these runs.
    """
    cells, shape = plan.cells, (len(drawn), plan.people.size)
    whole = np.broadcast_to(plan.people.astype(np.int64), shape)
    rows = whole.astype(float)
    if world.known < 1:
        known = rng.binomial(whole[:1] if alike else whole, world.known).astype(float)
        rows = np.broadcast_to(known, shape)
    reached = rng.binomial(whole, world.reached) / whole if world.reached < 1 else np.ones(shape)
    step = drawn[:, cells.cluster]
    since = np.where(step <= cells.complete, cells.period - step + 1, 0)
    mean = world.risk[cells.cluster] + added[since] * reached
    between, within = world.icc * plan.cac, world.icc * (1 - plan.cac)
    own, of_period = rng.random((len(drawn), cells.clusters)), rng.random((len(drawn), cells.clusters, cells.steps + 1))
    luck = own[:, cells.cluster], of_period[:, cells.cluster, cells.period]
    if world.spread is None:
        level = _beta(_beta(mean, between, luck[0]), within / (1 - between) if between < 1 else 0.0, luck[1])
        return rows, rng.binomial(rows.astype(np.int64), level).astype(float)
    from scipy.stats import norm

    shared = np.sqrt(between) * norm.ppf(luck[0]) + np.sqrt(within) * norm.ppf(luck[1])
    noise = np.sqrt(rows * (1 - world.icc)) * rng.standard_normal(shape)
    return rows, rows * mean + world.spread * (rows * shared + noise)


def _beta(mean: Floats, alike: float, luck: Floats) -> Floats:
    """Chances around a mean that are alike by so much, at given quantiles; those of two arms go together."""
    from scipy.stats import beta

    if alike <= 0:
        return np.clip(mean, 0.0, 1.0)
    centre, size = np.clip(mean, _EDGE, 1 - _EDGE), 1 / alike - 1
    return np.asarray(beta.ppf(luck, centre * size, (1 - centre) * size), dtype=float)


def _given(found: Fits, cells: Cells, rows: Floats, sums: Floats, drawn: Ints, *, binary: bool) -> Bools:
    """Runs whose interval stands (rule 10)."""
    stands = found.settled & (found.df >= LEAST_DF)
    if not binary:
        return stands
    step = drawn[:, cells.cluster]
    for here in (step <= cells.complete, step > cells.period):
        events, people = (sums * here).sum(axis=1), (rows * here).sum(axis=1)
        stands = stands & (events > 0) & (events < people)
    return stands
