"""The power that docs/power.md foretells: from this code, within its band, and as the commands print it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.reference.test_stored_simulation import FOLDER, script

STORED: dict[str, Any] = json.loads((FOLDER / "power.json").read_text(encoding="utf-8"))
PAGE = (ROOT / "docs" / "power.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def simulation() -> ModuleType:
    return script(Path(FOLDER / "power.py"))


@pytest.mark.parametrize(
    "one",
    STORED["settings"],
    ids=lambda one: f"{one['units']}-{one['aim']}-{one['cv']}-{one['average']}-{one['blocks']}-{one['more']}",
)
def test_formula_and_simulation_agree_within_two_points(one: dict[str, Any], simulation: ModuleType) -> None:
    """statistics.md 29: from 20 clusters or 200 individuals an arm; two Monte Carlo errors are luck."""
    setting = simulation.Setting(**{key: one[key] for key in simulation.Setting.__slots__})
    assert STORED["repetitions"] >= 10_000
    if setting.in_band:
        assert abs(one["formula"] - one["simulation"]) <= 0.02 + 2 * one["mc_error"]


def test_every_setting_of_the_script_is_stored(simulation: ModuleType) -> None:
    stored = [
        simulation.Setting(**{key: one[key] for key in simulation.Setting.__slots__}) for one in STORED["settings"]
    ]
    assert stored == list(simulation.SETTINGS)


def test_one_line_alone_is_beyond_two_points_and_the_page_says_so(simulation: ModuleType) -> None:
    beyond = [
        setting
        for setting, one in zip(simulation.SETTINGS, STORED["settings"], strict=True)
        if setting.in_band and abs(one["formula"] - one["simulation"]) > 0.02
    ]
    assert beyond == [simulation.Setting(20, 0.8, 0.4, more="pairs")]


@pytest.mark.parametrize("which", [3, 9, 14, 30, 35, 38, 43, 46, 54])
def test_a_stored_group_can_be_made_again(which: int, simulation: ModuleType) -> None:
    one = STORED["settings"][which]
    setting = simulation.SETTINGS[which]
    assert (setting.units, setting.aim, setting.cv, setting.average) == (
        one["units"],
        one["aim"],
        one["cv"],
        one["average"],
    )
    assert simulation.group(setting, 0) == pytest.approx(one["first"][0], abs=1e-12)


def test_the_page_shows_what_is_stored(simulation: ModuleType) -> None:
    assert "\n".join(simulation.table(STORED)) in PAGE


def test_the_page_shows_what_the_command_prints() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "nudge.cli.main", "power", "experiments/two-year-review.yaml"],
        cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.rstrip() in PAGE
