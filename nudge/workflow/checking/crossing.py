"""What a stepped wedge asks of its file and roll: anchors, windows and messages that keep to their periods.

A family belongs to the period of its cluster in which its window opens (statistics.md 17).
"""

from __future__ import annotations

from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING

from nudge.design.methods import TooMany, method
from nudge.outcomes.windows import windows
from nudge.report.numbers import percent
from nudge.trial.crossing import Crossings, crossings_of
from nudge.trial.problems import Level
from nudge.workflow.law import draw_units, law_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from nudge.delivery.plan import Planner
    from nudge.trial.load import LoadedTrial
    from nudge.trial.model import Trial
    from nudge.trial.problems import Problem
    from nudge.trial.quantities import Window
    from nudge.trial.records.outcomes import OutcomeWindow
    from nudge.trial.records.people import Roll


def crossings_named(loaded: LoadedTrial) -> Iterator[Problem]:
    """What the file says of a stepped wedge, held against itself; of other designs, keys that mean nothing there."""
    trial, source = loaded.trial, loaded.source
    crossings = crossings_of(trial)
    if crossings is None:
        if trial.analysis.estimand is not None and (trial.randomise is None or not trial.randomise.steps):
            yield source.problem(
                Level.ERROR, ("analysis", "estimand"), "does not apply: only a stepped wedge has a choice of estimand",
                "leave it out, or use `method: stepped_wedge`",
            )  # fmt: skip
        return
    yield from _asked_of_the_analysis(loaded)
    for i, pair in enumerate(trial.analysis.comparisons):
        if pair.arm == trial.control:
            yield source.problem(
                Level.ERROR, ("analysis", "comparisons", i), "holds the control against what sites cross to",
                f"write `{pair.control} - {pair.arm}`",
            )  # fmt: skip
    if crossings.shortest is None or crossings.shortest <= timedelta(0):
        return  # the method itself refuses steps that are too few or out of order
    for name, outcome in trial.outcomes.items():
        if outcome.role != "distal":
            yield from _window(loaded, name, outcome.window, crossings)


def _asked_of_the_analysis(loaded: LoadedTrial) -> Iterator[Problem]:
    """What the model of a stepped wedge has no place for."""
    plan, source = loaded.trial.analysis, loaded.source
    if plan.subgroups:
        yield source.problem(
            Level.ERROR, ("analysis", "subgroups"), "cannot be told apart in a stepped wedge",
            "leave them out, and show them in an exploratory analysis of the exported rows",
        )  # fmt: skip
    for i, extra in enumerate(plan.sensitivity):
        if extra.fixed_effects is not None:
            yield source.problem(
                Level.ERROR, ("analysis", "sensitivity", i, "fixed_effects"),
                "stands beside effects of every site and every period, which hold what a stepped wedge can hold",
                "leave it out, or name the column under `covariates`",
            )  # fmt: skip


def _window(loaded: LoadedTrial, name: str, window: Window | None, crossings: Crossings) -> Iterator[Problem]:
    path = ("outcomes", name, "window")
    if window is None or window.anchor.kind != "column":
        where = "is missing" if window is None else f"opens on one day for a whole site (`{window.anchor}`)"
        yield loaded.source.problem(
            Level.ERROR, path, f"{where}, so its families cannot be placed in the periods of a stepped wedge",
            "open it on a date of each family, with its first message: `28 days from due_date - 14 days`",
        )  # fmt: skip
        return
    randomise = loaded.trial.randomise
    shortest = crossings.shortest or timedelta(0)
    if window.length.delta() > shortest and (randomise is None or randomise.transition is None):
        yield loaded.source.problem(
            Level.ERROR, path,
            f"is longer than the {shortest.days} days between two steps, so a family's window would run "
            "far into the time after its site has crossed",
            "shorten it, put the steps further apart, or declare how long a crossing takes: `randomise.transition`",
        )  # fmt: skip


def mixed_periods(loaded: LoadedTrial, roll: Roll, planner: Planner) -> Iterator[Problem]:
    """Families counted on one side of a crossing and written to on the other; periods that compare nobody."""
    trial, crossings = loaded.trial, crossings_of(loaded.trial)
    if crossings is None or not roll.units:
        return
    yield from _few_schedules(loaded, roll)
    for name, outcome in trial.outcomes.items():
        if outcome.role == "distal" or outcome.window is None:
            continue
        opens = windows(outcome.window, roll.units, planner.first_planned, planner.allocated_at, planner.zone)
        mixed = _mixed(trial, roll, planner, crossings, opens)
        if mixed:
            yield loaded.source.problem(
                Level.LAUNCH, ("outcomes", name, "window"),
                f"{mixed:,} people could be counted on one side of a crossing and written to on the other",
                "open the window on the day of the first message, such as `from due_date - 14 days`, and declare a "
                "`randomise.transition` as long as one family's messages take",
            )  # fmt: skip
        if outcome.role == "primary" and not any(_compares(crossings, one.opens) for one in opens.values()):
            yield loaded.source.problem(
                Level.LAUNCH, ("randomise", "steps"),
                f"nobody's window for {name} opens between the first step and the last, where some sites have crossed "
                "and others have not",
                "move the steps to the days on which families of the roll come in",
            )  # fmt: skip


def _few_schedules(loaded: LoadedTrial, roll: Roll) -> Iterator[Problem]:
    """So few schedules that none of them could be called surprising (statistics.md 14)."""
    trial = loaded.trial
    law, alpha = law_of(trial), trial.power.alpha
    enough = int(1 / alpha) + 1
    try:
        draws = method(law.method).every_draw(draw_units(trial, roll.units), law)
        number = sum(1 for _ in islice(draws, enough))
    except TooMany:
        return
    if number < enough:
        yield loaded.source.problem(
            Level.LAUNCH, ("randomise",),
            f"{len(roll.units)} sites can be drawn in {number} ways only, so no p-value of theirs can be below "
            f"{percent(1 / number, 0)}", "find more sites, or name fewer steps",
        )  # fmt: skip


def _compares(crossings: Crossings, opens: datetime | None) -> bool:
    return opens is not None and crossings.complete(opens) > 0 and crossings.begun(opens) < len(crossings.begins)


def _mixed(trial: Trial, roll: Roll, planner: Planner, crossings: Crossings, opens: Mapping[str, OutcomeWindow]) -> int:
    """People for whom some step would part their anchor from one of their messages."""
    messages = [message for arm in trial.arms.values() for message in arm.messages]
    parted = 0
    for unit in roll.units:
        for person in unit.people:
            at = opens[person.id].opens
            dues = [due for message in messages if (due := planner.due(unit, person, message)) is not None]
            if at is not None and dues:
                parted += crossings.begun(at) < crossings.complete(max(dues)) or crossings.complete(
                    min(dues)
                ) < crossings.complete(at)
    return parted
