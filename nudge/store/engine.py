"""Opening the database: SQLite by default, PostgreSQL by its address; migrated before use."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from nudge.store.locks import hold_migrations
from nudge.trial.errors import InputError, Refused

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, Engine

_MIGRATIONS = Path(__file__).parent / "migrations"
_BUSY_SECONDS = 30
_PATIENCE = f"-c lock_timeout={_BUSY_SECONDS}s -c idle_in_transaction_session_timeout=10min"
"""A process that stands still in the middle of a transaction must not hold up the others for ever."""
_POSTGRESQL = ("postgres", "postgresql", "postgresql+psycopg")


def open_store(url: str) -> Engine:
    """An engine on a database that has every table. Raises InputError where it cannot be opened."""
    engine = _engine(url)
    try:
        _migrate(engine)
    except DBAPIError as error:
        shown = engine.url.render_as_string(hide_password=True)
        raise InputError(
            f"the database {shown} cannot be opened ({' '.join(str(error.orig).split())})",
            "check --db or NUDGE_DATABASE_URL",
        ) from None
    return engine


def is_there(url: str) -> bool:
    """Whether a database may be opened without making one: a SQLite file that is not there would be made."""
    path = url.removeprefix("sqlite:///")
    return path == url or path in {"", ":memory:"} or Path(path).exists()


def _engine(url: str) -> Engine:
    try:
        address = sa.make_url(url)
        if address.drivername in _POSTGRESQL:
            return _postgresql(address)
        engine = sa.create_engine(address)
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
        raise InputError(
            f"`{url}` is not a database address ({error})", "write sqlite:///nudge.sqlite3 or postgresql://…"
        ) from None
    if engine.dialect.name != "sqlite":
        raise InputError(
            f"nudge keeps nothing in {engine.dialect.name}", "write sqlite:///nudge.sqlite3 or postgresql://…"
        )
    _prepare_sqlite(engine)
    return engine


def reading(engine: Engine) -> Engine:
    """The same database for reads: one state of it throughout, and no writer to wait for."""
    if engine.dialect.name == "postgresql":
        return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    return engine.execution_options(reading=True)


def _postgresql(address: sa.URL) -> Engine:
    """Connections that are tried before use, and that give up on a lock as SQLite does."""
    try:
        return sa.create_engine(
            address.set(drivername="postgresql+psycopg"), pool_pre_ping=True,
            connect_args={"application_name": "nudge", "options": _PATIENCE},
        )  # fmt: skip
    except ModuleNotFoundError:
        raise InputError(
            "PostgreSQL needs the driver psycopg, which is not installed", "pip install 'nudge-trials[postgresql]'"
        ) from None


def _prepare_sqlite(engine: Engine) -> None:
    """WAL with full synchronisation, foreign keys, and a wait instead of an error when busy."""

    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # transactions begin where we say, below
        for pragma in (
            "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={_BUSY_SECONDS * 1000}",
        ):  # fmt: skip
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        read_only = connection.get_execution_options().get("reading", False)
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")


def newest_revision() -> str:
    """The revision this version of the code works with; migrations are files named by number."""
    return max(file.stem.partition("_")[0] for file in (_MIGRATIONS / "versions").glob("[0-9]*.py"))


def _migrate(engine: Engine) -> None:
    with reading(engine).connect() as connection:
        current = _current_revision(connection)
    newest = newest_revision()
    if current == newest:
        return
    if current is not None and current > newest:
        raise Refused(
            f"the database is at revision {current}, newer than this version of nudge ({newest})",
            "upgrade nudge, or name another database with --db",
        )
    # Alembic takes a third of a second to import: only where there is something to migrate.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    with engine.begin() as connection:
        hold_migrations(connection)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _current_revision(connection: Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
    return revision
