"""Approval: a second person's signature on the exact fingerprint of a lock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nudge.store.audit import record_action
from nudge.store.engine import reading
from nudge.store.locks import hold_trial
from nudge.store.trials import add_approval, approvals_of, locks_of
from nudge.trial.errors import InputError, ProblemsFound, Refused
from nudge.trial.problems import Level
from nudge.workflow.checking.examine import examine
from nudge.workflow.guard import Locked, need_loaded, need_locked, need_unchanged

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.engine import Engine

    from nudge.trial.records.trials import Approval
    from nudge.workflow.desk import Desk


@dataclass(frozen=True, slots=True)
class Signed:
    """What was signed, and what the signature takes on."""

    trial: str
    fingerprint: str
    approver: str
    underpowered: str | None
    """The reason to run a trial too small to answer alone, which the approver signs with the rest."""
    state: str


def approve_trial(path: Path, desk: Desk, approver: str) -> Signed:
    """Sign the lock in force as a second person.

    Raises Refused where the author would sign their own lock, the file differs from it, or
    something still stands between the file and families.
    """
    name = " ".join(approver.split())
    if not name:
        raise InputError("the approver has no name", "write --as 'First Last'")
    examined = examine(path, desk.clock.now(), desk.settings.link_base_url)
    errors = examined.at(Level.ERROR)
    if errors:
        raise ProblemsFound(errors)
    locked = need_locked(desk.store, examined.trial.trial)
    need_loaded(locked)
    need_unchanged(examined, locked)
    _not_the_author(desk.store, locked, name)
    standing = examined.at(Level.LAUNCH)
    if standing:
        shown = "\n".join(f"  {problem}" for problem in standing)
        raise Refused(f"what cannot be launched cannot be approved:\n{shown}", "mend them and lock anew")
    with desk.store.begin() as connection:
        hold_trial(connection, locked.state.name)
        now = desk.clock.now()
        add_approval(connection, locked.lock, name, now)
        record_action(
            connection, now, desk.settings.actor, "approve", locked.state.name,
            fingerprint=locked.lock.fingerprint, approver=name,
        )  # fmt: skip
    underpowered = examined.trial.underpowered
    return Signed(
        locked.state.name, locked.lock.fingerprint, name, underpowered.reason if underpowered else None,
        locked.state.state,
    )  # fmt: skip


def _not_the_author(store: Engine, locked: Locked, approver: str) -> None:
    with reading(store).begin() as connection:
        authors = {lock.locked_by for lock in locks_of(connection, locked.state.name)}
    if approver.casefold() in {author.casefold() for author in authors}:
        raise Refused(
            f"{approver} locked {locked.state.name}, and nobody approves their own trial",
            "ask a second person to read it and sign: nudge approve FILE --as 'THEIR NAME'",
        )


def approvals_in_force(store: Engine, locked: Locked) -> list[Approval]:
    """Who signed the lock in force."""
    with reading(store).begin() as connection:
        return approvals_of(connection, locked.lock)


def need_approval(store: Engine, locked: Locked) -> None:
    """Raise Refused where nobody but the author stands behind the lock in force."""
    if not approvals_in_force(store, locked):
        raise Refused(
            f"lock {locked.lock.number} of {locked.state.name} is approved by nobody",
            "a second person reads it and signs: nudge approve FILE --as 'THEIR NAME'",
        )
