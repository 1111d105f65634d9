"""Who asked for no more messages: by contact point and household, across every trial of the database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from nudge.store.tables import contacts, opt_outs, people, sends

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.engine import Connection

_REACHED_BY = ("sms", "email", "staff")


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose contact point it is in one trial."""

    trial: str
    unit: str
    person: str


def owners(connection: Connection, lookup: str) -> list[Owner]:
    """Everyone with this contact point, the one written to most recently first."""
    last = (
        sa.select(sends.c.trial, sends.c.person, sa.func.max(sends.c.touched_at).label("at"))
        .where(sends.c.attempt > 0)
        .group_by(sends.c.trial, sends.c.person)
        .subquery()
    )
    query = (
        sa.select(contacts.c.trial, people.c.unit, contacts.c.person)
        .join(people, sa.and_(people.c.trial == contacts.c.trial, people.c.person == contacts.c.person))
        .outerjoin(last, sa.and_(last.c.trial == contacts.c.trial, last.c.person == contacts.c.person))
        .where(contacts.c.lookup == lookup, contacts.c.channel.in_(_REACHED_BY))
        .order_by(last.c.at.desc().nulls_last(), contacts.c.trial, contacts.c.person)
    )
    return [Owner(row.trial, row.unit, row.person) for row in connection.execute(query)]


def add_opt_out(
    connection: Connection, now: datetime, how: str, actor: str, *, lookup: str = "", trial: str = "", unit: str = ""
) -> bool:
    """Write an opt-out of a contact point, of a unit, or of both; False where it stands already."""
    same = sa.and_(
        opt_outs.c.lookup == lookup, opt_outs.c.trial == trial, opt_outs.c.unit == unit, opt_outs.c.lifted_at.is_(None)
    )
    if connection.execute(sa.select(opt_outs.c.id).where(same)).first() is not None:
        return False
    connection.execute(opt_outs.insert().values(at=now, lookup=lookup, trial=trial, unit=unit, how=how, actor=actor))
    return True


def lift_opt_outs(connection: Connection, now: datetime, lookup: str) -> int:
    """What a contact point took back itself; what staff wrote stands until staff take it back."""
    lifted = connection.execute(
        opt_outs.update()
        .where(opt_outs.c.lookup == lookup, opt_outs.c.how != "staff", opt_outs.c.lifted_at.is_(None))
        .values(lifted_at=now)
    )
    return lifted.rowcount


def lift_unit(connection: Connection, now: datetime, trial: str, unit: str) -> int:
    """Staff take back every opt-out of one unit."""
    lifted = connection.execute(
        opt_outs.update()
        .where(opt_outs.c.trial == trial, opt_outs.c.unit == unit, opt_outs.c.lifted_at.is_(None))
        .values(lifted_at=now)
    )
    return lifted.rowcount


def is_opted_out() -> sa.ColumnElement[bool]:
    """Rows of the ledger whose household asked for no more messages, whichever trial it asked in.

    A household is whoever shares a contact point with the one who asked, or a unit with
    somebody who does.
    """
    reached = contacts.c.channel.in_(_REACHED_BY)
    asked = sa.select(opt_outs.c.lookup).where(opt_outs.c.lifted_at.is_(None), opt_outs.c.lookup != "")
    asked_units = sa.select(opt_outs.c.trial, opt_outs.c.unit).where(
        opt_outs.c.lifted_at.is_(None), opt_outs.c.unit != ""
    )
    member = sa.and_(people.c.trial == contacts.c.trial, people.c.person == contacts.c.person)
    theirs = (
        sa.select(people.c.trial, people.c.unit).join(contacts, member).where(reached, contacts.c.lookup.in_(asked))
    )
    unit = sa.tuple_(people.c.trial, people.c.unit)
    household = (
        sa.select(contacts.c.lookup)
        .join(people, member)
        .where(reached, sa.or_(unit.in_(theirs), unit.in_(asked_units)))
    )  # fmt: skip
    everywhere = (
        sa.select(people.c.trial, people.c.unit).join(contacts, member).where(reached, contacts.c.lookup.in_(household))
    )
    row = sa.tuple_(sends.c.trial, sends.c.unit)
    return sa.or_(row.in_(everywhere), row.in_(asked_units))


def opted_out_by_arm(connection: Connection, trial: str, arm_of: dict[str, str]) -> dict[str, int]:
    """Units of each arm that asked for an end in this trial, also where they have come back since."""
    query = sa.select(opt_outs.c.unit.distinct()).where(opt_outs.c.trial == trial, opt_outs.c.unit != "")
    counts = dict.fromkeys(arm_of.values(), 0)
    for unit in connection.scalars(query):
        if unit in arm_of:
            counts[arm_of[unit]] += 1
    return counts
