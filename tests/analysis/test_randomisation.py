"""Randomisation inference: exact examples from books, scipy's hypergeometric, and its own laws."""

from __future__ import annotations

from dataclasses import replace
from math import sqrt

import numpy as np
import pytest
from scipy.stats import fisher_exact, hypergeom

from nudge.analysis import randomisation
from nudge.analysis.randomisation import exact_events_test, hypergeometric_law, permutation_test
from tests.analysis.builders import SHAPES, made_up, pair


def test_gerber_and_green_s_villages() -> None:
    """Gerber & Green (2012), table 2.1, as in ri2's test-gg-in-text.R: 21 draws, two-sided p = 8/21."""
    villages = pair([15, 15, 20, 20, 10, 15, 30], [1, 0, 0, 0, 0, 0, 1])
    found = permutation_test(villages)
    assert found.p_value == pytest.approx(8 / 21, rel=1e-12)
    assert "all 21 draws" in found.how


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e9])
def test_the_unit_of_the_outcome_does_not_matter(scale: float) -> None:
    """Draws that tie with the one made must count however large the numbers are."""
    values = [0.1 * scale, 0.2 * scale, 0.3 * scale, 0.1 * scale, 0.2 * scale, 0.3 * scale, 0.7 * scale, 0.1 * scale]
    treated = [1, 1, 1, 0, 0, 0, 1, 0]
    counted = permutation_test(pair([round(value / scale * 10) for value in values], treated)).p_value
    assert permutation_test(pair(values, treated)).p_value == counted


def test_nothing_observed_is_never_surprising() -> None:
    assert permutation_test(pair([0.1, 0.2, 0.3, 0.1, 0.2, 0.3], [1, 1, 1, 0, 0, 0])).p_value == 1


def test_units_are_drawn_whole() -> None:
    """Four sites, two of each arm: 6 draws; the one made and its mirror are the furthest, so p = 2/6."""
    sites = pair([1, 1, 1, 0, 0, 1, 0, 0, 0, 0], [1, 1, 1, 1, 0, 0, 0, 0, 0, 0], unit=[0, 0, 1, 1, 2, 2, 2, 3, 3, 3])
    found = permutation_test(sites)
    assert found.p_value == pytest.approx(2 / 6)
    assert "all 6 draws" in found.how


def test_blocks_are_kept() -> None:
    """Two pairs: 4 draws, with differences within pairs of ±(3 ± 1) / 2; the one made is the largest: p = 2/4."""
    pairs = pair([3, 0, 11, 10], [1, 0, 1, 0], block=[0, 0, 1, 1])
    assert permutation_test(pairs).p_value == pytest.approx(2 / 4)


def test_many_draws_are_taken_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    made = made_up(SHAPES["individuals"], seed=4).only(np.arange(60) < 16)
    whole = permutation_test(made)
    monkeypatch.setattr(randomisation, "_BATCH", 100)
    assert permutation_test(made) == whole


def test_random_redraws_agree_with_all_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    made = made_up(SHAPES["individuals"], seed=4).only(np.arange(60) < 16)
    exact = permutation_test(made).p_value
    monkeypatch.setattr(randomisation, "ENUMERATION_LIMIT", 10)
    drawn = permutation_test(made)
    assert "10,000 random re-draws" in drawn.how
    assert abs(drawn.p_value - exact) <= 4 * sqrt(exact * (1 - exact) / 10_000)
    assert drawn == permutation_test(made)


def test_a_draw_among_others_is_never_p_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(randomisation, "ENUMERATION_LIMIT", 10)
    apart = pair([*range(100, 120), *range(20)], [1] * 20 + [0] * 20)
    assert permutation_test(apart).p_value == pytest.approx(1 / 10_001)


@pytest.mark.parametrize("events", [0, 1, 3, 6])
@pytest.mark.parametrize(("n", "take"), [(20, 10), (30, 15)])
def test_events_of_individuals_are_fisher_s_exact_test_in_equal_arms(events: int, n: int, take: int) -> None:
    """Equal arms give a symmetric law, where furthest from the expectation and least likely are the same."""
    y = [1] * events + [0] * (take - events) + [1] * 2 + [0] * (n - take - 2)
    found = exact_events_test(pair(y, [1] * take + [0] * (n - take)))
    theirs = fisher_exact([[events, take - events], [2, n - take - 2]]).pvalue
    assert found.p_value == pytest.approx(theirs, rel=1e-9)


def test_events_in_unequal_arms_count_what_is_as_far_from_the_expectation() -> None:
    """12 of 50 had the event, none of the 10 in the arm, where 2.4 were to be expected: 0, and 5 or more."""
    found = exact_events_test(pair([0] * 10 + [1] * 12 + [0] * 28, [1] * 10 + [0] * 40))
    law = hypergeom(50, 12, 10)
    assert found.p_value == pytest.approx(law.pmf(0) + law.sf(4), rel=1e-12)


@pytest.mark.parametrize(("n", "events", "take"), [(50, 12, 10), (50, 45, 30), (9, 9, 4), (9, 0, 4), (3000, 700, 1500)])
def test_the_law_of_events_is_scipy_s(n: int, events: int, take: int) -> None:
    found = hypergeometric_law(n, events, take)
    theirs = hypergeom(n, events, take).pmf(np.arange(found.size))
    assert found == pytest.approx(theirs, rel=1e-9, abs=1e-300)
    assert found.sum() == pytest.approx(1, rel=1e-12)


def test_events_in_blocks_convolve() -> None:
    """Two blocks of four, two in the arm, one event each: 0, 1 or 2 of them in the arm at 1/4, 1/2, 1/4."""
    both = pair([1, 0, 0, 0, 1, 0, 0, 0], [1, 1, 0, 0, 1, 1, 0, 0], block=[0, 0, 0, 0, 1, 1, 1, 1])
    one = pair([1, 0, 0, 0, 0, 0, 1, 0], [1, 1, 0, 0, 1, 1, 0, 0], block=[0, 0, 0, 0, 1, 1, 1, 1])
    assert exact_events_test(both).p_value == pytest.approx(1 / 2)
    assert exact_events_test(one).p_value == 1


def test_events_by_convolution_and_by_enumeration_agree() -> None:
    made = pair([1, 1, 0, 1, 0, 0, 1, 0, 0, 0, 0, 1], [1, 1, 0, 1, 0, 0, 1, 0, 1, 0, 0, 1], block=[0] * 6 + [1] * 6)
    assert exact_events_test(made).p_value == pytest.approx(permutation_test(made, of_totals=True).p_value, rel=1e-12)


def test_a_true_null_is_rejected_no_more_often_than_it_says() -> None:
    """Every draw of one population, tested in turn: at most 5 % of them have p ≤ .05, by construction."""
    y = [3.0, 1, 4, 1, 5, 9, 2, 6, 5, 3]
    p_values = []
    for chosen in range(1 << 10):
        treated = [chosen >> i & 1 for i in range(10)]
        if sum(treated) == 5:
            p_values.append(permutation_test(pair(y, treated)).p_value)
    assert len(p_values) == 252
    for level in (0.05, 0.1, 0.5):
        assert np.mean([p <= level for p in p_values]) <= level


def test_other_arms_take_no_part() -> None:
    made = made_up(SHAPES["sites"], seed=2)
    shifted = replace(made, unit=made.unit + 100)
    assert permutation_test(made) == permutation_test(shifted)
