"""From a launched ledger to messages: when, to whom, and when not."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from nudge.store.changes import change
from nudge.store.ledger import write_plan
from nudge.store.tables import bodies, contacts, send_events, sends
from nudge.trial.errors import Refused
from nudge.trial.records.delivery import Status
from nudge.workflow.allocating.locking import allocate_trial, lock_trial
from nudge.workflow.allocating.signing import approve_trial
from nudge.workflow.desk import Desk
from nudge.workflow.dispatching.launching import close_trial, launch_trial, pause_trial, resume_trial, stop_trial
from nudge.workflow.dispatching.sending import send_due
from tests.support.smtp import Mailbox, smtp_server
from tests.support.trials import Bench, lock_draw_and_launch, write_trial

DUE = datetime(2027, 1, 18, 10, tzinfo=UTC)
pytestmark = pytest.mark.usefixtures("each_database")


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def launched(bench: Bench, desk: Desk | None = None, **changes: Any) -> Desk:
    file = write_trial(bench.folder, **changes)
    at = desk or bench.desk()
    lock_draw_and_launch(file, at)
    return at


def states(desk: Desk) -> Counter[str]:
    with desk.store.begin() as connection:
        return Counter(connection.scalars(sa.select(sends.c.status)))


def test_nothing_goes_before_it_is_due_and_everything_when_it_is(bench: Bench) -> None:
    desk = launched(bench)
    bench.clock.advance_to(DUE - timedelta(seconds=1))
    assert send_due(desk) == {}
    bench.clock.advance_to(DUE)
    assert send_due(desk) == {Status.ACCEPTED: 20}
    assert send_due(desk) == {}
    assert len(bench.outbox) == 20
    assert states(desk) == {Status.ACCEPTED: 20, Status.VIRTUAL: 20}


def test_launching_twice_writes_nothing_twice(bench: Bench) -> None:
    desk = launched(bench)
    bench.clock.advance_to(DUE)
    send_due(desk)
    again = launch_trial(bench.folder / "small.yaml", desk)
    assert again.again
    assert send_due(desk) == {}
    assert len(bench.outbox) == 20


def test_the_words_are_the_locked_ones_and_kept_sealed_with_their_hash(bench: Bench) -> None:
    desk = launched(bench)
    (bench.folder / "message_templates/visit/sms.j2").write_text("---\nsender: Council\n---\nOther words.\n")
    bench.clock.advance_to(DUE)
    send_due(desk)
    texts = [file.read_text() for file in bench.outbox if file.suffix == ".txt"]
    assert texts
    assert all("Council: your visit is on Monday 25 January." in text for text in texts)
    with desk.store.begin() as connection:
        sealed = list(connection.scalars(sa.select(bodies.c.sealed_words)))
        hashes = list(connection.scalars(sa.select(sends.c.words_sha256).where(sends.c.status == Status.ACCEPTED)))
    assert len(sealed) == len(hashes) == 20
    assert not any(b"visit" in words for words in sealed)
    assert all(b"our visit" in desk.vault.open(words) for words in sealed)


def test_every_change_of_state_is_an_event(bench: Bench) -> None:
    desk = launched(bench)
    bench.clock.advance_to(DUE)
    send_due(desk)
    with desk.store.begin() as connection:
        one = connection.scalar(sa.select(sends.c.id).where(sends.c.status == Status.ACCEPTED).limit(1))
        query = sa.select(send_events.c.status).where(send_events.c.send == one).order_by(send_events.c.id)
        assert list(connection.scalars(query)) == ["planned", "due", "claimed", "accepted"]


def test_pause_holds_and_resume_goes_on(bench: Bench) -> None:
    desk = launched(bench)
    bench.clock.advance_to(DUE)
    pause_trial("small", desk)
    assert send_due(desk) == {}
    resume_trial("small", desk)
    assert send_due(desk) == {Status.ACCEPTED: 20}


def test_a_pause_takes_effect_before_the_next_group(bench: Bench) -> None:
    desk = launched(bench, bench.desk(intent_group=4))
    bench.clock.advance_to(DUE)
    tally = send_due(desk, progress=lambda _: pause_trial("small", desk) if not _paused(desk) else None)
    assert tally[Status.ACCEPTED] <= 8
    assert states(desk)[Status.DUE] == 20 - tally[Status.ACCEPTED]


def _paused(desk: Desk) -> bool:
    with desk.store.begin() as connection:
        return connection.exec_driver_sql("SELECT state FROM trials").scalar() == "paused"


def test_after_a_long_pause_what_is_too_late_expires_with_its_reason(bench: Bench) -> None:
    desk = launched(bench)
    pause_trial("small", desk)
    bench.clock.advance_to(DUE + timedelta(days=2, seconds=1))
    resume_trial("small", desk)
    assert send_due(desk) == {}
    assert states(desk)[Status.EXPIRED] == 40, "20 messages, and the 20 moments of those who would have got none"
    with desk.store.begin() as connection:
        assert set(connection.scalars(sa.select(sends.c.reason).where(sends.c.status == Status.EXPIRED))) == {
            "could not be sent in time"
        }


def test_stop_cancels_for_good_and_close_reveals_the_seed(bench: Bench) -> None:
    desk = launched(bench)
    assert stop_trial("small", desk) == 20
    bench.clock.advance_to(DUE)
    assert send_due(desk) == {}
    with pytest.raises(Refused, match="small is stopped, so there is nothing to resume"):
        resume_trial("small", desk)
    closed = close_trial("small", desk)
    assert (len(closed.seed), closed.cancelled) == (64, 0)


def test_close_tells_how_many_messages_it_cancelled(bench: Bench) -> None:
    assert close_trial("small", launched(bench)).cancelled == 20


def test_launch_tells_of_messages_whose_time_is_past(bench: Bench) -> None:
    desk = bench.desk()
    file = write_trial(bench.folder)
    lock_trial(file, desk)
    allocate_trial(file, desk)
    approve_trial(file, desk, "Sam Second")
    bench.clock.advance_to(DUE + timedelta(days=3))
    made = launch_trial(file, desk)
    assert (made.rows, made.late) == (20, 20)


def test_a_route_that_is_no_longer_safe_cancels_the_send_never_the_membership(bench: Bench) -> None:
    desk = launched(bench)
    with desk.store.begin() as connection:
        connection.execute(contacts.update().values(safe=False))
    bench.clock.advance_to(DUE)
    assert send_due(desk) == {Status.CANCELLED: 20}
    assert bench.outbox == []


def test_a_contact_point_that_is_gone_cancels_the_send(bench: Bench) -> None:
    desk = launched(bench)
    with desk.store.begin() as connection:
        connection.execute(contacts.delete())
    bench.clock.advance_to(DUE)
    assert send_due(desk) == {Status.CANCELLED: 20}


def test_a_message_of_another_arm_is_never_sent(bench: Bench) -> None:
    desk = launched(bench)
    with desk.store.begin() as connection:
        connection.exec_driver_sql("UPDATE allocations SET arm = 'usual'")
    bench.clock.advance_to(DUE)
    assert send_due(desk) == {Status.CANCELLED: 20}
    with desk.store.begin() as connection:
        reasons = set(connection.scalars(sa.select(sends.c.reason).where(sends.c.status == Status.CANCELLED)))
    assert reasons == {"its arm reminder is not the unit's arm usual"}


def test_a_temporary_failure_is_tried_again_later_with_the_same_words(bench: Bench) -> None:
    with smtp_server(Mailbox(on_data="451 try later")) as box:
        desk = bench.desk(smtp_url=box.url)
        launched(bench, desk, channels={"sms": "outbox", "email": "smtp"})
        bench.clock.advance_to(DUE)
        assert send_due(desk)[Status.DUE] > 0
        waiting = states(desk)[Status.DUE]
        box.on_data = None
        assert send_due(desk) == {}, "not before its wait is over"
        bench.clock.advance_to(DUE + timedelta(minutes=1))
        assert send_due(desk) == {Status.ACCEPTED: waiting}
    with desk.store.begin() as connection:
        attempts = Counter(connection.scalars(sa.select(sends.c.attempt).where(sends.c.via == "smtp")))
    assert attempts == {2: waiting}
    assert len(box.taken) == waiting


def test_an_unknown_by_smtp_stays_unknown_and_is_never_sent_again(bench: Bench) -> None:
    with smtp_server(Mailbox(drop_after_data=True)) as box:
        desk = bench.desk(smtp_url=box.url)
        launched(bench, desk, channels={"sms": "outbox", "email": "smtp"})
        bench.clock.advance_to(DUE)
        unknown = send_due(desk)[Status.UNKNOWN]
        box.drop_after_data = False
        bench.clock.advance_to(DUE + timedelta(days=1))
        assert send_due(desk) == {}
    assert unknown == states(desk)[Status.UNKNOWN] > 0
    assert len(box.taken) == unknown


def test_what_a_dead_dispatcher_left_is_settled_by_asking_the_outbox(bench: Bench) -> None:
    desk = launched(bench)
    bench.clock.advance_to(DUE)
    with desk.store.begin() as connection:
        change(connection, sends.c.person != "", Status.DUE, DUE)
        change(connection, sends.c.status == Status.DUE, Status.CLAIMED, DUE, holder="elsewhere/1")
        taken = connection.scalars(sa.select(sends.c.id).where(sends.c.status == Status.CLAIMED).limit(5)).all()
    (bench.folder / "outbox").mkdir()
    for reference in taken:
        (bench.folder / "outbox" / f"{reference}.txt").write_text("it had gone out")
    assert send_due(desk) == {Status.ACCEPTED: 5}
    assert states(desk)[Status.UNKNOWN] == 15, "not found is believed only after the grace"
    bench.clock.advance_to(DUE + timedelta(seconds=36))
    assert send_due(desk) == {Status.ACCEPTED: 15}
    assert len(bench.outbox) == 20


def test_an_illegal_change_of_state_is_not_written(bench: Bench) -> None:
    desk = launched(bench)
    with desk.store.begin() as connection:
        assert change(connection, sa.true(), Status.ACCEPTED, DUE) == 0
        assert write_plan(connection, "small", [], DUE) == 0
    assert states(desk) == {Status.PLANNED: 40}


def test_a_live_channel_never_gets_a_reserved_address(bench: Bench) -> None:
    from nudge.delivery.channels.outbox import Outbox
    from nudge.workflow.dispatching.sending import Preparer, StoreLedger

    desk = launched(bench)
    bench.clock.advance_to(DUE)
    live = Outbox(bench.folder / "outbox")
    live.live = True
    row = StoreLedger(desk).open_rows()[0][0]
    prepared = Preparer(desk, {"outbox": live})(row, DUE)
    assert prepared.step is not None
    assert prepared.step.reason == "the address is set aside for drama and examples"
