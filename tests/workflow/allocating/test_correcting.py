"""Contact points can be corrected mid-trial, membership never."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from nudge.store.tables import people, sends
from nudge.trial.errors import InputError
from nudge.trial.records.delivery import Status
from nudge.workflow.allocating.correcting import Corrected, update_contacts
from nudge.workflow.dispatching.sending import send_due
from tests.support.trials import Bench, family, lock_draw_and_launch, write_rows, write_trial

DUE = datetime(2027, 1, 18, 10, tzinfo=UTC)
SEND = "7 days before visit at 10:00"
BOTH = {"usual": {"control": "true", "messages": [{"template": "visit", "send": SEND}]},
        "reminder": {"messages": [{"template": "visit", "send": SEND}]}}  # fmt: skip


def test_messages_go_to_the_corrected_number_and_nobody_joins_or_leaves(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    desk = bench.desk()
    file = write_trial(tmp_path, families=20, arms=BOTH)
    lock_draw_and_launch(file, desk)
    rows = [family(i) for i in range(19)] + [family(99)]
    rows[0] |= {"mobile": "07700 900555", "household_ref": "H0001"}
    rows[2] |= {"safe_to_text": "no"}
    newer = tmp_path / "people" / "newer.csv"
    write_rows(newer, rows)
    assert update_contacts(file, newer, desk) == Corrected(changed=2, unchanged=17, absent=1, strangers=1)
    bench.clock.advance_to(DUE)
    assert send_due(desk) == {Status.ACCEPTED: 19, Status.CANCELLED: 1}
    texts = [path.read_text() for path in bench.outbox if path.suffix == ".txt"]
    assert sum("To: +447700900555" in text for text in texts) == 1
    assert not any("To: +447700900000\n" in text for text in texts)
    with desk.store.begin() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(people)) == 20
        assert connection.scalar(sa.select(people.c.unit).where(people.c.person == "P0000")) == "H0000"
        query = sa.select(sends.c.reason).where(sends.c.status == Status.CANCELLED)
        assert connection.scalar(query) == "the route is no longer marked safe"


def test_a_roll_of_other_people_changes_nothing(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    desk = bench.desk()
    file = write_trial(tmp_path, families=20, arms=BOTH)
    lock_draw_and_launch(file, desk)
    other = tmp_path / "people" / "other.csv"
    write_rows(other, [family(i) for i in range(50, 60)])
    with pytest.raises(InputError, match="holds nobody of small; its column `person_ref` names them"):
        update_contacts(file, other, desk)
