"""A database of an earlier version is brought up to date with what stands in it."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

import nudge.store.engine
from nudge.store.engine import open_store
from nudge.store.people import load_allocation
from nudge.trial.records.design import Allocated, Law
from tests.support.databases import database_url, fresh_database

DRIVERS = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg"}


def test_a_draw_of_the_first_version_is_read_as_it_was(tmp_path: Path, each_database: str) -> None:
    url = fresh_database() if each_database == "postgresql" else database_url(tmp_path)
    engine = sa.create_engine(sa.make_url(url).set(drivername=DRIVERS[each_database]))
    config = Config()
    config.set_main_option("script_location", str(Path(nudge.store.engine.__file__).parent / "migrations"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
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
