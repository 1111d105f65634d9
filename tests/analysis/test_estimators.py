"""Each estimator against a closed form that somebody else computes, and the properties all of them share."""

from __future__ import annotations

from dataclasses import replace
from math import sqrt

import numpy as np
import pytest
from scipy import stats

from nudge.analysis.answers import Answer
from nudge.analysis.comparison import Pair
from nudge.analysis.estimators import estimator, estimator_names
from nudge.analysis.inference import answer
from nudge.trial.errors import EstimationRefused
from nudge.trial.records.columns import some_rows
from tests.analysis.builders import BLOCKED_CLUSTER, SHAPES, Shape, made_up, number_column, pair

AVERAGES = [(name, "person") for name in SHAPES] + [("sites", "cluster"), ("sites in blocks", "cluster")]


def found(made: Pair, shape: Shape, average: str = "person") -> Answer:
    result = answer(made, shape.design, binary=False, average=average)
    assert result.std_error is not None, result.note
    return result


def same(one: Answer, other: Answer, *, sign: int = 1, scale: float = 1) -> None:
    assert other.choice == one.choice
    assert other.estimate == pytest.approx(sign * scale * one.estimate, rel=1e-9)
    assert other.std_error == pytest.approx(scale * (one.std_error or 0), rel=1e-9)
    assert other.df == pytest.approx(one.df, rel=1e-8)
    assert other.p_value == pytest.approx(one.p_value, rel=1e-7)


@pytest.mark.parametrize(("name", "average"), AVERAGES)
class TestEveryDesign:
    def test_turning_the_arms_round_turns_the_sign(self, name: str, average: str) -> None:
        made = made_up(SHAPES[name])
        turned = replace(made, treated=~made.treated)
        same(found(made, SHAPES[name], average), found(turned, SHAPES[name], average), sign=-1)

    def test_shifting_the_outcome_leaves_the_effect(self, name: str, average: str) -> None:
        made = made_up(SHAPES[name])
        same(found(made, SHAPES[name], average), found(replace(made, y=made.y + 10), SHAPES[name], average))

    def test_the_outcome_s_unit_scales_the_effect(self, name: str, average: str) -> None:
        made = made_up(SHAPES[name])
        same(found(made, SHAPES[name], average), found(replace(made, y=made.y * 250), SHAPES[name], average), scale=250)

    def test_row_order_and_codes_do_not_matter(self, name: str, average: str) -> None:
        made = made_up(SHAPES[name])
        order = np.random.default_rng(7).permutation(made.y.size)
        renamed = replace(
            made, y=made.y[order], treated=made.treated[order], unit=(made.unit.max() - made.unit)[order],
            block=made.block[order], weight=made.weight[order],
            covariates={one: some_rows(column, order) for one, column in made.covariates.items()},
        )  # fmt: skip
        same(found(made, SHAPES[name], average), found(renamed, SHAPES[name], average))

    def test_moving_a_covariate_leaves_the_effect(self, name: str, average: str) -> None:
        made = made_up(SHAPES[name])
        moved = replace(made, covariates={one: number_column(made, one) * 3 - 40 for one in made.names})
        same(found(made, SHAPES[name], average), found(moved, SHAPES[name], average))


def test_what_each_shape_takes() -> None:
    taken = {name: found(made_up(shape), shape).choice for name, shape in SHAPES.items()}
    assert {name: (choice.estimator, choice.adjustment) for name, choice in taken.items()} == {
        "individuals": ("difference_in_means", "none"),
        "individuals with covariates": ("difference_in_means", "interacted"),
        "few individuals with covariates": ("difference_in_means", "additive"),
        "households": ("difference_in_means", "none"),
        "blocks": ("block_weighted", "none"),
        "blocks with covariates": ("block_weighted", "interacted"),
        "pairs": ("paired", "none"),
        "sites": ("difference_in_means", "none"),
        "sites in blocks": ("block_weighted", "none"),
        "pairs of sites": ("paired", "none"),
    }


def test_every_estimator_says_what_it_estimates() -> None:
    for name in estimator_names():
        assert estimator(name).ESTIMAND.startswith("average effect")


def test_individuals_as_welch_s_test() -> None:
    made = made_up(SHAPES["individuals"])
    one, other = made.y[made.treated], made.y[~made.treated]
    welch = stats.ttest_ind(one, other, equal_var=False)
    result = found(made, SHAPES["individuals"])
    assert result.estimate / (result.std_error or 0) == pytest.approx(welch.statistic, rel=1e-9)


def test_degrees_of_freedom_of_two_arms() -> None:
    """Bell & McCaffrey's for a difference in means: (1/a + 1/b)² / (1/(a²(a − 1)) + 1/(b²(b − 1)))."""
    made = pair(np.random.default_rng(1).normal(size=30).tolist(), [1] * 8 + [0] * 22)
    result = found(made, SHAPES["individuals"])
    a, b = 8, 22
    by_hand = (1 / a + 1 / b) ** 2 / (1 / (a**2 * (a - 1)) + 1 / (b**2 * (b - 1)))
    assert result.df == pytest.approx(by_hand, rel=1e-9)


def test_blocks_as_neyman_block_by_block() -> None:
    made = made_up(SHAPES["blocks"])
    estimate = variance = 0.0
    for b in range(4):
        one, other = (made.y[(made.block == b) & (made.treated == side)] for side in (True, False))
        share = (one.size + other.size) / made.y.size
        estimate += share * (one.mean() - other.mean())
        variance += share**2 * (one.var(ddof=1) / one.size + other.var(ddof=1) / other.size)
    result = found(made, SHAPES["blocks"])
    assert result.estimate == pytest.approx(estimate, rel=1e-9)
    assert result.std_error == pytest.approx(sqrt(variance), rel=1e-9)


def test_pairs_as_the_paired_t_test() -> None:
    made = made_up(SHAPES["pairs"])
    order = np.argsort(made.block + 100 * ~made.treated)
    one, other = made.y[order][:15], made.y[order][15:]
    paired = stats.ttest_rel(one, other)
    result = found(made, SHAPES["pairs"])
    assert result.p_value == pytest.approx(paired.pvalue, rel=1e-9)
    assert result.df == 14
    assert result.estimate == pytest.approx(float((one - other).mean()), rel=1e-9)


def test_pairs_of_sites_weigh_by_their_people() -> None:
    """Imai, King & Nall (2009), eq. 5 and 7, by hand for three pairs of sites with 4, 6 and 10 people, and more."""
    sizes = [(2, 2), (3, 3), (5, 5), (2, 4), (1, 3)]
    rng = np.random.default_rng(5)
    y, treated, unit, block, parts = [], [], [], [], []
    for k, (n, n_control) in enumerate(sizes):
        one, other = rng.normal(1, 1, n), rng.normal(0, 1, n_control)
        parts.append((n + n_control) * (one.mean() - other.mean()))
        y += [*one, *other]
        treated += [1] * n + [0] * n_control
        unit += [2 * k] * n + [2 * k + 1] * n_control
        block += [k] * (n + n_control)
    made = pair(y, treated, unit=unit, block=block)
    result = answer(made, BLOCKED_CLUSTER, binary=False, average="person")
    people, m = len(y), len(sizes)
    spread = sum((part - sum(parts) / m) ** 2 for part in parts)
    assert result.choice.estimator == "paired"
    assert result.estimate == pytest.approx(sum(parts) / people, rel=1e-12)
    assert result.std_error == pytest.approx(sqrt(m / (m - 1) * spread) / people, rel=1e-12)
    assert result.df == m - 1


def test_inverse_probability_is_hajek_s_ratio() -> None:
    rng = np.random.default_rng(8)
    block = np.repeat([0, 1, 2], [30, 12, 6])
    share = np.array([0.5, 0.25, 1 / 6])[block]
    treated = np.concatenate([np.repeat([1, 0], [15, 15]), np.repeat([1, 0], [3, 9]), np.repeat([1, 0], [1, 5])])
    weight = 1 / np.where(treated == 1, share, 1 - share)
    y = rng.normal(size=48) + block
    made = pair(y.tolist(), treated.tolist(), block=block.tolist(), weight=weight.tolist())
    result = answer(made, SHAPES["blocks"].design, binary=False, average="person")
    here = treated == 1
    hajek = np.average(y[here], weights=weight[here]) - np.average(y[~here], weights=weight[~here])
    assert result.choice.estimator == "inverse_probability"
    assert result.estimate == pytest.approx(float(hajek), rel=1e-9)


def test_inverse_probability_needs_the_probabilities() -> None:
    made = made_up(SHAPES["individuals"])
    with pytest.raises(EstimationRefused, match="chance of each arm is not known"):
        estimator("inverse_probability").estimate(made, "none")


def test_fixed_effects_of_pairs_are_the_paired_t_test() -> None:
    made = made_up(SHAPES["pairs"])
    effects = estimator("fixed_effects").estimate(made, "none")
    pairs = estimator("paired").estimate(made, "none")
    assert effects.estimate == pytest.approx(pairs.estimate, rel=1e-9)
    assert effects.std_error == pytest.approx(pairs.std_error, rel=1e-9)
    assert effects.df == pytest.approx(pairs.df, rel=1e-9)


def test_cluster_means_are_a_test_of_means() -> None:
    made = made_up(SHAPES["sites"])
    means = np.array([made.y[made.unit == u].mean() for u in range(24)])
    side = np.array([made.treated[made.unit == u][0] for u in range(24)])
    welch = stats.ttest_ind(means[side], means[~side], equal_var=False)
    result = found(made, SHAPES["sites"], "cluster")
    assert result.estimate / (result.std_error or 0) == pytest.approx(welch.statistic, rel=1e-9)
    assert result.df == 22


def test_cluster_means_with_single_sites_weigh_by_probability_where_it_differs() -> None:
    """statistics.md 6 under `average: cluster`: fixed effects would weigh by precision there."""
    block, side = [], []
    for b, (one, other) in enumerate([(1, 1), (1, 3), (2, 2), (1, 1), (1, 3), (2, 2)]):
        block += [b] * (one + other)
        side += [1] * one + [0] * other
    sites = len(block)
    rng = np.random.default_rng(2)
    share = np.array([np.mean([s for s, c in zip(side, block, strict=True) if c == b]) for b in block])
    weight = 1 / np.where(np.array(side) == 1, share, 1 - share)
    of_site = np.repeat(np.arange(sites), 5)
    y = rng.normal(size=sites * 5) + np.array(block)[of_site]
    made = pair(
        y.tolist(), np.array(side)[of_site].tolist(), unit=of_site.tolist(), block=np.array(block)[of_site].tolist(),
        weight=weight[of_site].tolist(),
    )  # fmt: skip
    result = answer(made, BLOCKED_CLUSTER, binary=False, average="cluster")
    means = y.reshape(sites, 5).mean(axis=1)
    here = np.array(side) == 1
    hajek = np.average(means[here], weights=weight[here]) - np.average(means[~here], weights=weight[~here])
    assert result.choice.estimator == "cluster_means"
    assert result.estimate == pytest.approx(float(hajek), rel=1e-9)
    assert result.df == sites - 2


def test_a_useful_covariate_narrows_the_interval_and_leaves_the_effect_near() -> None:
    shape = SHAPES["individuals with covariates"]
    made = made_up(shape, seed=11)
    with_them, without = found(made, shape), found(replace(made, covariates={}), shape)
    assert (with_them.std_error or 1) < 0.7 * (without.std_error or 0)
    assert abs(with_them.estimate - without.estimate) < 2 * (without.std_error or 0)
