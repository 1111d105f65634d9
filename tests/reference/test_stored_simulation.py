"""The stored simulations lie in their bands, come from this code, and are what the page says."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.conftest import ROOT

FOLDER = ROOT / "docs" / "simulation"


def stored(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return content


def script(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"simulation_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise AssertionError(f"{path} is a script")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up by name
    spec.loader.exec_module(module)
    return module


REVIEW, CLUSTERS = stored("two_year_review"), stored("few_clusters")


@pytest.fixture(scope="module")
def review() -> ModuleType:
    return script(FOLDER / "two_year_review.py")


@pytest.fixture(scope="module")
def clusters() -> ModuleType:
    return script(FOLDER / "few_clusters.py")


@pytest.mark.parametrize("name", ["plan - reminder", "reminder - usual"])
def test_intervals_hold_the_truth_as_often_as_they_say(name: str) -> None:
    """statistics.md 29: between 93.5 and 96.5 %."""
    one = REVIEW["comparisons"][name]
    assert REVIEW["repetitions"] >= 1000
    assert 0.935 <= one["covers_the_effect"]["share"] <= 0.965
    assert 0.935 <= one["covers_the_childrens_own_effect"]["share"] <= 0.965


def test_no_effect_is_rarely_taken_for_one() -> None:
    assert 0.035 <= REVIEW["comparisons"]["plan - reminder"]["p_below_5_per_cent"]["share"] <= 0.065


@pytest.mark.parametrize("name", ["plan - reminder", "reminder - usual"])
def test_the_mean_estimate_is_the_truth(name: str) -> None:
    one = REVIEW["comparisons"][name]
    mean = one["mean_estimate"]
    assert abs(mean["mean"] - one["effect"]) <= 4 * mean["mc_error"]
    assert one["mean_std_error"] == pytest.approx(one["spread_of_estimates"], rel=0.03)


@pytest.mark.parametrize("number", [0, 1, 7, 199])
def test_a_stored_trial_run_again_is_the_same(number: int, review: ModuleType) -> None:
    found = review.repetition(number)
    for name, rows in REVIEW["first"].items():
        assert review.stored_row(found[name]) == pytest.approx(rows[number], rel=1e-9, abs=1e-15)


def test_the_stored_settings_are_those_of_the_scripts(review: ModuleType, clusters: ModuleType) -> None:
    assert REVIEW["repetitions"] == review.REPETITIONS
    assert {name: one["effect"] for name, one in REVIEW["comparisons"].items()} == {
        str(pair): review.effect_of(pair) for pair in review.council()[0].comparisons
    }
    assert CLUSTERS["repetitions"] == clusters.REPETITIONS
    named = [clusters.Setting(**{key: one[key] for key in clusters.Setting.__slots__}) for one in CLUSTERS["settings"]]
    assert named == list(clusters.SETTINGS)


@pytest.mark.parametrize(
    "one", CLUSTERS["settings"], ids=lambda one: f"{one['clusters']}-{one['treated']}-{one['sizes']}-{one['average']}"
)
def test_a_true_null_is_rejected_as_often_as_it_may_be(one: dict[str, Any], clusters: ModuleType) -> None:
    setting = clusters.Setting(**{key: one[key] for key in clusters.Setting.__slots__})
    low, high = setting.band
    assert CLUSTERS["repetitions"] >= 2000
    assert low <= one["rejected"] <= high
    for number in (0, 1, 19):
        assert clusters.repetition(setting, number).p_value == pytest.approx(one["first"][number], rel=1e-9)


def test_the_page_shows_the_stored_tables(review: ModuleType, clusters: ModuleType) -> None:
    page = (ROOT / "docs" / "simulation.md").read_text(encoding="utf-8")
    missing = [line for line in (*review.table(REVIEW), *clusters.table(CLUSTERS)) if line not in page]
    assert not missing
