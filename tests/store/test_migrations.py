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


def upgraded(url: str, revision: str) -> sa.Engine:
    """An engine on a database of an earlier revision."""
    engine = sa.create_engine(url)
    config = Config()
    config.set_main_option("script_location", str(Path(nudge.store.engine.__file__).parent / "migrations"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    return engine


def test_a_draw_of_the_first_version_is_read_as_it_was(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'a.sqlite3'}"
    engine = upgraded(url, "0001")
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO trials VALUES ('old', 'allocated', 0, '2027-01-01', NULL, NULL, NULL)")
        for unit, arm in (("H2", "plan"), ("H1", "usual")):
            connection.exec_driver_sql("INSERT INTO allocations VALUES ('old', ?, 'd', '[]', ?, 0.5)", (unit, arm))
    engine.dispose()
    law = Law("old", "complete", ("usual", "plan"), (1, 1), ())
    with open_store(url).begin() as connection:
        found = load_allocation(connection, "old", law)
    assert found.rows == (Allocated("H1", "d", (), "usual", 0.5), Allocated("H2", "d", (), "plan", 0.5))
    assert found.facts == {}


def test_virtual_rows_to_come_wait_and_those_past_count_at_the_moment_they_were_planned_for(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'a.sqlite3'}"
    engine = upgraded(url, "0004")
    past, to_come, launch = (f"{year}-01-01 10:00:00.000000" for year in (2020, 2999, 2019))
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO trials VALUES ('old', 'launched', 0, ?, ?, ?, NULL)", (launch,) * 3)
        for name, planned, template, status in (
            ("v1", past, "", "virtual"), ("v2", to_come, "", "virtual"), ("m1", to_come, "visit", "planned"),
        ):  # fmt: skip
            connection.exec_driver_sql(
                "INSERT INTO sends (id, trial, unit, person, arm, message, template, channel, via, planned_at, due_at, "
                "not_after, position, status, attempt, touched_at) "
                "VALUES (?, 'old', 'H1', '', 'usual', ?, ?, 'sms', '', ?, ?, ?, 1, ?, 0, ?)",
                (name, name, template, planned, planned, planned, status, launch),
            )
    engine.dispose()
    with open_store(url).begin() as connection:
        states = {row.id: row.status for row in connection.execute(sa.select(sends.c.id, sends.c.status))}
        told = {(row.send, row.status, row.at.year) for row in connection.execute(sa.select(send_events))}
    assert states == {"v1": "virtual", "v2": "planned", "m1": "planned"}
    assert told == {("v1", "virtual", 2020), ("v2", "planned", 2019)}
