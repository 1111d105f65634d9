"""Contact points that are not used any more: bounced, complained of, or somebody else's.

An opt-out is a household's wish and ends every message to it; a suppression is a fact about
one number or address, and a family with another one is still written to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from nudge.store.tables import contacts, sends, suppressions

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy.engine import Connection

WRONG_RECIPIENT = "wrong recipient"
COMPLAINT = "complaint"
BOUNCED = "cannot be reached"


def suppress(
    connection: Connection, now: datetime, why: str, actor: str, *, lookup: str, trial: str = "", unit: str = ""
) -> bool:
    """Use a contact point no more, in any trial; False where that stands already for this reason and unit."""
    same = sa.and_(
        suppressions.c.lookup == lookup, suppressions.c.trial == trial, suppressions.c.unit == unit,
        suppressions.c.why == why, suppressions.c.lifted_at.is_(None),
    )  # fmt: skip
    if connection.execute(sa.select(suppressions.c.id).where(same)).first() is not None:
        return False
    connection.execute(
        suppressions.insert().values(at=now, lookup=lookup, trial=trial, unit=unit, why=why, actor=actor)
    )
    return True


def lift_suppressions(connection: Connection, now: datetime, lookup: str, why: str = "") -> int:
    """Use a contact point again; returns how many reasons against it, or of this kind, were lifted."""
    held = sa.and_(suppressions.c.lookup == lookup, suppressions.c.lifted_at.is_(None))
    if why:
        held = sa.and_(held, suppressions.c.why == why)
    return connection.execute(suppressions.update().where(held).values(lifted_at=now)).rowcount


def why_suppressed() -> sa.ScalarSelect[str]:
    """Beside a row of `contacts`: why it is not used any more, or nothing."""
    query = (
        sa.select(sa.func.min(suppressions.c.why))
        .where(suppressions.c.lookup == contacts.c.lookup, suppressions.c.lifted_at.is_(None))
        .correlate(contacts)
    )
    return query.scalar_subquery()


def is_suppressed() -> sa.ColumnElement[bool]:
    """Rows of the ledger whose contact point is not used any more."""
    own = sa.and_(
        contacts.c.trial == sends.c.trial, contacts.c.person == sends.c.person, contacts.c.channel == sends.c.channel
    )
    query = (
        sa.select(suppressions.c.id)
        .join(contacts, contacts.c.lookup == suppressions.c.lookup)
        .where(own, suppressions.c.lifted_at.is_(None))
        .correlate(sends)
    )
    return sa.exists(query)


def lookup_of(connection: Connection, row: Mapping[str, Any]) -> str:
    """The look-up key of the contact point that a row of the ledger goes to today; empty where there is none."""
    query = sa.select(contacts.c.lookup).where(
        contacts.c.trial == row["trial"], contacts.c.person == row["person"], contacts.c.channel == row["channel"]
    )
    return connection.scalar(query) or ""


def suppressed_points(connection: Connection, trial: str | None) -> list[Mapping[str, Any]]:
    """What is not used any more, by trial and unit, the newest first."""
    query = sa.select(suppressions).where(suppressions.c.lifted_at.is_(None)).order_by(suppressions.c.id.desc())
    if trial is not None:
        query = query.where(suppressions.c.trial == trial)
    return [dict(row) for row in connection.execute(query).mappings()]
