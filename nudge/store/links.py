"""Links as they were sent, so that a click later on can be joined to its message."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from nudge.store.tables import links, sends

if TYPE_CHECKING:
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
    found = connection.execute(_links().where(links.c.identifier == identifier)).mappings().first()
    return None if found is None else SentLink(**found)


def links_of(connection: Connection, trial: str) -> list[SentLink]:
    """Every link that a trial has sent."""
    query = _links().where(sends.c.trial == trial).order_by(links.c.at, links.c.identifier)
    return [SentLink(**row) for row in connection.execute(query).mappings()]


def _links() -> sa.Select[tuple[str, str, str, str, str, str, str]]:
    return sa.select(
        links.c.identifier, links.c.send, sends.c.trial, sends.c.unit, sends.c.arm, links.c.name, links.c.target
    ).join(sends, sends.c.id == links.c.send)
