"""What `nudge preview` and `nudge check` say of when a message goes, and of what stands in the way."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from nudge.trial.problems import Level
from nudge.workflow.checking.examine import examine
from nudge.workflow.writing.previewing import preview_words, write_preview
from tests.support.trials import START, trial_values, write_trial


@pytest.fixture
def file(tmp_path: Path) -> Path:
    arms: dict[str, Any] = trial_values()["arms"]
    first = arms["reminder"]["messages"][0] | {"name": "first"}
    second = {"template": "visit", "send": "3 days after first at 11:00", "only_if": "not answered"}
    return write_trial(tmp_path, arms=arms | {"reminder": {"messages": [first, second]}})


def test_a_preview_says_when_and_on_what_condition_each_message_goes(file: Path) -> None:
    shown = preview_words(file, START, [], "")
    when = {one.message: one.when for one in shown}
    assert when == {1: "7 days before visit at 10:00", 2: "3 days after first at 11:00, only if not answered"}
    page = write_preview(file, shown, file.parent / "words.html").read_text(encoding="utf-8")
    assert "Sent 3 days after first at 11:00, only if not answered." in page


def test_check_counts_errors_what_to_settle_and_advice_apart(file: Path) -> None:
    examined = examine(file, START)
    facts = examined.facts()
    assert [facts[name] for name in ("errors", "to settle before launch", "advice")] == [
        len(examined.at(level)) for level in (Level.ERROR, Level.LAUNCH, Level.ADVICE)
    ]
    assert "problems" not in facts
    json.dumps(facts)
