"""Events an arm brought about: every draw of small trials gone through, and Fisher's own law."""

from __future__ import annotations

from itertools import combinations, product
from math import comb

import numpy as np
import pytest
from scipy.stats import hypergeom

from nudge.analysis.attributable import attributable_interval, attributable_p
from tests.analysis.builders import outcome, results, rows, trial


@pytest.mark.parametrize("brought", [-2, 0, 3, 6])
def test_the_law_is_fisher_s_on_the_table_without_the_effect(brought: int) -> None:
    """8 of 10 and 3 of 10 (Rigdon & Hudgens's RI2by2 example), `brought` of the eight taken away."""
    law = hypergeom(20, 8 - brought + 3, 10)
    x = np.arange(21)
    expected = (11 - brought) / 2
    far = np.abs(x - expected) >= abs(8 - brought - expected) - 1e-9
    assert attributable_p(8, 10, 3, 10, brought) == pytest.approx(float(law.pmf(x)[far].sum()), rel=1e-12)


@pytest.mark.parametrize(("n", "n_control"), [(4, 4), (3, 5)])
def test_no_draw_of_any_population_is_missed_too_often(n: int, n_control: int) -> None:
    """Every population of potential outcomes: at most one draw in ten leaves out what the arm brought about."""
    size, worst = n + n_control, 0.0
    ends = {
        (events, control): attributable_interval(events, n, control, n_control, 0.9)
        for events in range(n + 1) for control in range(n_control + 1)
    }  # fmt: skip
    kinds = [(0, 0), (0, 1), (1, 0), (1, 1)]  # outcome without the arm, and with it
    for counts in product(range(size + 1), repeat=3):
        if sum(counts) > size:
            continue
        people = [kind for kind, times in zip(kinds, [*counts, size - sum(counts)], strict=True) for _ in range(times)]
        missed = 0
        for drawn in combinations(range(size), n):
            chosen = set(drawn)
            events = sum(people[i][1] for i in chosen)
            control = sum(people[i][0] for i in range(size) if i not in chosen)
            brought = events - sum(people[i][0] for i in chosen)
            low, high = ends[events, control]
            missed += not low <= brought <= high
        worst = max(worst, missed / comb(size, n))
    assert worst <= 0.1


def test_relabelling_the_event_turns_the_interval() -> None:
    low, high = attributable_interval(8, 10, 3, 10, 0.95)
    assert attributable_interval(2, 10, 7, 10, 0.95) == (-high, -low)
    assert 0 <= low < high <= 8


def test_a_small_trial_shows_it_and_a_large_one_where_the_file_asks() -> None:
    small = rows([1] * 8 + [0] * 2 + [1] * 3 + [0] * 7, ["plan"] * 10 + ["usual"] * 10)
    (line,) = [one for one in results(trial(), {"came": small}).estimates if one.estimator == "attributable_effect"]
    low, high = attributable_interval(8, 10, 3, 10, 0.95)
    assert (line.conf_low, line.conf_high) == (low / 10, high / 10)
    assert line.note == f"of 8 events in plan it brought about {low} to {high}, exact over all draws"
    large = rows([1] * 60 + [0] * 40 + [1] * 40 + [0] * 60, ["plan"] * 100 + ["usual"] * 100)
    always = trial(analysis={"randomisation_test": "always"}, outcomes={"came": outcome(better="lower")})
    assert not [one for one in results(trial(), {"came": large}).estimates if one.estimator == "attributable_effect"]
    lines = results(always, {"came": large}).estimates
    (line,) = [one for one in lines if one.estimator == "attributable_effect"]
    assert line.conf_high is not None
    assert line.conf_high < 0
    assert any(one.note.startswith("p from the estimator's t over 10,000 re-draws") for one in lines)
