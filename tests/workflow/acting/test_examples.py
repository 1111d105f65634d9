"""The seven shipped trials: rolls that are made, files that pass, and whole trials run through."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from pathlib import Path

import pytest

from nudge.trial.clock import SimulatedClock
from nudge.trial.errors import InputError, Refused
from nudge.trial.lints import lints
from nudge.trial.problems import Level
from nudge.workflow.acting.example_records import EXAMPLES
from nudge.workflow.acting.examples import example_names, make_outcomes, make_roll, shown_examples
from nudge.workflow.allocating.locking import allocate_trial, lock_trial
from nudge.workflow.checking.examine import examine
from nudge.workflow.desk import Desk
from nudge.workflow.reporting.analysing import analyse_trial
from nudge.workflow.reporting.collecting import collect_outcomes
from tests.conftest import ROOT
from tests.support.trials import Bench

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
SMALL = 240
NAMES = example_names()


def test_every_shipped_trial_has_a_generator() -> None:
    assert sorted(path.stem for path in (ROOT / "experiments").glob("*.yaml")) == NAMES
    assert len(NAMES) == 7
    assert [one["name"] for one in shown_examples()] == NAMES
    assert all(one["title"] and one["units"] >= 1000 for one in shown_examples())


def test_the_committed_roll_is_what_the_generator_writes(tmp_path: Path) -> None:
    made = make_roll("two-year-review", tmp_path)
    assert made.roll.read_bytes() == (ROOT / "experiments" / "people" / "two-year-review.csv").read_bytes()


@pytest.mark.parametrize("name", NAMES)
def test_without_its_roll_a_file_passes_and_says_what_could_not_be_checked(tmp_path: Path, name: str) -> None:
    path = tmp_path / f"{name}.yaml"
    path.write_bytes((ROOT / "experiments" / path.name).read_bytes())
    examined = examine(path, NOW)
    (problem,) = examined.problems
    assert problem.level == Level.LAUNCH
    assert "so nothing about people could be checked" in problem.what
    assert problem.remedy.endswith(f"make one up: nudge example make {name}")
    assert examined.facts()["not checked"] == "the roll, and what depends on it"


@pytest.mark.parametrize("name", NAMES)
def test_with_a_made_up_roll_nothing_is_wrong_and_there_is_no_advice(tmp_path: Path, name: str) -> None:
    examined = examine(make_roll(name, tmp_path, SMALL).file, NOW)
    # a roll this small may be too small to answer, which is for the stated size to settle
    assert [str(one) for one in examined.problems if "nudge power FILE has the figures" not in one.remedy] == []
    assert examined.roll is not None
    assert 0.9 * SMALL < len(examined.roll.units) < SMALL, "some are left out on purpose"
    assert list(lints(examined.trial, examined.loaded.source, NOW.date())) == []


def test_the_smallest_at_its_stated_size(tmp_path: Path) -> None:
    name = min(NAMES, key=lambda one: EXAMPLES[one].units)
    made = make_roll(name, tmp_path)
    assert (name, made.units) == ("two-year-entitlement", 1010)
    examined = examine(made.file, NOW)
    assert examined.problems == ()


@pytest.mark.parametrize("name", NAMES)
def test_a_whole_trial_from_file_to_estimates(tmp_path: Path, name: str) -> None:
    bench = Bench(tmp_path, SimulatedClock(EXAMPLES[name].begins))
    desk = bench.desk()
    path = make_roll(name, tmp_path, SMALL).file
    lock_trial(path, desk)
    allocate_trial(path, desk)
    truth = make_outcomes(path, desk)
    bench.clock.advance_to(truth.complete_at)
    for linkage in collect_outcomes(path, desk):
        assert linkage.outside_window == 0, "every record falls in its window"
        assert linkage.records == linkage.matched, "every record is of someone in the trial"
        assert not any("not_yet" in states for states in linkage.counts.values())
    results = analyse_trial(path, desk)
    found = {(line.outcome, f"{line.arm} - {line.control}") for line in results.estimates}
    assert found == {(outcome, pair) for outcome, pairs in truth.effects.items() for pair in pairs}
    primary = [line for line in results.estimates if line.role == "primary" and line.label == "prespecified"]
    assert primary
    for line in primary:
        assert line.estimate is not None
        assert line.std_error is not None
        sign = -1 if line.better == "lower" else 1
        true = sign * truth.effects[line.outcome][f"{line.arm} - {line.control}"]
        # one draw each of a fixed seed: five standard errors are passed once in a million
        assert math.isclose(line.estimate, true, abs_tol=5 * line.std_error)


def test_outcomes_wait_for_the_draw_and_differ_by_seed(tmp_path: Path) -> None:
    bench = Bench(tmp_path, SimulatedClock(EXAMPLES["ehc-advice-form"].begins))
    desk: Desk = bench.desk()
    path = make_roll("ehc-advice-form", tmp_path, SMALL).file
    with pytest.raises(Refused, match="is not locked"):
        make_outcomes(path, desk)
    lock_trial(path, desk)
    with pytest.raises(Refused, match="has no arms yet"):
        make_outcomes(path, desk)
    allocate_trial(path, desk)
    first = make_outcomes(path, desk)
    before = [file.read_bytes() for file in first.files]
    assert make_outcomes(path, desk) == first
    assert [file.read_bytes() for file in first.files] == before
    assert make_outcomes(path, desk, seed=1).effects != first.effects


def test_a_roll_is_never_overwritten_unasked(tmp_path: Path) -> None:
    first = make_roll("foster-enquiry", tmp_path, 50)
    assert not first.already
    assert make_roll("foster-enquiry", tmp_path, 50).already
    with pytest.raises(Refused, match=r"holds another roll; move it away, or overwrite it with --force"):
        make_roll("foster-enquiry", tmp_path, 50, seed=9)
    assert not make_roll("foster-enquiry", tmp_path, 50, seed=9, force=True).already
    first.file.write_text(first.file.read_text(encoding="utf-8").replace("Head of Fostering", "Me"), encoding="utf-8")
    make_roll("foster-enquiry", tmp_path, 50, seed=9)
    assert "Me" in first.file.read_text(encoding="utf-8"), "a trial file that is there is left as it is"


def test_a_wrong_name_or_size_is_told_the_right_one(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no example `foster`; did you mean `foster-enquiry`"):
        make_roll("foster", tmp_path)
    with pytest.raises(InputError, match="5 units are too few for foster-enquiry; make at least 20"):
        make_roll("foster-enquiry", tmp_path, 5)


def test_an_outcome_the_example_knows_nothing_of_is_named(tmp_path: Path) -> None:
    bench = Bench(tmp_path, SimulatedClock(EXAMPLES["ehc-advice-form"].begins))
    path = make_roll("ehc-advice-form", tmp_path, SMALL).file
    path.write_text(path.read_text(encoding="utf-8").replace("  complaint:\n", "  grievance:\n", 1).replace(
        "complaint: {limit", "grievance: {limit"), encoding="utf-8")  # fmt: skip
    lock_trial(path, bench.desk())
    allocate_trial(path, bench.desk())
    with pytest.raises(InputError, match="the example ehc-advice-form has no process for `grievance`"):
        make_outcomes(path, bench.desk())


def test_no_example_names_a_real_reference_in_its_ethics() -> None:
    made = json.dumps((ROOT / "experiments" / "camhs-was-not-brought.yaml").read_text(encoding="utf-8"))
    assert "IRAS 000000 (made up" in made
