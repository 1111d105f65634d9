"""What families write back, end to end: answered, counted, and kept from those it was not meant for."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from nudge.service.app import build_service
from nudge.store.audit import actions
from nudge.store.events import open_notices
from nudge.store.halts import halts_in_force
from nudge.store.tables import replies, sends, suppressions
from nudge.trial.errors import InputError, Refused
from nudge.trial.records.delivery import Status
from nudge.workflow.desk import Desk
from nudge.workflow.dispatching.accounting import account_of
from nudge.workflow.dispatching.marking import email_marks
from nudge.workflow.dispatching.sending import send_due
from nudge.workflow.hearing.answering import send_answers
from nudge.workflow.hearing.objecting import report_wrong_recipient, unused_points, use_again
from nudge.workflow.hearing.receiving import fetch_texts
from nudge.workflow.hearing.replying import inbox
from tests.support.provider import Running, provider
from tests.support.trials import Bench, family, lock_draw_and_launch, write_trial

DUE = datetime(2027, 1, 18, 10, tzinfo=UTC)
NIGHT = DUE.replace(hour=22)
ROWS = [family(i, mobile=f"07700900{i:03d}") for i in range(18, 60)]
TIMES = ("7 days before visit at 10:00", "8 days after visit at 10:00")
ARMS: dict[str, Any] = {
    name: {"control": name == "usual", "messages": [{"template": "visit", "send": time} for time in TIMES]}
    for name in ("usual", "reminder")
}
STRANGERS = {"wrong_recipient": {"limit": "0%", "after": "1 event"}}


@pytest.fixture(scope="module")
def box() -> Iterator[Running]:
    with provider() as running:
        yield running


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.fixture
def desk(bench: Bench, box: Running) -> Desk:
    box.misbehave(callbacks_lost=1)
    box.ledger.forget()
    desk = bench.desk(**box.settings)
    file = write_trial(
        bench.folder, rows=ROWS, arms=ARMS, channels={"sms": "govuk_notify", "email": "outbox"}, stopping=STRANGERS
    )
    lock_draw_and_launch(file, desk)
    bench.clock.advance_to(DUE)
    send_due(desk)
    return desk


@pytest.fixture
def client(desk: Desk) -> Iterator[TestClient]:
    with TestClient(build_service(desk, clock=False)) as client:
        yield client


def text_in(client: TestClient, desk: Desk, number: str, text: str, message: str = "1") -> int:
    """A text as GOV.UK Notify posts it (docs, "Received text messages")."""
    content = {"id": f"n-{message}", "source_number": number.lstrip("+"), "destination_number": "07700900999",
               "message": text, "date_received": "2027-01-18T10:00:00.000000Z"}  # fmt: skip
    bearer = {"Authorization": f"Bearer {desk.settings.notify_bearer.get_secret_value()}"}
    return client.post("/callbacks/notify/inbound", json=content, headers=bearer).status_code


def states(desk: Desk, unit: str) -> Counter[str]:
    with desk.store.begin() as connection:
        return Counter(connection.scalars(sa.select(sends.c.status).where(sends.c.unit == unit)))


def number(unit: str) -> str:
    return f"+447700900{int(unit[1:]):03d}"


# GOV.UK Notify takes no answer with its callback


def test_notify_s_families_are_answered_by_a_text_of_their_own_once(
    desk: Desk, client: TestClient, box: Running
) -> None:
    for _ in range(2):
        assert text_in(client, desk, number("H0021"), "STOP") == 204
    assert states(desk, "H0021") == {Status.ACCEPTED: 1, Status.CANCELLED: 1}
    assert (send_answers(desk), send_answers(desk)) == (1, 0)
    answer = box.taken[-1]
    assert (answer.recipient, answer.reference) == ("+447700900021", "answer1")
    assert answer.body == "You will get no more of these messages. Reply START if you change your mind."
    told = [one.what for one in account_of(desk, "small", "H0021")]
    assert "reply 1 was answered by govuk_notify: accepted 201" in told


def test_the_receipt_of_an_answer_stands_with_its_reply(desk: Desk, client: TestClient, box: Running) -> None:
    text_in(client, desk, number("H0021"), "HELP")
    send_answers(desk)
    bearer = {"Authorization": f"Bearer {desk.settings.notify_bearer.get_secret_value()}"}
    content = {"id": "x", "reference": "answer1", "status": "delivered"}
    assert client.post("/callbacks/notify/status", json=content, headers=bearer).status_code == 204
    with desk.store.begin() as connection:
        assert connection.scalar(sa.select(replies.c.answer_said)) == "notify: delivered (delivered)"
        assert open_notices(connection) == []


def test_out_of_hours_the_text_says_where_help_is_and_not_twice_an_hour(
    desk: Desk, client: TestClient, bench: Bench, box: Running
) -> None:
    bench.clock.advance_to(NIGHT)
    for i in range(3):
        text_in(client, desk, number("H0022"), "Can I come later?", f"m{i}")
    assert send_answers(desk) == 1, "two machines must not answer each other"
    assert "999" in box.taken[-1].body
    assert "111" in box.taken[-1].body
    assert len(inbox(desk, None)[0]) == 3
    bench.clock.advance_to(NIGHT + timedelta(minutes=61))
    text_in(client, desk, number("H0022"), "Hello?", "m9")
    assert send_answers(desk) == 1


def test_a_stop_at_night_is_confirmed_and_says_where_help_is(
    desk: Desk, client: TestClient, bench: Bench, box: Running
) -> None:
    bench.clock.advance_to(NIGHT)
    text_in(client, desk, number("H0022"), "Stop. He hits me when he sees these")
    send_answers(desk)
    assert box.taken[-1].body.startswith("You will get no more of these messages.")
    assert "999" in box.taken[-1].body


def test_an_answer_that_may_have_gone_never_goes_again(desk: Desk, client: TestClient, box: Running) -> None:
    text_in(client, desk, number("H0021"), "STOP")
    before = len(box.taken)
    box.misbehave(drop=1, callbacks_lost=1)
    assert send_answers(desk) == 0
    box.misbehave(callbacks_lost=1)
    assert send_answers(desk) == 0
    assert len(box.taken) == before + 1
    with desk.store.begin() as connection:
        assert str(connection.scalar(sa.select(replies.c.answer_said))).startswith("unknown no answer")


@pytest.mark.needs("reference data")
def test_notify_s_callbacks_are_the_ones_its_description_lists(
    reference_folder: Path, desk: Desk, client: TestClient
) -> None:
    """The stand-in's received text holds what the description of a received text requires."""
    described = json.loads((reference_folder / "specs/govuk_notify/schema.json").read_text())["components"]["schemas"]
    shape = described["GetReceivedTextMessageResponse"]
    example = {name: part["example"] for name, part in shape["properties"].items() if "example" in part}
    received = {"id": example["id"], "source_number": example["user_number"], "message": example["content"],
                "destination_number": example["notify_number"], "date_received": example["created_at"]}  # fmt: skip
    bearer = {"Authorization": f"Bearer {desk.settings.notify_bearer.get_secret_value()}"}
    assert client.post("/callbacks/notify/inbound", json=received, headers=bearer).status_code == 204
    (line,), _ = inbox(desk, None)
    assert line.text == example["content"]


def test_a_text_that_was_never_posted_is_fetched_once_and_keeps_its_moment(desk: Desk, box: Running) -> None:
    """The test's clock stands in 2027 and the provider's does not: the text is old, and no machine answers it."""
    assert box.write_back(number("H0021"), "STOP", provider="notify") == 0, "nobody listens"
    assert fetch_texts(desk) >= 1
    assert fetch_texts(desk) == 0
    assert states(desk, "H0021") == {Status.ACCEPTED: 1, Status.CANCELLED: 1}
    with desk.store.begin() as connection:
        at = connection.scalar(sa.select(replies.c.at).where(replies.c.unit == "H0021"))
    assert at is not None
    assert abs(datetime.now(UTC) - at) < timedelta(minutes=5)
    assert send_answers(desk) == 0


# GOV.UK Notify, "Message statuses" for texts and emails: the whole table.
@pytest.mark.parametrize(
    ("status", "ends_in", "suppressed", "noticed"),
    [("created", Status.ACCEPTED, 0, 0), ("sending", Status.ACCEPTED, 0, 0), ("pending", Status.ACCEPTED, 0, 0),
     ("sent", Status.ACCEPTED, 0, 0), ("delivered", Status.DELIVERED, 0, 0),
     ("permanent-failure", Status.FAILED, 1, 0), ("temporary-failure", Status.FAILED, 0, 0),
     ("technical-failure", Status.FAILED, 0, 0), ("validation-failed", Status.ACCEPTED, 0, 1)],
)  # fmt: skip
def test_every_status_of_notify_has_its_effect(
    desk: Desk, client: TestClient, status: str, ends_in: Status, suppressed: int, noticed: int
) -> None:
    with desk.store.begin() as connection:
        row = connection.execute(sa.select(sends).where(sends.c.status == Status.ACCEPTED).order_by(sends.c.id)).first()
    assert row is not None
    content = {"id": "n", "reference": row.id, "to": number(row.unit), "status": status}
    bearer = {"Authorization": f"Bearer {desk.settings.notify_bearer.get_secret_value()}"}
    for _ in range(2):
        client.post("/callbacks/notify/status", json=content, headers=bearer)
    assert states(desk, row.unit) == {ends_in: 1, Status.PLANNED: 1}
    assert (len(unused_points(desk, "small")), len(inbox(desk, None)[1])) == (suppressed, noticed)


# The wrong recipient


def test_a_stranger_who_says_so_is_written_to_no_more_and_the_arm_pauses_at_once(
    desk: Desk, client: TestClient, bench: Bench, box: Running
) -> None:
    with desk.store.begin() as connection:
        arm = connection.scalar(sa.select(sends.c.arm).where(sends.c.unit == "H0030"))
    text_in(client, desk, number("H0030"), "Sorry, wrong number")
    with desk.store.begin() as connection:
        (halt,) = halts_in_force(connection, "small")
        notices = [one["text"] for one in open_notices(connection)]
        diary = [(one["action"], one["actor"]) for one in actions(connection, "small")]
    assert (halt["arm"], halt["reason"]) == (arm, "wrong_recipient beyond 0.00%")
    assert notices[0] == ("somebody else reads the messages to unit H0030; that contact point is used no more, "
                          "and Head must know")  # fmt: skip
    assert "1 of 21 wrong_recipient" in notices[1]
    assert {("wrong recipient", "family"), ("halt", "harm rule")} <= set(diary)
    send_answers(desk)
    assert box.taken[-1].body == "Sorry. We will not write to you here again."
    bench.clock.advance_to(DUE + timedelta(days=15))
    sent = send_due(desk)
    assert sent == {Status.ACCEPTED: 21}, "the other arm goes on"
    assert states(desk, "H0030") == {Status.ACCEPTED: 1, Status.PLANNED: 1}


def test_the_family_itself_has_not_opted_out_and_a_corrected_number_is_used(
    desk: Desk, client: TestClient, bench: Bench
) -> None:
    from nudge.workflow.dispatching.halting import lift_sending

    text_in(client, desk, number("H0030"), "not me")
    with desk.store.begin() as connection:
        (halt,) = halts_in_force(connection, "small")
    lift_sending(desk, "small", halt["arm"])
    bench.clock.advance_to(DUE + timedelta(days=15))
    assert send_due(desk) == {Status.ACCEPTED: 41, Status.CANCELLED: 1}
    with desk.store.begin() as connection:
        query = sa.select(sends.c.reason).where(sends.c.unit == "H0030", sends.c.status == Status.CANCELLED)
        assert connection.scalar(query) == "its contact point is not used any more: wrong recipient"


def test_stop_and_wrong_number_in_one_do_both(desk: Desk, client: TestClient) -> None:
    text_in(client, desk, number("H0030"), "STOP. You have the wrong number")
    assert [one["why"] for one in unused_points(desk, "small")] == ["wrong recipient"]
    assert states(desk, "H0030")[Status.CANCELLED] == 1


def test_staff_report_it_by_the_reply_or_by_the_number_and_take_it_back(desk: Desk, client: TestClient) -> None:
    text_in(client, desk, number("H0030"), "This is not Anna's number any more")
    (line,), _ = inbox(desk, None)
    reported = report_wrong_recipient(desk, reply=line.number)
    assert (reported.unit, len(reported.paused)) == ("H0030", 1)
    assert inbox(desk, None)[0] == [], "it has been read"
    assert report_wrong_recipient(desk, address="07700 900031").unit == "H0031"
    assert len(unused_points(desk, None)) == 2
    use_again(desk, "07700900031")
    assert [one["unit"] for one in unused_points(desk, "small")] == ["H0030"]
    with pytest.raises(Refused, match="nothing is held against that contact point"):
        use_again(desk, "07700900031")
    with pytest.raises(InputError, match="there is no reply 99; list them"):
        report_wrong_recipient(desk, reply=99)
    with pytest.raises(InputError, match="`hello` holds words"):
        report_wrong_recipient(desk, address="hello")


def test_the_address_of_a_stranger_does_not_stand_in_the_open(desk: Desk, client: TestClient, bench: Bench) -> None:
    text_in(client, desk, number("H0030"), "wrong number")
    with desk.store.begin() as connection:
        assert connection.scalar(sa.select(suppressions.c.lookup)) == desk.vault.lookup(number("H0030"))
    stored = b"".join(file.read_bytes() for file in bench.folder.glob("nudge.sqlite3*"))
    assert b"7700900" not in stored


# Two trials of one council


@pytest.mark.parametrize("by", ["a text", "one click", "staff"])
def test_an_end_asked_in_one_trial_ends_what_is_already_due_in_another(
    desk: Desk, client: TestClient, bench: Bench, by: str
) -> None:
    """One household, known by its mobile in the first trial and by its email and a partner's in the second."""
    from nudge.store.ledger import make_ready
    from nudge.workflow.hearing.replying import opt_out

    rows = [family(i + 400, mobile="", visit="2027-02-08") for i in range(38)]
    rows += [
        family(900, household_ref="H0900", area="north", mobile=number("H0030"), visit="2027-02-08"),
        family(901, household_ref="H0900", area="north", mobile="07700900901", visit="2027-02-08"),
    ]
    other = write_trial(bench.folder / "other", rows=rows, trial="other", arms=ARMS)
    lock_draw_and_launch(other, desk)
    bench.clock.advance_to(datetime(2027, 2, 2, 10, tzinfo=UTC))
    with desk.store.begin() as connection:
        make_ready(connection, bench.clock.now())
    assert states(desk, "H0900")[Status.DUE] >= 1, "it could go at any moment"
    assert states(desk, "H0030")[Status.DUE] == 1
    if by == "a text":
        text_in(client, desk, number("H0030"), "STOP")
    elif by == "staff":
        opt_out(desk, address="07700 900030")
    else:
        with desk.store.begin() as connection:
            reference = connection.scalar(sa.select(sends.c.id).where(sends.c.unit == "H0900"))
        url = email_marks(bench.desk(public_url="http://testserver"), str(reference), "email")["unsubscribe_url"]
        assert client.post(url, data={"List-Unsubscribe": "One-Click"}).status_code == 200
    for unit in ("H0900", "H0030"):
        assert not {Status.DUE, Status.PLANNED, Status.WITHHELD} & set(states(desk, unit)), unit
    assert states(desk, "H0031")[Status.DUE] == 1, "and nobody else's"
    before = Counter(states(desk, "H0900"))
    send_due(desk)
    assert states(desk, "H0900") == before
