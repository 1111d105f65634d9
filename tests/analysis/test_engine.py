"""One engine for all sizes: by cells it gives what statsmodels and brute force give on the rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from nudge.analysis import cells as cells_module
from nudge.analysis import cluster_sums
from nudge.analysis.cells import Cells, cells_of
from nudge.analysis.least_squares import Column, LinearFit, fit
from nudge.analysis.sandwich import clustered, robust
from nudge.trial.errors import EstimationRefused
from nudge.trial.records.analysis import Floats, Ints


@dataclass(frozen=True)
class Made:
    """A made-up table, by cells and as a matrix."""

    cells: Cells
    columns: list[Column]
    x: Floats
    y: Floats
    clusters: Ints

    @property
    def model(self) -> LinearFit:
        return fit(self.cells, self.y, self.columns)


def made_up(seed: int, n: int = 600, groups: int = 40, measures: int = 2, age: float = 40) -> Made:
    """Arms by cluster, a region, and measures with arm × measure: the whole matrix beside the cells."""
    rng = np.random.default_rng(seed)
    clusters = rng.integers(0, groups, n)
    arm = (np.arange(groups) % 2)[clusters]
    region = rng.integers(0, 4, n)
    z = [age + 10 * rng.normal(size=n) for _ in range(measures)]
    y = 3 + 0.4 * arm + 0.2 * region + sum((0.03 * one for one in z), np.zeros(n)) + rng.normal(size=n) * (1 + arm)
    y += rng.normal(size=groups)[clusters]
    cells = cells_of([arm, region], z)
    one_arm = cells.levels[:, 0].astype(float)
    columns = [Column("the constant", np.ones(cells.count.size)), Column("arm", one_arm)]
    columns += [Column(f"region {r}", (cells.levels[:, 1] == r).astype(float)) for r in (1, 2, 3)]
    for i in range(measures):
        values, measure = cells.measure(i)
        own = Column(f"z{i}", values, measure)
        columns += [own, own.times(one_arm, f"arm × z{i}")]
    centred = [one - one.mean() for one in z]
    wide = [np.ones(n), arm, *((region == r) for r in (1, 2, 3))]
    wide += [part for one in centred for part in (one, one * arm)]
    return Made(cells, columns, np.column_stack(wide).astype(float), y, clusters)


@pytest.mark.parametrize("measures", [0, 1, 2])
@pytest.mark.parametrize("kind", ["HC0", "HC1", "HC2", "HC3"])
def test_heteroskedasticity_as_statsmodels_on_the_rows(kind: str, measures: int) -> None:
    made = made_up(1, measures=measures)
    theirs = sm.OLS(made.y, made.x).fit(cov_type=kind)
    found = robust(made.model, np.eye(made.x.shape[1]), kind)
    assert made.model.coefficients == pytest.approx(theirs.params, rel=1e-9)
    assert found.covariance == pytest.approx(theirs.cov_params(), rel=1e-9, abs=1e-16)


@pytest.mark.parametrize("groups", [12, 200])
@pytest.mark.parametrize("measures", [0, 2])
def test_clusters_as_statsmodels_on_the_rows(measures: int, groups: int) -> None:
    """Few large clusters go by columns, many small ones by rows; statsmodels' default is Stata's factor."""
    made = made_up(2, measures=measures, groups=groups)
    theirs = sm.OLS(made.y, made.x).fit(cov_type="cluster", cov_kwds={"groups": made.clusters})
    found = clustered(made.model, made.clusters, np.eye(made.x.shape[1]), "CR1S")
    assert found.covariance == pytest.approx(theirs.cov_params(), rel=1e-9, abs=1e-16)


@pytest.mark.parametrize("measures", [0, 2])
def test_cr3_is_the_jackknife(measures: int) -> None:
    """Leaving each cluster out in turn: Σ(β₋g − β)², the (G − 1)/G of CRV3 apart."""
    made = made_up(3, measures=measures, groups=14)
    whole = np.linalg.lstsq(made.x, made.y, rcond=None)[0]
    moved = [
        np.linalg.lstsq(made.x[made.clusters != g], made.y[made.clusters != g], rcond=None)[0] - whole
        for g in range(14)
    ]
    found = clustered(made.model, made.clusters, np.eye(made.x.shape[1]), "CR3")
    assert found.covariance == pytest.approx(sum(np.outer(one, one) for one in moved), rel=1e-8, abs=1e-16)


@pytest.mark.parametrize("measures", [0, 2])
@pytest.mark.parametrize("groups", [30, 300])
def test_groups_too_many_for_a_table_are_sorted(groups: int, measures: int, monkeypatch: pytest.MonkeyPatch) -> None:
    made = made_up(2, measures=measures, groups=groups)
    every = np.eye(made.x.shape[1])
    counted = clustered(made.model, made.clusters, every)
    monkeypatch.setattr(cluster_sums, "_MOST_CODES", 0)
    sorted_ = clustered(made.model, made.clusters, every)
    assert sorted_.covariance == pytest.approx(counted.covariance, rel=1e-12, abs=1e-18)
    assert sorted_.dfs == pytest.approx(counted.dfs, rel=1e-12)


@pytest.mark.parametrize("kind", ["HC2", "HC3", "CR2", "CR3"])
def test_few_cells_are_taken_cell_by_cell(kind: str) -> None:
    """Two arms and one measure, as by brute force."""
    made = made_up(12, n=180, groups=20, measures=1)
    cells = cells_of([made.x[:, 1].astype(int)], [made.x[:, 5]])
    arm = cells.levels[:, 0].astype(float)
    z = Column("z", *cells.measure(0))
    alone = [Column("the constant", np.ones(2)), Column("arm", arm), z, z.times(arm, "arm × z")]
    x = np.column_stack([made.x[:, :2], made.x[:, 5] - made.x[:, 5].mean(), made.x[:, 1] * made.x[:, 5]])
    two = Made(cells, alone, x, made.y, made.clusters if kind.startswith("CR") else np.arange(180))
    covariance, dfs = by_hand(two, two.clusters, kind.replace("HC", "CR"))
    found = clustered(two.model, two.clusters, np.eye(4), kind.replace("HC", "CR"))
    assert found.covariance == pytest.approx(covariance, rel=1e-8, abs=1e-12)
    assert found.dfs == pytest.approx(dfs, rel=1e-8)


def by_hand(made: Made, clusters: Ints, kind: str) -> tuple[Floats, Floats]:
    """Covariance and degrees of freedom with every (n, n) matrix written out."""
    n, k = made.x.shape
    bread = np.linalg.inv(made.x.T @ made.x)
    left = np.eye(n) - made.x @ bread @ made.x.T
    e = left @ made.y
    scores, pulled = [], []
    for g in np.unique(clusters):
        here = np.flatnonzero(clusters == g)
        values, vectors = np.linalg.eigh(left[np.ix_(here, here)])
        root = vectors @ np.diag(values ** -{"CR0": 0, "CR2": 0.5, "CR3": 1}[kind]) @ vectors.T
        a = root @ made.x[here] @ bread
        scores.append(a.T @ e[here])
        pulled.append(left[:, here] @ a)
    together = [np.array([one[:, i] for one in pulled]) for i in range(k)]
    dfs = [np.trace(p @ p.T) ** 2 / ((p @ p.T) ** 2).sum() for p in together]
    return sum((np.outer(s, s) for s in scores), np.zeros((k, k))), np.array(dfs)


@given(seed=st.integers(0, 999), groups=st.sampled_from([9, 30, 120]), measures=st.integers(0, 2),
       kind=st.sampled_from(["CR0", "CR2", "CR3"]))  # fmt: skip
@settings(max_examples=15, deadline=None)
def test_clusters_and_degrees_of_freedom_by_brute_force(seed: int, groups: int, measures: int, kind: str) -> None:
    made = made_up(seed, n=180, groups=groups, measures=measures)
    covariance, dfs = by_hand(made, made.clusters, kind)
    found = clustered(made.model, made.clusters, np.eye(made.x.shape[1]), kind)
    assert found.covariance == pytest.approx(covariance, rel=1e-7, abs=1e-12)
    assert found.dfs == pytest.approx(dfs, rel=1e-8)


@pytest.mark.parametrize("measures", [0, 2])
@pytest.mark.parametrize(("kind", "alone"), [("HC0", "CR0"), ("HC2", "CR2"), ("HC3", "CR3")])
def test_degrees_of_freedom_of_rows_are_those_of_clusters_of_one(kind: str, alone: str, measures: int) -> None:
    made = made_up(4, n=150, measures=measures)
    covariance, dfs = by_hand(made, np.arange(150), alone)
    found = robust(made.model, np.eye(made.x.shape[1]), kind)
    assert found.covariance == pytest.approx(covariance, rel=1e-8, abs=1e-14)
    assert found.dfs == pytest.approx(dfs, rel=1e-9)


@pytest.mark.parametrize("measures", [0, 2])
def test_many_runs_of_rows_are_one_table(measures: int, monkeypatch: pytest.MonkeyPatch) -> None:
    made = made_up(5, measures=measures)
    whole = clustered(made.model, made.clusters, made.model.contrast("arm"))
    monkeypatch.setattr(cells_module, "RUN", 7)
    parts = made_up(5, measures=measures)
    again = clustered(parts.model, parts.clusters, parts.model.contrast("arm"))
    assert (again.std_error, again.df) == pytest.approx((whole.std_error, whole.df), rel=1e-10)


def test_cells_are_few_or_the_rows_themselves() -> None:
    rng = np.random.default_rng(6)
    few = cells_of([rng.integers(0, 3, 1000), rng.integers(0, 4, 1000)])
    assert (few.count.size, few.count.sum()) == (12, 1000)
    alone = cells_of([np.arange(50)], [rng.normal(size=50)])
    assert (alone.count.size, alone.measures, len(alone.fixed)) == (50, (), 1)


@pytest.mark.parametrize("widest", [1 << 62, 1000])
def test_codes_too_many_for_a_table_or_a_number_are_sorted(widest: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(7)
    factors = [rng.integers(0, 30, 500) for _ in range(4)]
    counted = cells_of(factors)
    monkeypatch.setattr(cells_module, "_MOST_CODES", 100)
    monkeypatch.setattr(cells_module, "_WIDEST", widest)
    sorted_ = cells_of(factors)
    assert counted.count.size == sorted_.count.size
    assert (counted.levels[counted.of] == sorted_.levels[sorted_.of]).all()


def test_a_measure_far_from_zero_loses_no_digits() -> None:
    """A year of birth, a large outcome: centring keeps the sums of squares exact."""
    made = made_up(8, age=2015)
    shifted = fit(made.cells, made.y + 1e6, made.columns)
    plain = robust(made.model, made.model.contrast("arm"))
    again = robust(shifted, shifted.contrast("arm"))
    assert (again.std_error, again.df) == pytest.approx((plain.std_error, plain.df), rel=1e-9)


def test_measures_nearly_alike_are_fitted_on_the_rows_and_those_alike_refused() -> None:
    rng = np.random.default_rng(9)
    n = 400
    arm, z = np.arange(n) % 2, rng.normal(size=n)
    y = arm + z + rng.normal(size=n)

    def model(other: Floats) -> LinearFit:
        cells = cells_of([arm], [z, other])
        columns = [Column("the constant", np.ones(2)), Column("arm", cells.levels[:, 0].astype(float))]
        columns += [Column(name, *cells.measure(i)) for i, name in enumerate(("z", "other"))]
        return fit(cells, y, columns)

    near = z + 1e-6 * rng.normal(size=n)
    x = np.column_stack([np.ones(n), arm, z - z.mean(), near - near.mean()])
    assert model(near).coefficients[:2] == pytest.approx(sm.OLS(y, x).fit().params[:2], rel=1e-8)
    with pytest.raises(EstimationRefused, match="^other cannot be told apart"):
        model(z * 2.5)
