"""A dispatcher that another has overtaken: it sends nothing more, and what it knows is not lost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from nudge.delivery.rules import after_try
from nudge.store.tables import sends
from nudge.trial.errors import Refused
from nudge.trial.records.delivery import DueSend, Reply, SendResult, Status
from nudge.workflow.desk import Desk
from nudge.workflow.dispatching.sending import Preparer, StoreLedger, build_dispatcher
from tests.support.trials import Bench, lock_draw_and_launch, write_trial

DUE = datetime(2027, 1, 18, 10, tzinfo=UTC)
SLEPT = timedelta(seconds=31)
"""Beyond the lease of thirty seconds."""


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def claimed(bench: Bench) -> tuple[Desk, StoreLedger, list[DueSend]]:
    """A dispatcher with messages on the wire, and another that took over while it slept."""
    desk = bench.desk()
    lock_draw_and_launch(write_trial(bench.folder), desk)
    bench.clock.advance_to(DUE)
    first = StoreLedger(desk, "elsewhere/1")
    rows = first.open_rows()[0][:4]
    dispatcher, _ = build_dispatcher(desk)
    first.commit([], [Preparer(desk, dispatcher.channels)(row, DUE) for row in rows])
    bench.clock.advance_to(DUE + SLEPT)
    StoreLedger(desk, "elsewhere/2").open_rows()
    assert states(desk, rows) == [Status.UNKNOWN] * 4
    return desk, first, rows


def states(desk: Desk, rows: list[DueSend]) -> list[str]:
    with desk.store.begin() as connection:
        found = {row.id: row.status for row in connection.execute(sa.select(sends.c.id, sends.c.status))}
    return [found[row.id] for row in rows]


def test_what_it_learned_of_its_own_messages_is_written_and_nothing_more_is_claimed(bench: Bench) -> None:
    desk, first, rows = claimed(bench)
    answers = [
        SendResult(Reply.ACCEPTED, "queued", provider_id="SM1"), SendResult(Reply.REJECTED, "21211"),
        SendResult(Reply.UNSENT, detail="it stood still"), SendResult(Reply.UNKNOWN),
    ]  # fmt: skip
    now = bench.clock.now()
    results = [(row, said, after_try(said, 1, now, row.not_after)) for row, said in zip(rows, answers, strict=True)]
    with pytest.raises(Refused, match=r"another dispatcher \(elsewhere/2\) is sending"):
        first.commit(results, [])
    assert states(desk, rows) == [Status.ACCEPTED, Status.REJECTED, Status.DUE, Status.UNKNOWN]
    with desk.store.begin() as connection:
        query = sa.select(sends.c.provider_id).where(sends.c.id == rows[0].id)
        assert connection.scalar(query) == "SM1"


def test_what_another_has_claimed_since_is_left_to_it(bench: Bench) -> None:
    """Else a late "not sent" would have a message sent a second time."""
    desk, first, rows = claimed(bench)
    with desk.store.begin() as connection:
        connection.execute(sends.update().values(holder="elsewhere/2", status=Status.CLAIMED))
    said = SendResult(Reply.UNSENT)
    results = [(row, said, after_try(said, 1, bench.clock.now(), row.not_after)) for row in rows]
    with pytest.raises(Refused):
        first.commit(results, [])
    assert states(desk, rows) == [Status.CLAIMED] * 4


def test_what_was_never_handed_over_goes_again_at_once(bench: Bench) -> None:
    step = after_try(SendResult(Reply.UNSENT, detail="it stood still"), 9, DUE, DUE + timedelta(days=1))
    assert (step.status, step.due_at, step.reason) == (Status.DUE, DUE, "it stood still")
