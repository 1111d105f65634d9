"""Launch, pause, resume, stop, close: the gates of a trial's life."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nudge.delivery.channels import channel_module
from nudge.delivery.plan import Planner, unplanned
from nudge.messages.render import RenderError, render
from nudge.store.audit import record_action
from nudge.store.ledger import cancel_open, write_plan
from nudge.store.locks import hold_ledger, hold_trial
from nudge.store.people import load_allocation, load_roll
from nudge.store.trials import reveal_seed, set_state, trial_state
from nudge.trial.errors import InputError, ProblemsFound, Refused
from nudge.trial.problems import Level
from nudge.workflow.allocating.locking import sealed_seed
from nudge.workflow.allocating.signing import need_approval
from nudge.workflow.checking.drawing import draws_sites
from nudge.workflow.checking.examine import Examined, examine
from nudge.workflow.checking.world_checks import settings_problems
from nudge.workflow.dispatching.linking import as_sent
from nudge.workflow.dispatching.words import chosen_template
from nudge.workflow.guard import Locked, need_loaded, need_locked, need_unchanged
from nudge.workflow.law import law_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from sqlalchemy.engine import Connection

    from nudge.messages.links import Manner
    from nudge.trial.model import Trial
    from nudge.trial.records.delivery import PlannedSend
    from nudge.trial.records.messages import Template
    from nudge.trial.records.people import Roll
    from nudge.workflow.desk import Desk


@dataclass(frozen=True, slots=True)
class Launched:
    """What a launch wrote."""

    rows: int
    virtual: int
    by_arm: dict[str, int]
    segments: dict[str, int]
    """SMS segments by arm, as they would be paid for."""
    cost: dict[str, float]
    unplanned: int
    """Units whose arm sends messages but to whom none can be planned."""
    late: int
    """Messages whose time was past before the launch."""
    again: bool
    """Whether the trial had been launched before; nothing was written twice."""


def launch_trial(path: Path, desk: Desk, progress: Callable[[int, int], None] = lambda _done, _all: None) -> Launched:
    """Write the ledger of an allocated trial: the only door to real sending.

    Every row's words are rendered once, so that errors and cost are known before the first
    is sent. Raises Refused while anything stands between the file and families.
    """
    examined = examine(path, desk.clock.now(), desk.settings.link_base_url)
    errors = examined.at(Level.ERROR)
    if errors:
        raise ProblemsFound(errors)
    trial = examined.trial
    locked = need_locked(desk.store, trial.trial)
    need_loaded(locked)
    need_unchanged(examined, locked)
    _may_launch(examined, locked, desk)
    with desk.store.begin() as connection:
        hold_trial(connection, trial.trial)
        rows, roll, missing = _plan(connection, trial, examined, locked, desk)
        segments = render_all(rows, roll, examined.templates, as_sent(trial, desk), progress)
        now = desk.clock.now()
        written = write_plan(connection, trial.trial, rows, now)
        state = trial_state(connection, trial.trial)
        again = state is not None and state.launched_at is not None
        if not again:
            set_state(connection, trial.trial, "launched", launched_at=now)
            record_action(
                connection, now, desk.settings.actor, "launch", trial.trial, rows=written,
                fingerprint=locked.lock.fingerprint,
            )  # fmt: skip
    real = Counter(row.arm for row in rows if not row.virtual)
    return Launched(
        sum(real.values()),
        sum(row.virtual for row in rows),
        dict(real),
        segments,
        costs(trial, segments),
        missing,
        sum(not row.virtual and row.not_after < now for row in rows),
        again,
    )


def _may_launch(examined: Examined, locked: Locked, desk: Desk) -> None:
    state = locked.state.state
    if state == "locked":
        raise Refused(f"{locked.state.name} has no arms yet", "draw them: nudge allocate FILE")
    if state in {"stopped", "closed"}:
        raise Refused(f"{locked.state.name} is {state}", "a trial is launched once")
    if locked.state.demonstration != desk.demonstration:
        raise Refused(
            f"{locked.state.name} was locked " + ("for a demonstration" if locked.state.demonstration else "as real"),
            "a real trial accepts neither a simulated clock nor a published seed, a demonstration only those",
        )
    for via in set(examined.trial.channels.values()):
        channel_module(via).open_channel(desk.settings)
    standing = [*examined.at(Level.LAUNCH), *settings_problems(examined.loaded, desk.settings)]
    if standing:
        raise Refused(
            f"{len(standing)} things stand between this file and families:\n"
            + "\n".join(f"  {problem}" for problem in standing),
            "mend them (nudge check FILE --launch lists them), lock anew with a reason, and launch",
        )
    need_approval(desk.store, locked)


def _plan(
    connection: Connection, trial: Trial, examined: Examined, locked: Locked, desk: Desk
) -> tuple[list[PlannedSend], Roll, int]:
    if locked.state.allocated_at is None:
        raise AssertionError("a trial that may launch has been allocated")
    roll = load_roll(connection, trial.trial, trial.population.columns, desk.vault)
    allocation = load_allocation(connection, trial.trial, law_of(trial))
    arm_of = {row.unit: row.arm for row in allocation.rows}
    seed = sealed_seed(connection, trial.trial, desk)
    step_of = {row.unit: row.step for row in allocation.rows}
    planner = Planner(trial, examined.variants, locked.state.allocated_at, seed, sites=draws_sites(trial))
    rows = [row for unit in roll.units for row in planner.sends(unit, arm_of[unit.id], step_of[unit.id])]
    return rows, roll, len(unplanned(planner, roll.units, arm_of))


def render_all(
    rows: Sequence[PlannedSend],
    roll: Roll,
    templates: Sequence[Template],
    manner: Manner,
    progress: Callable[[int, int], None],
) -> dict[str, int]:
    """Render every row; returns SMS segments by arm. Raises InputError with every row that fails."""
    by_key = {template.key: template for template in templates}
    people = {person.id: person for unit in roll.units for person in unit.people}
    segments: Counter[str] = Counter()
    failed: list[str] = []
    real = [row for row in rows if not row.virtual]
    for done, row in enumerate(real, 1):
        person = people[row.person]
        try:
            template = chosen_template(by_key, row.template, row.channel, person.language)
            words = render(template, person.columns, row.unit, manner, row.id)
        except RenderError as error:
            failed.append(error.what)
            continue
        if row.channel == "sms":
            segments[row.arm] += words.segments
        if done % 500 == 0 or done == len(real):
            progress(done, len(real))
    if failed:
        shown = "\n".join(f"  {line}" for line in failed[:20])
        raise InputError(f"{len(failed)} messages cannot be rendered:\n{shown}", "mend the roll or the template")
    return dict(segments)


def costs(trial: Trial, segments: dict[str, int]) -> dict[str, float]:
    """What the texts of each arm would cost, in the file's currency."""
    price = trial.costs.sms if trial.costs and trial.costs.sms else 0.0
    return {arm: number * price for arm, number in segments.items()}


def pause_trial(name: str, desk: Desk) -> None:
    """Hold everything that has not gone out; takes effect before the next group is sent."""
    _move(name, desk, {"launched"}, "paused", "pause")


def resume_trial(name: str, desk: Desk) -> None:
    """Go on after a pause; what is past its time by then expires."""
    locked = need_locked(desk.store, name)
    if locked.lock.amendment == "major":
        need_approval(desk.store, locked)
    _move(name, desk, {"paused"}, "launched", "resume")


def stop_trial(name: str, desk: Desk) -> int:
    """Cancel everything that has not gone out, for good; returns how many rows."""
    _check_state(name, desk, {"launched", "paused"}, "stop")
    with desk.store.begin() as connection:
        hold_trial(connection, name)
        hold_ledger(connection)
        now = desk.clock.now()
        set_state(connection, name, "stopped")
        cancelled = cancel_open(connection, name, now, "the trial was stopped")
        record_action(connection, now, desk.settings.actor, "stop", name, cancelled=cancelled)
    return cancelled


@dataclass(frozen=True, slots=True)
class Closed:
    """The seed, in hexadecimal digits, and how many messages had not gone out."""

    seed: str
    cancelled: int


def close_trial(name: str, desk: Desk) -> Closed:
    """End the trial and reveal its seed, so that anyone can replay the draw."""
    _check_state(name, desk, {"launched", "paused", "stopped"}, "close")
    with desk.store.begin() as connection:
        hold_trial(connection, name)
        hold_ledger(connection)
        now = desk.clock.now()
        cancelled = cancel_open(connection, name, now, "the trial was closed")
        seed = sealed_seed(connection, name, desk)
        reveal_seed(connection, name, seed)
        set_state(connection, name, "closed", closed_at=now)
        record_action(connection, now, desk.settings.actor, "close", name, seed=seed.value.hex())
    return Closed(seed.value.hex(), cancelled)


def _move(name: str, desk: Desk, allowed: set[str], state: str, action: str) -> None:
    _check_state(name, desk, allowed, action)
    with desk.store.begin() as connection:
        hold_trial(connection, name)
        set_state(connection, name, state)
        record_action(connection, desk.clock.now(), desk.settings.actor, action, name)


def _check_state(name: str, desk: Desk, allowed: set[str], action: str) -> None:
    state = need_locked(desk.store, name).state.state
    if state not in allowed:
        raise Refused(f"{name} is {state}, so there is nothing to {action}", "see where it stands: nudge status")
