"""Bands of predicted risk: nobody's own outcome foretells their band, and differences are found only where they are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from nudge.analysis.analyse import Analysed
from nudge.analysis.lines import Line
from nudge.analysis.risk_bands import bands_of, predicted_level
from nudge.analysis.subgroups import _declared, interaction
from nudge.trial.errors import EstimationRefused
from nudge.trial.quantities import Comparison
from nudge.trial.records.analysis import AnalysisRows
from tests.analysis.builders import COMPLETE, number_column, outcome, results, rows, trial


def made(effect: float, seed: int = 1, n: int = 600) -> AnalysisRows:
    """The message helps those with a high x, by `effect` there and not at all below."""
    rng = np.random.default_rng(seed)
    x, noise = rng.normal(size=n), rng.normal(size=n)
    treated = rng.permutation(n) < n // 2
    y = (rng.random(n) < np.clip(0.35 + 0.15 * x + effect * treated * (x > 0), 0, 1)).astype(float)
    return rows(
        y.tolist(), np.where(treated, "plan", "usual").tolist(),
        columns={"x": ("number", x.tolist()), "noise": ("number", noise.tolist())},
    )  # fmt: skip


def analysed(of: AnalysisRows, bands: int = 3) -> Analysed:
    plan = {"risk_bands": {"predicted_from": ["x", "noise"], "bands": str(bands)}}
    return results(trial(analysis=plan, outcomes={"came": outcome()}), {"came": of})


def test_a_row_s_own_outcome_does_not_move_its_prediction() -> None:
    of = made(0.0)
    arms = np.ones(600, dtype=bool)
    before = predicted_level(of, "usual", arms, ["x"], binary=True)
    turned = of.outcome.copy()
    turned[7] = 1 - turned[7]
    after = predicted_level(replace(of, outcome=turned), "usual", arms, ["x"], binary=True)
    assert after[7] == before[7]
    treated = np.where(of.arm.is_("plan"), 1 - of.outcome, of.outcome)
    assert (predicted_level(replace(of, outcome=treated), "usual", arms, ["x"], binary=True) == before).all()
    assert np.corrcoef(before, number_column(of, "x"))[0, 1] > 0.99


def test_bands_hold_much_alike_numbers() -> None:
    codes, names = bands_of(np.random.default_rng(3).normal(size=900), 3)
    assert names == ("lowest", "2 of 3", "highest")
    assert np.bincount(codes).tolist() == [300, 300, 300]


def test_a_file_asks_for_bands_and_gets_them_as_a_family_of_their_own() -> None:
    lines = [line for line in analysed(made(0.4)).estimates if line.role == "subgroup"]
    assert [line.level for line in lines] == [
        f"level_predicted_without_the_message: {name}" for name in ("lowest", "2 of 3", "highest")
    ]
    assert all(line.note.startswith("a sign that the effect differs between levels, F(2, ") for line in lines)
    assert all(line.p_adjusted is not None and line.verdict is None for line in lines)
    assert (lines[2].estimate or 0) > (lines[0].estimate or 0) + 0.15


def test_too_small_a_control_arm_is_refused() -> None:
    of = made(0.0, n=600)
    few = replace(of, outcome=np.where(np.cumsum(of.arm.is_("usual")) > 12, np.nan, of.outcome))
    with pytest.raises(EstimationRefused, match="too small to foretell risk"):
        predicted_level(few, "usual", np.ones(600, dtype=bool), ["x", "noise"], binary=True)


@pytest.mark.slow
def test_without_a_difference_it_is_found_one_time_in_twenty() -> None:
    """200 trials of 240 in which the message helps nobody: at most three Monte Carlo errors above .05."""
    plan = trial(analysis={"risk_bands": {"predicted_from": ["x"], "bands": "2"}}, outcomes={"came": outcome()})
    found = 0
    for seed in range(200):
        line = Line(
            plan, "came", plan.outcomes["came"], Comparison("plan", "usual"), made(0.0, seed, 240), COMPLETE, None, 1
        )
        ((_, levels),) = _declared(line)
        found += interaction(levels, levels.shown()).p_value < 0.05
    assert found / 200 <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 200)
