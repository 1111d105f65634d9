"""Where no variance can be had, none is given (statistics.md 10): what is given instead, and why it says so."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import hypergeom

from nudge.analysis.comparison import Pair
from nudge.analysis.inference import answer
from nudge.analysis.score_interval import score_interval
from nudge.trial.records.analysis import Design
from tests.analysis.builders import BLOCKED, BLOCKED_CLUSTER, CLUSTER, COMPLETE, pair

NO_LAW = Design(None, clusters=False, blocks=False)


def sites(*values: list[float], treated: list[int]) -> Pair:
    """Rows of sites, a list of outcomes each; treated: by row."""
    y = [value for site in values for value in site]
    return pair(y, treated, unit=[i for i, site in enumerate(values) for _ in site])


def test_three_sites_an_arm_of_equal_size_leave_exactly_four_degrees_of_freedom() -> None:
    """(1/3 + 1/3)² / (2 / (9 · 2)) = 4: enough, and rounding must not turn it into 3.9999."""
    made = sites([1, 2], [2, 4], [3, 9], [0, 1], [5, 2], [2, 2], treated=[1] * 6 + [0] * 6)
    for average in ("person", "cluster"):
        found = answer(made, CLUSTER, binary=False, average=average)
        assert found.df == pytest.approx(4, abs=1e-9)
        assert found.interval(0.95) is not None


@pytest.mark.parametrize("average", ["person", "cluster"])
def test_fewer_than_four_give_a_randomisation_p_and_no_interval(average: str) -> None:
    made = sites([5, 6], [7, 7], [1, 2], [2, 3], [0, 1], treated=[1] * 4 + [0] * 6)
    found = answer(made, CLUSTER, binary=False, average=average)
    assert (found.std_error, found.df, found.vcov, found.interval(0.95)) == (None, None, None, None)
    # Two of five sites in the arm: 10 draws, of which only this one is as far.
    assert found.p_value == pytest.approx(1 / 10)
    assert "degrees of freedom are left" in found.note
    assert "all 10 draws" in found.note
    assert found.estimate == pytest.approx(25 / 4 - 9 / 6)


def test_a_site_alone_in_its_arm_decides_it() -> None:
    made = sites([9, 8], [1, 2], [2, 3], [0, 1], [2, 2], [3, 1], treated=[1, 1] + [0] * 10)
    found = answer(made, CLUSTER, binary=False, average="person")
    assert found.std_error is None
    assert "one unit alone decides" in found.note
    assert found.p_value == pytest.approx(1 / 6)


@pytest.mark.parametrize("design", [COMPLETE, CLUSTER])
def test_one_unit_in_each_arm_is_refused_by_name(design: Design) -> None:
    found = answer(pair([1, 2, 3, 4, 5, 6], [1] * 3 + [0] * 3, unit=[0] * 3 + [1] * 3), design, binary=False,
                   average="person")  # fmt: skip
    assert (found.std_error, found.p_value, found.interval(0.95)) == (None, None, None)
    assert "each arm is a single unit" in found.note
    assert found.estimate == -3


def test_without_a_law_there_is_no_randomisation_p() -> None:
    made = pair([5, 6, 1, 2, 0], [1, 1, 0, 0, 0])
    found = answer(made, NO_LAW, binary=False, average="person")
    assert (found.std_error, found.p_value) == (None, None)
    assert "the law of the draw is not known" in found.note


def test_no_event_in_an_arm_of_individuals() -> None:
    found = answer(pair([0] * 40 + [1] * 5 + [0] * 35, [1] * 40 + [0] * 40), COMPLETE, binary=True, average="person")
    assert found.interval(0.95) == score_interval(0, 40, 5, 40, 0.95)
    assert found.interval(0.99) == score_interval(0, 40, 5, 40, 0.99)
    law = hypergeom(80, 5, 40)
    assert found.p_value == pytest.approx(law.pmf(0) + law.pmf(5), rel=1e-12)
    assert (found.std_error, found.vcov, found.estimate) == (None, "score", -0.125)
    assert found.note.startswith("0 of 40 and 5 of 40 had the event: Miettinen-Nurminen")


def test_nothing_but_events_in_an_arm_is_the_same_turned_round() -> None:
    found = answer(pair([1] * 40 + [0] * 5 + [1] * 35, [1] * 40 + [0] * 40), COMPLETE, binary=True, average="person")
    low, high = score_interval(0, 40, 5, 40, 0.95)
    assert found.interval(0.95) == pytest.approx((-high, -low), abs=1e-9)


def test_no_event_anywhere_has_no_p_value() -> None:
    found = answer(pair([0] * 30, [1, 0] * 15), COMPLETE, binary=True, average="person")
    assert found.p_value is None
    assert found.interval(0.95) is not None


def test_no_event_in_an_arm_within_blocks_has_counts_and_an_exact_p_only() -> None:
    y = [0, 0, 1, 0, 0, 0, 1, 1]
    found = answer(pair(y, [1, 1, 0, 0] * 2, block=[0] * 4 + [1] * 4), BLOCKED, binary=True, average="person")
    assert found.interval(0.95) is None
    # One event in the first block, two in the second; 0 of 3 in the arm where 1.5 were to be
    # expected: 1/2 · 1/6 for none, and as much for all three.
    assert found.p_value == pytest.approx(1 / 6)
    assert "0 of 4 and 3 of 4 had the event" in found.note
    assert found.estimate == pytest.approx((-0.5 - 1) / 2)


def test_no_event_in_an_arm_of_sites_has_counts_and_p_only() -> None:
    made = sites([0] * 3, [0] * 5, [0] * 4, [1, 0, 0], [1, 1, 0, 0], [0, 0], treated=[1] * 12 + [0] * 9)
    found = answer(made, CLUSTER, binary=True, average="person")
    assert found.interval(0.95) is None
    # Totals 0 0 0 1 2 0, three of six sites: 1.5 below or above what was to be expected in 8 of 20 draws.
    assert found.p_value == pytest.approx(8 / 20)
    assert "no interval under clusters" in found.note


@pytest.mark.parametrize(
    ("y", "block"),
    [([2.5] * 12, [0] * 12), ([1] * 6 + [0] * 6, [0] * 6 + [1] * 6)],
    ids=["the same for all", "the same within blocks"],
)
def test_an_outcome_that_never_varies_gives_no_interval_and_no_p(y: list[float], block: list[int]) -> None:
    found = answer(pair(y, [1, 0] * 6, block=block), BLOCKED, binary=False, average="person")
    assert (found.std_error, found.p_value, found.interval(0.95)) == (None, None, None)
    assert found.estimate == 0
    assert "does not vary" in found.note


def test_a_variance_of_zero_with_a_difference_gives_randomisation_alone() -> None:
    found = answer(pair([2.5, 1.1] * 5, [1, 0] * 5), COMPLETE, binary=False, average="person")
    assert (found.std_error, found.interval(0.95)) == (None, None)
    assert found.p_value == pytest.approx(2 / 252)


@pytest.mark.parametrize("sizes", [0, 3])
def test_pairs_that_differ_by_the_same_amount_have_no_variance(sizes: int) -> None:
    y = [float(i) + (0.7 if side else 0) for i in range(8) for side in (1, 0)]
    design = BLOCKED_CLUSTER if sizes else BLOCKED
    found = answer(pair(y, [1, 0] * 8, block=np.repeat(range(8), 2).tolist()), design, binary=False, average="person")
    assert (found.std_error, found.interval(0.95)) == (None, None)
    assert found.p_value == pytest.approx(2 / 2**8)


def test_an_arm_without_rows() -> None:
    for made in (pair([], []), pair([1, 0, 1], [1, 1, 1]), pair([1, 0, 1, 1], [1, 1, 0, 0], block=[0, 0, 1, 1])):
        found = answer(made, BLOCKED, binary=True, average="person")
        assert found.choice.estimator == "none"
        assert (found.std_error, found.p_value, found.interval(0.95)) == (None, None, None)
        assert np.isnan(found.estimate)


def test_blocks_without_both_arms_are_left_out_and_counted() -> None:
    rng = np.random.default_rng(4)
    y = rng.normal(size=26).tolist()
    treated = [1, 0] * 12 + [1, 1]
    block = [0] * 12 + [1] * 12 + [2, 2]
    found = answer(pair(y, treated, block=block), BLOCKED, binary=False, average="person")
    without = answer(pair(y[:24], treated[:24], block=block[:24]), BLOCKED, binary=False, average="person")
    assert (found.blocks_left_out, without.blocks_left_out) == (1, 0)
    assert (found.estimate, found.std_error) == (without.estimate, without.std_error)


def test_the_plain_difference_compares_like_with_like_in_blocks() -> None:
    """Chances differ between blocks and are not known: the estimate shown is still not confounded by block."""
    y = [10, 10, 10, 10, 10, 11, 1, 1, 2, 1]
    treated = [1, 1, 1, 1, 1, 0, 1, 0, 0, 0]
    found = answer(pair(y, treated, block=[0] * 6 + [1] * 4), BLOCKED, binary=False, average="person")
    assert "chance of each arm is not known" in found.note
    assert found.choice.estimator == "block_weighted"
    assert found.estimate == pytest.approx((6 * (10 - 11) + 4 * (1 - 4 / 3)) / 10)
