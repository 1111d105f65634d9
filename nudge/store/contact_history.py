"""When households were written to, or would have been, across every trial of the database."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from nudge.store.lease import at_work
from nudge.store.locks import side_by_side
from nudge.store.rows import named_in, only_tested
from nudge.store.tables import Moment, contacts, people, send_events, sends
from nudge.trial.records.delivery import Status

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from nudge.trial.records.delivery import DueSend

Household = tuple[str, str, str]
"""Trial, unit, and a person only where the unit is a school or a clinic: there a person stands for the household."""
_WENT_OUT = (Status.CLAIMED, Status.ACCEPTED, Status.UNKNOWN, Status.DELIVERED, Status.FAILED)
_REACHED = contacts.c.channel.in_(["sms", "email", "staff"])


def household(row: DueSend, sites: Collection[str]) -> Household:
    """Whose share a message counts to."""
    return row.trial, row.unit, row.person if row.trial in sites else ""


def households(
    connection: Connection, rows: Sequence[DueSend], sites: Collection[str]
) -> dict[Household, set[Household]]:
    """Each row's household with those, of any trial, that share a contact point with it; itself among them.

    sites: trials whose units are schools or clinics.
    """
    found: dict[Household, set[Household]] = {own: {own} for own in (household(row, sites) for row in rows)}
    near: defaultdict[str, set[Household]] = defaultdict(set)
    for lookup, own in _points(connection, {(row.trial, row.unit) for row in rows}, sites):
        if own in found:
            near[lookup].add(own)
    theirs = (
        sa.select(contacts.c.lookup, people.c.trial, people.c.unit, _who(people, sites))
        .join(people, sa.and_(people.c.trial == contacts.c.trial, people.c.person == contacts.c.person))
        .where(contacts.c.lookup.in_(sorted(near)), _REACHED)
    )
    for lookup, trial, unit, who in connection.execute(theirs.distinct()):
        for own in near[lookup]:
            found[own].add((trial, unit, who))
    return found


def _points(
    connection: Connection, units: Collection[tuple[str, str]], sites: Collection[str]
) -> list[tuple[str, Household]]:
    """The contact points of everyone in these units, each with whose it is.

    In two steps: in one, SQLite would rather go through every contact point of a trial.
    """
    members = sa.select(people.c.trial, people.c.person, people.c.unit, _who(people, sites)).where(
        named_in(people.c.trial, people.c.unit, units)
    )
    whose = {(trial, person): (trial, unit, who) for trial, person, unit, who in connection.execute(members)}
    points = sa.select(contacts.c.trial, contacts.c.person, contacts.c.lookup).where(
        named_in(contacts.c.trial, contacts.c.person, whose), _REACHED
    )
    return [(lookup, whose[trial, person]) for trial, person, lookup in connection.execute(points)]


def _who(table: sa.Table, sites: Collection[str]) -> sa.ColumnElement[str]:
    return sa.case((table.c.trial.in_(sorted(sites)), table.c.person), else_="").label("who")


def written_to(
    connection: Connection, near: Collection[Household], since: datetime, now: datetime, sites: Collection[str],
    holder: str,
) -> dict[Household, dict[str, datetime]]:  # fmt: skip
    """Each household's messages since a moment: when they last went out, or would have.

    The moments at which different arms, or different adults, would have got one message are that one message.
    What a dispatcher other than `holder` has taken up is as good as sent.
    """
    here = named_in(sends.c.trial, sends.c.unit, ((trial, unit) for trial, unit, _ in near))
    state = only_tested(sends.c.status)
    real = sa.and_(state.in_(_WENT_OUT), send_events.c.status == Status.CLAIMED)
    virtual = sa.and_(state == Status.VIRTUAL, send_events.c.status == Status.VIRTUAL)
    who = _who(sends, sites)
    had: sa.Select[Any] = (
        sa.select(sends.c.trial, sends.c.unit, who, sends.c.message, sa.func.max(send_events.c.at))
        .join(send_events, send_events.c.send == sends.c.id)
        .where(here, sa.or_(real, virtual), send_events.c.at > since)
        .group_by(sends.c.trial, sends.c.unit, who, sends.c.message)
    )
    taken_up: sa.Select[Any] = sa.select(
        sends.c.trial, sends.c.unit, who, sends.c.message, sa.literal(now, Moment)
    ).where(here, sends.c.status == Status.DUE, sends.c.holder != holder, sends.c.holder.in_(at_work()))
    found: defaultdict[Household, dict[str, datetime]] = defaultdict(dict)
    for query in (had, taken_up) if side_by_side(connection) else (had,):
        for trial, unit, person, message, at in connection.execute(query):
            theirs = found[trial, unit, person]
            theirs[one_message(message)] = max(at, theirs.get(one_message(message), at))
    return found


def one_message(name: str) -> str:
    """`virtual.1` of `virtual.1.2`, the second moment at which somebody would have got the first message."""
    return ".".join(name.split(".")[:2])


def is_virtual(name: str) -> bool:
    """Whether the ledger calls so a moment at which nothing was sent."""
    return name.startswith("virtual.")
