"""When households were written to, or would have been, across every trial of the database."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import sqlalchemy as sa

from nudge.store.lease import at_work
from nudge.store.locks import side_by_side
from nudge.store.tables import Moment, contacts, people, send_events, sends
from nudge.trial.records.delivery import Status

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from nudge.trial.records.delivery import DueSend

Unit = tuple[str, str]
_WENT_OUT = (Status.CLAIMED, Status.ACCEPTED, Status.UNKNOWN, Status.DELIVERED, Status.FAILED)


def households(connection: Connection, rows: Sequence[DueSend]) -> dict[Unit, set[Unit]]:
    """Each row's unit with the units, of any trial, that share a contact point with it; itself among them."""
    units = {(row.trial, row.unit) for row in rows}
    wanted = sa.tuple_(people.c.trial, people.c.unit).in_(sorted(units))
    mine = _points().where(wanted).subquery()
    theirs = _points().subquery()
    query = sa.select(mine.c.trial, mine.c.unit, theirs.c.trial, theirs.c.unit).join(
        theirs, theirs.c.lookup == mine.c.lookup
    )
    found: dict[Unit, set[Unit]] = {unit: {unit} for unit in units}
    for trial, unit, other_trial, other_unit in connection.execute(query.distinct()):
        found[trial, unit].add((other_trial, other_unit))
    return found


def _points() -> sa.Select[tuple[str, str, str]]:
    return (
        sa.select(people.c.trial, people.c.unit, contacts.c.lookup)
        .join(contacts, sa.and_(contacts.c.trial == people.c.trial, contacts.c.person == people.c.person))
        .where(contacts.c.channel.in_(["sms", "email", "staff"]))
    )


def written_to(
    connection: Connection, units: set[Unit], since: datetime, now: datetime, holder: str
) -> dict[Unit, dict[str, datetime]]:
    """Each unit's messages since a moment, by name: when they last went out, or virtually would have.

    What a dispatcher other than `holder` has taken up is as good as sent.
    """
    here = sa.tuple_(sends.c.trial, sends.c.unit).in_(sorted(units))
    real = (
        sa.select(sends.c.trial, sends.c.unit, sends.c.message, sa.func.max(send_events.c.at))
        .join(send_events, send_events.c.send == sends.c.id)
        .where(here, sends.c.status.in_(_WENT_OUT), send_events.c.status == Status.CLAIMED, send_events.c.at > since)
        .group_by(sends.c.trial, sends.c.unit, sends.c.message)
    )
    virtual = sa.select(sends.c.trial, sends.c.unit, sends.c.message, sends.c.planned_at).where(
        here, sends.c.status == Status.VIRTUAL, sends.c.planned_at > since, sends.c.planned_at <= now
    )
    found: defaultdict[Unit, dict[str, datetime]] = defaultdict(dict)
    taken_up = sa.select(sends.c.trial, sends.c.unit, sends.c.message, sa.literal(now, Moment)).where(
        here, sends.c.status == Status.DUE, sends.c.holder != holder, sends.c.holder.in_(at_work())
    )
    for query in (real, virtual, taken_up) if side_by_side(connection) else (real, virtual):
        for trial, unit, message, at in connection.execute(query):
            found[trial, unit][message] = at
    return found
