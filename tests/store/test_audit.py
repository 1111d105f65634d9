from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from nudge.store.audit import actions, broken_link, record_action
from nudge.store.engine import open_store
from nudge.store.tables import audit
from tests.support.databases import database_url

NOON = datetime(2027, 1, 11, 12, tzinfo=UTC)
pytestmark = pytest.mark.usefixtures("each_database")


@pytest.fixture
def log(tmp_path: Path) -> Engine:
    engine = open_store(database_url(tmp_path))
    with engine.begin() as connection:
        for i, action in enumerate(("lock", "allocate", "launch")):
            record_action(connection, NOON + timedelta(minutes=i), "anna", action, "small", rows=i)
    return engine


def test_actions_are_kept_in_order_and_the_chain_holds(log: Engine) -> None:
    with log.begin() as connection:
        assert [row["action"] for row in actions(connection, "small")] == ["lock", "allocate", "launch"]
        assert broken_link(connection) is None


def test_a_changed_row_breaks_the_chain_there(log: Engine) -> None:
    with log.begin() as connection:
        connection.execute(audit.update().where(audit.c.number == 2).values(actor="ben"))
        assert broken_link(connection) == 2


def test_a_removed_row_breaks_the_chain_after_it(log: Engine) -> None:
    with log.begin() as connection:
        connection.execute(audit.delete().where(audit.c.number == 2))
        assert broken_link(connection) == 3


def test_a_row_put_in_later_breaks_the_chain(log: Engine) -> None:
    with log.begin() as connection:
        row = dict(connection.execute(sa.select(audit).where(audit.c.number == 3)).mappings().one())
        connection.execute(audit.insert().values(**{**row, "number": 4, "digest": "0" * 64}))
        assert broken_link(connection) == 4
