"""How fast each sender may send, shared by every worker of the database."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from nudge.store.locks import hold_rates
from nudge.store.tables import sender_rates

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy.engine import Connection


def reserve(connection: Connection, ways: Mapping[str, int], rates: Mapping[str, float], now: datetime) -> float:
    """Take places for so many messages by each way; seconds until the first may go.

    A sender is free from the moment the messages before, at its rate, are through; a provider
    that asked to wait has set that moment itself.
    """
    if rates:
        hold_rates(connection)
    free = {row.sender: row.free_at for row in connection.execute(sa.select(sender_rates))}
    wait = timedelta(0)
    for way, number in ways.items():
        begins = max(now, free.get(way, now))
        wait = max(wait, begins - now)
        if way in rates:
            hold_sender(connection, way, begins + timedelta(seconds=number / rates[way]))
    return wait.total_seconds()


def hold_sender(connection: Connection, sender: str, until: datetime) -> None:
    """Nothing goes by this sender before that moment; an earlier one changes nothing."""
    hold_rates(connection)
    row = connection.execute(sa.select(sender_rates.c.free_at).where(sender_rates.c.sender == sender)).first()
    if row is None:
        connection.execute(sender_rates.insert().values(sender=sender, free_at=until))
    elif row.free_at < until:
        connection.execute(sender_rates.update().where(sender_rates.c.sender == sender).values(free_at=until))
