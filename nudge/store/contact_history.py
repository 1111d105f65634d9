"""When households were written to, or would have been, across every trial of the database."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from nudge.store.lease import at_work
from nudge.store.locks import side_by_side
from nudge.store.tables import Moment, contacts, people, send_events, sends
from nudge.trial.records.delivery import Status

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from nudge.trial.records.delivery import DueSend

Family = tuple[str, str, str]
"""Trial and unit, and where the unit is a site the person as well: a site's people are no household."""
_WENT_OUT = (Status.CLAIMED, Status.ACCEPTED, Status.UNKNOWN, Status.DELIVERED, Status.FAILED)


@dataclass(frozen=True, slots=True)
class Written:
    """A message to a family, or the moment at which one would have gone."""

    message: str
    virtual: bool


def family_of(row: DueSend, sites: Collection[str]) -> Family:
    """Who a row is for."""
    return row.trial, row.unit, row.person if row.trial in sites else ""


def households(
    connection: Connection, rows: Sequence[DueSend], sites: Collection[str]
) -> dict[Family, set[Family]]:  # fmt: skip
    """Each row's family with those, of any trial, that share a contact point with it; itself among them.

    sites: trials whose unit is a site.
    """
    wanted = sa.tuple_(people.c.trial, people.c.unit).in_(sorted({(row.trial, row.unit) for row in rows}))
    mine, theirs = _points(sites).where(wanted).subquery(), _points(sites).subquery()
    columns = [*mine.c[:3], *theirs.c[:3]]
    query = sa.select(*columns).join(theirs, theirs.c.lookup == mine.c.lookup)
    found: dict[Family, set[Family]] = {one: {one} for one in (family_of(row, sites) for row in rows)}
    for one in connection.execute(query.distinct()):
        family: Family = (one[0], one[1], one[2])
        if family in found:
            found[family].add((one[3], one[4], one[5]))
    return found


def _points(sites: Collection[str]) -> sa.Select[tuple[str, str, str, str]]:
    person = _person(people.c.trial, people.c.person, sites)
    return (
        sa.select(people.c.trial, people.c.unit, person.label("person"), contacts.c.lookup)
        .join(contacts, sa.and_(contacts.c.trial == people.c.trial, contacts.c.person == people.c.person))
        .where(contacts.c.channel.in_(["sms", "email", "staff"]))
    )


def _person(trial: sa.Column[str], person: sa.Column[str], sites: Collection[str]) -> sa.ColumnElement[str]:
    return sa.case((trial.in_(sorted(sites)), person), else_="")


def written_to(
    connection: Connection, families: set[Family], since: datetime, now: datetime, sites: Collection[str], holder: str
) -> dict[Family, dict[Written, datetime]]:
    """Each family's messages since a moment, by name: when they last went out, or virtually would have.

    What a dispatcher other than `holder` has taken up is as good as sent.
    """
    here = sa.tuple_(sends.c.trial, sends.c.unit).in_(sorted({family[:2] for family in families}))
    person = _person(sends.c.trial, sends.c.person, sites)
    real = (
        sa.select(sends.c.trial, sends.c.unit, person, sends.c.message, sa.func.max(send_events.c.at))
        .join(send_events, send_events.c.send == sends.c.id)
        .where(here, sends.c.status.in_(_WENT_OUT), send_events.c.status == Status.CLAIMED, send_events.c.at > since)
        .group_by(sends.c.trial, sends.c.unit, person, sends.c.message)
    )
    virtual = sa.select(sends.c.trial, sends.c.unit, person, sends.c.message, sends.c.planned_at).where(
        here, sends.c.status == Status.VIRTUAL, sends.c.planned_at > since, sends.c.planned_at <= now
    )
    taken_up = sa.select(sends.c.trial, sends.c.unit, person, sends.c.message, sa.literal(now, Moment)).where(
        here, sends.c.status == Status.DUE, sends.c.holder != holder, sends.c.holder.in_(at_work())
    )
    queries = [(real, False), (virtual, True)]
    if side_by_side(connection):
        queries.append((taken_up, False))
    found: defaultdict[Family, dict[Written, datetime]] = defaultdict(dict)
    for query, is_virtual in queries:
        for trial, unit, whose, message, at in connection.execute(query):
            found[trial, unit, whose][Written(message, is_virtual)] = at
    return found
