"""Trials, their locks and their seeds."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from nudge.store.rows import insert_once
from nudge.store.tables import approvals, locks, seeds, trials
from nudge.trial.errors import Refused
from nudge.trial.lock import Lock
from nudge.trial.records.design import Seed
from nudge.trial.records.trials import Approval, TrialState

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from nudge.store.vault import Vault


def trial_state(connection: Connection, name: str) -> TrialState | None:
    """Where a trial stands, or None where this database has never seen it."""
    row = connection.execute(sa.select(trials).where(trials.c.name == name)).mappings().first()
    return TrialState(**row) if row else None


def all_trials(connection: Connection) -> list[TrialState]:
    """Every trial of this database."""
    rows = connection.execute(sa.select(trials).order_by(trials.c.name)).mappings()
    return [TrialState(**row) for row in rows]


def add_trial(connection: Connection, name: str, at: datetime, *, demonstration: bool) -> None:
    """A trial's first row. Raises Refused where another process wrote it at the same moment."""
    row = {"name": name, "state": "locked", "demonstration": demonstration, "created_at": at}
    if not insert_once(connection, trials, row):
        raise Refused(f"{name} was locked by another process at this moment", f"see its lock: nudge status {name}")


def set_state(connection: Connection, name: str, state: str, **moments: datetime | None) -> None:
    """Move a trial to a state."""
    connection.execute(trials.update().where(trials.c.name == name).values(state=state, **moments))


def add_lock(connection: Connection, lock: Lock, template_texts: Mapping[str, Mapping[str, Any]]) -> None:
    """Store a lock with the templates' own texts, so that what was locked can always be sent."""
    connection.execute(
        locks.insert().values(
            trial=lock.trial, number=lock.number, locked_at=lock.locked_at, locked_by=lock.locked_by,
            fingerprint=lock.fingerprint, definition=dict(lock.definition),
            templates={key: {"digest": lock.templates[key], **text} for key, text in template_texts.items()},
            roll_digest=lock.roll_digest, roll_file=lock.roll_file, law=dict(lock.law),
            seed_commitment=lock.seed_commitment, decisions=dict(lock.decisions), reason=lock.reason,
            amendment=lock.amendment, changes=list(lock.changes),
        )
    )  # fmt: skip


def current_lock(connection: Connection, trial: str) -> tuple[Lock, dict[str, Mapping[str, Any]]] | None:
    """The lock in force, with the template texts it holds."""
    found = locks_of(connection, trial)
    if not found:
        return None
    query = sa.select(locks.c.templates).where(locks.c.trial == trial, locks.c.number == found[-1].number)
    return found[-1], connection.execute(query).scalar_one()


def current_definitions(connection: Connection) -> dict[str, Mapping[str, Any]]:
    """Every trial's file as the lock in force has it."""
    query = sa.select(locks.c.trial, locks.c.definition).order_by(locks.c.number)
    return {row.trial: row.definition for row in connection.execute(query)}


def locks_of(connection: Connection, trial: str) -> list[Lock]:
    """Every lock of a trial, oldest first; the last is in force."""
    query = (
        sa.select(locks, trials.c.demonstration)
        .join(trials, trials.c.name == locks.c.trial)
        .where(locks.c.trial == trial)
        .order_by(locks.c.number)
    )
    return [_lock(dict(row)) for row in connection.execute(query).mappings()]


def _lock(row: Mapping[str, Any]) -> Lock:
    return Lock(
        trial=row["trial"], number=row["number"], locked_at=row["locked_at"], locked_by=row["locked_by"],
        definition=row["definition"], templates={key: text["digest"] for key, text in row["templates"].items()},
        roll_digest=row["roll_digest"], roll_file=row["roll_file"], law=row["law"],
        seed_commitment=row["seed_commitment"], decisions=row["decisions"],
        demonstration=row["demonstration"], reason=row["reason"],
        amendment=row["amendment"], changes=tuple(row["changes"]),
    )  # fmt: skip


def add_approval(connection: Connection, lock: Lock, approver: str, at: datetime) -> None:
    """A second person's signature on a fingerprint; signing twice changes nothing."""
    if approver not in [one.approver for one in approvals_of(connection, lock)]:
        connection.execute(
            approvals.insert().values(trial=lock.trial, fingerprint=lock.fingerprint, approver=approver, at=at)
        )


def approvals_of(connection: Connection, lock: Lock) -> list[Approval]:
    """Who signed this very fingerprint, in order."""
    query = sa.select(approvals).where(approvals.c.trial == lock.trial, approvals.c.fingerprint == lock.fingerprint)
    return [Approval(row.approver, row.at) for row in connection.execute(query.order_by(approvals.c.at))]


def seal_seed(connection: Connection, trial: str, seed: Seed, vault: Vault) -> None:
    """Keep a trial's randomness, unreadable without the keys."""
    connection.execute(
        seeds.insert().values(
            trial=trial, sealed_value=vault.seal(seed.value), sealed_salt=vault.seal(seed.salt),
            published=seed.published,
        )
    )  # fmt: skip


def open_seed(connection: Connection, trial: str, vault: Vault) -> Seed | None:
    """A trial's randomness, if it has been locked."""
    row = connection.execute(sa.select(seeds).where(seeds.c.trial == trial)).mappings().first()
    if row is None:
        return None
    return Seed(vault.open(row["sealed_value"]), vault.open(row["sealed_salt"]), published=row["published"])


def reveal_seed(connection: Connection, trial: str, seed: Seed) -> None:
    """Write the seed in the open, at the close; the salt stays sealed."""
    connection.execute(seeds.update().where(seeds.c.trial == trial).values(revealed=seed.value.hex()))


def revealed_seed(connection: Connection, trial: str) -> str | None:
    """The seed as hexadecimal, once the trial is closed."""
    return connection.scalar(sa.select(seeds.c.revealed).where(seeds.c.trial == trial))
