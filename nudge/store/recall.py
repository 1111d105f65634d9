"""Messages that providers have taken and that should not arrive any more."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from nudge.store.opt_outs import is_opted_out
from nudge.store.suppressions import is_suppressed
from nudge.store.tables import opt_outs, provider_events, sends, suppressions, trials
from nudge.trial.records.delivery import Status

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy.engine import Connection


_LONGEST_WAIT = timedelta(hours=10)
"""No provider of ours holds a message longer (Twilio's ValidityPeriod); a task stands until it is done."""


def anything_ended(connection: Connection) -> bool:
    """Whether anybody asked for an end at all: most of the time there is nothing to look for."""
    ends = (
        sa.select(opt_outs.c.id).where(opt_outs.c.lifted_at.is_(None)),
        sa.select(suppressions.c.id).where(suppressions.c.lifted_at.is_(None)),
        sa.select(trials.c.name).where(trials.c.state == "stopped"),
    )
    return any(connection.execute(query.limit(1)).first() is not None for query in ends)


def to_take_back(sites: Collection[str], now: datetime) -> sa.ColumnElement[bool]:
    """Accepted rows of families that asked for no more, of suppressed contact points and of stopped trials.

    Rows that were asked for before are left out. sites: see `is_opted_out`.
    """
    stopped = sends.c.trial.in_(sa.select(trials.c.name).where(trials.c.state == "stopped"))
    asked = sa.select(provider_events.c.reference).where(provider_events.c.kind == "recall")
    return sa.and_(
        sends.c.status == Status.ACCEPTED, sends.c.provider_id.is_not(None), sends.c.id.not_in(asked),
        sa.or_(sends.c.via == "staff_task", sends.c.touched_at > now - _LONGEST_WAIT),
        sa.or_(stopped, is_suppressed(), is_opted_out(sites)),
    )  # fmt: skip
