"""Rows into tables: many at a time, or one that may be there already."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

_CHUNK = 5_000
T = TypeVar("T")


def insert_rows(connection: Connection, table: sa.Table, rows: Iterable[Mapping[str, object]]) -> None:
    """Insert many rows, which have the same columns: by COPY where there is one, else some thousands at a time."""
    remaining = iter(rows)
    while chunk := list(islice(remaining, _CHUNK)):
        if connection.dialect.name == "postgresql":
            _copy(connection, table, chunk)
        else:
            connection.execute(table.insert(), chunk)


def only_tested(column: sa.Column[T]) -> sa.ColumnElement[T]:
    """A column by which rows found otherwise are tested, and by which none are looked up.

    SQLite plans without statistics: it would rather go through a state that half the ledger
    is in than through the few rows that a batch names.
    """
    return sa.func.coalesce(column, column)


def named_in(trial: sa.Column[str], name: sa.Column[str], pairs: Iterable[tuple[str, str]]) -> sa.ColumnElement[bool]:
    """Rows with one of these pairs of a trial and a name in it; by the index on both, a trial at a time."""
    names: defaultdict[str, set[str]] = defaultdict(set)
    for of, one in pairs:
        names[of].add(one)
    return sa.or_(sa.false(), *(sa.and_(trial == of, name.in_(sorted(names[of]))) for of in sorted(names)))


def insert_once(connection: Connection, table: sa.Table, row: Mapping[str, object]) -> bool:
    """Insert a row; False where one with the same key is there, or was written at the same moment."""
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    written = insert(table).values(row).on_conflict_do_nothing().returning(sa.literal(1))
    return connection.execute(written).first() is not None


def _copy(connection: Connection, table: sa.Table, rows: list[Mapping[str, object]]) -> None:
    """PostgreSQL's COPY, some times as fast as inserting, with each column's own way into the database."""
    names = list(rows[0])
    ways = [table.c[name].type.dialect_impl(connection.dialect).bind_processor(connection.dialect) for name in names]
    prepare = connection.dialect.identifier_preparer
    columns = ", ".join(prepare.quote(name) for name in names)
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f"COPY {prepare.quote(table.name)} ({columns}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row([_plain(row[name]) if way is None else way(row[name])
                            for name, way in zip(names, ways, strict=True)])  # fmt: skip


def _plain(value: object) -> object:
    """A state is a word; the driver would write its Python name."""
    return str(value) if isinstance(value, str) else value
