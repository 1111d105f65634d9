"""The stored simulation of every design: from this code, in its bands or said not to be, and what the page says."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest

from nudge.analysis.operating import Tally
from nudge.design.methods import method_names
from tests.conftest import ROOT
from tests.reference.test_stored_simulation import FOLDER, script, stored

STORED = stored("designs")
OUTSIDE = {
    ("blocked_cluster", 12, "unequal", "person"), ("matched_pairs", 12, "unequal", "person"),
}  # fmt: skip
"""Design, units, sizes and whom it averages over, of those that the page says lie outside their band."""
AGAIN = (
    ("simple", 60, "one"), ("blocked, small blocks", 60, "one"), ("minimisation", 60, "one"),
    ("rerandomised", 60, "one"), ("factorial", 60, "one"), ("matched_pairs", 20, "unequal"),
    ("blocked_cluster", 12, "equal"), ("cluster", 8, "unequal"), ("matched_pairs", 6, "equal"),
    ("adaptive", 300, "one"),
)  # fmt: skip


@pytest.fixture(scope="module")
def simulation() -> ModuleType:
    return script(FOLDER / "designs.py")


def setting(simulation: ModuleType, one: dict[str, Any]) -> Any:
    return simulation.Setting(**{key: one[key] for key in simulation.Setting.__slots__})


def test_every_setting_of_the_script_is_stored_with_its_repetitions(simulation: ModuleType) -> None:
    assert [setting(simulation, one) for one in STORED["settings"]] == list(simulation.SETTINGS)
    assert {one["repetitions"] for one in STORED["settings"]} == {simulation.GROUPS * simulation.RUNS} == {10_000}


def test_every_method_that_can_be_simulated_is_among_them(simulation: ModuleType) -> None:
    drawn = {one.design.partition(", ")[0] for one in simulation.SETTINGS}
    assert drawn == set(method_names()) - {"stepped_wedge"}


def test_rates_lie_in_their_bands_but_for_those_that_the_page_names(simulation: ModuleType) -> None:
    """statistics.md 29."""
    outside = set()
    for one in STORED["settings"]:
        fine = setting(simulation, one).within(one["rejected"], one["coverage"])
        assert fine == one["in_band"]
        if not fine:
            outside.add((one["design"], one["units"], one["sizes"], one["average"]))
    assert outside == OUTSIDE


@pytest.mark.parametrize("key", AGAIN, ids=lambda key: "-".join(map(str, key)))
def test_a_stored_group_can_be_made_again(key: tuple[str, int, str], simulation: ModuleType) -> None:
    one = next(one for one in STORED["settings"] if (one["design"], one["units"], one["sizes"]) == key)
    tally = Tally()
    simulation.group(setting(simulation, one), 0, tally)
    first = [None if np.isnan(p) else float(p) for p in tally.p_value[0][: simulation.STORED]]
    assert first == pytest.approx(one["first"], rel=1e-9)
    assert abs(float((tally.p_value[0] < simulation.ALPHA).mean()) - one["rejected"]) < 0.05


def test_the_page_shows_the_stored_table(simulation: ModuleType) -> None:
    page = (ROOT / "docs" / "simulation.md").read_text(encoding="utf-8")
    assert "\n".join(simulation.table(STORED)) in page
