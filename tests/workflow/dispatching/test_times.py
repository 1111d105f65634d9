"""A trial run here whose outcome is when it happened: from a file of days to curves and days sooner."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from nudge.trial.load import load_trial
from nudge.workflow.reporting.analysing import analyse_trial
from nudge.workflow.reporting.collecting import collect_outcomes
from nudge.workflow.reporting.telling import report_trial, results_from_json, results_json
from tests.support.trials import Bench, trial_values, write_rows
from tests.workflow.reporting.test_results import OVER, arms, sent


def timed() -> dict[str, Any]:
    came = trial_values()["outcomes"]["came"]
    return {"came": came | {"kind": "time_to_event", "better": "lower", "worthwhile": "2 days"}}


def days_for(file: Path, desk: Any) -> None:
    """Every family of the reminder came in the first week, the others, two of three, in the third."""
    rows = []
    for i, (unit, arm) in enumerate(sorted(arms(file, desk).items())):
        if arm == "reminder":
            rows.append({"person_ref": unit.replace("H", "P"), "day": f"2027-01-{19 + i % 5}"})
        elif i % 3:
            rows.append({"person_ref": unit.replace("H", "P"), "day": f"2027-02-{2 + i % 5:02d}"})
    write_rows(file.parent / "outcomes" / "came.csv", rows)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_days_sooner_with_curves(bench: Bench) -> None:
    file, desk = sent(bench, outcomes=timed())
    days_for(file, desk)
    bench.clock.advance_to(OVER)
    collect_outcomes(file, desk)
    results = analyse_trial(file, desk)
    planned, hazard = results.estimates[:2]
    assert (planned.estimator, planned.vcov, planned.label) == ("survival", "HC2", "prespecified")
    assert planned.estimate is not None
    assert 12 < planned.estimate < 20  # a first week against a third, and some not at all
    # The 19th is the second day of a window that opens on the 18th, and everybody in the arm came.
    expected = [2 + i % 5 for i, (_, arm) in enumerate(sorted(arms(file, desk).items())) if arm == "reminder"]
    assert planned.mean_arm == pytest.approx(sum(expected) / len(expected))
    assert planned.verdict == "firmly worthwhile"
    assert hazard.estimator == "cox"
    assert {one.arm: (one.n, one.events) for one in results.curves} == {
        "usual": (20, sum(1 for one in arms(file, desk).values() if one == "usual") - not_yet(results)),
        "reminder": (20, 20),
    }
    assert results_from_json(json.loads(results_json(results))) == results
    page = report_trial(file, desk, bench.folder / "reports").read_text(encoding="utf-8")
    assert "days sooner" in page
    assert "at risk" in page


def not_yet(results: Any) -> int:
    """People of the usual arm without a record."""
    return int(results.outcomes[0].states["usual"].get("no_record", 0))


def test_records_that_end_early_are_followed_so_far_and_give_no_verdict(bench: Bench) -> None:
    file, desk = sent(bench, outcomes=timed())
    days_for(file, desk)
    bench.clock.advance_to(OVER)
    collect_outcomes(file, desk, datetime(2027, 1, 28, tzinfo=UTC))
    line = analyse_trial(file, desk).estimates[0]
    assert line.n == 40
    assert line.verdict is None
    assert "windows are still open" in line.note


def test_the_lock_says_by_what_it_is_estimated(bench: Bench) -> None:
    file, _ = sent(bench, outcomes=timed())
    lock = json.loads((file.parent / f"{load_trial(file).trial.trial}.lock.json").read_text(encoding="utf-8"))
    assert lock["decisions"]["outcomes"] == {"came": "survival"}
