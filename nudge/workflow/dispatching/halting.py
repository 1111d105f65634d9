"""The kill switch: everything, a trial or an arm stops before the next message goes out.

Where families come one by one, an arm that is held back takes none of them: they are drawn among the others. The
audit log keeps how many had come, so that every draw can be made again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nudge.store.audit import record_action
from nudge.store.enrolment import enrolled
from nudge.store.halts import add_halt, lift_halt
from nudge.store.locks import hold_ledger
from nudge.trial.errors import InputError, Refused
from nudge.workflow.guard import need_locked

if TYPE_CHECKING:
    from nudge.workflow.desk import Desk


def halt_sending(desk: Desk, trial: str, arm: str, reason: str) -> None:
    """Hold back everything, a trial or an arm. Raises InputError where no reason is given."""
    if not reason.strip():
        raise InputError("a halt needs its reason", "add --reason")
    _need_known(desk, trial, arm)
    with desk.store.begin() as connection:
        hold_ledger(connection)
        now = desk.clock.now()
        if not add_halt(connection, trial, arm, now, desk.settings.actor, reason):
            raise Refused("it is halted already", "nothing was changed")
        place = {"enrolled": enrolled(connection, trial)} if arm else {}
        record_action(connection, now, desk.settings.actor, "halt", trial, arm=arm, reason=reason, **place)


def lift_sending(desk: Desk, trial: str, arm: str) -> None:
    """Let go. Raises Refused where nothing is held back."""
    with desk.store.begin() as connection:
        hold_ledger(connection)
        now = desk.clock.now()
        if not lift_halt(connection, trial, arm, now):
            raise Refused("no such halt is in force", "see nudge status")
        place = {"enrolled": enrolled(connection, trial)} if arm else {}
        record_action(connection, now, desk.settings.actor, "lift halt", trial, arm=arm, **place)


def _need_known(desk: Desk, trial: str, arm: str) -> None:
    if arm and not trial:
        raise InputError("an arm belongs to a trial", "name the trial")
    if not trial:
        return
    arms = [part["name"] for part in need_locked(desk.store, trial).lock.definition["arms"]]
    if arm and arm not in arms:
        raise InputError(f"{trial} has no arm `{arm}`", f"name one of {', '.join(arms)}")
