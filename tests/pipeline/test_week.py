"""A week of a trial by text, email and calls, as ten families met it.

The week has everything a calendar can do: Good Friday and Easter Monday of 2027 (gov.uk/bank-holidays), a
Sunday on which the clocks go forward (28 March, 01:00 UTC), and between them one working Saturday. The
stand-ins for Twilio and for an SMTP server keep records of their own; families write back, ask for an end,
cannot be reached, get new numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from nudge.store.ledger import next_due
from nudge.store.tables import allocations, sends
from nudge.trial.clock import SimulatedClock
from nudge.workflow.allocating.correcting import update_contacts
from nudge.workflow.desk import Desk
from nudge.workflow.dispatching.accounting import account_of, finish_task, reconcile, staff_cost, work_list
from nudge.workflow.dispatching.sending import send_due
from nudge.workflow.hearing.receiving import receive, twilio_inbound
from nudge.workflow.hearing.replying import inbox, raise_alerts
from tests.support.provider import Running, provider
from tests.support.smtp import Mailbox, smtp_server
from tests.support.trials import Bench, family, lock_draw_and_launch, write_rows, write_trial

LONDON = ZoneInfo("Europe/London")
NEW = "07700900199"
MONDAY = datetime(2027, 3, 22, 9, tzinfo=UTC)
ARMS = {
    "usual": {"control": "true", "receives": "the usual letter"},
    "text": {"messages": [
        {"name": "first", "template": "text", "by": "sms", "send": "2027-03-23 at 10:00"},
        {"template": "again", "by": "sms", "send": "7 days after first at 10:00", "only_if": "not answered"},
    ]},
    "mail": {"messages": [
        {"template": "mail", "by": "email", "send": "3 days before visit at 18:59", "send_within": "5 days"},
    ]},
    "call": {"messages": [{"template": "call", "send": "2027-03-24 at 09:30", "send_within": "5 days"}],
             "dose": "one call"},
}  # fmt: skip
AGAIN = "Council: did you come? STOP to end."
WORDS = {
    "text/sms.j2": "---\nsender: Council\n---\nCouncil: reply YES if you come on {{ visit }}, STOP to end.\n",
    "again/sms.j2": "---\nsender: Council\n---\n" + AGAIN + "\n",
    "mail/email.j2": "---\nsender: Council <council@example.org>\nsubject: Your visit\n---\nIt is on {{ visit }}.\n\n"
    "To stop, call 01632 960123.\n",
    "call/staff.j2": "---\nsender: Duty team\n---\nRing about the visit on {{ visit }}.\n",
}
POPULATION = {
    "people": "people/small.csv", "id": "person_ref", "unit": "household_ref",
    "columns": {"area": "category", "visit": "date", "refuge": "yes_no"},
    "contact": {"sms": "mobile", "email": "email", "staff": "landline", "prefer": ["sms", "email", "staff"]},
    "safe_to_contact": {"sms": "safe_to_text", "email": "safe_to_email", "staff": "safe_to_text"}, "exclude": "refuge",
}  # fmt: skip


@dataclass
class Week:
    """The trial, its clock, and what the providers took."""

    bench: Bench
    desk: Desk
    box: Running
    mailbox: Mailbox
    file: Path
    rows: list[dict[str, str]]
    arm_of: dict[str, str] = field(default_factory=dict)

    def of(self, arm: str) -> list[str]:
        """The families of an arm, in order."""
        return sorted(unit for unit, theirs in self.arm_of.items() if theirs == arm)

    def go_to(self, day: int, hour: int, minute: int = 0) -> None:
        """To that moment (UTC) of March, and to every moment before it at which something is due."""
        moment = datetime(2027, 3, day, hour, minute, tzinfo=UTC)
        while self.bench.clock.now() < moment:
            with self.desk.store.begin() as connection:
                due = next_due(connection)
            self.bench.clock.advance_to(min(max(due or moment, self.bench.clock.now()), moment))
            send_due(self.desk)
        raise_alerts(self.desk)

    def write_back(self, unit: str, text: str) -> str:
        """A family answers its text; returns what it was answered."""
        form = {"From": number_of(unit), "Body": text, "MessageSid": f"SM-{unit}-{text}"}
        return receive(self.desk, twilio_inbound(form)).answer

    def told(self, unit: str) -> list[str]:
        """What the ledger tells of a family, with the time on its own clock."""
        entries = account_of(self.desk, "small", unit)
        return [f"{entry.at.astimezone(LONDON):%a %d %H:%M} {entry.what}" for entry in entries]

    def texts(self, unit: str) -> list[str]:
        """What went to a family's number, by Twilio's record."""
        return [message.body for message in self.box.taken if message.recipient == number_of(unit)]

    def mails(self, unit: str) -> int:
        """How many emails the server took for a family."""
        return sum(f"family{int(unit[1:])}@" in str(message["To"]) for message in self.mailbox.taken)

    def ends(self, unit: str) -> dict[str, str]:
        """Where each of a family's messages stands, and why it did not go."""
        with self.desk.store.begin() as connection:
            query = sa.select(sends.c.message, sends.c.status, sends.c.reason).where(sends.c.unit == unit)
            rows = connection.execute(query).all()
        told = {"accepted", "delivered", "failed", "virtual"}
        return {row.message: row.status if row.status in told else f"{row.status}: {row.reason}" for row in rows}


def number_of(unit: str) -> str:
    return f"+447700900{int(unit[1:]):03d}"


@pytest.fixture
def week(tmp_path: Path) -> Iterator[Week]:
    """Locked, drawn, signed and launched on the Monday."""
    with smtp_server() as mailbox, provider() as box:
        bench = Bench(tmp_path, SimulatedClock(MONDAY))
        desk = bench.desk(**box.settings, smtp_url=mailbox.url, public_url="http://127.0.0.1:9")
        rows = [family(i, mobile=f"07700900{i:03d}", landline=f"01632 960{i:03d}", visit="2027-03-28" if i % 2 else
                       "2027-03-29") for i in range(100, 148)]  # fmt: skip
        rates = {"method": "blocked", "blocks": ["area"], "ratio": dict.fromkeys(ARMS, 1)}
        file = write_trial(
            tmp_path, rows=rows, arms=ARMS, population=POPULATION, randomise=rates, replies={"coming": ["YES"]},
            channels={"sms": "twilio_sms", "email": "smtp", "staff": "staff_task"},
            analysis={"comparisons": ["text - usual", "mail - usual", "call - usual"]},
            costs={"currency": "GBP", "prices": "2027", "sms": "0.04", "staff_hour": "24"},
        )  # fmt: skip
        for name, words in WORDS.items():
            template = tmp_path / "message_templates" / name
            template.parent.mkdir(parents=True, exist_ok=True)
            template.write_text(words)
        lock_draw_and_launch(file, desk)
        with desk.store.begin() as connection:
            arm_of = {row.unit: row.arm for row in connection.execute(sa.select(allocations))}
        yield Week(bench, desk, box, mailbox, file, rows, arm_of)


@dataclass(frozen=True)
class Families:
    """Those whose week is told, and everyone whose email is planned for the Thursday."""

    plain: str
    coming: str
    ended: str
    worried: str
    moved: str
    mailed: str
    bounced: str
    lost: str
    rung: str
    missed: str
    nothing: str
    mailed_on_thursday: list[str]


def families_of(week: Week) -> Families:
    plain, coming, ended, worried, moved, *_ = week.of("text")
    mailed_on_thursday = [unit for unit in week.of("mail") if int(unit[1:]) % 2]
    bounced, mailed, *_ = mailed_on_thursday
    lost = next(unit for unit in week.of("mail") if unit not in mailed_on_thursday)
    rung, missed, *_ = week.of("call")
    return Families(
        plain, coming, ended, worried, moved, mailed, bounced, lost, rung, missed, week.of("usual")[0],
        mailed_on_thursday,
    )  # fmt: skip


def until_thursday(week: Week, them: Families) -> None:
    # Tuesday: the provider is overrun at ten; everyone is written to a minute later, once.
    week.box.misbehave(too_many=1.0, retry_after=60)
    week.go_to(23, 10)
    assert week.box.taken == []
    week.box.misbehave()
    week.go_to(23, 11)
    assert [len(week.texts(unit)) for unit in week.of("text")] == [1] * 12
    assert week.write_back(them.coming, "Yes") == ""
    end = week.write_back(them.ended, "Stop. Thank you")
    assert end == "You will get no more of these messages. Reply START if you change your mind."

    # Wednesday: calls stand on the work list at half past nine; one family has a new number.
    week.go_to(24, 9, 30)
    tasks = {task.unit: task for task in work_list(week.desk, "small")}
    assert sorted(tasks) == week.of("call")
    assert tasks[them.rung].script.startswith("Ring about the visit on ")
    finish_task(week.desk, tasks[them.rung].id, "done", 12)
    finish_task(week.desk, tasks[them.missed].id, "not reached", 3)
    newer = week.bench.folder / "newer.csv"
    write_rows(newer, [row | {"mobile": NEW} if row["household_ref"] == them.moved else row for row in week.rows])
    assert update_contacts(week.file, newer, week.desk).changed == 1

    # Thursday, a minute before seven: half of the emails; the server knows nobody of one address.
    week.mailbox.refuse[f"family{int(them.bounced[1:])}@example.org"] = "550 5.1.1 no such user"
    week.go_to(25, 18, 59)
    assert {unit for unit in week.of("mail") if week.mails(unit)} == {*them.mailed_on_thursday} - {them.bounced}


def over_easter(week: Week, them: Families) -> None:
    # Good Friday: nobody is written to, and a reply in the evening is answered at once. Saturday at nine the rest
    # of the emails go, over a connection that breaks after the server took them.
    week.go_to(26, 20)
    answer = week.write_back(them.worried, "I am scared of him")
    assert "999" in answer
    assert "111" in answer
    assert len(week.mailbox.taken) == len(them.mailed_on_thursday) - 1
    week.mailbox.drop_after_data = True
    week.go_to(27, 9)
    week.mailbox.drop_after_data = False
    assert [week.mails(unit) for unit in week.of("mail")] == [int(unit != them.bounced) for unit in week.of("mail")]

    # Sunday, on which the clocks go forward, and Easter Monday: nothing goes to anyone.
    before = len(week.box.taken), len(week.mailbox.taken)
    week.go_to(30, 8, 59)
    assert (len(week.box.taken), len(week.mailbox.taken)) == before

    # Tuesday at ten by the new clock, a week after the first text: a second where nobody has answered.
    week.go_to(30, 9)
    reconcile(week.desk)


def test_ten_families_through_a_week(week: Week) -> None:
    them = families_of(week)
    until_thursday(week, them)
    over_easter(week, them)
    assert week.texts(them.plain) == ["Council: reply YES if you come on Monday 29 March, STOP to end.", AGAIN]
    assert [len(week.texts(unit)) for unit in (them.coming, them.ended, them.worried, them.moved)] == [1] * 4
    assert [message.body for message in week.box.taken if message.recipient == "+44" + NEW[1:]] == [AGAIN]
    assert len(week.mailbox.taken) == len(week.of("mail")) - 1, "what may have gone once never goes again"
    assert week.ends(them.plain) == {"text.1": "delivered", "text.2": "accepted"}
    assert week.ends(them.coming) == {"text.1": "delivered", "text.2": "cancelled: the family has answered"}
    assert week.ends(them.ended)["text.2"] == "cancelled: the family asked for no more messages"
    assert week.ends(them.worried)["text.2"] == "cancelled: the family has answered"
    assert week.ends(them.moved) == week.ends(them.plain)
    assert week.ends(them.mailed) == {"mail.1": "accepted"}
    assert week.ends(them.bounced) == {"mail.1": "rejected: 550 5.1.1 no such user"}
    assert week.ends(them.lost)["mail.1"].startswith("unknown: the connection ended while the message was handed")
    assert (week.ends(them.rung), week.ends(them.missed)) == ({"call.1": "delivered"}, {"call.1": "failed"})
    assert set(week.ends(them.nothing).values()) == {"virtual"}, "and the control family's moments were counted"
    waited = 2 * (int(them.nothing[1:]) % 2 == 0)
    assert len(week.told(them.nothing)) == 3 * 4 + waited, "a moment on Good Friday waited for Saturday"
    assert staff_cost(week.desk, "small")["call"] == (15, 6.0)
    urgent, *_ = inbox(week.desk, "small")[0]
    assert (urgent.unit, urgent.text) == (them.worried, "I am scared of him")
    for name, unit in asdict(them).items():
        if isinstance(unit, str):
            print(f"\n{name}: {unit} ({week.arm_of[unit]})", *week.told(unit), sep="\n  ")  # noqa: T201 - for `pytest -s`
