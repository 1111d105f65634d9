"""The stored simulation of named estimators lies in its bands, comes from this code, and is what the page says."""

from __future__ import annotations

from math import sqrt
from typing import Any

import pytest

from tests.reference.test_stored_simulation import FOLDER, script, stored

STORED = stored("named_estimators")
SCRIPT = script(FOLDER / "named_estimators.py")
IDS = [f"{one['estimator']}-{one['units']}-{one['sizes']}-{one['effect']}" for one in STORED["settings"]]
AT_ONCE = [one for one in SCRIPT.SETTINGS if one.estimator in SCRIPT.TOGETHER and one.units in {8, 12}]


def setting(one: dict[str, Any]) -> Any:
    return SCRIPT.Setting(**{key: one[key] for key in SCRIPT.Setting.__slots__})


def slack(share: float, one: dict[str, Any]) -> float:
    """Three Monte Carlo errors of those run fewer than the 10,000 times that the bands are for."""
    given = one["repetitions"] * one["with_interval"]
    return 3 * sqrt(share * (1 - share) / given) if 0 < given < 9_000 else 0.0


def test_every_setting_is_stored() -> None:
    assert [setting(one) for one in STORED["settings"]] == list(SCRIPT.SETTINGS)
    assert [one["repetitions"] for one in STORED["settings"]] == [one.repetitions for one in SCRIPT.SETTINGS]


@pytest.mark.parametrize("one", STORED["settings"], ids=IDS)
def test_true_nulls_and_true_effects(one: dict[str, Any]) -> None:
    """statistics.md 29: 3.5 to 6.5 % and 93.5 to 96.5 %; below twelve at most 7 %, and 93 % or more."""
    few = setting(one).few
    if one["effect"] == 0:
        low, high = (0.0, 0.07) if few else (0.035, 0.065)
        assert low - slack(0.035, one) <= one["rejected"] <= high + slack(0.065, one)
    if one["covered"] is not None:
        low, high = (0.93, 1.0) if few else (0.935, 0.965)
        assert low - slack(0.935, one) <= one["covered"] <= high + slack(0.965, one)
    assert one["in_band"] == setting(one).within(one["rejected"], one["covered"])
    assert few or one["with_interval"] > 0.95


@pytest.mark.parametrize("one", STORED["settings"], ids=IDS)
def test_the_code_gives_what_is_stored(one: dict[str, Any]) -> None:
    for number in (0, SCRIPT.STORED - 1):
        p, _ = SCRIPT.repetition(setting(one), number)
        assert p == pytest.approx(one["first"][number], rel=1e-5)


@pytest.mark.parametrize("one", AT_ONCE, ids=lambda one: f"{one.estimator}-{one.units}-{one.sizes}-{one.effect}")
def test_trials_worked_out_together_are_those_gone_through_one_by_one(one: Any) -> None:
    numbers = range(6)
    alone = [SCRIPT.repetition(one, number) for number in numbers]
    for (p, covers), (p_alone, covers_alone) in zip(SCRIPT.together(one, numbers), alone, strict=True):
        assert p == pytest.approx(p_alone, rel=1e-8)
        assert covers == covers_alone


def test_the_page_shows_the_stored_table() -> None:
    page = (FOLDER.parent / "simulation.md").read_text(encoding="utf-8")
    assert "\n".join(SCRIPT.table(STORED)) in page
