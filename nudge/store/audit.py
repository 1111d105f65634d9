"""The audit log: every action by a person, append-only, each row chained to the last by hash.

Rows hold pseudonyms only. Changing or removing one breaks every hash after it.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from nudge.store.locks import hold_audit
from nudge.store.tables import audit

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy.engine import Connection

_FIRST = "0" * 64


def record_action(connection: Connection, at: datetime, actor: str, action: str, trial: str, **detail: object) -> None:
    """Append what a person did."""
    hold_audit(connection)
    last = connection.scalar(sa.select(audit.c.digest).order_by(audit.c.number.desc()).limit(1))
    row = {"at": at, "actor": actor, "action": action, "trial": trial, "detail": detail, "previous": last or _FIRST}
    connection.execute(audit.insert().values(**row, digest=_digest(row)))


def broken_link(connection: Connection) -> int | None:
    """The number of the first row that does not follow from the one before, if any."""
    previous = _FIRST
    for row in connection.execute(sa.select(audit).order_by(audit.c.number)).mappings():
        if row["previous"] != previous or row["digest"] != _digest(dict(row)):
            return int(row["number"])
        previous = row["digest"]
    return None


def actions(connection: Connection, trial: str) -> list[Mapping[str, Any]]:
    """What was done to one trial, in order."""
    query = sa.select(audit).where(audit.c.trial == trial).order_by(audit.c.number)
    return [dict(row) for row in connection.execute(query).mappings()]


def _digest(row: Mapping[str, Any]) -> str:
    text = json.dumps(
        [row["at"].isoformat(), row["actor"], row["action"], row["trial"], row["detail"], row["previous"]],
        sort_keys=True, ensure_ascii=False, separators=(",", ":"),
    )  # fmt: skip
    return hashlib.sha256(text.encode()).hexdigest()
