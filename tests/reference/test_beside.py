"""Lines beside a verdict against R on the same rows; how its numbers were made stands in beside.R."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nudge.analysis.cace import complier_effect
from nudge.analysis.comparison import Choice, Pair, pair_of
from nudge.analysis.estimators import cox, estimator
from nudge.analysis.missing import response_weights
from nudge.analysis.named import row_values
from nudge.analysis.subgroups import Levels, interaction
from nudge.analysis.survival_times import KaplanMeier, restricted_values
from nudge.trial.records.analysis import Bools
from tests.reference.test_named_estimators import made, numbers
from tests.reference.test_stepped_wedge import analysis_rows
from tests.reference.test_stepped_wedge import pair as wedge_pair

R: dict[str, dict[str, Any]] = json.loads((Path(__file__).parent / "beside.json").read_text(encoding="utf-8"))[
    "results"
]
WEIGHT = 1 + 1 / (1 + np.exp(-numbers("x")))
HIGH = (numbers("x") > 0).astype(np.int64)


def levels(of: Pair) -> Levels:
    return Levels(of, HIGH, ("low", "high"))


def of_level(of: Pair, level: int) -> Pair:
    here: Bools = np.equal(HIGH, level)
    return of.only(here)


def test_a_weighted_curve_has_r_s_area() -> None:
    timed, expected = made("days"), R["survival.weighted"]
    values = row_values("survival", timed, WEIGHT).y
    assert timed.event is not None
    for here, side in ((timed.treated, "arm"), (~timed.treated, "control")):
        curve = KaplanMeier.of(timed.y[here], timed.event[here], WEIGHT[here])
        area = float(curve.area_after(np.zeros(1), expected["last"])[0])
        assert area == pytest.approx(expected[side], rel=1e-12)
        assert np.average(values[here], weights=WEIGHT[here]) == pytest.approx(expected[side], rel=1e-12)


def test_a_row_moves_a_weighted_curve_as_far_as_its_value_says() -> None:
    """The derivative of the area by a row's weight, times the sum of weights, is its value less the area."""
    timed = made("days").only(numbers("arm") == 1)
    event = np.ones(timed.y.size) if timed.event is None else timed.event
    weight = WEIGHT[numbers("arm") == 1]

    def area(weights: np.ndarray) -> float:
        return float(KaplanMeier.of(timed.y, event, weights).area_after(np.zeros(1), 40.0)[0])

    values, step = restricted_values(timed.y, event, 40.0, weight), 1e-5
    for row in range(0, timed.y.size, 17):
        more, less = weight.copy(), weight.copy()
        more[row] += step
        less[row] -= step
        moved = (area(more) - area(less)) / (2 * step) * weight.sum()
        assert moved == pytest.approx(values[row] - area(weight), rel=1e-5, abs=1e-5)


@pytest.mark.parametrize(
    ("name", "outcome", "given"), [("ordinal", "level", ()), ("rate_ratio", "count", ("exposure",))]
)
def test_weighted_effects_of_what_is_no_mean(name: str, outcome: str, given: tuple[str, ...]) -> None:
    weighted = replace(row_values(name, made(outcome, given), WEIGHT), weight=WEIGHT)
    found, expected = estimator("inverse_probability").estimate(weighted, "none"), R[f"{name}.weighted"]
    assert found.estimate == pytest.approx(expected["estimate"], rel=1e-9)
    assert (found.std_error, found.df) == pytest.approx((expected["std_error"], expected["df"]), rel=1e-7)
    assert expected.get("glm", found.estimate) == pytest.approx(found.estimate, rel=1e-9)


@pytest.mark.parametrize(
    ("name", "outcome", "given"), [("ordinal", "level", ()), ("rate_ratio", "count", ("exposure",))]
)
def test_whether_an_effect_differs_between_levels(name: str, outcome: str, given: tuple[str, ...]) -> None:
    found, expected = interaction(levels(made(outcome, given)), [0, 1], name), R[f"{name}.alike"]
    assert (found.statistic, found.df_below, found.p_value) == pytest.approx(
        (expected["statistic"], expected["df"], expected["p_value"]), rel=1e-7
    )


@pytest.mark.parametrize(
    ("name", "outcome", "given"), [("ordinal", "level", ()), ("rate_ratio", "count", ("exposure",))]
)
def test_what_is_tested_is_how_far_the_levels_own_effects_lie_apart(
    name: str, outcome: str, given: tuple[str, ...]
) -> None:
    of = made(outcome, given)
    each = [estimator(name).estimate(of_level(of, level), "none").estimate for level in (0, 1)]
    assert each[1] - each[0] == pytest.approx(R[f"{name}.alike"]["apart"], rel=1e-9)


def test_hazards_of_levels_are_held_apart() -> None:
    found, expected = cox.alike(made("days"), HIGH), R["cox.alike"]
    assert found.statistic == pytest.approx((expected["apart"] / expected["std_error"]) ** 2, rel=1e-6)
    assert (found.df, found.df_below) == (1, 27)
    assert interaction(levels(made("days")), [0, 1], "cox").statistic == pytest.approx(found.statistic)


def test_the_effect_on_those_reached_of_a_stepped_wedge() -> None:
    of, expected = wedge_pair(), R["wedge.cace"]
    reached = (of.treated & (np.arange(1, of.y.size + 1) % 3 != 0)).astype(float)
    found = complier_effect(of, reached, Choice("immediate_effect", "CR2", "none", ""))
    assert found.estimate == pytest.approx(expected["estimate"], rel=1e-9)
    assert (found.std_error, found.df) == pytest.approx((expected["std_error"], expected["df"]), rel=1e-7)


def test_weights_by_the_chance_of_an_outcome_of_a_stepped_wedge() -> None:
    rows, expected = analysis_rows(), R["wedge.weighted"]
    need = rows.covariates["need"]
    assert isinstance(need, np.ndarray)
    known = (np.arange(1, need.size + 1) * 7 + np.rint(need)) % 6 != 0
    rows = replace(rows, outcome=np.where(known, rows.outcome, np.nan))
    chance = response_weights(rows, "plan", "usual", need[:, None])
    weighted = replace(pair_of(rows, "plan", "usual"), weight=chance[known])
    found = estimator("immediate_effect").estimate(weighted, "none")
    assert found.estimate == pytest.approx(expected["estimate"], rel=1e-7)
    assert (found.std_error, found.df) == pytest.approx((expected["std_error"], expected["df"]), rel=1e-6)
