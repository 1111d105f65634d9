"""On the machine's own clock, over the changes of 2027 (Summer Time Order 2002): ten is ten on the family's wall."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine

from nudge.trial.records.delivery import Status
from nudge.workflow.desk import Desk
from nudge.workflow.dispatching.sending import send_due
from tests.support.trials import Bench, family, lock_draw_and_launch, write_trial


@pytest.mark.parametrize(
    ("visit", "send", "goes"),
    [("2027-04-06", "7 days before visit at 10:00", "2027-03-30 09:00"),  # two days after clocks went forward
     ("2027-11-08", "7 days before visit at 10:00", "2027-11-01 10:00"),  # the day after they went back
     ("2027-11-01", "15 hours before visit", "2027-11-01 09:00"),  # on the Sunday of the change, so on Monday at nine
     ("2027-03-29", "1 day before visit at 18:30", "2027-03-30 08:00")],  # the Sunday, then Easter Monday
)  # fmt: skip
def test_a_message_goes_at_its_hour_and_not_a_minute_before(tmp_path: Path, visit: str, send: str, goes: str) -> None:
    arms = {"usual": {"control": "true", "receives": "the letter"},
            "reminder": {"messages": [{"template": "visit", "send": send, "send_within": "4 days"}]}}  # fmt: skip
    moment = datetime.fromisoformat(goes).replace(tzinfo=UTC)
    desk = Desk(Bench(tmp_path).settings())
    with time_machine.travel(moment - timedelta(days=20), tick=False) as clock:
        rows = [family(i, visit=visit) for i in range(8)]
        lock_draw_and_launch(write_trial(tmp_path, rows=rows, arms=arms, randomise={"method": "complete"}), desk)
        clock.move_to(moment - timedelta(minutes=1))
        assert send_due(desk)[Status.ACCEPTED] == 0
        clock.move_to(moment)
        assert send_due(desk)[Status.ACCEPTED] == 4
