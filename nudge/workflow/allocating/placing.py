"""Which arm each person counts in: their unit's, and in a stepped wedge that of their cluster when their window opened.

The day on which a window opens is fixed by file and roll alone, so nobody's place hangs on what was sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np

from nudge.delivery.plan import Planner
from nudge.outcomes.windows import windows
from nudge.trial.crossing import condition, crossings_of
from nudge.trial.records.analysis import Phases
from nudge.trial.records.report import PeriodCount

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from nudge.trial.model import Trial
    from nudge.trial.quantities import Window
    from nudge.trial.records.design import Allocation
    from nudge.trial.records.outcomes import OutcomeRow
    from nudge.trial.records.people import Unit

IN_TRANSITION = "in transition"
"""What those are called who count in neither arm."""


@dataclass(frozen=True, slots=True)
class Place:
    """One person's arm, "" where they count in neither; in a stepped wedge also where their cluster stood.

    period: steps begun, complete: crossings complete when the window opened; -1 where it never does.
    """

    arm: str
    period: int = 0
    complete: int = 0
    step: int = 0


def places(
    trial: Trial, window: Window | None, units: Iterable[Unit], allocation: Allocation, allocated_at: datetime
) -> dict[str, Place]:
    """Everyone's place for an outcome with this window."""
    row_of = {row.unit: row for row in allocation.rows}
    crossings = crossings_of(trial)
    if crossings is None:
        return {person.id: Place(row_of[unit.id].arm) for unit in units for person in unit.people}
    known = list(units)
    opens = opening(trial, window, known, allocated_at)
    found: dict[str, Place] = {}
    for unit in known:
        step = row_of[unit.id].step or 0
        for person in unit.people:
            at = opens[person.id]
            if at is None:
                found[person.id] = Place("", -1, -1, step)
            else:
                arm = condition(trial, crossings, step, at)
                found[person.id] = Place(arm, crossings.begun(at), crossings.complete(at), step)
    return found


def opening(
    trial: Trial, window: Window | None, units: Sequence[Unit], allocated_at: datetime
) -> dict[str, datetime | None]:
    """When each person's window opens; None where it never does."""
    planner = Planner(trial, {}, allocated_at)
    found = windows(window, units, planner.first_planned, allocated_at, ZoneInfo(trial.timezone))
    people = (person.id for unit in units for person in unit.people)
    return {person: found[person].opens if person in found else None for person in people}


def phases_of(trial: Trial, found: Sequence[Place]) -> Phases | None:
    """Rows' places as the analysis of a stepped wedge takes them; None of other trials."""
    crossings = crossings_of(trial)
    if crossings is None:
        return None
    period, complete, step = (
        np.array([getattr(place, name) for place in found], dtype=np.int64) for name in ("period", "complete", "step")
    )
    return Phases(period, complete, step, len(crossings.begins))


def arms_of_people(
    trial: Trial, window: Window | None, units: Iterable[Unit], allocation: Allocation, allocated_at: datetime
) -> dict[str, str]:
    """The arm each person counts in, for counts by arm."""
    found = places(trial, window, units, allocation, allocated_at)
    return {person: place.arm or IN_TRANSITION for person, place in found.items()}


def primary_window(trial: Trial) -> Window | None:
    """The window of the first primary outcome."""
    return next(outcome.window for outcome in trial.outcomes.values() if outcome.role == "primary")


def sequence_of(trial: Trial, allocation: Allocation) -> dict[str, str]:
    """What the flow tells apart: each unit's arm, or in a stepped wedge the day its cluster was drawn to cross."""
    randomise = trial.randomise
    if randomise is None or randomise.method != "stepped_wedge":
        return {row.unit: row.arm for row in allocation.rows}
    return {row.unit: sequence_name(row.step or 0, trial) for row in allocation.rows}


def sequence_name(step: int, trial: Trial) -> str:
    """`step 2, from 1 March 2027`."""
    day = trial.randomise.steps[step - 1] if trial.randomise else None
    return f"step {step}, from {day:%-d %B %Y}" if day else f"step {step}"


def sequences(trial: Trial) -> Sequence[str]:
    """Every column of the flow, in order: the arms, or the steps."""
    randomise = trial.randomise
    if randomise is None or randomise.method != "stepped_wedge":
        return list(trial.arms)
    return [sequence_name(i + 1, trial) for i in range(len(randomise.steps))]


def period_counts(
    name: str, found: Mapping[str, Place], outcome: Mapping[str, OutcomeRow], units: Iterable[Unit]
) -> list[PeriodCount]:
    """Of a stepped wedge: clusters and people of every step in every period, and their mean outcome."""
    cells: dict[tuple[int, int, str], list[tuple[str, float | None]]] = {}
    for unit in units:
        for person in unit.people:
            place = found[person.id]
            if place.period >= 0:
                row = outcome.get(person.id)
                key = (place.step, place.period, place.arm or IN_TRANSITION)
                cells.setdefault(key, []).append((unit.id, None if row is None else row.value))
    counts = []
    for (step, period, arm), members in sorted(cells.items()):
        known = [value for _, value in members if value is not None]
        counts.append(
            PeriodCount(
                name, step, period, arm, len({unit for unit, _ in members}), len(members), len(known),
                sum(known) / len(known) if known else None,
            )
        )  # fmt: skip
    return counts
