"""Collect outcomes: read each source, link it to the people of the trial, and keep what it says."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from nudge.delivery.plan import Planner
from nudge.outcomes.linkage import columns_read, link
from nudge.outcomes.sources import read_source
from nudge.outcomes.sources.replies import PERSON, as_recorded, reply_table
from nudge.outcomes.windows import windows
from nudge.store.audit import record_action
from nudge.store.events import keyword_replies
from nudge.store.locks import hold_trial
from nudge.store.outcomes import save_outcome
from nudge.store.people import load_allocation, load_roll
from nudge.trial.errors import InputError, LockBroken, Refused
from nudge.trial.load import LoadedTrial, load_trial
from nudge.trial.problems import Problems, listed
from nudge.trial.tables import EMPTY, day
from nudge.workflow.allocating.placing import arms_of_people
from nudge.workflow.guard import REASON, changed_parts, need_locked
from nudge.workflow.law import law_of

if TYPE_CHECKING:
    from pathlib import Path

    from nudge.trial.records.outcomes import Linkage
    from nudge.workflow.desk import Desk


def collect_outcomes(path: Path, desk: Desk, complete_to: datetime | None = None) -> list[Linkage]:
    """Read and link every measured outcome; run again, it replaces what was collected.

    complete_to: the moment up to which the records are complete; now where not given.
    Raises ProblemsFound with every flaw of every source.
    """
    loaded = load_trial(path)
    trial = loaded.trial
    if trial.run_elsewhere:
        raise Refused(f"{trial.trial} was run elsewhere", "its outcomes are read by `nudge analyse FILE`")
    locked = need_locked(desk.store, trial.trial)
    changed = changed_parts(trial, locked)
    if changed:
        raise LockBroken(f"the trial file differs from its lock at {listed(changed)}", REASON)
    if locked.state.allocated_at is None:
        raise Refused(f"{trial.trial} has no arms yet", "draw them: nudge allocate FILE")
    now = desk.clock.now()
    problems = Problems()
    linked = _link_all(loaded, desk, locked.state.allocated_at, complete_to or now, problems)
    problems.raise_if_fatal()
    with desk.store.begin() as connection:
        hold_trial(connection, trial.trial)
        for linkage in linked:
            save_outcome(connection, trial.trial, linkage, now)
        record_action(
            connection, now, desk.settings.actor, "collect", trial.trial,
            sources={linkage.outcome: linkage.sha256 for linkage in linked},
        )  # fmt: skip
    return linked


def yet_to_come(complete_to: datetime, desk: Desk) -> str:
    """What to say where records are called complete to a day that is not over; empty where they may be."""
    if complete_to.date() <= desk.clock.now().date():
        return ""
    return (
        f"{complete_to:%-d %B %Y} is yet to come: windows that are still open count as closed, and whoever has no "
        "record as if nothing will happen; outside a rehearsal give the last day that the records really cover"
    )


def end_of_day(text: str, path: Path) -> datetime:
    """The last moment of a day in the trial's time zone. Raises InputError where it is not a day."""
    try:
        last = datetime.combine(day(text), time.max, ZoneInfo(load_trial(path).trial.timezone))
    except ValueError as error:
        what, _, remedy = str(error).partition("; ")
        raise InputError(what, remedy) from None
    return last.astimezone(UTC)


def _link_all(
    loaded: LoadedTrial, desk: Desk, allocated_at: datetime, complete_to: datetime, problems: Problems
) -> list[Linkage]:
    trial = loaded.trial
    with desk.store.begin() as connection:
        roll = load_roll(connection, trial.trial, trial.population.columns)
        allocation = load_allocation(connection, trial.trial, law_of(trial))
        answers = keyword_replies(connection, trial.trial)
    people = [person for unit in roll.units for person in unit.people]
    planner = Planner(trial, {}, allocated_at)
    zone = ZoneInfo(trial.timezone)
    linked: list[Linkage] = []
    for name, outcome in trial.outcomes.items():
        if outcome.source is None:
            continue
        by_reply = outcome.source.replies
        if by_reply is None:
            id_column = outcome.source.id or trial.population.id
            read = dict.fromkeys(columns_read(outcome.source, id_column), "text")
            measured, table = outcome, read_source(outcome.source, loaded.folder, problems, read)
        else:
            measured, table, id_column = as_recorded(outcome), reply_table(answers, by_reply, zone), PERSON
        if table is EMPTY:
            continue
        arm_of = arms_of_people(trial, outcome.window, roll.units, allocation, allocated_at)
        when = windows(outcome.window, roll.units, planner.first_planned, allocated_at, zone)
        linked.append(
            link(
                name, measured, table, people, arm_of, when,
                id_column=id_column, types=trial.population.columns,
                complete_to=complete_to, zone=zone, problems=problems,
            )
        )  # fmt: skip
    return linked
