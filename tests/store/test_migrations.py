"""A database of an earlier version is brought up to date with what stands in it."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

import nudge.store.engine
from nudge.store.engine import open_store
from nudge.store.people import load_allocation
from nudge.store.tables import send_events, sends
from nudge.trial.records.design import Allocated, Law
from tests.support.databases import database_url, fresh_database

DRIVERS = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg"}


def upgraded(url: str, revision: str) -> sa.Engine:
    """An engine on a database of an earlier revision."""
    url_of = sa.make_url(url)
    engine = sa.create_engine(url_of.set(drivername=DRIVERS[url_of.get_backend_name()]))
    config = Config()
    config.set_main_option("script_location", str(Path(nudge.store.engine.__file__).parent / "migrations"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    return engine


def test_a_draw_of_the_first_version_is_read_as_it_was(tmp_path: Path, each_database: str) -> None:
    url = fresh_database() if each_database == "postgresql" else database_url(tmp_path)
    engine = upgraded(url, "0001")
    with engine.begin() as connection:
        trial = sa.text("INSERT INTO trials VALUES ('old', 'allocated', :no, '2027-01-01', NULL, NULL, NULL)")
        connection.execute(trial, {"no": False})
        for unit, arm in (("H2", "plan"), ("H1", "usual")):
            row = sa.text("INSERT INTO allocations VALUES ('old', :unit, 'd', '[]', :arm, 0.5)")
            connection.execute(row, {"unit": unit, "arm": arm})
    engine.dispose()
    law = Law("old", "complete", ("usual", "plan"), (1, 1), ())
    with open_store(url).begin() as connection:
        found = load_allocation(connection, "old", law)
    assert found.rows == (Allocated("H1", "d", (), "usual", 0.5), Allocated("H2", "d", (), "plan", 0.5))
    assert found.facts == {}


def test_virtual_rows_to_come_wait_and_those_past_count_at_the_moment_they_were_planned_for(
    tmp_path: Path, each_database: str
) -> None:
    url = fresh_database() if each_database == "postgresql" else database_url(tmp_path)
    engine = upgraded(url, "0004")
    past, to_come, launch = (f"{year}-01-01 10:00:00.000000" for year in (2020, 2999, 2019))
    with engine.begin() as connection:
        trial = sa.text("INSERT INTO trials VALUES ('old', 'launched', :no, :at, :at, :at, NULL)")
        connection.execute(trial, {"no": False, "at": launch})
        row = sa.text(
            "INSERT INTO sends (id, trial, unit, person, arm, message, template, channel, via, planned_at, due_at, "
            "not_after, position, status, attempt, touched_at) "
            "VALUES (:id, 'old', 'H1', '', 'usual', :id, :template, 'sms', '', :at, :at, :at, 1, :status, 0, :launch)"
        )
        for name, planned, template, status in (
            ("v1", past, "", "virtual"), ("v2", to_come, "", "virtual"), ("m1", to_come, "visit", "planned"),
        ):  # fmt: skip
            values = {"id": name, "template": template, "at": planned, "status": status, "launch": launch}
            connection.execute(row, values)
    engine.dispose()
    with open_store(url).begin() as connection:
        states = {row.id: row.status for row in connection.execute(sa.select(sends.c.id, sends.c.status))}
        told = {(row.send, row.status, row.at.year) for row in connection.execute(sa.select(send_events))}
    assert states == {"v1": "virtual", "v2": "planned", "m1": "planned"}
    assert told == {("v1", "virtual", 2020), ("v2", "planned", 2019)}
