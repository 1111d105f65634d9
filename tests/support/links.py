"""The links that a trial has sent, as the ledger knows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from nudge.store.links import SentLink, link_of
from nudge.store.tables import links, sends

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection


def links_of(connection: Connection, trial: str) -> list[SentLink]:
    """Every one of them, the first first."""
    query = (
        sa.select(links.c.identifier)
        .join(sends, sends.c.id == links.c.send)
        .where(sends.c.trial == trial)
        .order_by(links.c.at, links.c.identifier)
    )
    found = [link_of(connection, identifier) for identifier in connection.scalars(query).all()]
    return [one for one in found if one is not None]
