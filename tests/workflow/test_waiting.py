"""A waitlist: who waits is written to after the windows have closed, and after everyone else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nudge.trial.problems import Level
from nudge.workflow.examine import examine
from tests.support.trials import START, trial_values, write_trial


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
