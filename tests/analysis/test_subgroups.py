"""Joint tests and subgroups: HTZ written out, its level, and the lines a plan's subgroups give."""

from __future__ import annotations

from dataclasses import replace
from math import sqrt

import numpy as np
import pytest
from scipy import stats

from nudge.analysis.cells import cells_of
from nudge.analysis.joint import joint_test
from nudge.analysis.least_squares import Column, LinearFit, fit
from nudge.analysis.sandwich import clustered, robust
from nudge.trial.errors import EstimationRefused
from nudge.trial.records.analysis import AnalysisRows, Estimate, Floats, Ints
from nudge.trial.records.columns import Coded
from tests.analysis.builders import CLUSTER, COMPLETE, coded_column, outcome, results, rows, trial


def model_of(x: Floats, y: Floats) -> LinearFit:
    cells = cells_of([np.arange(len(y))])
    return fit(cells, y, [Column(f"x{i}", values) for i, values in enumerate(x.T)])


def made_up(seed: int, groups: int = 14) -> tuple[Floats, Floats, Ints]:
    rng = np.random.default_rng(seed)
    clusters = np.repeat(np.arange(groups), rng.integers(3, 15, groups))
    level = rng.integers(0, 3, groups)[clusters]
    level[:3] = (0, 1, 2)
    x = np.column_stack([np.ones(clusters.size), rng.normal(size=clusters.size), level == 1, level == 2]).astype(float)
    return x, rng.normal(size=groups)[clusters] * 0.4 + rng.normal(size=clusters.size), clusters


def htz_by_hand(x: Floats, y: Floats, clusters: Ints, c: Floats) -> tuple[float, float]:
    """Tipton & Pustejovsky (2015) with every matrix of rows written out: F and its lower degrees of freedom."""
    n, q = len(y), c.shape[1]
    bread = np.linalg.inv(x.T @ x)
    left = np.eye(n) - x @ bread @ x.T
    pulled, covariance = [], np.zeros((q, q))
    for g in np.unique(clusters):
        here = np.flatnonzero(clusters == g)
        values, vectors = np.linalg.eigh(left[np.ix_(here, here)])
        a = vectors @ np.diag(values**-0.5) @ vectors.T @ x[here] @ bread @ c
        score = a.T @ (left @ y)[here]
        covariance += np.outer(score, score)
        pulled.append(left[:, here] @ a)
    omega = sum(p.T @ p for p in pulled)
    values, vectors = np.linalg.eigh(omega)
    pulled = [p @ vectors @ np.diag(values**-0.5) @ vectors.T for p in pulled]
    variance = 0.0
    for p in pulled:
        for other in pulled:
            cross = p.T @ other
            variance += float((np.outer(np.diag(cross), np.diag(cross))).sum() + (cross * cross.T).sum())
    eta = q * (q + 1) / variance
    effect = c.T @ bread @ x.T @ y
    total = float(effect @ np.linalg.solve(covariance, effect))
    return (eta - q + 1) / (eta * q) * total, eta - q + 1


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_hotelling_s_degrees_of_freedom_written_out(seed: int) -> None:
    x, y, clusters = made_up(seed)
    contrasts = np.eye(4)[:, 2:]
    found = joint_test(model_of(x, y), contrasts, clusters)
    statistic, below = htz_by_hand(x, y, clusters, contrasts)
    assert (found.statistic, found.df_below) == pytest.approx((statistic, below), rel=1e-8)
    assert found.p_value == pytest.approx(stats.f.sf(statistic, 2, below), rel=1e-8)
    assert "HTZ with CR2" in str(found)


def test_one_contrast_is_satterthwaite_s_t_squared() -> None:
    x, y, clusters = made_up(4)
    model, contrast = model_of(x, y), np.eye(4)[:, [1]]
    single, joint = clustered(model, clusters, contrast[:, 0]), joint_test(model, contrast, clusters)
    assert joint.df_below == pytest.approx(single.df, rel=1e-9)
    assert joint.statistic == pytest.approx((model.coefficients[1] / single.std_error) ** 2, rel=1e-9)


def test_rows_drawn_one_by_one_take_hc2_and_n_less_k() -> None:
    x, y, _ = made_up(5)
    model, contrasts = model_of(x, y), np.eye(4)[:, 2:]
    effect = contrasts.T @ model.coefficients
    by_hand = float(effect @ np.linalg.inv(robust(model, contrasts).covariance) @ effect) / 2
    found = joint_test(model, contrasts)
    assert (found.statistic, found.df_below) == pytest.approx((by_hand, len(y) - 4))


def test_too_few_clusters_for_so_many_contrasts_is_refused() -> None:
    rng = np.random.default_rng(6)
    clusters = np.repeat(np.arange(5), 6)
    x = np.column_stack([np.ones(30), *(clusters == g for g in (1, 2, 3))]).astype(float)
    with pytest.raises(EstimationRefused):
        joint_test(model_of(x, rng.normal(size=30)), np.eye(4)[:, 1:], clusters)


@pytest.mark.parametrize("by_rows", [True, False])
def test_levels_without_any_event_are_refused_and_do_not_crash(*, by_rows: bool) -> None:
    x, _, clusters = made_up(7)
    with pytest.raises(EstimationRefused, match="some level has no spread in its outcomes; merge levels"):
        joint_test(model_of(x, np.zeros(len(x))), np.eye(4)[:, 2:], None if by_rows else clusters)


@pytest.mark.slow
def test_a_true_null_is_rejected_about_as_often_as_it_says() -> None:
    """Fourteen unequal clusters, two contrasts between clusters: HTZ keeps below 7 %, and Wald's χ² does not."""
    rejected = wald = 0
    for seed in range(800):
        x, y, clusters = made_up(100 + seed)
        model, contrasts = model_of(x, y), np.eye(4)[:, 2:]
        rejected += joint_test(model, contrasts, clusters).p_value <= 0.05
        effect = contrasts.T @ model.coefficients
        covariance = clustered(model, clusters, contrasts, "CR0").covariance
        wald += float(effect @ np.linalg.solve(covariance, effect)) > stats.chi2.ppf(0.95, 2)
    assert rejected / 800 <= 0.07 + 3 * sqrt(0.07 * 0.93 / 800)
    assert wald / 800 > 0.15


def by_region(effects: tuple[float, ...], n: int = 240) -> AnalysisRows:
    rng = np.random.default_rng(7)
    region = np.arange(n) % len(effects)
    arm = np.arange(n) // len(effects) % 2
    y = np.array(effects)[region] * arm + rng.normal(size=n)
    names = [f"r{r}" for r in region]
    return rows(
        y.tolist(), np.where(arm == 1, "plan", "usual").tolist(),
        columns={"region": ("category", names), "age": ("number", list(range(n)))},
    )  # fmt: skip


def lines(made: AnalysisRows, column: str = "region") -> list[Estimate]:
    described = trial(
        population={"columns": {"region": "category", "age": "number"}}, analysis={"subgroups": [column]},
        outcomes={"came": outcome(kind="continuous", worthwhile="1 point", unit="points")},
    )  # fmt: skip
    return [one for one in results(described, {"came": made}, COMPLETE).estimates if one.role == "subgroup"]


def test_the_interaction_is_said_before_each_level() -> None:
    apart, alike = lines(by_region((0.0, 0.0, 2.0))), lines(by_region((1.0, 1.0, 1.0)))
    assert [one.level for one in apart] == [f"region: r{i}" for i in range(3)]
    assert all("a sign that the effect differs between levels" in one.note for one in apart)
    assert all("no sign that the effect differs" in one.note for one in alike)
    assert {one.family for one in apart} == {"subgroup region"}


def test_levels_are_adjusted_as_a_family_of_their_own_and_have_no_verdict() -> None:
    found = lines(by_region((0.0, 0.0, 2.0)))
    assert all(one.verdict is None for one in found)
    raw = min(one.p_value or 0 for one in found)
    assert min(one.p_adjusted or 0 for one in found) == pytest.approx(3 * raw)


def test_each_level_is_the_comparison_on_its_rows() -> None:
    made = by_region((0.0, 1.0))
    for one, level in zip(lines(made), ("r0", "r1"), strict=True):
        here = coded_column(made, "region").is_(level)
        arm, control = (made.outcome[here & made.arm.is_(name)] for name in ("plan", "usual"))
        assert one.estimate == pytest.approx(arm.mean() - control.mean())
        welch = stats.ttest_ind(arm, control, equal_var=False)
        assert (one.estimate or 0) / (one.std_error or 1) == pytest.approx(welch.statistic)


def test_numbers_are_cut_at_their_median() -> None:
    assert [one.level for one in lines(by_region((0.0, 1.0)), "age")] == ["age: above 119.5", "age: up to 119.5"]


def test_a_level_with_few_units_is_not_shown() -> None:
    made = by_region((0.0, 1.0))
    made = replace(made, covariates={"region": Coded.of(["rare"] * 4 + coded_column(made, "region").texts()[4:])})
    assert all("rare" not in (one.level or "") for one in lines(made))


def test_sites_are_tested_by_site() -> None:
    rng = np.random.default_rng(8)
    of = np.repeat(np.arange(40), 8)
    made = rows(
        rng.normal(size=320).tolist(), np.where(of % 2, "plan", "usual").tolist(), unit=of.tolist(),
        columns={"region": ("category", [f"r{site // 2 % 2}" for site in of])},
    )  # fmt: skip
    described = trial(
        population={"columns": {"region": "category"}}, analysis={"subgroups": ["region"]},
        outcomes={"came": outcome(kind="continuous", worthwhile="1 point", unit="points")},
    )  # fmt: skip
    found = [one for one in results(described, {"came": made}, CLUSTER).estimates if one.role == "subgroup"]
    assert len(found) == 2
    assert all("HTZ with CR2" in one.note and one.vcov == "CR2" for one in found)
