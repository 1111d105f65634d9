"""Families who wait: nobody in the waiting arm is written to before the windows have closed (statistics.md 17)."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import TYPE_CHECKING

from nudge.outcomes.windows import windows
from nudge.trial.problems import Level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nudge.delivery.plan import Planner
    from nudge.trial.load import LoadedTrial
    from nudge.trial.problems import Problem
    from nudge.trial.records.people import Roll


def early_crossings(loaded: LoadedTrial, roll: Roll, planner: Planner) -> Iterator[Problem]:
    """Messages of the waiting arm before its day, and windows that are still open on that day."""
    trial = loaded.trial
    if trial.randomise is None or trial.randomise.method != "waitlist" or trial.control is None:
        return
    day: date = trial.randomise.steps[0]
    crosses = datetime.combine(day, time.min, planner.zone)
    for i, message in enumerate(trial.arms[trial.control].messages):
        dues = [planner.due(unit, person, message) for unit in roll.units for person in unit.people]
        early = sum(due is not None and due < crosses for due in dues)
        if early:
            yield loaded.source.problem(
                Level.ERROR, ("arms", trial.control, "messages", i, "send"),
                f"is due before {day}, the day on which those who wait cross, for {early:,} people",
                "send it on that day or later",
            )  # fmt: skip
    for name, outcome in trial.outcomes.items():
        when = windows(outcome.window, roll.units, planner.first_planned, planner.allocated_at, planner.zone)
        late = sum(window.closes is not None and window.closes > crosses for window in when.values())
        if late and outcome.role != "distal":
            yield loaded.source.problem(
                Level.ERROR, ("outcomes", name, "window"),
                f"is still open on {day}, when those who wait cross, for {late:,} people",
                "shorten the window, or let the arm wait longer: `randomise.steps`",
            )  # fmt: skip
