"""The ledger questioned, unknowns settled, harm noticed, staff's work counted."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from nudge.store.audit import actions
from nudge.store.events import open_notices
from nudge.store.tables import outcome_rows, people, sends
from nudge.trial.clock import SystemClock
from nudge.trial.errors import InputError
from nudge.trial.records.delivery import Status
from nudge.workflow.desk import Desk
from nudge.workflow.dispatching.accounting import account_of, finish_task, reconcile, staff_cost, work_list
from nudge.workflow.dispatching.halting import lift_sending
from nudge.workflow.dispatching.sending import send_due
from nudge.workflow.dispatching.watching import watch_harm
from nudge.workflow.hearing.replying import opt_out
from tests.support.provider import provider
from tests.support.trials import Bench, family, lock_draw_and_launch, write_trial

DUE = datetime(2027, 1, 18, 10, tzinfo=UTC)
SEND = "7 days before visit at 10:00"
BOTH = {"usual": {"control": "true", "messages": [{"template": "visit", "send": SEND}]},
        "reminder": {"messages": [{"template": "visit", "send": SEND}]}}  # fmt: skip


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def ready(bench: Bench, desk: Desk, **changes: Any) -> Desk:
    lock_draw_and_launch(write_trial(bench.folder, **changes), desk)
    bench.clock.advance_to(DUE)
    return desk


def states(desk: Desk) -> Counter[str]:
    with desk.store.begin() as connection:
        return Counter(connection.scalars(sa.select(sends.c.status)))


def test_a_family_s_account_tells_everything_in_order(bench: Bench) -> None:
    desk = ready(bench, bench.desk(), arms=BOTH)
    send_due(desk)
    opt_out(desk, trial="small", unit="H0003")
    told = [entry.what for entry in account_of(desk, "small", "H0003")]
    words = [one.rpartition("UTC: ")[2].split()[0] for one in told[:4]]
    assert words == ["planned", "due", "claimed", "accepted"]
    assert told[-1] == "no more messages, by staff (tester)"
    assert not any("example.org" in one or "7700900" in one for one in told)
    with pytest.raises(InputError, match="no unit `H9999` takes part in small"):
        account_of(desk, "small", "H9999")


@pytest.mark.parametrize(("via", "settled"), [("govuk_notify", True), ("twilio_sms", False)])
def test_reconcile_settles_what_was_taken_and_sends_nothing(bench: Bench, via: str, settled: bool) -> None:  # noqa: FBT001 - a column of the table
    """Every answer is lost on the way; Notify is asked by reference, Twilio's list is searched."""
    with provider() as box:
        rows = [family(i, mobile=f"07700900{i:03d}") for i in range(20)]
        desk = ready(bench, bench.desk(**box.settings), rows=rows, arms=BOTH, channels={"sms": via, "email": "outbox"})
        box.misbehave(drop=1)
        assert send_due(desk) == {Status.UNKNOWN: 20}
        box.misbehave()
        first = reconcile(desk)
        # The test's clock stands in 2027 and the provider's does not, so Twilio's list shows nothing of that minute.
        assert first[Status.ACCEPTED] == (20 if settled else 0)
        assert states(desk) == {Status.ACCEPTED if settled else Status.UNKNOWN: 20}
        bench.clock.advance_to(DUE + timedelta(hours=2))
        send_due(desk)
        assert set(box.times.values()) == {1} if settled else len(box.taken) == 20, "nothing went twice"
        if settled:
            assert reconcile(desk)[Status.DELIVERED] == 20 - states(desk)[Status.FAILED]


def test_twilio_s_list_finds_what_went_to_that_number_at_that_minute(tmp_path: Path) -> None:
    """On the real clock, as in life."""
    bench = Bench(tmp_path)
    with provider() as box:
        desk = Desk(
            bench.settings(**box.settings, sending_hours="00:00-24:00", send_every_day=True), SystemClock(),
            bench.desk().seeds,
        )  # fmt: skip
        rows = [family(i, mobile=f"07700900{i:03d}", visit="2099-01-25") for i in range(20)]
        arms = {name: {**arm, "messages": [{"template": "visit", "send": "allocation"}]}  # type: ignore[dict-item]  # plain YAML values
                for name, arm in BOTH.items()}  # fmt: skip
        file = write_trial(tmp_path, rows=rows, arms=arms, channels={"sms": "twilio_sms", "email": "outbox"})
        lock_draw_and_launch(file, desk)
        box.misbehave(drop=0.5, seed=3)
        unknown = send_due(desk)[Status.UNKNOWN]
        box.misbehave()
        assert unknown > 3
        assert reconcile(desk)[Status.ACCEPTED] == unknown
        with desk.store.begin() as connection:
            theirs = list(connection.scalars(sa.select(sends.c.provider_id)))
        assert sorted(theirs) == sorted(message.id for message in box.taken), "each message belongs to one row"


def test_an_arm_with_too_many_opt_outs_is_paused_once_and_people_are_told(bench: Bench) -> None:
    rule = {"opt_out": {"limit": "2%", "after": "20 sends"}}
    desk = ready(bench, bench.desk(), families=80, arms=BOTH, stopping=rule)
    send_due(desk)
    assert watch_harm(desk) == []
    with desk.store.begin() as connection:
        reminded = connection.scalars(sa.select(sends.c.unit).where(sends.c.arm == "reminder").limit(12)).all()
    for unit in reminded:
        opt_out(desk, trial="small", unit=unit)
    (said,) = watch_harm(desk)
    assert "small: arm reminder is paused: 12 of 41 opt_out, at least 11.46%" in said
    assert watch_harm(desk) == []
    with desk.store.begin() as connection:
        assert [row["kind"] for row in open_notices(connection)] == ["harm"]
        assert "Head decides" in open_notices(connection)[0]["text"]
        (row,) = [one for one in actions(connection, "small") if one["action"] == "halt"]
    assert (row["actor"], row["detail"]["arm"], row["detail"]["events"]) == ("harm rule", "reminder", 12)
    lift_sending(desk, "small", "reminder")
    assert watch_harm(desk) == [], "what a person let go is not halted again for the same"


def test_a_harm_outcome_and_failures_pause_too(bench: Bench) -> None:
    complaint = {"role": "harm", "kind": "binary", "better": "lower", "margin": "0.5 points",
                 "source": {"csv_file": "outcomes/complaints.csv", "id": "person_ref", "date": "day",
                            "value": "present", "no_record": "did_not_happen", "covers": "all"},
                 "window": "28 days from first_planned_send"}  # fmt: skip
    from tests.support.trials import trial_values

    outcomes = trial_values()["outcomes"] | {"complaint": complaint}
    rules = {
        "complaint": {"limit": "3 per 1000", "after": "5 events"},
        "failure": {"limit": "20%", "after": "10 sends"},
    }
    desk = ready(bench, bench.desk(), families=80, arms=BOTH, outcomes=outcomes, stopping=rules)
    send_due(desk)
    with desk.store.begin() as connection:
        units = connection.scalars(sa.select(sends.c.unit).where(sends.c.arm == "usual").limit(6)).all()
        theirs = connection.scalars(sa.select(people.c.person).where(people.c.unit.in_(units))).all()
        rows = [
            {"trial": "small", "outcome": "complaint", "person": one, "state": "event", "value": 1.0} for one in theirs
        ]
        connection.execute(outcome_rows.insert(), rows)
        connection.execute(sends.update().where(sends.c.arm == "reminder").values(status=Status.FAILED))
    said = watch_harm(desk)
    assert len(said) == 2
    assert "arm usual is paused: 6 of " in said[0]
    assert "arm reminder is paused: 41 of 41 failure" in said[1]


@pytest.mark.parametrize("measured", [True, False])
def test_a_complaint_that_staff_write_down_counts_with_or_without_an_outcome(bench: Bench, *, measured: bool) -> None:
    from tests.support.trials import trial_values

    complaint = {"role": "harm", "kind": "binary", "better": "lower", "margin": "0.5 points",
                 "source": {"csv_file": "outcomes/complaints.csv", "id": "person_ref", "date": "day",
                            "value": "present", "no_record": "did_not_happen", "covers": "all"},
                 "window": "28 days from first_planned_send"}  # fmt: skip
    outcomes = trial_values()["outcomes"] | ({"complaint": complaint} if measured else {})
    rule = {"complaint": {"limit": "3 per 1000", "after": "3 events"}}
    desk = ready(bench, bench.desk(), families=80, arms=BOTH, outcomes=outcomes, stopping=rule)
    send_due(desk)
    with desk.store.begin() as connection:
        units = connection.scalars(sa.select(sends.c.unit).where(sends.c.arm == "usual").limit(4)).all()
    for unit in units[:2]:
        opt_out(desk, trial="small", unit=unit, complained=True)
    assert watch_harm(desk) == [], "not before three"
    for unit in units[2:]:
        opt_out(desk, trial="small", unit=unit, complained=True)
    (said,) = watch_harm(desk)
    assert "arm usual is paused: 4 of " in said
    assert "complaint" in said


def test_staff_get_a_work_list_and_its_time_is_counted(bench: Bench) -> None:
    from tests.support.trials import trial_values

    call = bench.folder / "message_templates" / "call"
    call.mkdir(parents=True)
    (call / "staff.j2").write_text("---\nsender: Health visitors\n---\nCall about the visit on {{ visit }}.\n")
    population = trial_values()["population"]
    population["contact"] |= {"staff": "landline", "prefer": ["sms", "email", "staff"]}
    population["safe_to_contact"] |= {"staff": "safe_to_call"}
    arms = {
        "usual": {"control": "true", "receives": "the letter"},
        "reminder": {"messages": [{"template": "visit", "send": SEND}]},
        "call": {"messages": [{"template": "call", "send": "7 days before visit at 18:30"}]},
    }
    rows = [family(i, landline=f"01632 960{i:03d}", safe_to_call="yes") for i in range(60)]
    desk = ready(
        bench, bench.desk(), rows=rows, arms=arms, population=population,
        channels={"sms": "outbox", "email": "outbox", "staff": "staff_task"},
        randomise={"method": "complete", "ratio": {"usual": 1, "reminder": 1, "call": 1}},
        costs={"currency": "GBP", "prices": "2027", "sms": "0.04", "staff_hour": "30.00"},
        analysis={"comparisons": ["reminder - usual", "call - usual"]},
    )  # fmt: skip
    bench.clock.advance_to(DUE.replace(hour=18, minute=30))
    send_due(desk)
    tasks = work_list(desk, "small")
    assert len(tasks) == 20
    assert tasks[0].script == "Call about the visit on Monday 25 January."
    finish_task(desk, tasks[0].id, "done", 12)
    finish_task(desk, tasks[1].id, "not reached", 3)
    assert len(work_list(desk, None)) == 18
    assert staff_cost(desk, "small") == {"call": (15.0, 7.5)}, "a quarter of an hour at 30.00"
    with desk.store.begin() as connection:
        query = sa.select(sends.c.status).where(sends.c.id.in_([tasks[0].id, tasks[1].id]))
        assert sorted(connection.scalars(query)) == [Status.DELIVERED, Status.FAILED]
    with pytest.raises(InputError, match="no open task is called"):
        finish_task(desk, tasks[0].id, "done", 1)
