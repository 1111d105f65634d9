"""`nudge simulate --run`: from a file to its report, everything made up and marked so."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from nudge.trial.errors import Refused
from nudge.workflow.acting.acting_out import ActedOut, act_out, acted_in_lines
from nudge.workflow.acting.examples import make_roll
from tests.conftest import ROOT
from tests.support.trials import family, trial_values, write_trial

POWER = {"baseline": "60%", "units": "120"}


def acted(path: Path, folder: Path, effect: float | None = None) -> ActedOut:
    return act_out(path, folder, effect, 1, lambda *_: None)


def test_the_truth_of_any_other_file_is_about_the_worthwhile_effect(tmp_path: Path) -> None:
    made = acted(write_trial(tmp_path / "trial", 400, power=POWER), tmp_path / "out")
    assert made.played.truth == {"reminder - usual": pytest.approx(0.05, abs=0.03)}


def test_events_fall_into_windows_of_a_single_day(tmp_path: Path) -> None:
    came = trial_values()["outcomes"]["came"] | {"window": "1 day from visit"}
    file = write_trial(tmp_path / "trial", 200, power=POWER, outcomes={"came": came})
    line = acted(file, tmp_path / "out").played.results.estimates[0]
    assert line.mean_control == pytest.approx(0.6, abs=0.15)


@pytest.fixture(scope="module")
def review(tmp_path_factory: pytest.TempPathFactory) -> ActedOut:
    return acted(ROOT / "experiments" / "two-year-review.yaml", tmp_path_factory.mktemp("run") / "out")


@pytest.mark.slow
def test_the_shipped_example_goes_from_file_to_report(review: ActedOut) -> None:
    page = review.played.report.read_text()
    assert "This is not a real trial." in page
    assert review.played.results.demonstration
    lock = json.loads((review.folder / "trial" / "two-year-review.lock.json").read_text())
    assert lock["demonstration"] is True
    assert review.played.sent == review.played.outbox_files > 1000
    assert {line.outcome for line in review.played.results.estimates} >= {"attended", "complaint"}


@pytest.mark.slow
def test_the_truth_of_an_example_is_that_of_its_recipe(review: ActedOut) -> None:
    assert review.played.truth == {
        "plan - reminder": pytest.approx(0.0, abs=0.015), "reminder - usual": pytest.approx(0.1, abs=0.015),
    }  # fmt: skip
    assert any("truth +" in line and "found" in line for line in acted_in_lines(review))


def test_without_a_roll_families_are_made_up(tmp_path: Path) -> None:
    file = write_trial(tmp_path / "trial", 4, power=POWER)
    (file.parent / "people" / "small.csv").unlink()
    made = acted(file, tmp_path / "out", 0.0)
    assert made.roll == "a made-up roll"
    with (tmp_path / "out" / "trial" / "people" / "small.csv").open() as opened:
        rows = list(csv.DictReader(opened))
    assert len(rows) == 120
    assert all(row["person_ref"].startswith("SYNTHETIC") and row["email"].endswith("@example.org") for row in rows)
    assert all(row["mobile"].startswith("07700 900") for row in rows)
    assert {row["refuge"] for row in rows} == {"no"}, "nobody made up is excluded"
    assert made.played.truth == {"reminder - usual": 0.0}


def test_real_contact_details_are_never_copied(tmp_path: Path) -> None:
    real = "07400123456"
    rows = [family(i, mobile=real if i == 0 else f"07700900{i:03d}") for i in range(40)]
    file = write_trial(tmp_path / "trial", rows=rows, power={"baseline": "60%"})
    made = acted(file, tmp_path / "out")
    assert made.roll == "a made-up roll"
    copied = [one for one in (tmp_path / "out").rglob("*") if one.suffix in {".csv", ".txt", ".eml"}]
    assert copied
    assert not any("7400123456" in one.read_text() for one in copied)


def test_numbers_counts_and_harms_are_made_up_too(tmp_path: Path) -> None:
    days = {"csv_file": "outcomes/days.csv", "id": "person_ref", "date": "day", "value": "days",
            "no_record": "missing", "covers": "all clinics"}  # fmt: skip
    log = {"csv_file": "outcomes/log.csv", "id": "person_ref", "date": "day", "value": "present",
           "no_record": "did_not_happen", "covers": "the log"}  # fmt: skip
    window = "28 days from first_planned_send"
    outcomes = {
        "days": {"role": "primary", "kind": "continuous", "better": "lower", "question": "Days missed?", "unit": "days",
                 "source": days, "window": window, "worthwhile": "0.5 days"},
        "complaint": {"role": "harm", "kind": "binary", "better": "lower", "source": log, "window": window,
                      "margin": "0.5 points"},
    }  # fmt: skip
    file = write_trial(tmp_path / "trial", 200, outcomes=outcomes, power={"sd": "2", "known": "80%"})
    made = acted(file, tmp_path / "out")
    primary = next(line for line in made.played.results.estimates if line.role == "primary")
    assert made.played.truth == {"reminder - usual": pytest.approx(0.5, abs=0.01)}
    assert primary.estimate is not None
    assert primary.std_error is not None
    assert abs(primary.estimate - 0.5) < 4 * primary.std_error
    assert 130 < primary.n < 190, "about 80 % of 200 are known"


def test_a_live_channel_is_refused(tmp_path: Path) -> None:
    file = write_trial(tmp_path / "trial", 20, channels={"sms": "outbox", "email": "smtp"}, power=POWER)
    with pytest.raises(Refused, match="sends email by `smtp`; write `outbox` there"):
        acted(file, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_outcome_file_outside_the_folder_is_never_written(tmp_path: Path) -> None:
    source = {"csv_file": "../came.csv", "id": "person_ref", "date": "day", "value": "present",
              "no_record": "did_not_happen", "covers": "all"}  # fmt: skip
    outcome = {"came": {"role": "primary", "kind": "binary", "better": "higher", "question": "Came?", "source": source,
                        "window": "28 days from first_planned_send", "worthwhile": "5 points"}}  # fmt: skip
    file = write_trial(tmp_path / "trial", 20, outcomes=outcome, power=POWER)
    with pytest.raises(Refused, match="cannot be made up beside it"):
        acted(file, tmp_path / "out")


def test_someone_else_s_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    with pytest.raises(Refused, match="was not made by `nudge simulate --run`"):
        acted(write_trial(tmp_path / "trial", 20, power=POWER), tmp_path / "out")


@pytest.mark.slow
def test_truth_is_turned_round_as_estimates_are_where_fewer_is_better(tmp_path: Path) -> None:
    """Two points fewer children not brought is two points better, in the truth as in what is found."""
    path = tmp_path / "camhs-was-not-brought.yaml"
    text = (ROOT / "experiments" / path.name).read_text()
    path.write_text(text.replace("stage: trial", "stage: pilot"))
    make_roll("camhs-was-not-brought", tmp_path, 400)
    made = acted(path, tmp_path / "out")
    assert made.played.truth["easy_cancel - usual"] > 0


@pytest.mark.parametrize("kind", ["ordinal", "time_to_event"])
def test_answers_in_an_order_and_times_are_not_made_up(tmp_path: Path, kind: str) -> None:
    given = trial_values()["outcomes"]["came"]
    source = given["source"] | ({"value": "answer", "no_record": "missing"} if kind == "ordinal" else {})
    came = given | {"kind": kind, "source": source} | ({"worthwhile": "2 days"} if kind == "time_to_event" else {})
    file = write_trial(tmp_path / "trial", 40, power=POWER, outcomes={"came": came})
    with pytest.raises(Refused, match=f"is a {kind.replace('_', ' ')} outcome, which cannot be made up"):
        acted(file, tmp_path / "out")
