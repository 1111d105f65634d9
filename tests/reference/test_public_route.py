"""The published trials from a trial file to a result, as anyone runs them; and files written a little otherwise."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nudge.trial.records.analysis import Estimate
from nudge.trial.records.report import Results
from nudge.workflow.desk import Desk
from nudge.workflow.reporting.analysing import analyse_trial
from tests.reference import published
from tests.reference.published import analysed, line, written
from tests.reference.rows import FULL, SHARED
from tests.reference.table import STATION_ARMS, TEXT_OUTCOMES

pytestmark = pytest.mark.needs("reference data")
Reference = Callable[[str], dict[str, dict[str, Any]]]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory, reference_folder: Path) -> Callable[[str], Results]:
    made: dict[str, Results] = {}

    def one(text: str) -> Results:
        if text not in made:
            made[text] = analysed(text, tmp_path_factory.mktemp("trial"), reference_folder)
        return made[text]

    return one


def agrees(found: Estimate, expected: dict[str, Any], compared: tuple[str, ...]) -> bool:
    return {name: getattr(found, name) for name in compared} == {
        name: pytest.approx(expected[name], rel=1e-9) for name in compared
    }


def mean_is(found: float | None, expected: dict[str, Any]) -> bool:
    return found == pytest.approx(expected["value"], rel=1e-9)


def test_a_default_for_villages(results: Callable[[str], Results], reference: Reference) -> None:
    expected, found = reference("social_insure"), results(published.INSURANCE)
    assert agrees(line(found, "takeup", "opt_out"), expected["default.CR2"], FULL)
    by_area = line(found, "takeup", "opt_out", "sensitivity", "admin_village effects")
    assert agrees(by_area, expected["default.admin_fe.CR2"], FULL)
    by_village = line(found, "takeup", "opt_out", "sensitivity", "declared")
    assert agrees(by_village, expected["default.village_means"], FULL)
    assert (by_village.estimator, by_village.average) == ("cluster_means", "cluster")
    assert line(found, "takeup", "opt_out").icc == pytest.approx(expected["icc.natural_village"]["value"], rel=1e-9)
    assert line(found, "takeup", "opt_out").verdict == "worthwhile"


def test_streets_within_wards(results: Callable[[str], Results], reference: Reference) -> None:
    expected, found = reference("foos_street_gotv"), results(published.STREETS)
    planned = line(found, "voted", "canvassed")
    assert planned.estimator == "block_weighted"
    assert agrees(planned, expected["dim.blocked_clustered"], SHARED)
    assert agrees(line(found, "voted", "canvassed", "sensitivity"), expected["fe.CR2"], FULL)
    assert planned.verdict == "undecided"


def test_seven_texts(results: Callable[[str], Results], reference: Reference) -> None:
    expected, found = reference("rubella_text"), results(published.TEXTS)
    for outcome in TEXT_OUTCOMES:
        for arm in "bcdefg":
            one = line(found, outcome, arm)
            assert agrees(one, expected[f"dim.{outcome}.{arm.upper()}"], SHARED)
            assert mean_is(one.mean_arm, expected[f"mean.{outcome}.{arm.upper()}"])
            assert mean_is(one.mean_control, expected[f"mean.{outcome}.A"])
    ratio = next(check for check in found.checks if check.name == "sample ratio")
    assert ratio.p_value == pytest.approx(expected["srm"]["p_value"], rel=1e-9)


def test_blocks_of_six_stations(results: Callable[[str], Results], reference: Reference) -> None:
    expected, found = reference("kenya_registration"), results(published.STATIONS)
    for arm in STATION_ARMS:
        one = line(found, "registered", arm)
        assert one.estimator == "paired"
        assert agrees(one, expected[f"dim_pairs.{arm}"], FULL)
        assert mean_is(one.mean_arm, expected[f"mean.{arm}"])
        assert mean_is(one.mean_control, expected["mean.control"])


def test_letters_with_covariates(results: Callable[[str], Results], reference: Reference) -> None:
    expected, found = reference("karlan_list"), results(published.LETTERS)
    for outcome in ("gave", "amount"):
        one = line(found, outcome, "matched")
        assert one.covariates == ("highest_previous", "prior_donations", "gave_in_2005")
        assert agrees(one, expected[f"lin.{outcome}"], SHARED)
        assert mean_is(one.mean_arm, expected[f"mean.{outcome}.treatment"])
        assert mean_is(one.mean_control, expected[f"mean.{outcome}.control"])
    assert agrees(line(found, "gave", "matched", "sensitivity"), expected["dim.gave"], SHARED)
    ratio = next(check for check in found.checks if check.name == "sample ratio")
    assert ratio.p_value == pytest.approx(expected["srm"]["p_value"], rel=1e-9)


def test_letters_by_offer(results: Callable[[str], Results], reference: Reference) -> None:
    expected, found = reference("karlan_list"), results(published.OFFERS)
    for outcome in ("gave", "amount"):
        for arm, offer in (("one", "1:1"), ("two", "2:1"), ("three", "3:1")):
            one = line(found, outcome, arm)
            assert agrees(one, expected[f"ratio.{outcome}.{offer}"], SHARED)
            assert mean_is(one.mean_arm, expected[f"mean.{outcome}.{offer}"])


def test_households_within_blocks(results: Callable[[str], Results], reference: Reference) -> None:
    expected, found = reference("social_pressure_200"), results(published.PRESSURE)
    one = line(found, "voted", "self")
    assert agrees(one, expected["sub200.blocked_clustered_dim.self"], SHARED)
    assert (one.n_clusters, one.n_blocks) == (2400, 200)


def test_the_command_gives_the_same(tmp_path: Path, reference_folder: Path, reference: Reference) -> None:
    file = written(published.STREETS, tmp_path, reference_folder / "data")
    done = subprocess.run(
        [sys.executable, "-m", "nudge.cli.main", "analyse", str(file), "--json"],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    first = json.loads(done.stdout)["estimates"][0]
    expected = reference("foos_street_gotv")["dim.blocked_clustered"]
    assert {name: first[name] for name in SHARED} == {name: pytest.approx(expected[name], rel=1e-9) for name in SHARED}


WAYS = {
    "rows from the population": ("population: {columns", "population: {people: SOURCE, id: row, columns"),
    "an identifier": ("population: {columns", "population: {id: household_id, columns"),
    "the unit in the population": ("population: {columns", "population: {unit: natural_village, columns"),
    "the unit in the allocation": ("clusters: natural_village", "unit: natural_village"),
    "a short source": ("from: {csv_file: social_insure/trial.csv}", "from: SOURCE"),
    "no rows at all": ("  from: {csv_file: social_insure/trial.csv}\n", ""),
    "codes in quotes": ("{opt_in: 0, opt_out: 1}", '{opt_in: "0", opt_out: "1"}'),
    "the comparison spelled out": ("analysis:", "analysis:\n  comparisons: [opt_out - opt_in]"),
    "the outcome's source repeated": ("{value: takeup", "{csv_file: social_insure/trial.csv, value: takeup"),
}


@pytest.mark.parametrize("way", WAYS)
def test_other_ways_to_write_the_same_trial(
    way: str, tmp_path: Path, reference_folder: Path, reference: Reference
) -> None:
    before, after = WAYS[way]
    assert before in published.INSURANCE
    text = published.INSURANCE.replace(before, after)
    drops = ("the unit in the population", "rows from the population")
    if way == drops[0]:
        text = text.replace("  clusters: natural_village\n", "")
    if way == drops[1]:
        text = text.replace("  from: {csv_file: social_insure/trial.csv}\n", "")
    rows = reference_folder / "data" / "social_insure" / "trial.csv"
    file = written(text.replace("SOURCE", str(rows)), tmp_path, reference_folder / "data")
    found = analyse_trial(file, Desk(), rows if way == "no rows at all" else None)
    assert agrees(line(found, "takeup", "opt_out"), reference("social_insure")["default.CR2"], FULL)


@pytest.mark.parametrize("blocks", ["ward", "[ward]"])
def test_blocks_are_one_word_or_a_list(
    blocks: str, tmp_path: Path, reference_folder: Path, reference: Reference
) -> None:
    found = analysed(published.STREETS.replace("blocks: ward", f"blocks: {blocks}"), tmp_path, reference_folder)
    assert agrees(line(found, "voted", "canvassed"), reference("foos_street_gotv")["dim.blocked_clustered"], SHARED)
