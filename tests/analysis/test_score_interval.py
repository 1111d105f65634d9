"""Miettinen & Nurminen's interval against Newcombe's table, R, and what a score interval must be."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.stats import binom, norm
from statsmodels.stats.proportion import confint_proportions_2indep

from nudge.analysis.score_interval import score_interval


@pytest.mark.parametrize(
    ("counts", "low", "high"),
    [
        ((56, 70, 48, 80), 0.0528, 0.3382),
        ((9, 10, 3, 10), 0.1700, 0.8406),
        ((6, 7, 2, 7), 0.0342, 0.8534),
        ((5, 56, 0, 29), -0.0326, 0.1933),
        ((0, 10, 0, 20), -0.1658, 0.2844),
        ((0, 10, 0, 10), -0.2879, 0.2879),
        ((10, 10, 0, 20), 0.7156, 1.0000),
        ((10, 10, 0, 10), 0.6636, 1.0000),
    ],
)
def test_newcombe_s_examples(counts: tuple[int, int, int, int], low: float, high: float) -> None:
    """Newcombe (1998), Statistics in Medicine 17:873-890, Table II, method 6, to its four digits."""
    assert score_interval(*counts, 0.95) == pytest.approx((low, high), abs=5.1e-5)


@pytest.mark.parametrize(
    ("counts", "low", "high", "digits"),
    [
        # contingencytables 3.0: MiettinenNurminen_asymptotic_score_CI_difference_2x2(ritland_2007)
        ((0, 16, 15, 72), -0.3164, -0.0056, 4),
        # PropCIs: diffscoreci(7, 34, 1, 34, 0.95), as quoted in statsmodels' test_proportion.py
        ((7, 34, 1, 34), 0.0270416, 0.3452912, 7),
    ],
)
def test_as_in_r(counts: tuple[int, int, int, int], low: float, high: float, digits: int) -> None:
    assert score_interval(*counts, 0.95) == pytest.approx((low, high), abs=0.51 * 10**-digits)


@pytest.mark.parametrize("counts", [(0, 190, 0, 200), (0, 50, 3, 50), (50, 50, 47, 50), (9, 10, 3, 10)])
def test_why_it_is_ours(counts: tuple[int, int, int, int]) -> None:
    """statsmodels 0.15 divides by zero or finds no root there."""
    with pytest.raises((ValueError, RuntimeWarning)):
        confint_proportions_2indep(*counts, method="score", compare="diff", correction=True)
    low, high = score_interval(*counts, 0.95)
    assert low < counts[0] / counts[1] - counts[2] / counts[3] < high


def test_and_where_theirs_gives_a_number_it_is_not_newcombe_s() -> None:
    theirs = confint_proportions_2indep(56, 70, 48, 80, method="score", compare="diff", correction=True)
    assert abs(theirs[1] - 0.3382) > 0.005


counted = st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(arm=counted, control=counted, level=st.sampled_from([0.8, 0.95, 0.999]))
@settings(max_examples=100, deadline=None)
def test_what_a_score_interval_must_be(arm: tuple[int, int], control: tuple[int, int], level: float) -> None:
    low, high = score_interval(*arm, *control, level)
    observed = arm[0] / arm[1] - control[0] / control[1]
    assert -1 <= low <= observed <= high <= 1
    assert low < high
    turned = score_interval(*control, *arm, level)
    assert turned == pytest.approx((-high, -low), abs=1e-9)
    failures = score_interval(arm[1] - arm[0], arm[1], control[1] - control[0], control[1], level)
    assert failures == pytest.approx((-high, -low), abs=1e-9)


@pytest.mark.parametrize("counts", [(23, 60, 18, 72), (3, 40, 9, 55), (120, 300, 90, 310)])
def test_the_bounds_are_where_the_score_test_just_rejects(counts: tuple[int, int, int, int]) -> None:
    """The restricted likelihood maximised by scipy, and the statistic as the paper writes it."""
    events, n, control, n_control = counts

    def statistic(difference: float) -> float:
        def lost(p: float) -> float:
            return -float(binom.logpmf(events, n, p + difference) + binom.logpmf(control, n_control, p))

        edges = (max(0, -difference) + 1e-9, min(1, 1 - difference) - 1e-9)
        p = minimize_scalar(lost, bounds=edges, method="bounded", options={"xatol": 1e-12}).x
        variance = ((p + difference) * (1 - p - difference) / n + p * (1 - p) / n_control) * (
            (n + n_control) / (n + n_control - 1)
        )
        return float((events / n - control / n_control - difference) / np.sqrt(variance))

    low, high = score_interval(*counts, 0.95)
    assert (statistic(low), statistic(high)) == pytest.approx((norm.ppf(0.975), norm.ppf(0.025)), rel=1e-6)
