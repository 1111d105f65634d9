"""The stored simulation of named estimators lies in its bands, comes from this code, and is what the page says."""

from __future__ import annotations

from math import sqrt
from typing import Any

import pytest

from tests.reference.test_stored_simulation import FOLDER, script, stored

STORED = stored("named_estimators")
SCRIPT = script(FOLDER / "named_estimators.py")
IDS = [f"{one['estimator']}-{one['units']}-{one['effect']}" for one in STORED["settings"]]


def setting(one: dict[str, Any]) -> Any:
    return SCRIPT.Setting(**{key: one[key] for key in SCRIPT.Setting.__slots__})


def slack(share: float, repetitions: int) -> float:
    """Three Monte Carlo errors."""
    return 3 * sqrt(share * (1 - share) / repetitions)


def test_every_setting_is_stored() -> None:
    assert [setting(one) for one in STORED["settings"]] == list(SCRIPT.SETTINGS)
    assert [one["repetitions"] for one in STORED["settings"]] == [one.repetitions for one in SCRIPT.SETTINGS]


@pytest.mark.parametrize("one", STORED["settings"], ids=IDS)
def test_true_nulls_and_true_effects(one: dict[str, Any]) -> None:
    """statistics.md 29: rejections 3.5 to 6.5 %, coverage 93.5 to 96.5 %, as far as so many repetitions can tell."""
    n = one["repetitions"]
    assert one["with_interval"] == 1
    if one["effect"] == 0:
        assert 0.035 - slack(0.035, n) <= one["rejected"] <= 0.065 + slack(0.065, n)
    if one["covered"] is not None:
        assert 0.935 - slack(0.935, n) <= one["covered"] <= 0.965 + slack(0.965, n)


@pytest.mark.parametrize("one", STORED["settings"], ids=IDS)
def test_the_code_gives_what_is_stored(one: dict[str, Any]) -> None:
    for number in (0, SCRIPT.STORED - 1):
        p, _ = SCRIPT.repetition(setting(one), number)
        assert p == pytest.approx(one["first"][number], rel=1e-5)


def test_the_page_shows_the_stored_table() -> None:
    page = (FOLDER.parent / "simulation.md").read_text(encoding="utf-8")
    assert not [line for line in SCRIPT.table(STORED) if line not in page]
