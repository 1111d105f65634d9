"""Lee's bounds and weights for missing outcomes: by hand, by every way to trim, and where the truth is known."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
import statsmodels.api as sm

from nudge.analysis.missing import lee_bounds, response_weights
from nudge.trial.errors import EstimationRefused
from nudge.trial.records.analysis import AnalysisRows, Estimate
from tests.analysis.builders import number_column, outcome, results, rows, trial


def test_the_bounds_are_the_extremes_of_every_way_to_trim() -> None:
    """Ten known of ten in the arm, seven of ten in the control: three of the arm's are cut, whichever they be."""
    rng = np.random.default_rng(1)
    arm, control = rng.normal(1, 1, 10), rng.normal(0, 1, 7)
    means = [np.mean([arm[i] for i in kept]) for kept in combinations(range(10), 7)]
    low, high = lee_bounds(arm, control, 1.0, 0.7)
    assert (low, high) == pytest.approx((min(means) - control.mean(), max(means) - control.mean()))
    turned = lee_bounds(control, arm, 0.7, 1.0)
    assert turned == pytest.approx((-high, -low))


def test_part_of_a_person_is_cut_for_part_of_a_share() -> None:
    """An eighth of four ones and zeros: half a person. (1 + ½) / 3½ and 2 / 3½."""
    low, high = lee_bounds(np.array([0.0, 0, 1, 1]), np.zeros(4), 0.8, 0.7)
    assert (low, high) == pytest.approx((1.5 / 3.5, 2 / 3.5))


def test_alike_shares_leave_the_difference() -> None:
    y = np.arange(5.0)
    assert lee_bounds(y, y - 1, 0.6, 0.6) == pytest.approx((1.0, 1.0))


def some_missing(seed: int = 2, n: int = 4000) -> tuple[AnalysisRows, float]:
    """Those with a high x do better and, in the arm, are known less often; and the true effect."""
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 2, n)
    arm = np.arange(n) % 2
    y = 0.5 * arm + 2 * x + rng.normal(size=n)
    truth = 0.5
    known = rng.random(n) < np.where((arm == 1) & (x == 1), 0.5, 0.95)
    made = rows(
        np.where(known, y, np.nan).tolist(), np.where(arm == 1, "plan", "usual").tolist(),
        columns={"x": ("number", x.tolist())},
    )  # fmt: skip
    return made, truth


def lines(made: AnalysisRows, better: str = "higher") -> list[Estimate]:
    described = trial(
        population={"columns": {"x": "number"}}, analysis={"covariates": ["x"]},
        outcomes={"came": outcome(kind="continuous", worthwhile="1 point", unit="points", better=better)},
    )  # fmt: skip
    return list(results(described, {"came": made}).estimates)


def test_weights_take_back_what_the_complete_cases_mislead_by() -> None:
    made, truth = some_missing()
    found = lines(made)
    (weighted,) = [one for one in found if "weighted by the chance" in one.note]
    (complete,) = [one for one in found if one.note == "without covariates"]
    assert abs((complete.estimate or 0) - truth) > 4 * (complete.std_error or 0)
    assert abs((weighted.estimate or 0) - truth) < 3 * (weighted.std_error or 0)
    assert weighted.label == "sensitivity"


def test_weights_of_one_column_are_shares_known() -> None:
    """With one yes-or-no column the logistic regression is saturated: one over the share known in each cell."""
    made, _ = some_missing(n=400)
    x = number_column(made, "x")
    weights = response_weights(made, "plan", "usual", x[:, None])
    known = ~np.isnan(made.outcome)
    for arm in ("plan", "usual"):
        for level in (0, 1):
            here = made.arm.is_(arm) & (x == level)
            assert weights[here] == pytest.approx(np.full(here.sum(), 1 / known[here].mean()), rel=1e-8)


def test_the_weighted_line_is_weighted_least_squares() -> None:
    made, _ = some_missing(n=400)
    weights = response_weights(made, "plan", "usual", number_column(made, "x")[:, None])
    known = ~np.isnan(made.outcome)
    x = sm.add_constant((made.arm.at(known).is_("plan")).astype(float))
    theirs = sm.WLS(made.outcome[known], x, weights=weights[known]).fit()
    (weighted,) = [one for one in lines(made) if "weighted by the chance" in one.note]
    assert weighted.estimate == pytest.approx(theirs.params[1], rel=1e-9)


def test_known_and_missing_told_apart_entirely_are_refused() -> None:
    made = rows([1.0] * 10 + [np.nan] * 10 + [0.0, 1] * 10, ["plan"] * 20 + ["usual"] * 20)
    apart = np.array([0.0] * 10 + [1] * 10 + [0.0, 1] * 10)
    for columns in (apart[:, None], np.column_stack([apart, apart])):
        with pytest.raises(EstimationRefused, match="cannot be modelled"):
            response_weights(made, "plan", "usual", columns)


@pytest.mark.parametrize("better", ["higher", "lower"])
def test_lee_s_lines_are_oriented_and_in_order(better: str) -> None:
    made, _ = some_missing(n=400)
    low, high = [one for one in lines(made, better) if one.estimator == "lee_bounds"]
    assert low.note.startswith("Lee's lower bound; usual has more outcomes")
    assert (low.estimate or 0) < (high.estimate or 0)
    assert low.std_error is None
    known = made.outcome[~np.isnan(made.outcome)]
    arm = made.arm.at(~np.isnan(made.outcome))
    shares = [float((~np.isnan(made.outcome[made.arm.is_(name)])).mean()) for name in ("plan", "usual")]
    bounds = lee_bounds(known[arm.is_("plan")], known[arm.is_("usual")], *shares)
    sign = 1 if better == "higher" else -1
    assert [low.estimate, high.estimate] == pytest.approx(sorted(sign * one for one in bounds))


def test_nothing_missing_nothing_shown() -> None:
    made = rows([1.0, 2, 3, 4] * 10, ["plan", "usual"] * 20, columns={"x": ("number", [0, 0, 1, 1] * 10)})
    assert not [one for one in lines(made) if "Lee" in one.note or "chance" in one.note]
