"""Links as they were sent, and each opening of them, joined to its message."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from nudge.store.tables import link_opens, links, send_events, sends
from nudge.trial.records.delivery import OPEN, Status
from nudge.trial.records.openings import Opening

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.engine import Connection


@dataclass(frozen=True, slots=True)
class SentLink:
    """One link of one message."""

    identifier: str
    send: str
    trial: str
    unit: str
    arm: str
    name: str
    target: str


def link_of(connection: Connection, identifier: str) -> SentLink | None:
    """The link that was sent under an identifier; None where we never sent it."""
    query = (
        sa.select(
            links.c.identifier, links.c.send, sends.c.trial, sends.c.unit, sends.c.arm, links.c.name, links.c.target
        )
        .join(sends, sends.c.id == links.c.send)
        .where(links.c.identifier == identifier)
    )  # fmt: skip
    found = connection.execute(query).mappings().first()
    return None if found is None else SentLink(**found)


def handed_over_at(connection: Connection, send: str) -> datetime | None:
    """When a message was first about to go to the provider; None while it is not with the provider."""
    query = (
        sa.select(send_events.c.at)
        .join(sends, sends.c.id == send_events.c.send)
        .where(sends.c.id == send, sends.c.status.not_in(OPEN), send_events.c.status == Status.CLAIMED)
    )
    return min(connection.scalars(query), default=None)


def add_opening(connection: Connection, at: datetime, identifier: str, method: str, agent: str, flag: str) -> None:
    """Write down that a link was opened; of whoever did, only what their program calls itself."""
    row = {"at": at, "identifier": identifier, "method": method, "agent": agent, "flag": flag}
    connection.execute(link_opens.insert().values(row))


def openings_of(connection: Connection, trial: str) -> list[Opening]:
    """Every opening of a trial's links, the first first."""
    query = (
        sa.select(
            link_opens.c.at, link_opens.c.identifier, links.c.send, sends.c.unit, sends.c.arm, sends.c.message,
            links.c.name, link_opens.c.method, link_opens.c.agent, link_opens.c.flag,
        )
        .join(links, links.c.identifier == link_opens.c.identifier)
        .join(sends, sends.c.id == links.c.send)
        .where(sends.c.trial == trial)
        .order_by(link_opens.c.at, link_opens.c.id)
    )  # fmt: skip
    return [Opening(**row) for row in connection.execute(query).mappings()]


def units_sent_links(connection: Connection, trial: str) -> dict[str, int]:
    """Units by arm that were sent at least one link."""
    query = (
        sa.select(sends.c.arm, sa.func.count(sends.c.unit.distinct()))
        .join(links, links.c.send == sends.c.id)
        .where(sends.c.trial == trial)
        .group_by(sends.c.arm)
        .order_by(sends.c.arm)
    )
    return {row[0]: row[1] for row in connection.execute(query)}
