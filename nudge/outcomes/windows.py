"""Outcome windows, from file and baseline alone: equal whichever arm a unit is in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from nudge.trial.records.outcomes import OutcomeWindow

if TYPE_CHECKING:
    from nudge.trial.quantities import Window
    from nudge.trial.records.people import Person, Unit

NO_WINDOW = OutcomeWindow(None, None)


def windows(
    window: Window | None,
    units: Iterable[Unit],
    first_planned: Callable[[Unit], datetime | None],
    allocated_at: datetime,
    zone: ZoneInfo,
) -> Mapping[str, OutcomeWindow]:
    """Each person's window; actual send times never move it.

    first_planned: the earliest planned send of any arm for a unit.
    """
    if window is None:
        return {}
    result: dict[str, OutcomeWindow] = {}
    for unit in units:
        planned = first_planned(unit) if window.anchor.kind == "first_planned_send" else None
        for person in unit.people:
            moment = _moment(window, person, planned, unit.enrolled_at or allocated_at, zone)
            if moment is None:
                result[person.id] = NO_WINDOW
            else:
                local = moment.astimezone(zone)
                result[person.id] = OutcomeWindow(window.opens(local), window.closes(local))
    return result


def _moment(
    window: Window, person: Person, planned: datetime | None, allocated_at: datetime, zone: ZoneInfo
) -> datetime | None:
    anchor = window.anchor
    if anchor.kind == "first_planned_send":
        return planned
    if anchor.kind == "allocation":
        return allocated_at
    day = date.fromisoformat(anchor.name) if anchor.kind == "date" else person.columns[anchor.name]
    return datetime.combine(day, time.min, zone) if isinstance(day, date) else None
