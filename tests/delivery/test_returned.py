"""Mail that comes back, read as its standards have it, and never a reason to fail."""

from __future__ import annotations

import email
import email.policy
from datetime import UTC, datetime
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nudge.delivery.email import as_email, mark_of, marked, read_mark, return_path
from nudge.delivery.returned import Kind, read_returned
from nudge.delivery.status_codes import fate, is_of_the_address, recipient_refused, status_in
from nudge.trial.errors import InputError
from nudge.trial.records.delivery import Fate, Outgoing
from tests.support.returned_mail import bounce, complaint, written

REFERENCE = "0123456789abcdef0123456789abcdef"
NOON = datetime(2027, 1, 11, 12, tzinfo=UTC)
BOX = "bounces+mark@example.org"


def outgoing(**changes: str) -> Outgoing:
    values = {"id": REFERENCE, "address": "anna@example.org", "sender": "Cyngor T\u0177 <elm@example.org>",
              "subject": ("Eich apwyntiad \u0177 10yb " * 5).strip(), "text": "Helo"}  # fmt: skip
    return Outgoing(**(values | changes), at=NOON, not_after=NOON)


# What an email carries


def test_one_click_stands_in_one_piece_as_rfc_8058_asks() -> None:
    url = f"https://nudge.a-rather-long-name-of-a-council.example.org/unsubscribe/{marked(REFERENCE, 'a' * 16)}"
    raw = as_email(outgoing(unsubscribe_url=url)).as_bytes()
    assert f"\r\nList-Unsubscribe: <{url}>\r\n".encode() in raw, "folded or encoded, an address is none"
    assert b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in raw
    read = email.message_from_bytes(raw, policy=email.policy.default)
    assert read["Subject"] == outgoing().subject
    others = [line for line in raw.split(b"\r\n") if not line.startswith(b"List-Unsubscribe:")]
    assert max(map(len, others)) <= 78, "RFC 5322 2.1.1"


def test_a_message_of_its_own_says_it_is_automatic_and_an_answer_says_what_it_answers() -> None:
    plain, answer = as_email(outgoing()), as_email(outgoing(answers=f"<{'x' * 120}@example.org>"))
    assert (plain["Auto-Submitted"], plain["In-Reply-To"]) == ("auto-generated", None)
    assert "List-Unsubscribe" not in plain
    assert answer["Auto-Submitted"] == "auto-replied"
    raw = answer.as_bytes()
    assert f"In-Reply-To: <{'x' * 120}@example.org>".encode() in raw


def test_a_bounce_address_carries_the_mark_there_and_back() -> None:
    address = return_path("bounces@mail.example.org", marked(REFERENCE, "a2" * 8))
    assert address == f"bounces+{REFERENCE}-{'a2' * 8}@mail.example.org"
    assert mark_of(address) == mark_of(address.upper()) == (REFERENCE, "a2" * 8)
    assert len(address.partition("@")[0]) <= 64, "RFC 5321 4.5.3.1.1"
    assert mark_of("bounces@mail.example.org") is None
    assert mark_of("bounces+other@mail.example.org") is None


@pytest.mark.parametrize(
    ("mailbox", "said"),
    [("mail.example.org", "is no mailbox; set it to bounces@"), ("a b@example.org", "is no mailbox"),
     ("x@", "is no mailbox"), ("bounces-of-the-council@example.org", "leaves no room for a mark.*shorter mailbox")],
)  # fmt: skip
def test_a_mailbox_that_can_carry_no_mark_is_refused(mailbox: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        return_path(mailbox, marked(REFERENCE, "a" * 16))


@given(st.text(max_size=120))
def test_a_mark_is_read_or_it_is_none(text: str) -> None:
    found = read_mark(text)
    assert found is None or marked(*found) == text.strip().lower()


# Status codes


# RFC 3463 3 and RFC 5321 4.2.3.
@pytest.mark.parametrize(
    ("code", "means"),
    [("failed 5.1.1", Fate.PERMANENT), ("failed 5.7.1", Fate.PERMANENT), ("failed 4.4.7", Fate.TEMPORARY),
     ("delayed 4.4.1", Fate.UNDER_WAY), ("delivered 2.0.0", Fate.DELIVERED), ("relayed", Fate.UNDER_WAY),
     ("expanded 2.0.0", Fate.UNDER_WAY), ("failed 2.0.0", Fate.UNRECOGNISED), ("lost", Fate.UNRECOGNISED)],
)  # fmt: skip
def test_an_action_and_a_status_are_a_fate(code: str, means: Fate) -> None:
    assert fate(code) is means


@pytest.mark.parametrize(
    ("status", "gone"),
    [("5.1.1", True), ("5.1.10", True), ("5.2.1", True), ("5.0.0", True), ("5.4.4", True),
     ("5.7.1", False), ("5.6.0", False), ("5.3.4", False), ("5.5.0", False), ("4.1.1", False), ("", False)],
)  # fmt: skip
def test_a_policy_against_us_says_nothing_of_who_lives_there(status: str, gone: bool) -> None:  # noqa: FBT001 - a column of the table
    assert is_of_the_address(status) is gone


@pytest.mark.parametrize(
    ("text", "status"),
    [("smtp; 550 5.1.1 <a@example.org>", "5.1.1"), ("5.1.1 (bad destination mailbox address)", "5.1.1"),
     ("smtp; 550 no such user", "5.0.0"), ("450 busy", "4.0.0"), ("192.5.1.1 refused", ""), ("", "")],
)  # fmt: skip
def test_a_status_is_found_where_servers_put_it(text: str, status: str) -> None:
    assert status_in(text) == status


def test_an_answer_to_rcpt_refuses_the_address_or_the_mail() -> None:
    assert recipient_refused(550, "5.1.1 no such user")
    assert recipient_refused(550, "no such user")
    assert not recipient_refused(550, "5.7.1 your network is blocked")
    assert not recipient_refused(554, "go away")


# Reports


def test_a_bounce_names_its_message_three_ways() -> None:
    said = read_returned(bounce(BOX, REFERENCE, recipient="anna@example.org"))
    assert (said.kind, said.code, said.recipient) == (Kind.BOUNCE, "failed 5.1.1", "anna@example.org")
    assert said.addresses == (BOX,)
    assert said.references == (REFERENCE,)
    assert said.text == "smtp; 550 5.1.1 no such user"


@pytest.mark.parametrize(
    ("action", "status", "diagnosis", "code"),
    [("failed", "", "550 5.2.1 disabled", "failed 5.2.1"), ("failed", "5.1.1 (bad)", "", "failed 5.1.1"),
     ("Failed", "5.0.0", "", "failed 5.0.0"), ("delayed", "4.4.1", "", "delayed 4.4.1"),
     ("", "5.1.1", "", "failed 5.1.1"), ("", "4.2.2", "", "delayed 4.2.2"),
     ("delivered", "2.0.0", "", "delivered 2.0.0")],
)  # fmt: skip
def test_a_bounce_s_fields_are_read_as_they_come(action: str, status: str, diagnosis: str, code: str) -> None:
    assert read_returned(bounce(BOX, action=action, status=status, diagnosis=diagnosis)).code == code


@pytest.mark.parametrize(("action", "status"), [("failed", ""), ("exploded", "5.1.1"), ("", "")])
def test_a_bounce_that_says_nothing_is_for_a_person(action: str, status: str) -> None:
    assert read_returned(bounce(BOX, action=action, status=status, diagnosis="")).kind is Kind.UNREADABLE


def test_a_complaint_names_its_message_by_the_envelope_and_by_what_it_quotes() -> None:
    said = read_returned(complaint("abuse@example.org", REFERENCE, mail_from=BOX))
    assert (said.kind, said.code, said.references) == (Kind.COMPLAINT, "abuse", (REFERENCE,))
    assert BOX in said.addresses


@pytest.mark.parametrize(
    ("mail", "kind"),
    [(written("anna@example.org", "Thank you"), Kind.ANSWER),
     (written("anna@example.org", "I am away", Auto_Submitted="auto-replied"), Kind.AUTOMATIC),
     (written("anna@example.org", "I am away", Precedence="auto_reply"), Kind.AUTOMATIC),
     (written("MAILER-DAEMON@example.org", "failure notice"), Kind.UNREADABLE),
     (written("x@example.org", "Hi. This is the qmail-send program.", Return_Path="<>"), Kind.UNREADABLE),
     (b"", Kind.UNREADABLE), (b"\xff\xfe nonsense", Kind.UNREADABLE)],
)  # fmt: skip
def test_other_mail_is_told_apart(mail: bytes, kind: Kind) -> None:
    assert read_returned(mail).kind is kind


QUOTE = "> Your visit is on Monday.\n> To stop, answer STOP.\n"


@pytest.mark.parametrize(
    "text",
    ["Yes please\n\nOn Mon, 18 Jan 2027 at 10:00, Council\n<council@example.org> wrote:\n" + QUOTE,
     QUOTE + "Yes please\n", "Yes please\n\n-----Original Message-----\nFrom: Council\nTo stop, answer STOP.\n",
     "Yes please\n\nAr Llun 18 Ionawr 2027, ysgrifennodd Cyngor <council@example.org>:\n" + QUOTE,
     "Yes please\r\n\r\n________________________________\r\nFrom: Council\r\nTo stop, answer STOP.\r\n"],
)  # fmt: skip
def test_a_family_s_own_words_stand_without_ours(text: str) -> None:
    assert read_returned(written("anna@example.org", text)).text == "Yes please"


def test_html_alone_and_a_subject_alone_are_read_too() -> None:
    mail = EmailMessage()
    mail["From"], mail["Subject"] = "anna@example.org", "unsubscribe"
    assert read_returned(mail.as_bytes()).text == "unsubscribe"
    mail.set_content("<p>Stop</p><br>Thank&nbsp;you", subtype="html")
    assert read_returned(mail.as_bytes()).text.split() == ["Stop", "Thank", "you"]


@given(st.binary(max_size=600))
def test_any_bytes_are_read(content: bytes) -> None:
    assert read_returned(content).kind in Kind


@given(
    st.integers(0, 5000), st.binary(min_size=1, max_size=8), st.sampled_from([bounce(BOX, REFERENCE), complaint(BOX)])
)
def test_a_damaged_report_is_read_or_left_to_a_person(place: int, noise: bytes, report: bytes) -> None:
    at = place % len(report)
    assert read_returned(report[:at] + noise + report[at + len(noise) :]).kind in Kind
