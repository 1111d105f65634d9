"""The lease that makes one dispatcher at a time; its row names who holds it."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

import sqlalchemy as sa

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
    """Become the one dispatcher, or stay it. Raises Refused while another holds the lease.

    The lease of a process of this machine that has ended is free at once.
    """
    row = connection.execute(sa.select(leases).where(leases.c.name == _DISPATCHER)).mappings().first()
    if row and row["holder"] != holder and row["until"] > now and not _has_ended(row["holder"]):
        raise Refused(
            f"another dispatcher ({row['holder']}) is sending; its lease runs until {row['until']:%H:%M:%S} UTC",
            "let it send, or stop it first",
        )
    values = {"holder": holder, "until": now + length}
    if row:
        connection.execute(leases.update().where(leases.c.name == _DISPATCHER).values(values))
    else:
        connection.execute(leases.insert().values(name=_DISPATCHER, **values))


def release_lease(connection: Connection, holder: str) -> None:
    """Give the lease back."""
    connection.execute(leases.delete().where(leases.c.name == _DISPATCHER, leases.c.holder == holder))


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
