"""Changes of state in the ledger: a row's status and the event that says so, always together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from nudge.store.locks import side_by_side
from nudge.store.rows import only_tested
from nudge.store.tables import Moment, send_events, sends
from nudge.trial.records.delivery import FOLLOWS, Status

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection


def change(
    connection: Connection,
    rows: sa.ColumnElement[bool],
    status: Status,
    now: datetime,
    detail: str = "",
    **values: object,
) -> int:
    """Move the rows that meet a condition to a state, each with an event; returns how many.

    Rows in a state that this one may not follow are left alone. The condition must lead to its
    rows by an index: the states that may precede do not.
    """  # fmt: skip
    return _change(connection, rows, _New(status, now, detail, values))


def change_free(
    connection: Connection, rows: sa.ColumnElement[bool], status: Status, now: datetime, **values: object
) -> int:
    """The same, for those that no other transaction is changing at this moment; the others are left alone."""
    return _change(connection, rows, _New(status, now, "", values), skip_locked=True)


def change_row(connection: Connection, row: str, status: Status, now: datetime, detail: str) -> int:
    """Move one row, where it may be."""
    return change(connection, sends.c.id == row, status, now, detail)


@dataclass(frozen=True, slots=True)
class _New:
    """What rows become."""

    status: Status
    now: datetime
    detail: str
    values: Mapping[str, object]

    @property
    def row(self) -> dict[str, object]:
        """Their own columns."""
        return {"status": self.status, "touched_at": self.now, "reason": self.detail or None, **self.values}

    def events(self, row: sa.ColumnElement[str], attempt: sa.ColumnElement[int]) -> sa.Select[*tuple[Any, ...]]:
        """What their events say."""
        return sa.select(
            row, attempt, sa.literal(self.now, Moment), sa.literal(str(self.status)), sa.literal(self.detail)
        )


def _change(connection: Connection, rows: sa.ColumnElement[bool], new: _New, *, skip_locked: bool = False) -> int:
    movable = sa.and_(rows, only_tested(sends.c.status).in_(FOLLOWS[new.status]))
    if side_by_side(connection):
        return _change_locked(connection, movable, new, skip_locked=skip_locked)
    connection.execute(_written(new.events(sends.c.id, sends.c.attempt).where(movable)))
    return connection.execute(sends.update().where(movable).values(new.row)).rowcount


def _change_locked(connection: Connection, movable: sa.ColumnElement[bool], new: _New, *, skip_locked: bool) -> int:
    """Lock, move and write the events of the same rows in one statement, as others may move them meanwhile."""
    lock = sa.select(sends.c.id, sends.c.attempt).where(movable).order_by(sends.c.id)
    found = lock.with_for_update(of=sends, skip_locked=skip_locked).cte("found")
    move = sends.update().where(sends.c.id == found.c.id).values(new.row)
    moved = move.returning(found.c.id, found.c.attempt).cte("moved")
    written = _written(new.events(moved.c.id, moved.c.attempt))
    return connection.execute(written, execution_options={"preserve_rowcount": True}).rowcount


def _written(events: sa.Select[Any]) -> sa.Insert:
    return send_events.insert().from_select(["send", "attempt", "at", "status", "detail"], events)
