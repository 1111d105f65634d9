"""What comes back: signed, kept, applied once, in any order; and a family's word obeyed at once."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from twilio.request_validator import RequestValidator

from nudge.service.app import build_service
from nudge.store.changes import change_row
from nudge.store.events import open_notices
from nudge.store.tables import opt_outs, provider_events, send_events, sends
from nudge.trial.records.delivery import Status
from nudge.workflow.desk import Desk
from nudge.workflow.dispatching.sending import send_due
from nudge.workflow.hearing.replying import inbox, raise_alerts
from tests.support.databases import stored_bytes
from tests.support.trials import Bench, family, lock_draw_and_launch, write_trial

DUE = datetime(2027, 1, 18, 10, tzinfo=UTC)
TOKEN, BEARER = "twilio-token-of-the-test", "bearer-of-the-test"
BASE = "http://testserver"
pytestmark = pytest.mark.usefixtures("each_database")


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.fixture
def desk(bench: Bench) -> Desk:
    desk = bench.desk(twilio_auth_token=TOKEN, notify_bearer=BEARER)
    rows = [family(i, mobile=f"07700900{i:03d}") for i in range(40)]
    arms = {
        "usual": {"control": "true", "receives": "the usual letter"},
        "reminder": {"messages": [{"template": "visit", "send": "7 days before visit at 10:00"},
                                  {"template": "visit", "send": "8 days after visit at 10:00"}]},
    }  # fmt: skip
    lock_draw_and_launch(write_trial(bench.folder, rows=rows, arms=arms, replies={"coming": ["YES", "IE"]}), desk)
    bench.clock.advance_to(DUE)
    send_due(desk)
    return desk


@pytest.fixture
def client(desk: Desk) -> Iterator[TestClient]:
    with TestClient(build_service(desk, clock=False)) as client:
        yield client


def signed(client: TestClient, path: str, form: dict[str, str], url: str = "", **headers: str) -> Any:
    signature = RequestValidator(TOKEN).compute_signature(url or BASE + path, form)
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    return client.post(path, content=urlencode(form), headers={"X-Twilio-Signature": signature} | kind | headers)


def sent(desk: Desk) -> Any:
    """One message that was accepted, with its family's number."""
    with desk.store.begin() as connection:
        row = connection.execute(sa.select(sends).where(sends.c.status == Status.ACCEPTED).order_by(sends.c.id)).first()
    assert row is not None
    return row


def number_of(row: Any) -> str:
    return f"+447700900{int(row.unit[1:]):03d}"


def status_of(desk: Desk, reference: str) -> str:
    with desk.store.begin() as connection:
        found: str = connection.execute(sa.select(sends.c.status).where(sends.c.id == reference)).scalar_one()
    return found


def text_in(client: TestClient, number: str, text: str, sid: str = "SM1", **more: str) -> Any:
    form = {"MessageSid": sid, "From": number, "To": "+447700900999", "Body": text} | more
    return signed(client, "/callbacks/twilio/inbound", form)


def told(client: TestClient, reference: str, status: str, code: str = "") -> Any:
    form = {"MessageSid": "SMx", "MessageStatus": status} | ({"ErrorCode": code} if code else {})
    return signed(client, f"/callbacks/twilio/status/{reference}", form)


def test_a_signed_receipt_is_applied_and_told_again_changes_nothing(client: TestClient, desk: Desk) -> None:
    row = sent(desk)
    for _ in range(3):
        assert told(client, row.id, "delivered").status_code == 204
    assert status_of(desk, row.id) == Status.DELIVERED
    with desk.store.begin() as connection:
        query = sa.select(sa.func.count()).where(send_events.c.send == row.id)
        assert connection.scalar(query.where(send_events.c.status == Status.DELIVERED)) == 1
        assert connection.scalar(sa.select(sa.func.count()).select_from(provider_events)) == 1


@pytest.mark.parametrize("order", list(itertools.permutations(["sent", "undelivered", "delivered"])))
def test_receipts_come_in_any_order_and_end_alike(client: TestClient, desk: Desk, order: tuple[str, ...]) -> None:
    row = sent(desk)
    for status in order:
        told(client, row.id, status, "30003" if status == "undelivered" else "")
    assert status_of(desk, row.id) == Status.DELIVERED


def test_a_receipt_settles_an_unknown_message(client: TestClient, desk: Desk) -> None:
    row = sent(desk)
    with desk.store.begin() as connection:
        connection.execute(sends.update().where(sends.c.id == row.id).values(status=Status.UNKNOWN))
    told(client, row.id, "undelivered", "30005")
    assert status_of(desk, row.id) == Status.FAILED


def test_a_receipt_proves_what_the_ledger_had_given_up(client: TestClient, desk: Desk) -> None:
    row = sent(desk)
    with desk.store.begin() as connection:
        connection.execute(sends.update().where(sends.c.id == row.id).values(status=Status.DUE))
        assert change_row(connection, row.id, Status.EXPIRED, DUE, "late") == 1
    told(client, row.id, "delivered")
    assert status_of(desk, row.id) == Status.DELIVERED


@pytest.mark.parametrize(
    ("path", "form"),
    [("/callbacks/twilio/status/x", {"MessageSid": "SM1", "MessageStatus": "sent"}),
     ("/callbacks/twilio/inbound", {"MessageSid": "SM1", "From": "+447700900001", "Body": "STOP"})],
)  # fmt: skip
def test_a_wrong_signature_is_refused_and_nothing_is_kept(
    client: TestClient, desk: Desk, path: str, form: dict[str, str]
) -> None:
    assert client.post(path, data=form).status_code == 403
    assert client.post(path, data=form, headers={"X-Twilio-Signature": "bm8="}).status_code == 403
    assert signed(client, path, form, url="https://elsewhere.example.org" + path).status_code == 403
    with desk.store.begin() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(provider_events)) == 0


def test_without_a_token_of_ours_nobody_is_believed(bench: Bench) -> None:
    with TestClient(build_service(bench.desk(), clock=False)) as client:
        form = {"MessageSid": "SM1"}
        signature = RequestValidator("").compute_signature(f"{BASE}/callbacks/twilio/inbound", form)
        answer = client.post("/callbacks/twilio/inbound", data=form, headers={"X-Twilio-Signature": signature})
        assert answer.status_code == 403
        assert client.post("/callbacks/notify/status", json={}, headers={"Authorization": "Bearer "}).status_code == 403


PROXIED = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "nudge.example.org"}


@pytest.mark.parametrize(("proxies", "status"), [("127.0.0.0/8", 204), ("10.0.0.0/8", 403), ("", 403)])
def test_forwarded_headers_count_from_trusted_proxies_only(desk: Desk, bench: Bench, proxies: str, status: int) -> None:
    behind = bench.desk(twilio_auth_token=TOKEN, trusted_proxies=proxies)
    path = f"/callbacks/twilio/status/{sent(desk).id}"
    with TestClient(build_service(behind, clock=False), client=("127.0.0.1", 50000)) as client:
        form = {"MessageSid": "SMx", "MessageStatus": "delivered"}
        answer = signed(client, path, form, url=f"https://nudge.example.org{path}", **PROXIED)
    assert answer.status_code == status


def test_a_json_body_is_signed_by_its_hash(client: TestClient) -> None:
    body = '{"MessageSid": "SM9", "MessageStatus": "delivered"}'
    validator = RequestValidator(TOKEN)
    path = f"/callbacks/twilio/status/nobody?bodySHA256={validator.compute_hash(body)}"
    headers = {"X-Twilio-Signature": validator.compute_signature(BASE + path, {}), "Content-Type": "application/json"}
    assert client.post(path, content=body, headers=headers).status_code == 204
    assert client.post(path, content=body + " ", headers=headers).status_code == 403


def test_a_word_about_a_message_we_do_not_know_is_kept_and_shown(client: TestClient, desk: Desk) -> None:
    assert told(client, "nobody", "delivered").status_code == 204
    with desk.store.begin() as connection:
        assert connection.scalar(sa.select(provider_events.c.note)) == "no message of ours"
        assert [row["kind"] for row in open_notices(connection)] == ["unknown message"]


def test_a_code_in_no_table_is_shown_to_a_person(client: TestClient, desk: Desk) -> None:
    row = sent(desk)
    told(client, row.id, "undelivered", "39999")
    assert status_of(desk, row.id) == Status.ACCEPTED
    assert "says `undelivered 39999`" in inbox(desk, None)[1][0]


def test_notify_s_receipt_needs_its_bearer_token(client: TestClient, desk: Desk) -> None:
    row = sent(desk)
    content = {"id": "n-1", "reference": row.id, "status": "permanent-failure"}
    assert client.post("/callbacks/notify/status", json=content).status_code == 403
    good = {"Authorization": f"Bearer {BEARER}"}
    assert client.post("/callbacks/notify/status", json=content, headers=good).status_code == 204
    assert status_of(desk, row.id) == Status.FAILED
    assert client.post("/callbacks/notify/status", content="[1]", headers=good).status_code == 400


def test_what_a_crash_left_unapplied_is_applied_by_the_next(client: TestClient, desk: Desk) -> None:
    row = sent(desk)
    told(client, row.id, "sent")
    with desk.store.begin() as connection:
        connection.execute(provider_events.update().values(applied_at=None, code="delivered"))
    told(client, row.id, "sending")
    assert status_of(desk, row.id) == Status.DELIVERED


# Replies


def test_stop_cancels_at_once_what_is_planned_and_due(client: TestClient, desk: Desk, bench: Bench) -> None:
    row = sent(desk)
    answer = text_in(client, number_of(row), "STOP")
    assert "<Message>You will get no more of these messages" in answer.text
    with desk.store.begin() as connection:
        theirs = Counter(connection.scalars(sa.select(sends.c.status).where(sends.c.unit == row.unit)))
    assert theirs == {Status.ACCEPTED: 1, Status.CANCELLED: 1}
    assert inbox(desk, None)[0] == [], "a bare STOP needs no reader"
    bench.clock.advance_to(DUE + timedelta(days=15))
    assert send_due(desk)[Status.ACCEPTED] == 19


def test_stop_holds_in_every_trial_of_the_council_and_for_the_household(desk: Desk, bench: Bench) -> None:
    """The partner of the one who asked, known by another number, in a trial that is launched later."""
    row = sent(desk)
    number = int(row.unit[1:])
    with TestClient(build_service(desk, clock=False)) as client:
        text_in(client, number_of(row), "stop")
    rows = [family(i + 500, mobile=f"07700900{i + 500:03d}") for i in range(38)]
    rows += [
        family(900, area="north", household_ref="H0900", mobile=f"07700900{number:03d}"),
        family(901, area="north", household_ref="H0900", mobile="07700900901"),
    ]
    arms = {
        "usual": {"control": "true", "messages": [{"template": "visit", "send": "7 days before visit at 10:00"}]},
        "reminder": {"messages": [{"template": "visit", "send": "7 days before visit at 10:00"}]},
    }
    other = write_trial(bench.folder / "other", rows=rows, trial="other", arms=arms)
    lock_draw_and_launch(other, desk)
    send_due(desk)
    with desk.store.begin() as connection:
        states = sa.select(sends.c.status).where(sends.c.trial == "other", sends.c.unit == "H0900")
        assert set(connection.scalars(states)) == {Status.CANCELLED}
        rest = sa.select(sends.c.status).where(sends.c.trial == "other", sends.c.unit != "H0900")
        assert set(connection.scalars(rest)) == {Status.ACCEPTED}


def test_start_takes_back_one_s_own_stop_and_not_the_staff_s(client: TestClient, desk: Desk) -> None:
    from nudge.workflow.hearing.replying import opt_out

    row = sent(desk)
    text_in(client, number_of(row), "STOP")
    text_in(client, number_of(row), "START", sid="SM2")
    with desk.store.begin() as connection:
        assert connection.scalar(sa.select(opt_outs.c.lifted_at)) is not None
    opt_out(desk, trial="small", unit=row.unit)
    text_in(client, number_of(row), "START", sid="SM3")
    with desk.store.begin() as connection:
        assert connection.scalar(sa.select(sa.func.count()).where(opt_outs.c.lifted_at.is_(None))) == 1


def test_staff_stop_a_family_by_one_action(desk: Desk) -> None:
    from nudge.workflow.hearing.replying import opt_out

    assert opt_out(desk, address=number_of(sent(desk)).replace("+44", "0")) == 1


def test_the_bill_goes_to_a_person_and_stops_nothing(client: TestClient, desk: Desk) -> None:
    row = sent(desk)
    text_in(client, number_of(row), "we've got to STOP this bill")
    (line,), _ = inbox(desk, "small")
    assert (line.unit, line.meaning, line.priority) == (row.unit, "other", 1)
    with desk.store.begin() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(opt_outs)) == 0


def test_the_trial_s_own_words_are_kept_as_such(client: TestClient, desk: Desk) -> None:
    text_in(client, number_of(sent(desk)), "Yes please")
    (line,), _ = inbox(desk, "small", unread=False)
    assert (line.meaning, line.keyword, line.read_by) == ("keyword", "coming", "understood")


def test_out_of_hours_a_family_is_told_where_help_is(client: TestClient, desk: Desk, bench: Bench) -> None:
    row = sent(desk)
    assert "<Message>" not in text_in(client, number_of(row), "Can I change the day?").text, "a person answers in hours"
    bench.clock.advance_to(datetime(2027, 1, 18, 22, tzinfo=UTC))
    answer = text_in(client, number_of(row), "Can I come on Tuesday?", sid="SM2").text
    assert "call 999" in answer
    assert "call 111" in answer
    assert "Mon-Fri 09:00-17:00" in answer
    again = text_in(client, number_of(row), "Can I come on Tuesday?", sid="SM2").text
    assert again == answer, "told again, the provider gets the same answer, and the inbox one line"
    assert len(inbox(desk, None)[0]) == 2


def test_a_provider_that_answers_stop_itself_is_left_to_it(client: TestClient, desk: Desk) -> None:
    assert "<Message>" not in text_in(client, number_of(sent(desk)), "STOP", OptOutType="STOP").text


def test_unread_beyond_the_promised_hour_is_an_alert(client: TestClient, desk: Desk, bench: Bench) -> None:
    text_in(client, number_of(sent(desk)), "Who is this?")
    bench.clock.advance_to(DUE + timedelta(hours=3, minutes=59))
    assert raise_alerts(desk) == 0
    bench.clock.advance_to(DUE + timedelta(hours=4))
    assert raise_alerts(desk) == 1
    assert raise_alerts(desk) == 0
    assert "unread beyond the promised time" in inbox(desk, None)[1][0]


def test_a_safeguarding_word_is_first_and_a_notice_at_once(client: TestClient, desk: Desk) -> None:
    row = sent(desk)
    text_in(client, number_of(row), "Who is this?")
    text_in(client, number_of(row), "he is hitting me", sid="SM2")
    lines, notices = inbox(desk, None)
    assert [line.text for line in lines] == ["he is hitting me", "Who is this?"]
    assert "safeguarding word" in notices[0]


def test_a_number_we_do_not_know_is_heard_too(client: TestClient, desk: Desk) -> None:
    text_in(client, "+447700900777", "STOP")
    text_in(client, "+447700900777", "hello?", sid="SM2")
    (line,), _ = inbox(desk, None)
    assert (line.trial, line.text) == ("", "hello?")
    with desk.store.begin() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(opt_outs)) == 1


def test_no_number_and_no_word_of_a_family_stands_in_the_open(client: TestClient, desk: Desk, bench: Bench) -> None:
    text_in(client, number_of(sent(desk)), "He is hitting me again")
    stored = stored_bytes(bench.folder)
    assert b"twilio" in stored
    assert b"hitting" not in stored
    assert b"7700900" not in stored
