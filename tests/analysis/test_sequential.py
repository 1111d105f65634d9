"""Boundaries, stagewise inference and confidence sequences: other integrators and many trials.

R's own boundaries and crossing probabilities are in tests/reference/test_looks_by_r.py.
"""

from __future__ import annotations

from itertools import pairwise
from math import sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal, norm, t

from nudge.analysis.sequential import Stopped, boundaries, spent, whenever_half_width


def crossed(times: list[float], bounds: list[float]) -> float:
    """The chance of being beyond some boundary on either side where nothing has an effect."""
    return 2 * Stopped(tuple(times), tuple(bounds), bounds[-1]).at_least(0.0)


@settings(deadline=None, max_examples=25)
@given(
    st.lists(st.floats(0.05, 0.95), min_size=1, max_size=4, unique=True).map(sorted),
    st.sampled_from(["obrien_fleming", "pocock"]), st.floats(0.005, 0.1),
)  # fmt: skip
def test_all_error_is_spent_and_no_more(times: list[float], spending: str, alpha: float) -> None:
    looks = [*times, 1.0]
    if min(after - before for before, after in pairwise([0.0, *looks])) < 0.02:
        return
    bounds = boundaries(looks, alpha, spending)
    assert crossed(looks, bounds) == pytest.approx(alpha, rel=2e-4)
    assert spent(1.2, alpha, spending) == alpha
    assert 0 < spent(times[0], alpha, spending) < alpha


def test_the_end_spends_what_is_left_whatever_was_gathered() -> None:
    short = boundaries([0.5, 0.8], 0.05, "obrien_fleming", all_spent=True)
    assert crossed([0.5, 0.8], short) == pytest.approx(0.05, rel=1e-4)
    assert boundaries([0.8], 0.05, "pocock", all_spent=True) == pytest.approx([1.959964], abs=1e-5)


def test_one_look_is_the_plain_interval() -> None:
    one = Stopped((0.7,), (1.96,), 2.5)
    assert one.p_value == pytest.approx(2 * float(norm.sf(2.5)))
    assert one.drift(0.5) == pytest.approx(2.5 / sqrt(0.7))
    assert one.drift(0.025) == pytest.approx((2.5 - 1.959964) / sqrt(0.7), abs=1e-6)


@pytest.mark.parametrize(("z", "drift"), [(2.9, 0.0), (2.9, 3.0), (1.1, 1.5), (-2.9, 0.7), (-0.4, -1.0)])
def test_stagewise_order_as_bivariate_normal_has_it(z: float, drift: float) -> None:
    """Two looks at .4 and 1: crossed above first, or not at all and at z or above at the end (scipy's own integral)."""
    times, bound = (0.4, 1.0), 2.6
    mean = np.array([drift * sqrt(time) for time in times])
    both = np.array([[1, sqrt(0.4)], [sqrt(0.4), 1]])

    def below(first: float, second: float) -> float:
        return float(multivariate_normal(mean, both).cdf([first, second]))

    between = below(bound, 9) - below(-bound, 9) - (below(bound, z) - below(-bound, z))
    wanted = float(norm.sf(bound - mean[0])) + between
    assert Stopped(times, (bound, 2.0), z).at_least(drift) == pytest.approx(wanted, abs=2e-5)


def test_a_stopped_estimate_is_drawn_in() -> None:
    times, bounds = (0.3, 0.6), (3.9, 2.7)
    stopped = Stopped(times, bounds, 2.9)
    naive = 2.9 / sqrt(0.6)
    assert stopped.drift(0.025) < stopped.drift(0.5) < naive
    turned = Stopped(times, bounds, -2.9)
    assert turned.drift(0.5) == pytest.approx(-stopped.drift(0.5))
    assert turned.p_value == pytest.approx(stopped.p_value)


@pytest.mark.parametrize("drift", [0.0, 2.8])
def test_over_many_trials_the_error_and_the_interval_hold(drift: float) -> None:
    """20,000 trials of three looks with t on 38, 78 and 118 df: error, coverage, median bias (three MC errors)."""
    rng = np.random.default_rng(4)
    times, runs = np.array([1 / 3, 2 / 3, 1.0]), 20_000
    bounds = boundaries(times.tolist(), 0.05, "obrien_fleming")
    steps = rng.normal(size=(runs, 3)) * np.sqrt(np.diff([0, *times])) + drift * np.diff([0, *times])
    spread = np.sqrt(rng.chisquare([38, 78, 118], size=(runs, 3)) / [38, 78, 118])
    p = 2 * t.sf(np.abs(steps.cumsum(axis=1) / np.sqrt(times) / spread), [38, 78, 118])
    z = norm.isf(p / 2) * np.sign(steps.cumsum(axis=1))
    crossed = p <= 2 * norm.sf(bounds)
    if drift == 0:
        assert crossed.any(axis=1).mean() == pytest.approx(0.05, abs=3 * sqrt(0.05 * 0.95 / runs) + 0.002)
    last = np.where(crossed.any(axis=1), crossed.argmax(axis=1), 2)
    above = np.array([
        Stopped(tuple(times[: k + 1]), tuple(bounds[: k + 1]), float(z[i, k])).at_least(drift)
        for i, k in enumerate(last[:300])
    ])  # fmt: skip
    assert np.mean((above > 0.025) & (above < 0.975)) == pytest.approx(0.95, abs=3 * sqrt(0.05 * 0.95 / 300) + 0.003)
    assert np.mean(above < 0.5) == pytest.approx(0.5, abs=3 * sqrt(0.25 / 300))


def test_a_confidence_sequence_as_growthbook_has_it() -> None:
    """gbstats, tests/frequentist/test_tests.py: relative lift .50336, −.55844 to 1.56516, tuned at 1,000 people."""
    control, arm = (1396.87, 52377.9767, 3000), (2422.7, 134698.29, 3461)
    mean, spread = zip(*((s / n, (ss - s * s / n) / (n - 1)) for s, ss, n in (control, arm)), strict=True)
    variance = spread[1] / (arm[2] * mean[0] ** 2) + spread[0] * mean[1] ** 2 / (control[2] * mean[0] ** 4)
    lift, half = (mean[1] - mean[0]) / mean[0], whenever_half_width(sqrt(variance), 6461 / 1000, 0.05)
    assert [lift, lift - half, lift + half] == pytest.approx([0.50336, -0.55844, 1.56516], abs=5e-6)


def test_a_confidence_sequence_holds_at_every_moment_at_once() -> None:
    """2,000 walks looked at after each of 400 clusters, from the 20th on."""
    rng = np.random.default_rng(6)
    steps = rng.normal(size=(2000, 400))
    n = np.arange(1, 401)
    mean = steps.cumsum(axis=1) / n
    error = np.sqrt(np.maximum((steps**2).cumsum(axis=1) / n - mean**2, 1e-12) / np.maximum(n - 1, 1))
    half = np.array([whenever_half_width(1.0, k / 200, 0.05) for k in n])
    missed = (np.abs(mean) > half * error)[:, 19:].any(axis=1).mean()
    assert missed <= 0.05 + 3 * sqrt(0.05 * 0.95 / 2000)
    assert (half > 1.96).all()
