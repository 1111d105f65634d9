"""What a transaction keeps others from, until it ends.

SQLite's transactions are exclusive from their beginning (`BEGIN IMMEDIATE`), so nothing here
does anything there. PostgreSQL's run beside each other, and hold by name what must not change
under them (advisory locks of the transaction), always in this order: a trial's row, the
ledger, the rates, the audit log. Whoever keeps to it never waits in a circle.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import sqlalchemy as sa

from nudge.store.tables import trials

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection


def side_by_side(connection: Connection) -> bool:
    """Whether writers, and dispatchers among them, work beside each other in this database."""
    return connection.dialect.name == "postgresql"


def hold_trial(connection: Connection, trial: str) -> None:
    """Keep every other verb that changes this trial waiting."""
    query = sa.select(trials.c.name).where(trials.c.name == trial)
    connection.execute(query.with_for_update(key_share=True))


def hold_ledger(connection: Connection) -> None:
    """Keep every other writer of the ledger, of opt-outs, halts and replies waiting."""
    _hold(connection, "ledger")


def share_ledger(connection: Connection) -> None:
    """Write to rows of the ledger that are one's own, beside others who do the same."""
    _hold(connection, "ledger", together="_shared")


def hold_rates(connection: Connection) -> None:
    """Keep others from taking places in the senders' rates."""
    _hold(connection, "rates")


def hold_audit(connection: Connection) -> None:
    """Keep the last row of the audit log the last."""
    _hold(connection, "audit")


def hold_migrations(connection: Connection) -> None:
    """Keep others from migrating the same database."""
    _hold(connection, "migrations")


def _hold(connection: Connection, name: str, together: str = "") -> None:
    if side_by_side(connection):
        number = int.from_bytes(hashlib.sha256(f"nudge {name}".encode()).digest()[:8], signed=True)
        lock = getattr(sa.func, f"pg_advisory_xact_lock{together}")
        connection.execute(sa.select(lock(sa.literal(number, sa.BigInteger))))
