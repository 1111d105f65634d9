"""Changes after launch: what they are, what they may be, and which estimates they touch."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from nudge.store.audit import record_action
from nudge.store.engine import reading
from nudge.store.locks import hold_trial
from nudge.store.trials import add_lock, locks_of, set_state
from nudge.trial.amendments import Change, changes, template_changes, touches
from nudge.trial.errors import InputError, ProblemsFound, Refused
from nudge.trial.lock import Lock, canonical
from nudge.trial.problems import Level
from nudge.trial.records.report import Amendment
from nudge.workflow.allocating.locking import locked_texts, write_lock_file
from nudge.workflow.checking.examine import Examined, examine
from nudge.workflow.guard import UNLOADED, Locked, need_locked

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sqlalchemy.engine import Engine

    from nudge.workflow.desk import Desk

_MAY_AMEND = {"launched", "paused", "stopped"}


@dataclass(frozen=True, slots=True)
class Amended:
    """An amendment as it was made."""

    lock: Lock
    changes: tuple[Change, ...]
    paused: bool
    """Whether sending waits until a second person has approved it."""


def differences_from_lock(path: Path, desk: Desk, number: int | None = None) -> tuple[Lock, list[Change]]:
    """How a file, its templates and its roll differ from a lock (the one in force where none is named)."""
    examined = _examined(path, desk)
    locked = need_locked(desk.store, examined.trial.trial)
    lock = locked.lock if number is None else _numbered(desk.store, examined.trial.trial, number)
    return lock, _changes(examined, lock)


def _numbered(store: Engine, trial: str, number: int) -> Lock:
    with reading(store).begin() as connection:
        found = {lock.number: lock for lock in locks_of(connection, trial)}
    if number not in found:
        raise InputError(f"{trial} has no lock {number}", f"its locks are 1 to {max(found)}")
    return found[number]


def _examined(path: Path, desk: Desk) -> Examined:
    examined = examine(path, desk.clock.now())
    errors = examined.at(Level.ERROR)
    if errors:
        raise ProblemsFound(errors)
    return examined


def _changes(examined: Examined, lock: Lock) -> list[Change]:
    found = changes(dict(lock.definition), canonical(examined.trial))
    found += template_changes(lock.templates, {template.key: template.digest for template in examined.templates})
    if examined.roll is not None and examined.roll.digest != lock.roll_digest:
        found.append(Change("population.people", lock.roll_digest, examined.roll.digest))
    return found


def amend_trial(path: Path, desk: Desk, reason: str) -> Amended:
    """Put a changed file in force after launch. The draw and the people never change.

    A major change pauses sending until a second person has approved the new fingerprint.
    Raises Refused before launch, without a change, or for a change of what is settled.
    """
    if not reason.strip():
        raise InputError("an amendment has no reason", "write --reason '…'")
    examined = _examined(path, desk)
    locked = need_locked(desk.store, examined.trial.trial)
    found = _changes(examined, locked.lock)
    _may_amend(locked, found)
    major = any(change.kind == "major" for change in found)
    lock = replace(
        locked.lock, number=locked.lock.number + 1, locked_at=desk.clock.now(), locked_by=desk.settings.actor,
        definition=canonical(examined.trial),
        templates={template.key: template.digest for template in examined.templates},
        reason=reason.strip(), amendment="major" if major else "minor", changes=tuple(one.path for one in found),
    )  # fmt: skip
    pauses = major and locked.state.state == "launched"
    with desk.store.begin() as connection:
        hold_trial(connection, lock.trial)
        add_lock(connection, lock, locked_texts(examined.templates))
        if pauses:
            set_state(connection, lock.trial, "paused")
        record_action(
            connection, lock.locked_at, lock.locked_by, "amend", lock.trial, fingerprint=lock.fingerprint,
            kind=lock.amendment, changes=list(lock.changes), reason=lock.reason, paused=pauses,
        )  # fmt: skip
    write_lock_file(path, lock)
    return Amended(lock, tuple(found), pauses)


def _may_amend(locked: Locked, found: Sequence[Change]) -> None:
    name, state = locked.state.name, locked.state.state
    if state in {"locked", "allocated", UNLOADED}:
        raise Refused(f"{name} has not launched, so it is locked anew", "nudge lock FILE --reason '…'")
    if state not in _MAY_AMEND:
        raise Refused(f"{name} is {state}", "a closed trial is not amended; write the change into its report")
    if not found:
        raise Refused(f"{name} is as it was locked", "change the file first; `nudge diff FILE` shows what differs")
    settled = [f"  {change.path}: {change.fixed}" for change in found if change.fixed]
    if settled:
        raise Refused(
            f"these cannot change once {name} has launched:\n" + "\n".join(settled),
            "put them back; what must change there is a new trial",
        )


def amendments_of(store: Engine, trial: str) -> tuple[Amendment, ...]:
    """Every amendment after launch, for the report."""
    with reading(store).begin() as connection:
        return tuple(
            Amendment(lock.number, lock.locked_at.isoformat(), lock.locked_by, lock.amendment or "", lock.reason or "",
                      lock.changes)
            for lock in locks_of(connection, trial) if lock.amendment
        )  # fmt: skip


Standing = Literal["prespecified", "amended", "exploratory"]


def standing_of(outcome: str, amendments: Sequence[Amendment], unlocked: Sequence[str]) -> Standing:
    """How an outcome's estimates stand to the plan.

    unlocked: paths at which the file differs from the lock in force.
    """
    if touches(list(unlocked), outcome):
        return "exploratory"
    return "amended" if any(touches(list(one.changes), outcome) for one in amendments) else "prespecified"
