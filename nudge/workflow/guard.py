"""The gate between a trial file as it is now and the lock as it was made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nudge.store.engine import reading
from nudge.store.trials import current_lock, trial_state
from nudge.trial.errors import LockBroken, Refused
from nudge.trial.lock import Lock, canonical, differences
from nudge.trial.problems import listed
from nudge.trial.records.trials import TrialState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.engine import Engine

    from nudge.trial.model import Trial
    from nudge.workflow.checking.examine import Examined

REASON = "put it back; or before launch `nudge lock --reason`, after it `nudge amend --reason`"


UNLOADED = "unloaded"
"""The state of a trial whose roll was taken back, until it is locked with another."""


@dataclass(frozen=True, slots=True)
class Locked:
    """A trial's state and the lock in force."""

    state: TrialState
    lock: Lock
    templates: Mapping[str, Mapping[str, Any]]


def find_locked(store: Engine, trial: str) -> Locked | None:
    """The lock in force, or None where this database has never locked the trial."""
    with reading(store).begin() as connection:
        state = trial_state(connection, trial)
        found = current_lock(connection, trial) if state else None
    return Locked(state, *found) if state and found else None


def need_locked(store: Engine, trial: str) -> Locked:
    """The lock in force. Raises Refused where there is none."""
    locked = find_locked(store, trial)
    if locked is None:
        raise Refused(f"{trial} is not locked in this database", "lock it first: nudge lock FILE")
    return locked


def need_loaded(locked: Locked) -> None:
    """Raise Refused where the roll was taken back."""
    if locked.state.state == UNLOADED:
        raise Refused(
            f"the roll of {locked.state.name} was taken back, so nobody takes part",
            "name the right one in the trial file, and lock it: nudge lock FILE --reason '…'",
        )


def need_unchanged(examined: Examined, locked: Locked) -> None:
    """Raise LockBroken naming what differs from the lock: file, templates or roll."""
    need_same_file(examined.trial, locked)
    now = {template.key: template.digest for template in examined.templates}
    templates = sorted(key for key in {*now, *locked.lock.templates} if now.get(key) != locked.lock.templates.get(key))
    if templates:
        raise LockBroken(f"these templates differ from what was locked: {listed(templates)}", REASON)
    if examined.roll is not None and examined.roll.digest != locked.lock.roll_digest:
        raise LockBroken(f"the roll {examined.roll_file} differs from what was locked", REASON)


def need_same_file(trial: Trial, locked: Locked) -> None:
    """Raise LockBroken naming what differs between the file and its lock."""
    changed = changed_parts(trial, locked)
    if changed:
        raise LockBroken(f"the trial file differs from its lock at {listed(changed)}", REASON)


def changed_parts(trial: Trial, locked: Locked) -> list[str]:
    """Paths of the trial file that differ from the lock."""
    return differences(dict(locked.lock.definition), canonical(trial))
