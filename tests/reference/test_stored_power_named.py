"""The power foretold for named estimators: from this code, within its band, and as docs/power.md says."""

from __future__ import annotations

from typing import Any

import pytest

from nudge.design.power import power
from tests.reference.test_stored_simulation import FOLDER, script, stored

STORED = stored("power_named")
SCRIPT = script(FOLDER / "power_named.py")
IDS = [f"{one['kind']}-{one['units']}-{one['cv']}" for one in STORED["settings"]]


def setting(one: dict[str, Any]) -> Any:
    return SCRIPT.Setting(**{key: one[key] for key in SCRIPT.Setting.__slots__})


def test_every_setting_is_stored_with_enough_repetitions() -> None:
    assert [setting(one) for one in STORED["settings"]] == list(SCRIPT.SETTINGS)
    assert min(one["repetitions"] for one in STORED["settings"]) >= 2_000


@pytest.mark.parametrize("one", STORED["settings"], ids=IDS)
def test_formula_and_simulation_agree_within_two_points(one: dict[str, Any]) -> None:
    """statistics.md 29: from 20 clusters or 200 individuals an arm; two Monte Carlo errors are luck."""
    assert abs(one["formula"] - one["simulation"]) <= 0.02 + 2 * one["mc_error"]
    made = setting(one)
    assert power(made.plan, one["effect"]) == pytest.approx(one["formula"], abs=5e-5)
    # Estimates of ratios lean a little; nowhere by more than a tenth of their error and luck.
    assert abs(one["bias_in_errors"]) <= 0.1 + 3 / one["repetitions"] ** 0.5


@pytest.mark.parametrize("kind", SCRIPT.LAWS)
def test_the_code_gives_what_is_stored(kind: str) -> None:
    (one,) = [one for one in STORED["settings"] if (one["kind"], one["cv"]) == (kind, None)]
    found = SCRIPT.first_p_values(setting(one))
    assert found == pytest.approx(one["first"], rel=1e-5)


def test_the_page_shows_the_stored_table() -> None:
    page = (FOLDER.parent / "power.md").read_text(encoding="utf-8")
    assert "\n".join(SCRIPT.table(STORED)) in page
