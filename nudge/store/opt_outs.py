"""Who asked for no more messages: by contact point and household, across every trial of the database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from nudge.store.tables import contacts, opt_outs, people, sends

if TYPE_CHECKING:
    from collections.abc import Collection
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
    theirs = sa.or_(
        opt_outs.c.how.in_(["reply", "link", "provider"]),
        sa.and_(opt_outs.c.how == "complaint", opt_outs.c.actor == "family"),
    )
    lifted = connection.execute(
        opt_outs.update()
        .where(opt_outs.c.lookup == lookup, theirs, opt_outs.c.lifted_at.is_(None))
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


def is_opted_out(sites: Collection[str]) -> sa.ColumnElement[bool]:
    """Rows of the ledger whose household asked for no more messages, whichever trial it asked in.

    A household is whoever shares a contact point with the one who asked, or a unit with
    somebody who does. sites: trials whose units are schools or clinics, where a unit is no
    household and only those who share a contact point are meant.
    """
    reached = contacts.c.channel.in_(_REACHED_BY)
    in_force = opt_outs.c.lifted_at.is_(None)
    asked = sa.select(opt_outs.c.lookup).where(in_force, opt_outs.c.lookup != "")
    asked_units = sa.select(opt_outs.c.trial, opt_outs.c.unit).where(
        in_force, opt_outs.c.unit != "", opt_outs.c.trial.not_in(sites)
    )
    member = sa.and_(people.c.trial == contacts.c.trial, people.c.person == contacts.c.person)
    at_home = people.c.trial.not_in(sites)
    unit = sa.tuple_(people.c.trial, people.c.unit)
    theirs = (
        sa.select(people.c.trial, people.c.unit)
        .join(contacts, member)
        .where(reached, at_home, contacts.c.lookup.in_(asked))
    )
    household = (
        sa.select(contacts.c.lookup)
        .join(people, member)
        .where(reached, sa.or_(unit.in_(theirs), unit.in_(asked_units)))
    )
    meant = sa.and_(reached, sa.or_(contacts.c.lookup.in_(asked), contacts.c.lookup.in_(household)))
    units = sa.select(people.c.trial, people.c.unit).join(contacts, member).where(meant, at_home)
    persons = sa.select(contacts.c.trial, contacts.c.person).where(meant)
    row = sends.alias()
    # From the few who asked to their rows, each way by an index; a database reads an OR of them row by row.
    ways = (
        sa.tuple_(row.c.trial, row.c.unit).in_(units),
        sa.tuple_(row.c.trial, row.c.unit).in_(asked_units),
        sa.tuple_(row.c.trial, row.c.person).in_(persons),
    )
    return sends.c.id.in_(sa.union(*(sa.select(row.c.id).where(way) for way in ways)))
