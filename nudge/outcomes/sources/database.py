"""Rows of a table in an SQLite or PostgreSQL database, which is only read: one SELECT of the columns that are named."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nudge.trial.problems import Level, Problem, listed, nearest
from nudge.trial.records.tables import Table
from nudge.trial.tables import EMPTY
from nudge.trial.texts import Texts, as_text, shown, text_array

if TYPE_CHECKING:
    import sqlalchemy as sa

    from nudge.trial.parts.population import Database, DataSource
    from nudge.trial.problems import Problems

_AT_ONCE = 50_000
"""Rows fetched at once."""
_POSTGRESQL = ("postgres", "postgresql", "postgresql+psycopg")


class _Unreadable(Exception):
    """What stands in the way, and the remedy."""


def read(where: DataSource, folder: Path, problems: Problems, wanted: Mapping[str, str] | None = None) -> Table:
    """The rows of `database: {at: …, table: …}`, in the order of its key where it has one."""
    place = where.database
    if place is None:
        raise AssertionError("read_source chose this source by its key")
    name = f"{place.at}: {place.table}"
    try:
        engine = _engine(place, folder)
        try:
            return _rows(engine, place, name, wanted)
        finally:
            engine.dispose()
    except _Unreadable as error:
        what, remedy = error.args
        problems.add(Problem(Level.ERROR, name, 0, 0, "", what, remedy))
        return EMPTY


def _engine(place: Database, folder: Path) -> sa.Engine:
    import sqlalchemy as sa

    if not place.at.startswith("$"):
        path = (folder / place.at).resolve()
        if not path.is_file():
            raise _Unreadable("there is no such file", "check the path; it is relative to the trial file")
        address = sa.URL.create("sqlite", database=path.as_uri(), query={"mode": "ro", "uri": "true"})
        return sa.create_engine(address, poolclass=sa.NullPool)
    written = os.environ.get(place.at[1:])
    if not written:
        raise _Unreadable(f"{place.at[1:]} is not set", "set it to the address of the database: postgresql://…")
    try:
        url = sa.make_url(written)
        if url.drivername in _POSTGRESQL:
            engine = sa.create_engine(url.set(drivername="postgresql+psycopg"), poolclass=sa.NullPool)
            return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    except sa.exc.ArgumentError:
        pass
    except ModuleNotFoundError:
        raise _Unreadable(
            "PostgreSQL needs the driver psycopg, which is not installed", "pip install 'nudge-trials[postgresql]'"
        ) from None
    raise _Unreadable(f"{place.at[1:]} does not hold the address of a PostgreSQL database", "write postgresql://…")


def _rows(engine: sa.Engine, place: Database, name: str, wanted: Mapping[str, str] | None) -> Table:
    import sqlalchemy as sa

    schema, _, table = place.table.rpartition(".")
    try:
        with engine.connect() as connection:
            header, key = _described(connection, table, schema or None)
            taken = [title for title in header if wanted is None or title in wanted] or header[:1]
            there = sa.table(table, *map(sa.column, header), schema=schema or None)
            asked = sa.select(*(there.c[title] for title in taken)).order_by(*(there.c[title] for title in key))
            found = connection.execution_options(yield_per=_AT_ONCE).execute(asked)
            pieces = [[_as_arrow(values) for values in zip(*rows, strict=True)] for rows in found.partitions()]
    except sa.exc.SQLAlchemyError as error:
        said = " ".join(str(getattr(error, "orig", None) or error).split())
        secret = engine.url.password
        raise _Unreadable(
            f"cannot be read ({said.replace(secret, '***') if secret else said})",
            "check the path or the address, and that the table may be read",
        ) from None
    columns = {title: _joined([piece[i] for piece in pieces]) for i, title in enumerate(taken)}
    n = len(next(iter(columns.values())))
    return Table(name, columns, range(1, n + 1), _digest(columns), header=tuple(header))


def _described(connection: sa.Connection, table: str, schema: str | None) -> tuple[list[str], list[str]]:
    """The columns of a table or view, and those of its key."""
    import sqlalchemy as sa

    there = sa.inspect(connection)
    try:
        columns = [str(column["name"]) for column in there.get_columns(table, schema)]
    except sa.exc.NoSuchTableError:
        columns = []
    if not columns:
        known = [*there.get_table_names(schema), *there.get_view_names(schema)]
        guess = nearest(table, known)
        remedy = f"did you mean `{guess}`?" if guess else f"it has {listed(sorted(known)) or 'none'}"
        raise _Unreadable(f"the database has no table `{table}`", remedy)
    return columns, [str(one) for one in there.get_pk_constraint(table, schema)["constrained_columns"]]


def _as_arrow(values: Sequence[object]) -> Any:
    """Values of one column as Arrow has them, or as text where their types differ."""
    import pyarrow as pa

    if {type(value) for value in values} - {type(None)} <= {str}:
        return text_array([as_text(value) for value in values])
    try:
        return pa.array(values)
    except (pa.ArrowException, OverflowError):
        return text_array([as_text(value) for value in values])


def _joined(pieces: list[Any]) -> Texts:
    import pyarrow as pa

    if len({piece.type for piece in pieces}) == 1:
        return Texts(pa.chunked_array(pieces))
    return Texts(pa.chunked_array([shown(piece) for piece in pieces], pa.string()))


def _digest(columns: Mapping[str, Texts]) -> str:
    """Of the columns as they were read."""
    digest = hashlib.sha256()
    for title, column in columns.items():
        digest.update(f"{title}\0{column.values.type}\0{len(column)}\0".encode())
        for chunk in column.values.chunks:
            for buffer in chunk.buffers():
                digest.update(buffer or b"")
    return digest.hexdigest()
