"""The lease of a dispatcher; its row names who holds it.

On SQLite there is one, so that one dispatcher sends at a time. On PostgreSQL every dispatcher
holds its own, and what it has taken up is another's once its lease has run out.
"""

from __future__ import annotations

import hashlib
import os
import socket
from typing import TYPE_CHECKING

import sqlalchemy as sa

from nudge.store.locks import side_by_side
from nudge.store.tables import leases
from nudge.trial.errors import Refused

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from sqlalchemy.engine import Connection

_DISPATCHER = "dispatcher"


def this_process() -> str:
    """Names this dispatcher: host and process."""
    return f"{socket.gethostname()}/{os.getpid()}"


def take_lease(connection: Connection, holder: str, now: datetime, length: timedelta) -> None:
    """Become a dispatcher, or stay one. Raises Refused while another holds the one lease.

    The lease of a process of this machine that has ended is free at once.
    """
    name = _DISPATCHER
    if side_by_side(connection):
        name = hashlib.sha256(holder.encode()).hexdigest()[:40]
    row = connection.execute(sa.select(leases).where(leases.c.name == name)).mappings().first()
    if row and row["holder"] != holder and row["until"] > now and not _has_ended(row["holder"]):
        raise Refused(
            f"another dispatcher ({row['holder']}) is sending; its lease runs until {row['until']:%H:%M:%S} UTC",
            "let it send, or stop it first",
        )
    values = {"holder": holder, "until": now + length}
    if row:
        connection.execute(leases.update().where(leases.c.name == name).values(values))
    else:
        connection.execute(leases.insert().values(name=name, **values))


def release_lease(connection: Connection, holder: str) -> None:
    """Give the lease back."""
    connection.execute(leases.delete().where(leases.c.holder == holder))


def forget_ended(connection: Connection, now: datetime) -> None:
    """Free what dispatchers held that ended, or whose lease ran out. Only under the ledger's lock."""
    rows = connection.execute(sa.select(leases.c.holder, leases.c.until)).all()
    ended = [row.holder for row in rows if row.until <= now or _has_ended(row.holder)]
    if ended:
        connection.execute(leases.delete().where(leases.c.holder.in_(ended)))


def at_work() -> sa.Select[tuple[str]]:
    """The dispatchers at work, once those that ended are forgotten."""
    return sa.select(leases.c.holder)


def _has_ended(holder: str) -> bool:
    host, _, process = holder.rpartition("/")
    if host != socket.gethostname() or not process.isdigit():
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
