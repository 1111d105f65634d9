"""What may not send now: everything, a trial, or one arm of it. Every halt stays in the table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from nudge.store.tables import halts, sends

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy.engine import Connection


def is_halted() -> sa.ColumnElement[bool]:
    """Rows of the ledger that a halt in force holds back."""
    holds = sa.and_(
        halts.c.lifted_at.is_(None),
        halts.c.trial.in_(["", sends.c.trial]),
        halts.c.arm.in_(["", sends.c.arm]),
    )
    return sa.exists(sa.select(halts.c.id).where(holds).correlate(sends))


def add_halt(connection: Connection, trial: str, arm: str, now: datetime, actor: str, reason: str) -> bool:
    """Hold back a trial's arm, a trial (no arm), or everything (no trial); False where it is already held."""
    if connection.execute(_in_force(trial, arm)).first() is not None:
        return False
    connection.execute(halts.insert().values(trial=trial, arm=arm, since=now, actor=actor, reason=reason))
    return True


def lift_halt(connection: Connection, trial: str, arm: str, now: datetime) -> int:
    """Let go; returns how many halts were in force."""
    lifted = connection.execute(
        halts.update()
        .where(halts.c.trial == trial, halts.c.arm == arm, halts.c.lifted_at.is_(None))
        .values(lifted_at=now)
    )
    return lifted.rowcount


def halts_in_force(connection: Connection, trial: str) -> list[Mapping[str, Any]]:
    """What holds this trial, one of its arms, or everything back now, and why."""
    holds = halts.c.lifted_at.is_(None), halts.c.trial.in_(["", trial])
    query = sa.select(halts).where(*holds).order_by(halts.c.id)
    return [dict(row) for row in connection.execute(query).mappings()]


def was_halted(connection: Connection, trial: str, arm: str, reason: str) -> bool:
    """Whether this arm was ever held back for this reason, also where a person has let it go since."""
    query = sa.select(halts.c.id).where(halts.c.trial == trial, halts.c.arm == arm, halts.c.reason == reason)
    return connection.execute(query).first() is not None


def _in_force(trial: str, arm: str) -> sa.Select[Any]:
    return sa.select(halts.c.id).where(halts.c.trial == trial, halts.c.arm == arm, halts.c.lifted_at.is_(None))
