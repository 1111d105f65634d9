"""What each unit's messages and calls used up, for their price."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from nudge.store.tables import sends, task_results
from nudge.trial.records.delivery import Status

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

_PAID = (Status.ACCEPTED, Status.DELIVERED, Status.FAILED, Status.UNKNOWN)
"""States in which a provider will have charged; an unknown message may have gone out."""


@dataclass(slots=True)
class Used:
    """What one unit took."""

    segments: int = 0
    emails: int = 0
    minutes: float = 0.0


def used_by_unit(connection: Connection, trial: str) -> dict[str, Used]:
    """Segments of texts, emails and minutes of staff, by unit."""
    found: dict[str, Used] = {}
    counted = sa.func.count().label("messages"), sa.func.sum(sends.c.segments).label("segments")
    paid = (
        sa.select(sends.c.unit, sends.c.channel, *counted)
        .where(sends.c.trial == trial, sends.c.status.in_(_PAID))
        .group_by(sends.c.unit, sends.c.channel)
    )
    for row in connection.execute(paid):
        of = found.setdefault(row.unit, Used())
        if row.channel == "sms":
            of.segments += int(row.segments or row.messages)
        elif row.channel == "email":
            of.emails += int(row.messages)
    worked = (
        sa.select(sends.c.unit, sa.func.sum(task_results.c.minutes).label("minutes"))
        .join(task_results, task_results.c.send == sends.c.id)
        .where(sends.c.trial == trial)
        .group_by(sends.c.unit)
    )
    for row in connection.execute(worked):
        found.setdefault(row.unit, Used()).minutes += float(row.minutes)
    return found
