"""A waitlist: who waits is written to after the windows have closed, and after everyone else."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from nudge.store.tables import sends
from nudge.trial.problems import Level
from nudge.trial.records.delivery import Status
from nudge.workflow.checking.examine import examine
from nudge.workflow.dispatching.sending import send_due
from tests.support.trials import START, Bench, lock_draw_and_launch, trial_values, write_trial


def problems(folder: Path, send: str, step: str, window: str = "28 days from visit") -> list[str]:
    values: dict[str, Any] = trial_values()
    arms = values["arms"]
    arms["usual"] = {"control": True, "messages": [{"template": "visit", "send": send}]}
    came = {**values["outcomes"]["came"], "window": window}
    file = write_trial(
        folder, arms=arms, outcomes=values["outcomes"] | {"came": came},
        randomise={"method": "waitlist", "steps": [step]},
    )  # fmt: skip
    return [f"{one.path}: {one.what}" for one in examine(file, START).at(Level.ERROR)]


def test_those_who_wait_are_written_to_after_the_window(tmp_path: Path) -> None:
    # Visits on 25 January, windows of 28 days: 22 February.
    assert problems(tmp_path, "2027-02-24 at 10:00", "2027-02-23") == []


def test_a_message_before_the_day_is_an_error(tmp_path: Path) -> None:
    assert problems(tmp_path, "2027-02-10 at 10:00", "2027-02-23") == [
        "arms.usual.messages[1].send: is due before 2027-02-23, the day on which those who wait cross, for 40 people"
    ]


def test_a_window_that_is_open_on_the_day_is_an_error(tmp_path: Path) -> None:
    assert problems(tmp_path, "2027-02-24 at 10:00", "2027-02-20") == [
        "outcomes.came.window: is still open on 2027-02-20, when those who wait cross, for 40 people"
    ]


def test_moments_at_which_only_the_others_are_written_to_stand_as_virtual_rows(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    values: dict[str, Any] = trial_values()
    arms = values["arms"]
    arms["usual"] = {"control": "true", "messages": [{"template": "visit", "send": "2027-02-24 at 10:00"}]}
    came = {**values["outcomes"]["came"], "window": "28 days from visit"}
    file = write_trial(
        tmp_path, arms=arms, outcomes=values["outcomes"] | {"came": came},
        randomise={"method": "waitlist", "steps": ["2027-02-23"]},
    )  # fmt: skip
    desk = bench.desk()
    lock_draw_and_launch(file, desk)
    with desk.store.begin() as connection:
        rows = connection.execute(sa.select(sends.c.arm, sends.c.planned_at, sends.c.template)).all()
    early, late = "2027-01-18", "2027-02-24"
    kinds = [(row.arm, row.planned_at.date().isoformat(), "planned" if row.template else "virtual") for row in rows]
    assert Counter(kinds) == {
        ("reminder", early, "planned"): 20, ("reminder", late, "virtual"): 20,
        ("usual", early, "virtual"): 20, ("usual", late, "planned"): 20,
    }  # fmt: skip
    for day in (datetime(2027, 1, 18, 10, tzinfo=UTC), datetime(2027, 2, 24, 10, tzinfo=UTC)):
        bench.clock.advance_to(day)
        assert send_due(desk) == {Status.ACCEPTED: 20}
