"""What is on its way when a family asks for an end: taken back where the way of sending can."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from nudge.store.tables import provider_events, sends
from nudge.trial.records.delivery import Status
from nudge.workflow.desk import Desk
from nudge.workflow.dispatching.accounting import account_of, work_list
from nudge.workflow.dispatching.launching import stop_trial
from nudge.workflow.dispatching.recalling import take_back
from nudge.workflow.dispatching.sending import send_due
from nudge.workflow.dispatching.watching import watch_harm
from nudge.workflow.hearing.receiving import apply_waiting
from nudge.workflow.hearing.replying import opt_out
from tests.support.provider import provider
from tests.support.trials import Bench, family, lock_draw_and_launch, trial_values, write_trial

DUE = datetime(2027, 1, 18, 10, tzinfo=UTC)
SEND = "7 days before visit at 10:00"
BOTH = {"usual": {"control": "true", "messages": [{"template": "visit", "send": SEND}]},
        "reminder": {"messages": [{"template": "visit", "send": SEND}]}}  # fmt: skip
ROWS = [family(i, mobile=f"07700900{i:03d}") for i in range(20, 40)]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def ready(bench: Bench, desk: Desk, via: str, **changes: Any) -> Desk:
    values: dict[str, Any] = {"rows": ROWS, "arms": BOTH, "channels": {"sms": via, "email": "outbox"}}
    lock_draw_and_launch(write_trial(bench.folder, **(values | changes)), desk)
    bench.clock.advance_to(DUE)
    send_due(desk)
    return desk


def states(desk: Desk) -> Counter[str]:
    with desk.store.begin() as connection:
        return Counter(connection.scalars(sa.select(sends.c.status)))


def test_twilio_gives_back_what_has_not_left_it_and_is_asked_once(bench: Bench) -> None:
    with provider() as box:
        box.misbehave(callback_delay=60)
        desk = ready(
            bench, bench.desk(**box.settings), "twilio_sms", stopping={"failure": {"limit": "1%", "after": "1 send"}}
        )
        assert take_back(desk) == 0, "nobody asked for an end"
        opt_out(desk, trial="small", unit="H0025")
        assert take_back(desk) == 1
        assert [one.recipient for one in box.taken if one.status == "canceled"] == ["+447700900025"]
        assert take_back(desk) == 0
    assert states(desk) == {Status.ACCEPTED: 19, Status.FAILED: 1}
    told = [one.what for one in account_of(desk, "small", "H0025")]
    assert "twilio_sms was asked to take it back: it will not arrive" in told
    assert any(one.endswith("failed taken back before it arrived") for one in told)
    assert watch_harm(desk) == [], "what we took back is no failure of the arm"


def test_what_has_left_twilio_arrives_and_the_account_says_it_was_too_late(bench: Bench) -> None:
    with provider() as box:
        desk = ready(bench, bench.desk(**box.settings), "twilio_sms")
        for message in box.taken:
            box.ledger.set_status(message.id, "sent")
        opt_out(desk, trial="small", unit="H0025")
        assert take_back(desk) == 0
    assert states(desk) == {Status.ACCEPTED: 20}
    told = [one.what for one in account_of(desk, "small", "H0025")]
    assert "twilio_sms was asked to take it back: it was too late" in told


def test_a_stopped_trial_is_taken_back_whole_and_notify_is_never_asked(bench: Bench) -> None:
    with provider() as box:
        desk = ready(bench, bench.desk(**box.settings), "govuk_notify")
        stop_trial("small", desk)
        assert take_back(desk) == 0
    with desk.store.begin() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(provider_events)) == 0
    with provider() as box:
        box.misbehave(callback_delay=60)
        other = Bench(bench.folder / "other")
        desk = ready(other, other.desk(**box.settings), "twilio_sms")
        stop_trial("small", desk)
        assert take_back(desk) == 20


def test_a_task_for_staff_leaves_the_list_of_a_family_that_asked_for_an_end(bench: Bench) -> None:
    population = trial_values()["population"]
    population["contact"] |= {"staff": "landline", "prefer": ["staff"]}
    population["safe_to_contact"] |= {"staff": "safe_to_call"}
    call = bench.folder / "message_templates" / "call"
    call.mkdir(parents=True)
    (call / "staff.j2").write_text("---\nsender: Health visitors\n---\nCall about the visit on {{ visit }}.\n")
    arms = {name: {**arm, "messages": [{"template": "call", "send": SEND}]} for name, arm in BOTH.items()}  # type: ignore[dict-item]  # plain YAML values
    rows = [family(i, landline=f"01632 960{i:03d}", safe_to_call="yes") for i in range(20)]
    desk = ready(
        bench, bench.desk(), "outbox", rows=rows, arms=arms, population=population,
        channels={"sms": "outbox", "email": "outbox", "staff": "staff_task"},
    )  # fmt: skip
    assert len(work_list(desk, "small")) == 20
    opt_out(desk, trial="small", unit="H0003")
    assert take_back(desk) == 1
    assert "H0003" not in {task.unit for task in work_list(desk, "small")}


def test_a_crash_while_asking_is_told_as_such(bench: Bench) -> None:
    with provider() as box:
        desk = ready(bench, bench.desk(**box.settings), "twilio_sms")
        opt_out(desk, trial="small", unit="H0025")
        take_back(desk)
        with desk.store.begin() as connection:
            connection.execute(
                provider_events.update().where(provider_events.c.kind == "recall").values(applied_at=None)
            )
        apply_waiting(desk)
    told = [one.what for one in account_of(desk, "small", "H0025")]
    assert "twilio_sms was asked to take it back: what became of that is not known" in told


@pytest.mark.parametrize(("via", "status"), [("twilio_sms", Status.ACCEPTED), ("govuk_notify", Status.WITHHELD)])
def test_a_text_that_could_wait_into_the_night_goes_only_where_it_would_be_dropped(
    bench: Bench, via: str, status: Status
) -> None:
    with provider() as box:
        late = {name: {**arm, "messages": [{"template": "visit", "send": "7 days before visit at 18:55"}]}  # type: ignore[dict-item]  # the same
                for name, arm in BOTH.items()}  # fmt: skip
        values: dict[str, Any] = {"rows": ROWS, "arms": late, "channels": {"sms": via, "email": "outbox"}}
        desk = bench.desk(**box.settings)
        lock_draw_and_launch(write_trial(bench.folder, **values), desk)
        bench.clock.advance_to(DUE.replace(hour=18, minute=55))
        assert send_due(desk) == {status: 20}
        bench.clock.advance_to(DUE.replace(hour=9) + timedelta(days=1))
        send_due(desk)
        assert len(box.taken) == 20
