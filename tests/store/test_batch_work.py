"""What a batch costs the database: it grows with the batch, and not with the ledger."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from nudge.delivery.dispatcher import Dispatcher
from nudge.store.opt_outs import add_opt_out
from nudge.store.tables import units
from nudge.trial.records.delivery import Reply, SendResult, Status, Step
from nudge.workflow.desk import Desk
from nudge.workflow.dispatching.sending import StoreLedger, build_dispatcher
from tests.support.trials import Bench, family, lock_draw_and_launch, write_trial

DUE = datetime(2027, 1, 18, 10, tzinfo=UTC)
SEND = "7 days before visit at 10:00"
BOTH: dict[str, Any] = {"usual": {"control": "true", "messages": [{"template": "visit", "send": SEND}]},
        "reminder": {"messages": [{"template": "visit", "send": SEND}]}}  # fmt: skip
LARGE = ("sends", "send_events", "people", "contacts", "allocations", "bodies", "links")
GROUP = 64


@dataclass
class Watched:
    """What SQLite did: its machine's steps, in hundreds, and how each statement finds its rows."""

    steps: int = 0
    plans: dict[str, list[str]] = field(default_factory=dict)

    def count(self) -> int:
        """One hundred steps more; not to be interrupted."""
        self.steps += 1
        return 0

    def watch(self, engine: sa.Engine) -> None:
        """From now on."""

        @event.listens_for(engine, "checkout")
        def _counted(connection: Any, _record: object, _proxy: object) -> None:
            connection.set_progress_handler(self.count, 100)

        @event.listens_for(engine, "after_cursor_execute")
        def _explained(
            connection: sa.Connection, _cursor: object, statement: str, values: Any, _context: object, many: object
        ) -> None:
            if not many and statement.startswith(("SELECT", "UPDATE", "INSERT", "DELETE")):
                driver: Any = connection.connection.driver_connection
                rows = driver.execute(f"EXPLAIN QUERY PLAN {statement}", values).fetchall()
                self.plans[statement] = [row[3] for row in rows]


def second_batch(folder: Path, families: int) -> Watched:
    """What the second batch of a ledger asks of the database; the first has made everything due."""
    bench = Bench(folder)
    desk = bench.desk()
    rows = [family(i, mobile="") for i in range(families)]
    lock_draw_and_launch(write_trial(folder, rows=rows, arms=BOTH), desk)
    with desk.store.begin() as connection:
        for unit in connection.scalars(sa.select(units.c.unit).order_by(units.c.unit).limit(5)).all():
            add_opt_out(connection, bench.clock.now(), "staff", "the office", trial="small", unit=unit)
    bench.clock.advance_to(DUE)
    dispatcher, book = build_dispatcher(desk)
    batch(desk, dispatcher, book)
    watched = Watched()
    watched.watch(desk.store)
    batch(desk, dispatcher, book)
    desk.store.dispose()
    return watched


def batch(desk: Desk, dispatcher: Dispatcher, book: StoreLedger) -> None:
    """Everything the dispatcher asks, from what is due to what became of it."""
    rows, _ = book.open_rows()
    assert len(rows) == 5 * GROUP
    results: list[tuple[Any, SendResult, Step]] = []
    for start in range(0, len(rows), GROUP):
        group = rows[start : start + GROUP]
        book.reserve([row.via for row in group])
        going = book.commit(results, [dispatcher.prepare(row, desk.clock.now()) for row in group])
        assert len(going) == GROUP
        results = [
            (one.due, SendResult(Reply.ACCEPTED, provider_id=one.due.id), Step(Status.ACCEPTED)) for one in going
        ]
    book.commit(results, [])


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Watched:
    return second_batch(tmp_path_factory.mktemp("small"), 650)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Watched:
    return second_batch(tmp_path_factory.mktemp("large"), 1950)


def test_a_batch_costs_as_much_in_a_ledger_three_times_as_large(small: Watched, large: Watched) -> None:
    assert small.steps > 100
    assert large.steps < 1.15 * small.steps, (small.steps, large.steps)


def test_no_statement_of_a_batch_goes_through_a_whole_table(large: Watched) -> None:
    assert len(large.plans) > 20
    through = [
        line
        for lines in large.plans.values()
        for line in lines
        if line.startswith("SCAN") and line.split()[1].startswith(LARGE)
    ]
    assert through == []


def test_rows_in_their_turn_are_not_sorted(large: Watched) -> None:
    plans = [lines for statement, lines in large.plans.items() if "ORDER BY sends.planned_at" in statement]
    assert plans
    for lines in plans:
        assert any("ix_sends_turn" in line for line in lines)
        assert not any("ORDER BY" in line for line in lines)
