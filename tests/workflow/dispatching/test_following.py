"""Messages that follow others, and only where no answer has come: from the file to what a family gets."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from nudge.store.tables import sends
from nudge.trial.records.delivery import DueSend, Status
from nudge.workflow.checking.examine import examine
from nudge.workflow.desk import Desk
from nudge.workflow.dispatching.sending import Preparer, StoreLedger, build_dispatcher, send_due
from nudge.workflow.hearing.receiving import receive, twilio_inbound
from nudge.workflow.writing.rehearsing import rehearse
from tests.support.trials import Bench, family, lock_draw_and_launch, write_trial

FIRST = datetime(2027, 1, 18, 10, tzinfo=UTC)  # a Monday
SECOND = FIRST + timedelta(days=7)
REPLIES = {"coming": ["YES"], "not_coming": ["NO"]}


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def sequel(condition: str) -> dict[str, Any]:
    first = {"name": "first", "template": "visit", "send": "7 days before visit at 10:00"}
    second = {"template": "visit", "send": "7 days after first at 10:00", "only_if": condition}
    return {"usual": {"control": "true", "receives": "the usual letter"}, "reminder": {"messages": [first, second]}}


def after_the_first(bench: Bench, condition: str, **changes: Any) -> Desk:
    desk = bench.desk()
    rows = changes.pop("rows", None) or [family(i, mobile=f"07700900{i:03d}") for i in range(40)]
    file = write_trial(bench.folder, rows=rows, arms=sequel(condition), replies=REPLIES, **changes)
    lock_draw_and_launch(file, desk)
    bench.clock.advance_to(FIRST)
    send_due(desk)
    return desk


def write_back(desk: Desk, unit: str, text: str) -> None:
    number = f"+447700900{int(unit[1:]):03d}"
    receive(desk, twilio_inbound({"From": number, "Body": text, "MessageSid": f"SM{unit}{text}"}))


def written_to(desk: Desk) -> list[str]:
    with desk.store.begin() as connection:
        query = sa.select(sends.c.unit).where(sends.c.status == Status.ACCEPTED).distinct().order_by(sends.c.unit)
        return list(connection.scalars(query))


def reasons(desk: Desk) -> Counter[str]:
    with desk.store.begin() as connection:
        return Counter(connection.scalars(sa.select(sends.c.reason).where(sends.c.status == Status.CANCELLED)))


def test_who_has_answered_gets_no_second_message_and_everyone_else_does(bench: Bench) -> None:
    desk = after_the_first(bench, "not answered")
    families = written_to(desk)
    write_back(desk, families[0], "YES")
    write_back(desk, families[1], "Which entrance is it?")
    bench.clock.advance_to(SECOND)
    assert send_due(desk) == {Status.ACCEPTED: 18, Status.CANCELLED: 2}
    assert reasons(desk) == {"the family has answered": 2}


@pytest.mark.parametrize(
    ("condition", "accepted", "reason"),
    [("not answered coming", 19, "the family has answered `coming`"),
     ("answered not_coming", 1, "the family has not answered `not_coming`"),
     ("answered", 2, "the family has not answered")],
)  # fmt: skip
def test_an_answer_counts_by_its_meaning(bench: Bench, condition: str, accepted: int, reason: str) -> None:
    desk = after_the_first(bench, condition)
    families = written_to(desk)
    write_back(desk, families[0], "Yes!")
    write_back(desk, families[1], "no thanks")
    bench.clock.advance_to(SECOND)
    assert send_due(desk)[Status.ACCEPTED] == accepted
    assert reasons(desk) == {reason: 20 - accepted}


def test_one_adult_answers_for_the_household(bench: Bench) -> None:
    rows = [family(i, household_ref=f"H{i // 2:04d}", area="north", mobile=f"07700900{i:03d}") for i in range(40)]
    desk = after_the_first(bench, "not answered", rows=rows)
    with desk.store.begin() as connection:
        person, unit = connection.execute(
            sa.select(sends.c.person, sends.c.unit).where(sends.c.status == Status.ACCEPTED).order_by(sends.c.id)
        ).first() or ("", "")
    write_back(desk, person, "YES")
    bench.clock.advance_to(SECOND)
    assert send_due(desk) == {Status.ACCEPTED: 18, Status.CANCELLED: 2}
    with desk.store.begin() as connection:
        query = sa.select(sends.c.unit).where(sends.c.status == Status.CANCELLED).distinct()
        assert set(connection.scalars(query)) == {unit}


def test_in_a_school_one_parent_answers_for_nobody_else(bench: Bench) -> None:
    rows = [family(i, household_ref=f"S{i % 8}", area="north", mobile=f"07700900{i:03d}") for i in range(40)]
    population = {
        "people": "people/small.csv", "id": "person_ref", "unit": "household_ref", "site": "household_ref",
        "columns": {"area": "category", "visit": "date", "refuge": "yes_no"},
        "contact": {"sms": "mobile", "prefer": ["sms"]}, "safe_to_contact": {"sms": "safe_to_text"},
        "exclude": "refuge",
    }  # fmt: skip
    plan = {"comparisons": ["reminder - usual"], "average": "cluster"}
    desk = after_the_first(
        bench, "not answered", rows=rows, population=population, randomise={"method": "cluster"}, analysis=plan,
        channels={"sms": "outbox"},
    )  # fmt: skip
    with desk.store.begin() as connection:
        query = sa.select(sends.c.person).where(sends.c.status == Status.ACCEPTED).order_by(sends.c.id)
        person: str = connection.execute(query).scalars().first() or ""
    write_back(desk, person, "YES")
    bench.clock.advance_to(SECOND)
    assert send_due(desk) == {Status.ACCEPTED: 19, Status.CANCELLED: 1}


def test_an_answer_that_comes_when_the_row_is_due_already_still_counts(bench: Bench) -> None:
    """Between the reading of a batch and its turn lie minutes where a provider is slow: the claim asks again."""
    desk = after_the_first(bench, "not answered")
    families = written_to(desk)
    bench.clock.advance_to(SECOND)
    dispatcher, book = build_dispatcher(desk)
    rows, _ = book.open_rows()
    prepared = [Preparer(desk, dispatcher.channels)(row, SECOND) for row in rows]
    write_back(desk, families[0], "YES")
    settled = book.commit([], prepared)
    assert [one.due.unit for one in settled if one.step is not None] == [families[0]]
    assert sum(one.step is None for one in settled) == 19


def test_the_condition_leaves_plan_and_windows_as_they_are(bench: Bench) -> None:
    """An answer changes what a family gets, never when its outcome counts, nor the moments of the other arm."""
    desk = after_the_first(bench, "not answered")
    for unit in written_to(desk):
        write_back(desk, unit, "YES")
    bench.clock.advance_to(SECOND)
    assert send_due(desk) == {Status.CANCELLED: 20}
    with desk.store.begin() as connection:
        query = sa.select(sends.c.status).where(sends.c.arm == "usual", sends.c.planned_at == SECOND)
        assert Counter(connection.scalars(query)) == {Status.VIRTUAL: 20}


def test_a_rehearsal_a_preview_and_a_check_know_both_messages(bench: Bench) -> None:
    file = write_trial(bench.folder, arms=sequel("not answered"), replies=REPLIES)
    told = rehearse(file, bench.desk())
    assert told["messages"] == {"reminder": 80}
    assert (told["first_due"], told["last_due"]) == (FIRST, SECOND)
    assert [str(one) for one in examine(file, bench.clock.now()).problems if "window" in one.path] == []


def test_a_blank_date_is_named_through_the_message_that_is_followed(bench: Bench) -> None:
    rows = [family(i, visit="" if i == 3 else "2027-01-25") for i in range(40)]
    file = write_trial(bench.folder, rows=rows, arms=sequel("not answered"), replies=REPLIES)
    said = [problem.what for problem in examine(file, bench.clock.now()).problems if problem.path.endswith("send")]
    assert said == ["1 units have no `visit`, so no time to send can be worked out"] * 2


def test_a_window_that_closes_before_the_last_planned_send_is_told(bench: Bench) -> None:
    file = write_trial(bench.folder, arms=sequel("not answered"), replies=REPLIES)
    file.write_text(file.read_text().replace("28 days from first", "5 days from first"))
    said = [problem.what for problem in examine(file, bench.clock.now()).problems if "window" in problem.path]
    assert said == ["40 units have a window that closes before their last planned send"]


def test_a_virtual_row_is_told_from_a_message(bench: Bench) -> None:
    desk = after_the_first(bench, "not answered")
    bench.clock.advance_to(SECOND)
    rows: list[DueSend] = StoreLedger(desk).open_rows()[0]
    assert not any(row.virtual for row in rows), "virtual rows have had their moment and never reach a channel"
