from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from nudge.store.engine import newest_revision, open_store, reading
from nudge.store.tables import metadata, trials
from nudge.trial.errors import InputError, Refused
from tests.support.databases import database_url, fresh_database

both = pytest.mark.usefixtures("each_database")


@both
def test_migrations_give_exactly_the_tables_the_code_works_with(tmp_path: Path) -> None:
    engine = open_store(database_url(tmp_path))
    with engine.begin() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


@both
def test_opening_again_changes_nothing(tmp_path: Path) -> None:
    url = database_url(tmp_path)
    open_store(url).dispose()
    with reading(open_store(url)).begin() as connection:
        assert connection.scalar(sa.text("SELECT version_num FROM alembic_version")) == newest_revision()


@both
def test_a_database_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    engine = open_store(database_url(tmp_path))
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(Refused, match="newer than this version of nudge.*upgrade nudge"):
        open_store(database_url(tmp_path))


@pytest.mark.parametrize("url", ["nonsense", "mysterious://x", "postgresql+psycopg2://x/y"])
def test_an_address_that_is_none_is_refused_with_an_example(url: str) -> None:
    with pytest.raises(InputError, match="is not a database address.*write sqlite:///"):
        open_store(url)


def test_a_place_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be opened.*check --db or NUDGE_DATABASE_URL"):
        open_store(f"sqlite:///{tmp_path / 'no' / 'such' / 'folder' / 'a.sqlite3'}")


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.sqlite3").write_text("not a database, but long enough to be taken for one" * 20)
    with pytest.raises(InputError, match="cannot be opened"):
        open_store(f"sqlite:///{tmp_path / 'a.sqlite3'}")


def test_sqlite_is_durable_and_waits_when_busy(tmp_path: Path) -> None:
    with open_store(f"sqlite:///{tmp_path / 'a.sqlite3'}").connect() as connection:
        pragmas = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in
                   ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")}  # fmt: skip
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 30_000}


@both
def test_a_moment_without_a_zone_is_refused_and_others_come_back_in_utc(tmp_path: Path) -> None:
    engine = open_store(database_url(tmp_path))
    row = {"name": "a", "state": "locked", "demonstration": False}
    with engine.begin() as connection:
        with pytest.raises(sa.exc.StatementError, match="has no time zone"):
            connection.execute(trials.insert().values(**row, created_at=datetime(2027, 1, 1)))  # noqa: DTZ001
        connection.execute(trials.insert().values(**row, created_at=datetime.fromisoformat("2027-06-01T12:00+01:00")))
        assert connection.scalar(sa.select(trials.c.created_at)) == datetime(2027, 6, 1, 11, tzinfo=UTC)


@both
def test_a_reader_does_not_wait_for_a_writer(tmp_path: Path) -> None:
    engine = open_store(database_url(tmp_path))
    with engine.begin() as writer:
        writer.execute(
            trials.insert().values(name="a", state="locked", demonstration=False, created_at=datetime.now(UTC))
        )
        with reading(engine).begin() as reader:
            assert reader.scalar(sa.select(sa.func.count()).select_from(trials)) == 0


@pytest.mark.needs("postgresql")
@pytest.mark.usefixtures("on_postgresql")
def test_processes_that_migrate_the_same_new_database_at_once_do_it_once() -> None:
    url = fresh_database()
    with ThreadPoolExecutor(4) as pool:
        stores = list(pool.map(open_store, [url] * 4))
    with reading(stores[0]).begin() as connection:
        assert connection.scalar(sa.text("SELECT version_num FROM alembic_version")) == newest_revision()


@pytest.mark.needs("postgresql")
@pytest.mark.usefixtures("on_postgresql")
def test_postgresql_waits_as_sqlite_does_and_lets_nobody_stand_still_for_ever(tmp_path: Path) -> None:
    with open_store(database_url(tmp_path)).connect() as connection:
        settings = [connection.exec_driver_sql(f"SHOW {name}").scalar() for name in
                    ("lock_timeout", "idle_in_transaction_session_timeout", "transaction_isolation")]  # fmt: skip
    assert settings == ["30s", "10min", "read committed"]


@pytest.mark.needs("postgresql")
def test_a_server_that_does_not_answer_is_named_without_its_password() -> None:
    with pytest.raises(InputError, match="cannot be opened.*check --db or NUDGE_DATABASE_URL") as told:
        open_store("postgresql://nudge:secret@127.0.0.1:1/nudge")
    assert "secret" not in str(told.value)
