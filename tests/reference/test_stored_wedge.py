"""The stored simulation of stepped wedges: in its bands, from this code, and what the page says (statistics.md 29)."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from nudge.design.power import power
from tests.conftest import ROOT
from tests.reference.test_stored_simulation import FOLDER, script, stored

STORED = stored("stepped_wedge")
OWN = [one for one in STORED["settings"] if one["effect"] != "growing" or one["estimand"] == "exposure_averaged"]
"""Settings in which the estimator estimates what is true."""


@pytest.fixture(scope="module")
def simulation() -> ModuleType:
    return script(Path(FOLDER / "stepped_wedge.py"))


def named(one: dict[str, Any]) -> str:
    return f"{one['sites']}-{one['sizes']}-{one['effect']}-{one['estimand']}"


@pytest.mark.parametrize("one", OWN, ids=named)
def test_intervals_hold_the_truth(one: dict[str, Any]) -> None:
    """From 12 clusters up 93.5 to 96.5 %; at 8 at least 93 %."""
    assert one["runs"] >= 10_000
    low, high = (0.935, 0.965) if one["sites"] >= 12 else (0.93, 1.0)
    assert low <= one["coverage"] <= high
    assert abs(one["bias"]) < 0.01


@pytest.mark.parametrize("one", [one for one in OWN if one["effect"] == "none"], ids=named)
def test_no_effect_is_rarely_taken_for_one(one: dict[str, Any]) -> None:
    low, high = (0.035, 0.065) if one["sites"] >= 12 else (0.0, 0.07)
    assert low <= one["rejected"] <= high


@pytest.mark.parametrize("one", STORED["schedule_tests"], ids=lambda one: one["estimand"])
def test_the_schedule_rejects_no_oftener_than_it_says(one: dict[str, Any]) -> None:
    """Randomisation tests are never above 5 % by more than three Monte Carlo errors."""
    assert one["rejected"] <= 0.05 + 3 * one["mc_error"]
    assert one["without_p"] == 0


@pytest.mark.parametrize("one", STORED["powers"], ids=lambda one: f"{one['estimand']}-{one['icc']}-{one['aim']}")
def test_formula_and_simulation_agree_within_two_points(one: dict[str, Any], simulation: ModuleType) -> None:
    assert one["runs"] >= 10_000
    setting = simulation.PowerSetting(one["sites"], one["estimand"], one["icc"], one["cac"], one["aim"])
    assert power(setting.plan, one["effect"]) == pytest.approx(one["formula"], rel=1e-9)
    assert abs(one["formula"] - one["simulated"]) <= 0.02 + 2 * one["mc_error"]


@pytest.mark.parametrize("estimand", ["immediate", "exposure_averaged"])
def test_a_stored_p_value_can_be_made_again(estimand: str, simulation: ModuleType) -> None:
    kept = next(one for one in STORED["schedule_tests"] if one["estimand"] == estimand)
    assert simulation.by_schedule(estimand, 1) == pytest.approx(kept["first"][1], rel=1e-9)


def test_a_constant_effect_is_taken_too_small_where_it_grows() -> None:
    wrong = [one for one in STORED["settings"] if one["effect"] == "growing" and one["estimand"] == "immediate"]
    assert all(one["bias"] < -0.05 for one in wrong)


def test_the_page_has_the_stored_tables(simulation: ModuleType) -> None:
    page = (ROOT / "docs" / "simulation.md").read_text(encoding="utf-8")
    assert all(line in page for line in simulation.tables(STORED))
