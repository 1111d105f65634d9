"""The estimator's own t over every draw: held to the estimators, to full enumeration, and to its level."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from math import sqrt

import numpy as np
import pytest
from scipy import stats

from nudge.analysis.comparison import Pair
from nudge.analysis.drawn_effects import EffectSums
from nudge.analysis.drawn_sums import _arm as arm_of
from nudge.analysis.drawn_sums import block_sums, t_by_sums, thrown
from nudge.analysis.estimators import estimator
from nudge.analysis.inference import answer
from nudge.analysis.randomisation import redraw_of
from nudge.analysis.studentised import UnitSums, shift_interval, studentised_test, within_blocks
from nudge.trial.records.analysis import Bools, Design, StoredLaw
from tests.analysis.builders import CLUSTER, SHAPES, made_up, outcome, pair, results, rows, trial

UNADJUSTED = [name for name, shape in SHAPES.items() if not shape.covariates]


@pytest.mark.parametrize("name", UNADJUSTED)
def test_the_t_of_a_draw_is_the_estimator_s(name: str) -> None:
    """Redrawn five times: what the locked estimator gives on those arms, to nine digits."""
    made, shape = made_up(SHAPES[name], seed=2), SHAPES[name]
    choice = answer(made, shape.design, binary=False, average="person").choice
    units = UnitSums.of(made)
    draws = np.vstack([units.treated, within_blocks(units, 5, np.random.default_rng(1))])
    expected = []
    for drawn in draws:
        fitted = estimator(choice.estimator).estimate(replace(made, treated=drawn[made.unit]), choice.adjustment)
        expected.append(fitted.estimate / fitted.std_error)
    assert units.t(draws) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("binary", [False, True])
def test_random_draws_agree_with_all_of_them(*, binary: bool) -> None:
    """Six of twelve individuals, 924 draws gone through with Welch's t by scipy."""
    y = made_up(SHAPES["individuals"], seed=5, binary=binary).y[:12]
    made = pair(y.tolist(), [1] * 6 + [0] * 6)
    every = []
    for chosen in combinations(range(12), 6):
        here = np.isin(np.arange(12), chosen)
        one, other = y[here], y[~here]
        error = sqrt(one.var(ddof=1) / 6 + other.var(ddof=1) / 6)
        every.append(abs(one.mean() - other.mean()) / error if error else np.inf * abs(one.mean() - other.mean()))
    exact = float(np.mean(np.array(every) >= every[0] * (1 - 1e-10)))
    found = studentised_test(made)
    assert abs(found.p_value - exact) <= 4 * sqrt(exact * (1 - exact) / 10_000) + 1e-4
    assert "the estimator's t over 10,000 re-draws" in found.how


def test_individuals_by_sums_are_individuals_one_by_one() -> None:
    made = made_up(SHAPES["blocks"], seed=8)
    by_sums = studentised_test(made).p_value
    units = UnitSums.of(made)
    drawn = units.t(within_blocks(units, 10_000, np.random.default_rng(3)))
    one_by_one = float(np.mean(np.abs(drawn) >= abs(units.t(units.treated[None, :])[0])))
    assert abs(by_sums - one_by_one) <= 6 * sqrt(one_by_one * (1 - one_by_one) / 10_000) + 1e-3


@pytest.mark.parametrize("sizes", ["equal", "unequal"])
def test_sums_over_the_units_drawn_say_the_same_t(sizes: str) -> None:
    """Sixty sites an arm in two blocks: the series in a site's share against the variance written out."""
    rng = np.random.default_rng(12)
    size = np.full(240, 5) if sizes == "equal" else rng.integers(3, 12, 240)
    unit = np.repeat(np.arange(240), size)
    arm = (np.arange(240) % 2)[unit]
    y = rng.normal(size=240)[unit] + rng.normal(size=unit.size)
    made = pair(y.tolist(), arm.tolist(), unit=unit.tolist(), block=(unit // 120).tolist())
    units = UnitSums.of(made)
    blocks = block_sums(units)
    assert blocks is not None
    found = t_by_sums(blocks, 4_000, np.random.default_rng(1))
    written = units.t(within_blocks(units, 4_000, np.random.default_rng(2)))
    assert np.quantile(found, [0.05, 0.5, 0.95]) == pytest.approx(np.quantile(written, [0.05, 0.5, 0.95]), abs=0.12)
    whole = np.add.reduceat(blocks.columns, blocks.starts, axis=1)
    one = np.add.reduceat(blocks.columns * units.treated, blocks.starts, axis=1)
    arms = [
        arm_of(blocks, one[None], blocks.takes),
        arm_of(blocks, (whole - one)[None], blocks.units - blocks.takes),
    ]
    effect = (arms[0][0] - arms[1][0]) @ blocks.share
    variance = (arms[0][1] + arms[1][1]) @ blocks.share**2
    assert effect / np.sqrt(variance) == pytest.approx(units.t(units.treated[None, :]), rel=1e-10)


@pytest.mark.parametrize(("units", "take"), [(20, 9), (12, 1), (5, 4), (2, 1)])
def test_coins_turned_back_are_a_complete_draw(units: int, take: int) -> None:
    """Size always right; each unit as often as any other, and pairs together as often as in a complete draw."""
    rng = np.random.default_rng(3)
    starts, sizes, takes = np.array([0, 3]), np.array([3, units]), np.array([2, take])
    every = np.array([thrown(starts, sizes, takes, rng) for _ in range(20_000)])
    assert (every[:, :3].sum(axis=1) == 2).all()
    drawn, share = every[:, 3:], take / units
    assert (drawn.sum(axis=1) == take).all()
    assert drawn.mean(axis=0) == pytest.approx(np.full(units, share), abs=4.5 * sqrt(share * (1 - share) / 20_000))
    together = drawn.astype(float).T @ drawn / 20_000
    expected = take * (take - 1) / (units * (units - 1))
    assert together[np.triu_indices(units, 1)] == pytest.approx(np.full(units * (units - 1) // 2, expected), abs=0.015)


def test_large_arms_agree_with_welch() -> None:
    rng = np.random.default_rng(6)
    one, other = rng.normal(0.12, 1, 900), rng.normal(0, 2, 900)
    made = pair([*one, *other], [1] * 900 + [0] * 900)
    welch = stats.ttest_ind(one, other, equal_var=False).pvalue
    assert studentised_test(made).p_value == pytest.approx(welch, abs=0.015)


def test_covariates_sharpen_it() -> None:
    made = made_up(SHAPES["individuals with covariates"], seed=4)
    plain = replace(made, covariates={})
    adjusted = studentised_test(made)
    assert adjusted.p_value < studentised_test(plain).p_value
    assert "freed of its covariates" in adjusted.how


def test_the_interval_is_of_shifts_not_rejected() -> None:
    made = made_up(SHAPES["sites"], seed=9)
    bounds = shift_interval(made, 0.95)
    assert bounds is not None
    fitted = answer(made, SHAPES["sites"].design, binary=False, average="person")
    wald = fitted.interval(0.95)
    assert wald is not None
    assert bounds == pytest.approx(wald, abs=0.35 * (wald[1] - wald[0]))
    for bound, outside in zip(bounds, (-0.1, 0.1), strict=True):
        moved = replace(made, y=made.y - (bound + outside) * made.treated)
        assert studentised_test(moved, draws=2_000).p_value <= 0.06


def test_units_too_few_for_any_rejection_have_no_interval() -> None:
    """Two of four: the smallest p is a third."""
    assert shift_interval(pair([1, 2, 3, 5], [1, 1, 0, 0]), 0.95) is None


def test_the_stored_law_is_what_is_drawn_from() -> None:
    """A law of only two draws, alternating: the p-value can be no smaller than a half or so."""
    made = replace(pair([9, 8, 9, 1, 2, 1, 0, 2], [1, 1, 1, 0, 0, 1, 0, 0]), origin=np.arange(10, 18))

    def redraw(number: int, rng: np.random.Generator) -> np.ndarray:
        one = np.zeros(20, dtype=np.int8)
        one[[10, 11, 12, 15]] = 1
        return np.where(rng.integers(0, 2, number)[:, None], one, 1 - one).astype(np.int8)

    design = Design("rerandomised", clusters=False, blocks=False, law=StoredLaw(("usual", "plan"), redraw))
    drawn = redraw_of(made, design, "plan", "usual")
    assert drawn is not None
    some: Bools = drawn(50, np.random.default_rng(1))
    assert {tuple(row) for row in some} == {tuple(made.treated), tuple(~made.treated)}
    assert studentised_test(made, drawn).p_value == 1
    assert redraw_of(made, design, "plan", "other") is None


def test_a_law_that_cannot_be_drawn_again_gives_no_p_value() -> None:
    made = pair([5, 6, 1, 2, 0], [1, 1, 0, 0, 0])
    found = answer(made, Design("minimisation", clusters=False, blocks=False), binary=False, average="person")
    assert (found.std_error, found.p_value) == (None, None)
    assert "cannot be drawn again by themselves" in found.note


def test_a_line_beside_the_plan_where_units_are_few() -> None:
    rng = np.random.default_rng(2)
    of = np.repeat(np.arange(16), 6)
    made = rows(rng.normal(size=96).tolist(), np.where(of % 2, "plan", "usual").tolist(), unit=of.tolist())
    described = trial(outcomes={"came": outcome(kind="continuous", worthwhile="1 point", unit="points")})
    found = [one for one in results(described, {"came": made}, CLUSTER).estimates if "re-draws" in one.note]
    (line,) = found
    assert line.conf_low is not None
    assert line.conf_high is not None
    assert line.conf_low < (line.estimate or 0) < line.conf_high
    assert line.p_value == studentised_test(pair(made.outcome.tolist(), (of % 2).tolist(), unit=of.tolist())).p_value


@pytest.mark.slow
def test_a_true_null_is_rejected_no_more_often_than_it_says() -> None:
    """Twelve sites of unequal size, 600 times: at most 5 % and three Monte Carlo errors."""
    rejected = 0
    for seed in range(600):
        made = _null(np.random.default_rng(seed))
        rejected += studentised_test(made, draws=499).p_value <= 0.05
    assert rejected / 600 <= 0.05 + 3 * sqrt(0.05 * 0.95 / 600)


def _null(rng: np.random.Generator) -> Pair:
    unit = np.repeat(np.arange(12), rng.integers(2, 20, 12))
    arm = np.isin(unit, rng.permutation(12)[:6])
    return pair((rng.normal(size=12)[unit] + rng.normal(size=unit.size)).tolist(), arm.tolist(), unit=unit.tolist())


def three_to_a_block(seed: int, *, size: int = 1, covariates: int = 0) -> Pair:
    """Twelve blocks of three units, one in the arm: block indicators are what the lock holds."""
    rng = np.random.default_rng(seed)
    of = np.repeat(np.arange(36), rng.integers(1, 2 * size, 36) if size > 1 else 1)
    x = {f"x{i}": rng.normal(size=of.size).tolist() for i in range(covariates)}
    y = 0.3 * (of % 3 == 0) + rng.normal(size=36)[of] + 0.2 * (of // 3) + rng.normal(size=of.size)
    y = y + sum((np.array(one) for one in x.values()), np.zeros(of.size))
    treated = (of % 3 == 0).astype(int).tolist()
    return pair(y.tolist(), treated, unit=of.tolist(), block=(of // 3).tolist(), covariates=x)


@pytest.mark.parametrize("size", [1, 5])
def test_beside_block_indicators_it_is_the_coefficient_s_own_t(size: int) -> None:
    made = three_to_a_block(2, size=size)
    units = EffectSums.of(made)
    draws = np.vstack([units.treated, within_blocks(units, 5, np.random.default_rng(1))])
    fitted = [estimator("fixed_effects").estimate(replace(made, treated=drawn[made.unit]), "none") for drawn in draws]
    assert units.t(draws) == pytest.approx([one.estimate / one.std_error for one in fitted], rel=1e-9)
    assert units.effect(draws) == pytest.approx([one.estimate for one in fitted], rel=1e-9)


def test_its_line_stands_beside_the_plan() -> None:
    """A wider or other statistic would not centre its interval on the estimate."""
    made = three_to_a_block(4)
    arms = np.where(made.treated, "plan", "usual").tolist()
    described = trial(
        arms={"usual": {"control": True}, "plan": {}}, allocation={"arm": "arm", "method": "blocked", "blocks": ["b"]},
        outcomes={"came": outcome(kind="continuous", unit="visits", worthwhile="1 visits")},
        analysis={"randomisation_test": "always"},
    )  # fmt: skip
    design = Design("blocked", clusters=False, blocks=True)
    found = results(described, {"came": rows(made.y.tolist(), arms, block=made.block.tolist())}, design).estimates
    planned = found[0]
    (drawn,) = [one for one in found if one.note.startswith("p from the estimator's t")]
    assert (planned.estimator, drawn.estimator) == ("fixed_effects", "fixed_effects")
    assert drawn.p_value == studentised_test(made, kind=EffectSums).p_value
    assert drawn.conf_low is not None
    assert drawn.conf_high is not None
    assert drawn.conf_low < (planned.estimate or 0) < drawn.conf_high
    assert drawn.conf_high - drawn.conf_low == pytest.approx(
        (planned.conf_high or 0) - (planned.conf_low or 0), rel=0.15
    )


def test_covariates_are_taken_away_within_blocks() -> None:
    """The freed outcome's coefficient is near the adjusted one: covariates and arm are drawn apart."""
    made = three_to_a_block(3, covariates=1)
    fitted = estimator("fixed_effects").estimate(made, "additive")
    units = EffectSums.of(made)
    assert float(units.effect(units.treated[None, :])[0]) == pytest.approx(fitted.estimate, abs=0.5 * fitted.std_error)
    plain = EffectSums.of(replace(made, covariates={}))
    assert abs(units.t(units.treated[None, :])[0]) > abs(plain.t(plain.treated[None, :])[0])
