"""Rows into tables: many at a time, or one that may be there already."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

_CHUNK = 5_000


def insert_rows(connection: Connection, table: sa.Table, rows: Iterable[Mapping[str, object]]) -> None:
    """Insert many rows, which have the same columns: by COPY where there is one, else some thousands at a time."""
    remaining = iter(rows)
    while chunk := list(islice(remaining, _CHUNK)):
        if connection.dialect.name == "postgresql":
            _copy(connection, table, chunk)
        else:
            connection.execute(table.insert(), chunk)


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
