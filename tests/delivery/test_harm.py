"""Harm rules: held to the binomial law of SciPy, and to simulation under a true null."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from nudge.delivery.harm import HarmCount, log_evidence, lower_bound, trips


@given(st.integers(1, 3000), st.floats(0.001, 0.6), st.data())
def test_the_evidence_is_the_uniform_mixture_over_the_binomial(n: int, limit: float, data: st.DataObject) -> None:
    """A uniform mixture gives every count the chance 1/(n+1): the ratio to SciPy's binomial is the evidence."""
    events = data.draw(st.integers(math.floor(limit * n) + 1, n)) if limit * n < n - 1 else n
    expected = -math.log(n + 1) - binom.logpmf(events, n, limit)
    assert log_evidence(events, n, limit) == pytest.approx(expected, rel=1e-7, abs=1e-7)


@pytest.mark.parametrize("rate", [0.02, 0.2])
def test_a_harmless_arm_is_paused_in_at_most_five_trials_of_a_hundred_however_often_one_looks(rate: float) -> None:
    generator = np.random.default_rng(23)
    paused = 0
    for _ in range(1000):
        events = np.cumsum(generator.random(1500) < rate)
        # The evidence can only pass its bar at an event: looking there is looking always.
        looks = np.flatnonzero(np.diff(events, prepend=0))
        paused += any(log_evidence(int(events[i]), int(i) + 1, rate) > math.log(20) for i in looks)
    # Three Monte Carlo errors above 5 %.
    assert paused / 1000 <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 1000)


def test_real_harm_is_found() -> None:
    generator = np.random.default_rng(24)
    found = sum(
        trips(HarmCount("a", int((generator.random(1000) < 0.06).sum()), 1000, 1000), 0.02, 200, "sends")
        for _ in range(200)
    )
    assert found / 200 > 0.95


@given(st.integers(1, 500), st.data())
def test_the_bound_is_where_the_evidence_passes_its_bar(n: int, data: st.DataObject) -> None:
    events = data.draw(st.integers(0, n))
    bound = lower_bound(events, n)
    assert 0 <= bound <= events / n
    if bound > 1e-9:
        assert log_evidence(events, n, bound * 0.999) > math.log(20) > log_evidence(events, n, bound * 1.001) - 1e-9


def test_a_rule_waits_for_its_number_and_serious_harm_does_not() -> None:
    assert not trips(HarmCount("a", 30, 199, 199), 0.02, 200, "sends")
    assert trips(HarmCount("a", 30, 200, 200), 0.02, 200, "sends")
    assert not trips(HarmCount("a", 4, 20, 20), 0.003, 5, "events")
    assert trips(HarmCount("a", 1, 5000, 5000), 0.0, 1, "events"), "a limit of nothing trips at once"
    assert not trips(HarmCount("a", 0, 0, 0), 0.0, 0, "events")
