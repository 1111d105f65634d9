"""Moments of those who get nothing: they wait, expire and count as messages do, so that arms stay alike."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from nudge.store.tables import send_events, sends
from nudge.trial.records.delivery import Status
from nudge.workflow.desk import Desk
from nudge.workflow.dispatching.accounting import account_of
from nudge.workflow.dispatching.launching import pause_trial, resume_trial, stop_trial
from nudge.workflow.dispatching.sending import send_due
from nudge.workflow.dispatching.standing import ledger_of, standing
from nudge.workflow.hearing.replying import opt_out
from tests.support.trials import Bench, family, lock_draw_and_launch, write_trial

DUE = datetime(2027, 1, 18, 10, tzinfo=UTC)  # a Monday
CONTROL = {"control": "true", "receives": "the usual letter"}


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def arms(*sends: str, **message: Any) -> dict[str, Any]:
    return {
        "usual": CONTROL,
        "reminder": {"messages": [{"template": "visit", "send": send, **message} for send in sends]},
    }


def launched(bench: Bench, desk: Desk, name: str = "small", **changes: Any) -> None:
    folder = bench.folder if name == "small" else bench.folder / name
    lock_draw_and_launch(write_trial(folder, trial=name, **changes), desk)


def by_arm(desk: Desk, trial: str = "small") -> dict[str, Counter[str]]:
    with desk.store.begin() as connection:
        rows = connection.execute(sa.select(sends.c.arm, sends.c.status).where(sends.c.trial == trial)).all()
    return {arm: Counter(row.status for row in rows if row.arm == arm) for arm in {row.arm for row in rows}}


def moments(desk: Desk, arm: str) -> set[datetime]:
    """When messages of an arm went, or would have."""
    counted = send_events.c.status.in_([Status.CLAIMED, Status.VIRTUAL])
    with desk.store.begin() as connection:
        query = sa.select(send_events.c.at).join(sends, sends.c.id == send_events.c.send).where(counted)
        return set(connection.scalars(query.where(sends.c.arm == arm)))


def other_families(first: int, number: int = 40) -> list[dict[str, str]]:
    return [family(i, household_ref=f"K{i:04d}", person_ref=f"Q{i:04d}") for i in range(first, first + number)]


def test_on_a_sunday_both_arms_wait_for_monday(bench: Bench) -> None:
    desk = bench.desk()
    launched(bench, desk, arms=arms("8 days before visit at 10:00"))
    bench.clock.advance_to(DUE - timedelta(days=1))
    assert send_due(desk) == {Status.WITHHELD: 40}
    assert by_arm(desk) == {"usual": {Status.WITHHELD: 20}, "reminder": {Status.WITHHELD: 20}}
    monday = DUE.replace(hour=9)
    bench.clock.advance_to(monday)
    assert send_due(desk) == {Status.ACCEPTED: 20}
    assert by_arm(desk) == {"usual": {Status.VIRTUAL: 20}, "reminder": {Status.ACCEPTED: 20}}
    assert moments(desk, "usual") == moments(desk, "reminder") == {monday}


def test_what_cannot_go_in_time_expires_in_both_arms_for_the_same_reason(bench: Bench) -> None:
    desk = bench.desk()
    launched(bench, desk, arms=arms("8 days before visit at 10:00", send_within="12 hours"))
    bench.clock.advance_to(DUE - timedelta(days=1))
    send_due(desk)
    assert by_arm(desk) == {"usual": {Status.EXPIRED: 20}, "reminder": {Status.EXPIRED: 20}}
    with desk.store.begin() as connection:
        assert set(connection.scalars(sa.select(sends.c.reason))) == {
            "outside the hours for messages, and by then it is too late"
        }


def test_another_trial_holds_back_both_arms_alike(bench: Bench) -> None:
    """Every household is in both trials; the second's messages fall into the week of the first's."""
    desk = bench.desk()
    launched(bench, desk, arms=arms("7 days before visit at 10:00"))
    launched(
        bench, desk, "other", rows=other_families(0), arms=arms("4 days before visit at 10:00", send_within="9 days")
    )
    bench.clock.advance_to(DUE)
    send_due(desk)
    bench.clock.advance_to(DUE + timedelta(days=3))
    assert send_due(desk) == {Status.WITHHELD: 40}
    assert by_arm(desk, "other") == {"usual": {Status.WITHHELD: 20}, "reminder": {Status.WITHHELD: 20}}
    bench.clock.advance_to(DUE + timedelta(days=7))
    assert send_due(desk) == {Status.ACCEPTED: 20}
    assert by_arm(desk, "other") == {"usual": {Status.VIRTUAL: 20}, "reminder": {Status.ACCEPTED: 20}}


def test_the_third_message_of_a_month_is_the_last_in_both_arms(bench: Bench) -> None:
    desk = bench.desk()
    weekly = [f"{days} days before visit at 10:00" for days in (28, 21, 14)]
    visit = "2027-02-15"
    launched(bench, desk, arms=arms(*weekly), rows=[family(i, visit=visit) for i in range(40)])
    rows = [row | {"visit": visit} for row in other_families(0)]
    launched(bench, desk, "other", rows=rows, arms=arms("7 days before visit at 10:00"))
    for week in range(4):
        bench.clock.advance_to(DUE + timedelta(weeks=week))
        send_due(desk)
    assert by_arm(desk) == {"usual": {Status.VIRTUAL: 60}, "reminder": {Status.ACCEPTED: 60}}
    assert by_arm(desk, "other") == {"usual": {Status.EXPIRED: 20}, "reminder": {Status.EXPIRED: 20}}


def test_a_washout_holds_back_what_another_trial_has_written_to(bench: Bench) -> None:
    """Twenty of the forty households are in the first trial too; a week apart would be enough without a washout."""
    desk = bench.desk()
    launched(bench, desk, families=20, arms=arms("7 days before visit at 10:00"))
    later = arms("14 days after visit at 10:00")
    launched(bench, desk, "other", rows=other_families(0), arms=later, washout="28 days")
    bench.clock.advance_to(DUE)
    send_due(desk)
    bench.clock.advance_to(DUE + timedelta(days=21))
    send_due(desk)
    states = Counter[str]()
    for of_arm in by_arm(desk, "other").values():
        states += of_arm
    assert states[Status.EXPIRED] == 20
    with desk.store.begin() as connection:
        query = sa.select(sends.c.unit, sends.c.reason).where(
            sends.c.trial == "other", sends.c.status == Status.EXPIRED
        )
        expired = {row.unit: row.reason for row in connection.execute(query)}
    assert set(expired) == {f"K{i:04d}" for i in range(20)}
    assert set(expired.values()) == {
        "another trial has written to the household too recently, and by then it is too late"
    }


def test_two_adults_of_a_household_count_as_one(bench: Bench) -> None:
    """One is written to by text and one by email; neither holds the other back, nor would have."""
    desk = bench.desk()
    rows = [family(i, household_ref=f"H{i // 2:04d}", area="north") for i in range(40)]
    launched(bench, desk, arms=arms("7 days before visit at 10:00"), rows=rows)
    bench.clock.advance_to(DUE)
    assert send_due(desk) == {Status.ACCEPTED: 20}
    assert by_arm(desk) == {"usual": {Status.VIRTUAL: 10}, "reminder": {Status.ACCEPTED: 20}}


def test_in_a_school_one_parent_s_message_holds_back_no_other_parent(bench: Bench) -> None:
    """The limit is the household's: two parents of one school, with days of their own, each get both messages."""
    desk = bench.desk()
    rows = [family(i, household_ref=f"S{i % 8}", area="north", mobile=f"07700900{i:03d}",
                   visit=f"2027-02-{8 + 3 * (i // 8 % 2):02d}") for i in range(40)]  # fmt: skip
    population = {
        "people": "people/small.csv", "id": "person_ref", "unit": "household_ref", "site": "household_ref",
        "columns": {"area": "category", "visit": "date", "refuge": "yes_no"},
        "contact": {"sms": "mobile", "prefer": ["sms"]}, "safe_to_contact": {"sms": "safe_to_text"},
        "exclude": "refuge",
    }  # fmt: skip
    two = arms("14 days before visit at 10:00", "7 days before visit at 10:00")
    launched(bench, desk, rows=rows, arms=two, population=population, randomise={"method": "cluster"},
             analysis={"comparisons": ["reminder - usual"], "average": "cluster"},
             channels={"sms": "outbox"})  # fmt: skip
    for day in range(20):
        bench.clock.advance_to(datetime(2027, 1, 20, 10, tzinfo=UTC) + timedelta(days=day))
        send_due(desk)
    assert by_arm(desk) == {"usual": {Status.VIRTUAL: 40}, "reminder": {Status.ACCEPTED: 40}}
    assert moments(desk, "usual") == moments(desk, "reminder")


def test_a_pause_a_stop_and_an_opt_out_hold_for_both_arms(bench: Bench) -> None:
    desk = bench.desk()
    launched(bench, desk, arms=arms("7 days before visit at 10:00", "1 day after visit at 10:00"))
    assert opt_out(desk, trial="small", unit="H0000") + opt_out(desk, trial="small", unit="H0001") in {0, 2, 4}
    bench.clock.advance_to(DUE)
    pause_trial("small", desk)
    assert send_due(desk) == {}
    assert not moments(desk, "usual"), "while a trial is paused nobody would have been written to"
    resume_trial("small", desk)
    send_due(desk)
    stop_trial("small", desk)
    told = by_arm(desk)
    assert told["usual"].total() == told["reminder"].total() == 40
    ended = sum(states[Status.CANCELLED] for states in told.values())
    assert ended == 38 + 4, "the second messages, and both of the two households that asked for an end"


def test_where_a_trial_stands_and_its_account_tell_them_from_messages(bench: Bench) -> None:
    desk = bench.desk()
    launched(bench, desk, arms=arms("8 days before visit at 10:00"))
    assert standing(desk)[0].ledger == ["20 planned", "20 virtual"]
    bench.clock.advance_to(DUE - timedelta(days=1))
    send_due(desk)
    assert {(count.arm, count.status) for count in ledger_of(desk, "small")} == {
        ("usual", Status.VIRTUAL), ("reminder", Status.WITHHELD),
    }  # fmt: skip
    with desk.store.begin() as connection:
        unit: str = connection.scalars(sa.select(sends.c.unit).where(sends.c.arm == "usual")).first() or ""
    bench.clock.advance_to(DUE.replace(hour=9))
    send_due(desk)
    said = [entry.what for entry in account_of(desk, "small", unit)]
    name = "virtual.1 (nothing to send), planned for 17 January 2027 10:00 UTC"
    assert said == [
        f"{name}: planned written at launch", f"{name}: due",
        f"{name}: withheld outside the hours for messages", f"{name}: due",
        f"{name}: virtual nothing to send; it counts as a message",
    ]  # fmt: skip
