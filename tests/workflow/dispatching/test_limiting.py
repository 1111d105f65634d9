"""Limits at work: the night, the household's share, the halt, the shared rate."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from nudge.store.audit import actions
from nudge.store.rates import hold_sender, reserve
from nudge.store.tables import opt_outs, send_events, sends
from nudge.trial.errors import InputError, Refused
from nudge.trial.records.delivery import Reply, SendResult, Status
from nudge.workflow.desk import Desk
from nudge.workflow.dispatching.halting import halt_sending, lift_sending
from nudge.workflow.dispatching.sending import StoreLedger, send_due
from nudge.workflow.dispatching.standing import standing
from tests.support.trials import Bench, family, lock_draw_and_launch, write_trial

DUE = datetime(2027, 1, 18, 10, tzinfo=UTC)  # a Monday
SEND = "7 days before visit at 10:00"
BOTH: dict[str, Any] = {"usual": {"control": "true", "messages": [{"template": "visit", "send": SEND}]},
        "reminder": {"messages": [{"template": "visit", "send": SEND}]}}  # fmt: skip


pytestmark = pytest.mark.usefixtures("each_database")


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def launched(desk: Desk, folder: Path, **changes: Any) -> None:
    lock_draw_and_launch(write_trial(folder, **changes), desk)


def states(desk: Desk, trial: str = "small") -> Counter[str]:
    with desk.store.begin() as connection:
        return Counter(connection.scalars(sa.select(sends.c.status).where(sends.c.trial == trial)))


def at_night(send: str) -> dict[str, Any]:
    arms = {**BOTH, "reminder": {"messages": [{"template": "visit", "send": send}]}}
    return {name: {**arm, "messages": [{"template": "visit", "send": send}]} for name, arm in arms.items()}


def test_what_falls_into_the_night_waits_for_the_morning(bench: Bench) -> None:
    desk = bench.desk()
    launched(desk, bench.folder, arms=at_night("180 hours after allocation"))  # 21:00 on the day of the others
    bench.clock.advance_to(DUE.replace(hour=21))
    assert send_due(desk) == {Status.WITHHELD: 40}
    bench.clock.advance_to(DUE.replace(hour=23))
    assert send_due(desk) == {}, "until its moment nothing is tried again"
    bench.clock.advance_to(DUE.replace(day=19, hour=9))
    assert send_due(desk) == {Status.ACCEPTED: 40}


def test_on_a_bank_holiday_of_the_nation_it_expires_where_time_runs_out(bench: Bench) -> None:
    desk = bench.desk()
    rows = [family(i, visit="2027-04-02") for i in range(20)]
    arms = at_night("7 days before visit at 10:00")  # Good Friday
    for arm in arms.values():
        arm["messages"][0]["send_within"] = "12 hours"
    launched(desk, bench.folder, rows=rows, arms=arms)
    bench.clock.advance_to(datetime(2027, 3, 26, 10, tzinfo=UTC))
    assert send_due(desk) == {Status.EXPIRED: 20}
    with desk.store.begin() as connection:
        reasons = set(connection.scalars(sa.select(sends.c.reason).where(sends.c.status == Status.EXPIRED)))
    assert reasons == {"outside the hours for messages, and by then it is too late"}


def test_a_household_has_its_share_over_all_trials(bench: Bench) -> None:
    """Ten of the twenty households of the second trial are in the first, known by the same numbers."""
    desk = bench.desk()
    launched(desk, bench.folder, families=20, arms=BOTH)
    rows = [family(i, household_ref=f"K{i:04d}", person_ref=f"Q{i:04d}") for i in range(10, 30)]
    launched(desk, bench.folder / "other", rows=rows, trial="other", arms=BOTH)
    bench.clock.advance_to(DUE)
    assert send_due(desk)[Status.ACCEPTED] == 30
    # Within one batch too; and a week later would be beyond the two days of `send_within`.
    assert sum(states(desk, name)[Status.EXPIRED] for name in ("small", "other")) == 10
    with desk.store.begin() as connection:
        reasons = set(connection.scalars(sa.select(sends.c.reason).where(sends.c.status == Status.EXPIRED)))
    assert reasons == {"the household has had its share of messages, and by then it is too late"}


def test_a_virtual_send_counts_so_that_arms_stay_alike(bench: Bench) -> None:
    """The control arm of the first trial got nothing, and waits as long as the other."""
    desk = bench.desk()
    launched(desk, bench.folder)
    later = {name: {**arm, "messages": [{"template": "visit", "send": "5 days before visit at 10:00"}]}
             for name, arm in BOTH.items()}  # fmt: skip
    rows = [family(i, household_ref=f"K{i:04d}", person_ref=f"Q{i:04d}") for i in range(40)]
    launched(desk, bench.folder / "other", rows=rows, trial="other", arms=later)
    bench.clock.advance_to(DUE)
    assert send_due(desk) == {Status.ACCEPTED: 20}
    assert states(desk) == {Status.ACCEPTED: 20, Status.VIRTUAL: 20}
    bench.clock.advance_to(DUE + timedelta(days=2))
    send_due(desk)
    assert states(desk, "other")[Status.ACCEPTED] == 0, "in neither arm"


def test_two_adults_of_a_household_get_the_same_message(bench: Bench) -> None:
    desk = bench.desk()
    rows = [family(i, household_ref=f"H{i // 2:04d}", area="north") for i in range(40)]
    launched(desk, bench.folder, rows=rows, arms=BOTH)
    bench.clock.advance_to(DUE)
    assert send_due(desk) == {Status.ACCEPTED: 40}


def test_a_halt_takes_effect_before_the_next_group_and_is_in_the_diary(bench: Bench) -> None:
    desk = bench.desk(intent_group=4)
    launched(desk, bench.folder, arms=BOTH)
    bench.clock.advance_to(DUE)
    halted: list[str] = []

    def stop_everything(_: int) -> None:
        if not halted:
            halt_sending(desk, "", "", "a wrong link")
            halted.append("now")

    assert send_due(desk, stop_everything)[Status.ACCEPTED] <= 8
    assert send_due(desk) == {}
    lift_sending(desk, "", "")
    send_due(desk)
    assert states(desk) == {Status.ACCEPTED: 40}
    with desk.store.begin() as connection:
        assert [row["action"] for row in actions(connection, "")] == ["halt", "lift halt"]


def test_one_arm_can_be_halted_alone(bench: Bench) -> None:
    desk = bench.desk()
    launched(desk, bench.folder, arms=BOTH)
    bench.clock.advance_to(DUE)
    halt_sending(desk, "small", "reminder", "complaints")
    assert send_due(desk) == {Status.ACCEPTED: 20}
    with desk.store.begin() as connection:
        arms = set(connection.scalars(sa.select(sends.c.arm).where(sends.c.status == Status.ACCEPTED)))
    assert arms == {"usual"}


def test_where_a_trial_stands_tells_what_is_held_back(bench: Bench) -> None:
    desk = bench.desk()
    launched(desk, bench.folder, arms=BOTH)
    halt_sending(desk, "small", "reminder", "complaints")
    halt_sending(desk, "", "", "a wrong link")
    assert standing(desk)[0].halted == [
        "reminder is held back since 11 January 2027 09:00 UTC, by tester: complaints",
        "everything is held back since 11 January 2027 09:00 UTC, by tester: a wrong link",
    ]
    lift_sending(desk, "small", "reminder")
    lift_sending(desk, "", "")
    assert standing(desk)[0].halted == []


def test_while_all_is_halted_nobody_is_told_to_send(bench: Bench) -> None:
    desk = bench.desk()
    launched(desk, bench.folder, arms=BOTH)
    sending = "nudge send FILE --live, or nudge serve"
    mended = "once what led to the halt is mended"
    assert standing(desk)[0].next_command == sending
    halt_sending(desk, "small", "reminder", "complaints")
    assert standing(desk)[0].next_command == sending, "the other arm still goes"
    halt_sending(desk, "small", "usual", "complaints")
    assert standing(desk)[0].next_command == f"nudge halt small --arm reminder --lift, {mended}"
    assert standing(desk)[0].next_due is None
    lift_sending(desk, "small", "reminder")
    halt_sending(desk, "", "", "a wrong link")
    lift_sending(desk, "small", "usual")
    assert standing(desk)[0].next_command == f"nudge halt --lift, {mended}"


def test_a_halt_needs_a_reason_and_something_to_halt(bench: Bench) -> None:
    desk = bench.desk()
    launched(desk, bench.folder)
    with pytest.raises(InputError, match="a halt needs its reason"):
        halt_sending(desk, "", "", " ")
    with pytest.raises(InputError, match="small has no arm `reminders`; name one of"):
        halt_sending(desk, "small", "reminders", "why")
    with pytest.raises(Refused, match="no such halt is in force"):
        lift_sending(desk, "small", "")


def test_a_rate_is_shared_by_all_and_a_provider_s_wait_is_kept(bench: Bench) -> None:
    desk = bench.desk()
    with desk.store.begin() as connection:
        rates = {"twilio_sms": 10.0}
        waits = [reserve(connection, {"twilio_sms": 16}, rates, DUE) for _ in range(3)]
        assert waits == pytest.approx([0, 1.6, 3.2])
        assert reserve(connection, {"smtp": 16}, rates, DUE) == 0
        hold_sender(connection, "smtp", DUE + timedelta(seconds=90))
        hold_sender(connection, "smtp", DUE)
        assert reserve(connection, {"smtp": 1}, rates, DUE) == 90


def test_what_only_the_provider_knew_and_codes_of_no_table_are_heeded(bench: Bench) -> None:
    desk = bench.desk()
    launched(desk, bench.folder, arms=BOTH)
    bench.clock.advance_to(DUE)
    book = StoreLedger(desk)
    first, second = book.open_rows()[0][:2]
    with desk.store.begin() as connection:
        from nudge.delivery.rules import after_try
        from nudge.store.changes import change
        from nudge.store.events import open_notices

        for row in (first, second):
            change(connection, sends.c.id == row.id, Status.CLAIMED, DUE, holder=book.holder)
    said = [(first, SendResult(Reply.REJECTED, "21610", opted_out=True)),
            (second, SendResult(Reply.REJECTED, "99999", recognised=False))]  # fmt: skip
    book.commit([(row, result, after_try(result, 1, DUE, row.not_after)) for row, result in said], [])
    with desk.store.begin() as connection:
        assert connection.execute(sa.select(opt_outs.c.unit, opt_outs.c.how)).all() == [(first.unit, "provider")]
        assert "refused" in open_notices(connection)[0]["text"]
        query = sa.select(send_events.c.status).where(send_events.c.send == first.id).order_by(send_events.c.id.desc())
        assert connection.scalar(query) == Status.REJECTED
