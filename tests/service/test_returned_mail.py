"""Emails that come back, over a real SMTP server and the real service: bounces, complaints, one click, answers."""

from __future__ import annotations

import mailbox
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nudge.service.app import build_service
from nudge.store.events import open_notices
from nudge.store.tables import opt_outs, provider_events, sends, suppressions
from nudge.trial.records.delivery import Status
from nudge.workflow.desk import Desk
from nudge.workflow.dispatching.accounting import account_of
from nudge.workflow.dispatching.marking import email_marks, unsubscribed_reference
from nudge.workflow.dispatching.sending import send_due
from nudge.workflow.hearing.answering import send_answers
from nudge.workflow.hearing.replying import inbox
from nudge.workflow.hearing.returning import take_mailbox
from tests.support.returned_mail import bounce, complaint, written
from tests.support.smtp import Mailbox, smtp_server
from tests.support.trials import Bench, family, lock_draw_and_launch, write_trial

DUE = datetime(2027, 1, 18, 10, tzinfo=UTC)
BEARER = {"Authorization": "Bearer of-the-mail-server"}
URL = "https://nudge.example.org"
TWICE = {"usual": {"control": "true", "receives": "the usual letter"},
         "reminder": {"messages": [{"template": "visit", "send": "7 days before visit at 10:00"},
                                   {"template": "visit", "send": "8 days after visit at 10:00"}]}}  # fmt: skip


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with smtp_server() as running:
        yield running


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.fixture
def desk(bench: Bench, box: Mailbox) -> Desk:
    desk = bench.desk(
        smtp_url=box.url, public_url=URL, bounce_address="bounces@mail.example.org", mail_bearer="of-the-mail-server"
    )
    rows = [family(i, mobile="") for i in range(24)]
    file = write_trial(bench.folder, rows=rows, arms=TWICE, channels={"sms": "outbox", "email": "smtp"})
    lock_draw_and_launch(file, desk)
    bench.clock.advance_to(DUE)
    send_due(desk)
    return desk


@pytest.fixture
def client(desk: Desk) -> Iterator[TestClient]:
    with TestClient(build_service(desk, clock=False)) as client:
        yield client


def first(desk: Desk) -> Any:
    with desk.store.begin() as connection:
        query = sa.select(sends).where(sends.c.status == Status.ACCEPTED).order_by(sends.c.id)
        row = connection.execute(query).first()
    assert row is not None
    return row


def states(desk: Desk, unit: str) -> Counter[str]:
    with desk.store.begin() as connection:
        return Counter(connection.scalars(sa.select(sends.c.status).where(sends.c.unit == unit)))


def address_of(row: Any) -> str:
    return f"family{int(row.unit[1:])}@example.org"


def bounce_address(desk: Desk, row: Any) -> str:
    return email_marks(desk, row.id, "email")["return_path"]


def post(client: TestClient, mail: bytes) -> int:
    return client.post("/callbacks/email", content=mail, headers=BEARER).status_code


def count(desk: Desk, table: sa.Table) -> int:
    with desk.store.begin() as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0


# What went out


def test_every_email_carries_what_brings_it_back(desk: Desk, box: Mailbox) -> None:
    assert len(box.taken) == 12
    for mail, sender in zip(box.taken, box.senders, strict=True):
        reference = str(mail["Message-ID"]).strip("<>").partition("@")[0]
        marks = email_marks(desk, reference, "email")
        assert sender == marks["return_path"], "the envelope's sender takes the bounce"
        assert mail["List-Unsubscribe"] == f"<{marks['unsubscribe_url']}>"
        assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert mail["Auto-Submitted"] == "auto-generated"
        parts = [part.get_content() for part in mail.walk() if not part.is_multipart()]
        assert parts
        assert not any(reference in part for part in parts)


# One click


def test_looking_ends_nothing_and_one_click_ends_it_everywhere_once(desk: Desk, client: TestClient) -> None:
    row = first(desk)
    path = email_marks(desk, row.id, "email")["unsubscribe_url"].removeprefix(URL)
    for _ in range(3):
        looked = client.get(path)
        assert looked.status_code == 200
        assert '<form method="post">' in looked.text
    assert client.head(path).status_code == 405
    assert states(desk, row.unit)[Status.CANCELLED] == 0
    # RFC 8058 3.1: no cookie, no redirect, the body as a form.
    ended = [client.post(path, data={"List-Unsubscribe": "One-Click"}, follow_redirects=False) for _ in range(3)]
    assert {one.status_code for one in ended} == {200}
    assert "set-cookie" not in ended[0].headers
    assert states(desk, row.unit) == {Status.ACCEPTED: 1, Status.CANCELLED: 1}
    assert count(desk, opt_outs) == 1
    assert account_of(desk, "small", row.unit)[-1].what == "no more messages, by link (family)"


def test_the_button_works_without_javascript_and_tells_no_secret(desk: Desk, client: TestClient) -> None:
    row = first(desk)
    path = email_marks(desk, row.id, "email")["unsubscribe_url"].removeprefix(URL)
    page = client.get(path)
    assert "<script" not in page.text
    assert page.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    for told in (row.unit, "visit", "Council", "small"):
        assert told not in page.text
    assert "You will get no more of these messages" in client.post(path).text, "the button posts nothing"


def test_a_welsh_family_reads_the_page_in_welsh(bench: Bench, box: Mailbox) -> None:
    desk = bench.desk(smtp_url=box.url, public_url=URL)
    from tests.support.trials import EMAIL, trial_values

    population = trial_values()["population"]
    population["contact"] |= {"language": "language"}
    rows = [family(i, mobile="", language="cy") for i in range(10)]
    file = write_trial(bench.folder, rows=rows, population=population, channels={"sms": "outbox", "email": "smtp"})
    (bench.folder / "message_templates" / "visit" / "email.cy.j2").write_text(EMAIL)
    lock_draw_and_launch(file, desk)
    bench.clock.advance_to(DUE)
    send_due(desk)
    path = email_marks(desk, first(desk).id, "email")["unsubscribe_url"].removeprefix(URL)
    with TestClient(build_service(desk, clock=False)) as client:
        assert '<html lang="cy">' in client.get(path).text
        assert "Ni chewch fwy" in client.post(path).text


@pytest.mark.parametrize("change", ["signature", "reference", "bounce mark", "nonsense"])
def test_a_token_that_is_not_ours_ends_nothing(desk: Desk, client: TestClient, change: str) -> None:
    row = first(desk)
    good = email_marks(desk, row.id, "email")["unsubscribe_url"].rpartition("/")[2]
    token = {
        "signature": good[:-1] + ("a" if good[-1] != "a" else "b"),
        "reference": ("1" if good[0] == "0" else "0") + good[1:],
        "bounce mark": bounce_address(desk, row).partition("+")[2].partition("@")[0], "nonsense": "nonsense",
    }[change]  # fmt: skip
    assert client.get(f"/unsubscribe/{token}").status_code == 404
    answer = client.post(f"/unsubscribe/{token}", data={"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 404
    assert "STOP" in answer.text, "what else they can do"
    assert count(desk, opt_outs) == 0


@given(st.text(min_size=1, max_size=80))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
def test_no_text_is_a_token_by_chance(desk: Desk, text: str) -> None:
    assert unsubscribed_reference(text, desk.vault) is None


# Bounces


def test_a_bounce_fails_the_message_and_ends_the_use_of_the_address(
    desk: Desk, client: TestClient, bench: Bench
) -> None:
    row = first(desk)
    mail = bounce(bounce_address(desk, row), recipient=address_of(row))
    for _ in range(3):
        assert post(client, mail) == 204
    assert states(desk, row.unit) == {Status.FAILED: 1, Status.PLANNED: 1}
    assert (count(desk, suppressions), count(desk, opt_outs), count(desk, provider_events)) == (1, 0, 1)
    bench.clock.advance_to(DUE + timedelta(days=15))
    assert send_due(desk) == {Status.ACCEPTED: 11, Status.CANCELLED: 1}
    told = [one.what for one in account_of(desk, "small", row.unit)]
    assert "email said `failed 5.1.1`: permanent" in told
    assert "a contact point of theirs is used no more: cannot be reached (email)" in told
    assert told[-1].endswith("cancelled its contact point is not used any more: cannot be reached")


@pytest.mark.parametrize(
    ("action", "status", "ends_in", "suppressed"),
    [("failed", "4.4.7", Status.FAILED, 0), ("delayed", "4.4.1", Status.ACCEPTED, 0),
     ("failed", "5.7.1", Status.FAILED, 0), ("delivered", "2.0.0", Status.DELIVERED, 0)],
)  # fmt: skip
def test_what_is_temporary_or_about_our_mail_leaves_the_address_in_use(
    desk: Desk, client: TestClient, action: str, status: str, ends_in: Status, suppressed: int
) -> None:
    row = first(desk)
    post(client, bounce(bounce_address(desk, row), action=action, status=status, diagnosis=""))
    assert states(desk, row.unit) == {ends_in: 1, Status.PLANNED: 1}
    assert count(desk, suppressions) == suppressed
    refused = [one for one in inbox(desk, None)[1] if "about our mail" in one]
    assert len(refused) == (status == "5.7.1"), "a person must know when a server refuses our mail"


def test_a_bounce_is_known_by_message_id_and_a_forged_mark_is_not_believed(desk: Desk, client: TestClient) -> None:
    row, forged = first(desk), f"bounces+{'0' * 32}-{'a' * 16}@mail.example.org"
    post(client, bounce(forged))
    with desk.store.begin() as connection:
        assert [one["kind"] for one in open_notices(connection)] == ["unknown message"], "kept, and shown"
    assert count(desk, suppressions) == 0
    post(client, bounce(forged, row.id))
    assert states(desk, row.unit)[Status.FAILED] == 1


def test_a_bounce_of_a_corrected_address_leaves_the_new_one_in_use(desk: Desk, client: TestClient) -> None:
    row = first(desk)
    post(client, bounce(bounce_address(desk, row), recipient="old@example.org"))
    with desk.store.begin() as connection:
        (lookup,) = connection.scalars(sa.select(suppressions.c.lookup))
    assert lookup == desk.vault.lookup("old@example.org")


def test_the_server_refusing_an_address_ends_its_use_too(bench: Bench) -> None:
    refused = {f"family{i}@example.org": "550 5.1.1 no such user" for i in range(24)}
    with smtp_server(Mailbox(refuse=refused)) as box:
        desk = bench.desk(smtp_url=box.url, bounce_address="bounces@mail.example.org")
        rows = [family(i, mobile="") for i in range(24)]
        file = write_trial(bench.folder, rows=rows, channels={"sms": "outbox", "email": "smtp"})
        lock_draw_and_launch(file, desk)
        bench.clock.advance_to(DUE)
        assert send_due(desk) == {Status.REJECTED: 12}
    assert count(desk, suppressions) == 12


def test_mail_that_nobody_can_read_is_shown_to_a_person(desk: Desk, client: TestClient) -> None:
    from nudge.workflow.hearing.returning import unreadable_mail

    post(client, written("MAILER-DAEMON@mx.example.org", "Alas", to=bounce_address(desk, first(desk))))
    (notice,) = inbox(desk, None)[1]
    assert f"mail about {first(desk).id} came back that only a person can read: nudge bounces --show 1" in notice
    assert "Alas" in unreadable_mail(desk, 1)


@given(st.binary(max_size=300), st.integers(0, 3))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
def test_no_bytes_a_stranger_posts_are_lost_or_break_anything(
    desk: Desk, client: TestClient, noise: bytes, kind: int
) -> None:
    """Headers, reports and answers with anything in them, in any encoding."""
    row = first(desk)
    mails = [
        noise, b"From: " + noise + b"\nIn-Reply-To: <" + row.id.encode() + b"@example.org>\n\n" + noise,
        bounce(bounce_address(desk, row), diagnosis="").replace(b"5.1.1", noise),
        complaint("abuse@example.org", row.id).replace(b"abuse\r\nUser", noise + b"\r\nUser"),
    ]  # fmt: skip
    assert post(client, mails[kind]) == 204
    inbox(desk, None)
    send_answers(desk)


def test_without_the_bearer_token_no_mail_is_taken(client: TestClient, desk: Desk, bench: Bench) -> None:
    mail = bounce(bounce_address(desk, first(desk)))
    assert client.post("/callbacks/email", content=mail).status_code == 403
    with TestClient(build_service(bench.desk(), clock=False)) as without:
        assert without.post("/callbacks/email", content=mail, headers={"Authorization": "Bearer "}).status_code == 403
    assert client.post("/callbacks/email", content=b"x" * 10_000_001, headers=BEARER).status_code == 413
    assert count(desk, provider_events) == 0


# Complaints


def test_a_complaint_ends_messages_to_the_household_and_is_told(desk: Desk, client: TestClient) -> None:
    row = first(desk)
    for _ in range(2):
        post(client, complaint("abuse@example.org", mail_from=bounce_address(desk, row)))
    assert states(desk, row.unit) == {Status.DELIVERED: 1, Status.CANCELLED: 1}, "what is complained of has arrived"
    assert (count(desk, suppressions), count(desk, opt_outs)) == (1, 1)
    assert f"unit {row.unit} complained of reminder.1 (abuse)" in inbox(desk, None)[1][0]


def test_out_of_the_junk_folder_is_no_complaint_and_an_unknown_one_is_kept(desk: Desk, client: TestClient) -> None:
    post(client, complaint("abuse@example.org", first(desk).id, kind="not-spam"))
    assert count(desk, opt_outs) == 0
    post(client, complaint("abuse@example.org"))
    assert count(desk, provider_events) == 2
    assert "not in this ledger" in inbox(desk, None)[1][0]


# Answers


def test_a_family_s_email_is_heard_and_answered_once(desk: Desk, client: TestClient, box: Mailbox) -> None:
    row = first(desk)
    text = "Stop. Thank you\n\nOn Mon, 18 Jan 2027, Council wrote:\n> To stop, call 01632 960123.\n"
    mail = written(f"Anna <{address_of(row)}>", text, answers=row.id)
    for _ in range(2):
        post(client, mail)
    assert states(desk, row.unit) == {Status.ACCEPTED: 1, Status.CANCELLED: 1}
    before = len(box.taken)
    assert (send_answers(desk), send_answers(desk)) == (1, 0)
    (answer,) = box.taken[before:]
    assert answer["To"] == address_of(row)
    assert (answer["In-Reply-To"], answer["Auto-Submitted"]) == ("<written-1@example.org>", "auto-replied")
    assert answer["Subject"] == "Re: Your visit"
    assert "You will get no more of these messages" in answer.get_content()


def test_a_family_that_answers_from_another_address_is_known_by_the_message(desk: Desk, client: TestClient) -> None:
    row = first(desk)
    post(client, written("other@example.org", "Can I come on Tuesday?", answers=row.id))
    (line,), _ = inbox(desk, None)
    assert (line.unit, line.text) == (row.unit, "Can I come on Tuesday?")


def test_an_out_of_office_note_is_kept_and_nobody_answers_it(desk: Desk, client: TestClient) -> None:
    row = first(desk)
    note = written(address_of(row), "STOP, I am away", answers=row.id, Auto_Submitted="auto-replied")
    post(client, note)
    assert inbox(desk, None) == ([], [])
    assert (send_answers(desk), count(desk, opt_outs), count(desk, provider_events)) == (0, 0, 1)


def test_a_stranger_s_mail_is_not_in_the_duty_inbox(desk: Desk, client: TestClient) -> None:
    post(client, written("seller@example.org", "Buy now"))
    lines, notices = inbox(desk, None)
    assert lines == []
    assert "only a person can read" in notices[0]


# Mailboxes


@pytest.mark.parametrize("kind", ["mbox", "Maildir", "one message"])
def test_a_mailbox_is_read_whole_and_again_without_effect(desk: Desk, tmp_path: Path, kind: str) -> None:
    with desk.store.begin() as connection:
        rows = connection.execute(sa.select(sends).where(sends.c.status == Status.ACCEPTED)).all()
    mails = [
        bounce(bounce_address(desk, rows[0])), bounce(bounce_address(desk, rows[1]), status="4.4.7", diagnosis=""),
        complaint("abuse@example.org", rows[2].id), written(address_of(rows[3]), "STOP", answers=rows[3].id),
    ]  # fmt: skip
    path = tmp_path / "returned"
    if kind == "one message":
        mails = mails[:1]
        path.write_bytes(mails[0])
    else:
        made: Any = mailbox.mbox(path) if kind == "mbox" else mailbox.Maildir(path)
        for mail in mails:
            made.add(mail)
        made.close()
    wanted = {"bounce failed 5.1.1": 1, "bounce failed 4.4.7": 1, "complaint abuse": 1, "answer": 1}
    assert take_mailbox(desk, path) == (wanted if len(mails) > 1 else {"bounce failed 5.1.1": 1})
    assert take_mailbox(desk, path) == {"taken before": len(mails)}


def test_order_changes_nothing(desk: Desk, client: TestClient) -> None:
    """A delay, a failure and a complaint of one message, both ways round."""
    with desk.store.begin() as connection:
        one, other = connection.execute(sa.select(sends).where(sends.c.status == Status.ACCEPTED).limit(2)).all()

    def words(row: Any) -> list[bytes]:
        to = bounce_address(desk, row)
        return [
            bounce(to, action="delayed", status="4.4.1", diagnosis=""),
            bounce(to),
            complaint("a@example.org", row.id),
        ]

    for mail in words(one):
        post(client, mail)
    for mail in reversed(words(other)):
        post(client, mail)
    assert states(desk, one.unit) == states(desk, other.unit) == {Status.DELIVERED: 1, Status.CANCELLED: 1}
