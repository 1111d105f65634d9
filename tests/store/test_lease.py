"""Who may send: one dispatcher at a time on SQLite, many beside each other on PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from nudge.delivery.dispatcher import Prepared
from nudge.store.lease import release_lease, take_lease
from nudge.store.tables import sends
from nudge.trial.errors import Refused
from nudge.trial.records.delivery import Status
from nudge.workflow.desk import Desk
from nudge.workflow.dispatching.sending import StoreLedger, send_due
from tests.support.trials import Bench, lock_draw_and_launch, write_trial

DUE = datetime(2027, 1, 18, 10, tzinfo=UTC)
LEASE = timedelta(seconds=30)
WORDS = '{"text": "Your visit is soon."}'


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def launched(bench: Bench, trial: str = "small") -> Desk:
    desk = bench.desk()
    lock_draw_and_launch(write_trial(bench.folder, trial=trial), desk)
    bench.clock.advance_to(DUE)
    return desk


def test_one_dispatcher_at_a_time(bench: Bench) -> None:
    desk = launched(bench)
    with desk.store.begin() as connection:
        take_lease(connection, "elsewhere/1", DUE, LEASE)
    with pytest.raises(Refused, match=r"another dispatcher \(elsewhere/1\) is sending; its lease runs until 10:00:30"):
        send_due(desk)
    bench.clock.advance_to(DUE + timedelta(seconds=31))
    assert send_due(desk) == {Status.ACCEPTED: 20}


def test_the_lease_is_given_back_and_not_another_s(bench: Bench) -> None:
    desk = launched(bench)
    with desk.store.begin() as connection:
        take_lease(connection, "elsewhere/1", DUE, LEASE)
        release_lease(connection, "elsewhere/2")
        with pytest.raises(Refused):
            take_lease(connection, "elsewhere/2", DUE, LEASE)
        release_lease(connection, "elsewhere/1")
        take_lease(connection, "elsewhere/2", DUE, LEASE)


@pytest.mark.needs("postgresql")
@pytest.mark.usefixtures("on_postgresql")
class TestManyDispatchers:
    def test_what_one_has_taken_up_another_leaves_until_its_lease_runs_out(self, bench: Bench) -> None:
        desk = launched(bench)
        one, other = StoreLedger(desk, "elsewhere/1"), StoreLedger(desk, "elsewhere/2")
        assert len(one.open_rows()[0]) == 20
        assert other.open_rows()[0] == []
        bench.clock.advance_to(DUE + LEASE + timedelta(seconds=1))
        assert len(other.open_rows()[0]) == 20

    def test_who_slept_beyond_its_lease_claims_nothing_that_another_has_taken_up(self, bench: Bench) -> None:
        desk = launched(bench)
        slow, other = StoreLedger(desk, "elsewhere/1"), StoreLedger(desk, "elsewhere/2")
        rows = slow.open_rows()[0]
        bench.clock.advance_to(DUE + LEASE + timedelta(seconds=1))
        other.open_rows()[0]
        prepared = [Prepared(row, words=WORDS, template="visit", segments=1) for row in rows]
        assert slow.commit([], prepared) == []
        assert len(other.commit([], prepared)) == 20

    def test_what_a_dispatcher_has_claimed_is_not_unknown_while_its_lease_runs(self, bench: Bench) -> None:
        desk = launched(bench)
        one = StoreLedger(desk, "elsewhere/1")
        one.commit([], [Prepared(row, words=WORDS, template="visit", segments=1) for row in one.open_rows()[0]])
        assert StoreLedger(desk, "elsewhere/2").unknowns("outbox") == []
        bench.clock.advance_to(DUE + LEASE + timedelta(seconds=1))
        assert len(StoreLedger(desk, "elsewhere/2").unknowns("outbox")) == 20

    def test_a_household_s_share_counts_what_another_has_taken_up(self, bench: Bench) -> None:
        launched(bench)
        desk = launched(bench, "second")
        one, other = StoreLedger(desk, "elsewhere/1"), StoreLedger(desk, "elsewhere/2")
        first = {row.unit for row in one.open_rows()[0]}
        assert not first & {row.unit for row in other.open_rows()[0]}
        with desk.store.begin() as connection:
            held = connection.scalars(sa.select(sends.c.reason).where(sends.c.status.in_(["withheld", "expired"])))
            assert all("the household has had its share of messages" in reason for reason in held)
