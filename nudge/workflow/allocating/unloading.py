"""A roll that was loaded by mistake, taken back before anyone was written to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nudge.store.audit import record_action
from nudge.store.people import remove_roll, supersede_draw
from nudge.store.trials import set_state
from nudge.trial.errors import InputError, Refused
from nudge.workflow.guard import UNLOADED, Locked, need_locked

if TYPE_CHECKING:
    from nudge.workflow.desk import Desk


@dataclass(frozen=True, slots=True)
class Unloaded:
    """What was taken out of the database."""

    people: int
    units: int
    contact_points: int
    left_out: int
    """People of the roll who were excluded, and whose reasons stood there."""
    drawn: bool
    """Whether arms had been drawn; that draw is set aside and the report tells of it."""


def undo_load(name: str, desk: Desk, reason: str) -> Unloaded:
    """Take the roll back that a lock has loaded: people, contact points, exclusions. Its locks and its seed stay.

    The next lock loads another. Raises InputError without a reason, Refused where nothing is
    loaded or families may have been written to.
    """
    if not reason.strip():
        raise InputError("taking a roll back needs its reason", "add --reason '…'")
    locked = need_locked(desk.store, name)
    _may_unload(locked)
    with desk.store.begin() as connection:
        now = desk.clock.now()
        drawn = locked.state.allocated_at is not None
        if locked.state.allocated_at is not None:
            supersede_draw(connection, name, locked.lock.number, locked.state.allocated_at, reason.strip())
        removed = remove_roll(connection, name)
        if not removed["people"] and not removed["exclusions"]:
            raise Refused(f"{name} has no roll in this database", "its families join one by one: nudge enrol")
        set_state(connection, name, UNLOADED, allocated_at=None)
        record_action(
            connection, now, desk.settings.actor, "undo load", name, reason=reason.strip(), drawn=drawn,
            roll=locked.lock.roll_digest, **removed,
        )  # fmt: skip
    return Unloaded(removed["people"], removed["units"], removed["contacts"], removed["exclusions"], drawn)


def _may_unload(locked: Locked) -> None:
    state = locked.state.state
    if state == UNLOADED:
        raise Refused(f"the roll of {locked.state.name} was taken back already", "nothing was changed")
    if state not in {"locked", "allocated"}:
        raise Refused(
            f"{locked.state.name} is {state}: families may have been written to, and who takes part never changes",
            "correct contact points with nudge people update, or end the trial with nudge stop",
        )
