"""Our own sandwich: held to published numbers and to brute force; and why statsmodels' own will not do."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from nudge.analysis.cells import cells_of
from nudge.analysis.least_squares import Column, LinearFit
from nudge.analysis.least_squares import fit as fit_cells
from nudge.analysis.sandwich import Sandwich, clustered
from nudge.trial.errors import EstimationRefused
from nudge.trial.records.analysis import Floats, Ints

# R's data set mtcars (Motor Trend, 1974): miles per gallon, horsepower, cylinders.
MTCARS = np.array(
    [
        (21.0, 110, 6), (21.0, 110, 6), (22.8, 93, 4), (21.4, 110, 6), (18.7, 175, 8), (18.1, 105, 6),
        (14.3, 245, 8), (24.4, 62, 4), (22.8, 95, 4), (19.2, 123, 6), (17.8, 123, 6), (16.4, 180, 8),
        (17.3, 180, 8), (15.2, 180, 8), (10.4, 205, 8), (10.4, 215, 8), (14.7, 230, 8), (32.4, 66, 4),
        (30.4, 52, 4), (33.9, 65, 4), (21.5, 97, 4), (15.5, 150, 8), (15.2, 150, 8), (13.3, 245, 8),
        (19.2, 175, 8), (27.3, 66, 4), (26.0, 91, 4), (30.4, 113, 4), (15.8, 264, 8), (19.7, 175, 6),
        (15.0, 335, 8), (21.4, 109, 4),
    ]
)  # fmt: skip
MPG, HP, CYL = MTCARS[:, 0], MTCARS[:, 1], MTCARS[:, 2].astype(np.int64)


def with_constant(*columns: Floats) -> Floats:
    return np.column_stack([np.ones(len(columns[0])), *columns])


def fit(x: Floats, y: Floats, names: list[str], weights: Floats | None = None) -> LinearFit:
    """Every row its own cell: the columns as they stand."""
    cells = cells_of([np.arange(len(y))])
    return fit_cells(cells, y, [Column(name, x[:, i]) for i, name in enumerate(names)], weights)


def cr2(model: LinearFit, clusters: Ints, contrast: Floats) -> Sandwich:
    return clustered(model, clusters, contrast)


def unit_vector(k: int, size: int) -> Floats:
    vector: Floats = (np.arange(size) == k).astype(float)
    return vector


@pytest.mark.parametrize(("k", "variance"), [(1, 0.00021652), (0, 4.8093019)])
def test_hc2_as_in_stata(k: int, variance: float) -> None:
    """estimatr's tests/testthat/stata-ests.txt: `reg mpg hp, vce(hc2)`, to the digits printed there."""
    model = fit(with_constant(HP), MPG, ["the constant", "hp"])
    found = cr2(model, np.arange(32), unit_vector(k, 2))
    assert found.std_error**2 == pytest.approx(variance, rel=2e-5)


@pytest.mark.parametrize(("k", "std_error", "df"), [(1, 0.02652462, 1.39371), (0, 5.04648516, 1.39425)])
def test_cr2_by_cylinders(k: int, std_error: float, df: float) -> None:
    """diff-diff's compute_robust_vcov(vcov_type="hc2_bm") on the same model, to the digits it was noted with."""
    model = fit(with_constant(HP), MPG, ["the constant", "hp"])
    found = cr2(model, CYL, unit_vector(k, 2))
    assert found.std_error == pytest.approx(std_error, rel=1e-6)
    assert found.df == pytest.approx(df, rel=1e-5)


def brute_force(x: Floats, y: Floats, clusters: Ints, contrast: Floats, weights: Floats | None) -> tuple[float, float]:
    """CR2 and its degrees of freedom with every (n, n) matrix written out (Pustejovsky & Tipton 2018, eq. 5-11)."""
    n = len(y)
    w = np.eye(n) if weights is None else np.diag(weights)
    bread = np.linalg.inv(x.T @ w @ x)
    left = np.eye(n) - x @ bread @ x.T @ w
    e = left @ y
    working = left @ left.T
    p = np.zeros((n, 0))
    scores = []
    for g in np.unique(clusters):
        here = np.flatnonzero(clusters == g)
        values, vectors = np.linalg.eigh(working[np.ix_(here, here)])
        root = vectors @ np.diag(values**-0.5) @ vectors.T
        a = root @ w[np.ix_(here, here)] @ x[here] @ bread @ contrast
        scores.append(a @ e[here])
        p = np.column_stack([p, left[here].T @ a])
    together = p.T @ p
    return float(np.sqrt(np.sum(np.square(scores)))), float(np.trace(together) ** 2 / np.sum(together**2))


@given(seed=st.integers(0, 10_000), weighted=st.booleans(), biggest=st.integers(1, 9))
@settings(max_examples=40, deadline=None)
def test_cr2_is_what_brute_force_gives(seed: int, biggest: int, *, weighted: bool) -> None:
    rng = np.random.default_rng(seed)
    clusters = np.repeat(np.arange(14), rng.integers(1, biggest + 1, 14))
    n = clusters.size
    x = with_constant((clusters % 2).astype(float), rng.normal(size=n))
    y = rng.normal(size=n)
    weights = rng.uniform(0.5, 3, n) if weighted else None
    contrast = unit_vector(1, 3)
    found = cr2(fit(x, y, ["the constant", "arm", "x"], weights), clusters, contrast)
    std_error, df = brute_force(x, y, clusters, contrast, weights)
    assert found.std_error == pytest.approx(std_error, rel=1e-9)
    assert found.df == pytest.approx(df, rel=1e-9)


def test_row_order_and_names_of_clusters_do_not_matter() -> None:
    rng = np.random.default_rng(3)
    order = rng.permutation(32)
    one = cr2(fit(with_constant(HP), MPG, ["the constant", "hp"]), CYL, unit_vector(1, 2))
    other = cr2(fit(with_constant(HP[order]), MPG[order], ["the constant", "hp"]), 10 - CYL[order], unit_vector(1, 2))
    assert (other.std_error, other.df) == pytest.approx((one.std_error, one.df), rel=1e-10)


def test_columns_that_cannot_be_told_apart_are_refused_by_name() -> None:
    with pytest.raises(EstimationRefused, match="^power cannot be told apart"):
        fit(with_constant(HP, HP * 0.7457), MPG, ["the constant", "hp", "power"])
    with pytest.raises(EstimationRefused, match="^the same for all cannot be told apart"):
        fit(with_constant(np.full(32, 3.0)), MPG, ["the constant", "the same for all"])


def test_a_leverage_of_one_is_seen_where_the_contrast_leans_on_it_and_only_there() -> None:
    alone = unit_vector(0, 32)
    model = fit(with_constant(HP, alone), MPG, ["the constant", "hp", "alone"])
    assert cr2(model, np.arange(32), unit_vector(2, 3)).leverage == pytest.approx(1, abs=1e-9)
    assert cr2(model, np.arange(32), unit_vector(1, 3)).leverage < 0.9


def test_statsmodels_takes_counts_as_weights_for_a_few_rows() -> None:
    """statistics.md 28: with counts as weights, WLS knows of four rows and its standard error is far too large."""
    arm, outcome = np.array([0.0, 0, 1, 1]), np.array([0.0, 1, 0, 1])
    counts = np.array([600, 400, 520, 480])
    cells = sm.WLS(outcome, sm.add_constant(arm), weights=counts).fit()
    people = sm.OLS(np.repeat(outcome, counts), sm.add_constant(np.repeat(arm, counts))).fit()
    assert cells.params == pytest.approx(people.params)
    assert cells.bse[1] > 30 * people.bse[1]
    # Ours, on the rows: Neyman's variance by hand.
    model = fit(sm.add_constant(np.repeat(arm, counts)), np.repeat(outcome, counts), ["the constant", "arm"])
    by_hand = np.sqrt(0.4 * 0.6 / 999 + 0.48 * 0.52 / 999)
    assert cr2(model, np.arange(2000), unit_vector(1, 2)).std_error == pytest.approx(by_hand, rel=1e-9)


def test_statsmodels_glm_gives_hc0_in_silence() -> None:
    """statistics.md 28: asked for HC1 to HC3, GLM says it gives them and gives HC0."""
    small = with_constant(HP[:8])
    asked = {name: sm.GLM(MPG[:8], small).fit(cov_type=name) for name in ("HC0", "HC1", "HC2", "HC3")}
    right = {name: sm.OLS(MPG[:8], small).fit(cov_type=name) for name in asked}
    for name, given_back in asked.items():
        assert given_back.cov_type == name
        assert given_back.bse == pytest.approx(right["HC0"].bse, rel=1e-9)
    assert right["HC3"].bse[1] > 1.1 * right["HC0"].bse[1]
    ours = cr2(fit(small, MPG[:8], ["the constant", "hp"]), np.arange(8), unit_vector(1, 2))
    assert ours.std_error == pytest.approx(right["HC2"].bse[1], rel=1e-9)


def test_statsmodels_uses_normal_critical_values_unless_told() -> None:
    robust = sm.OLS(MPG, with_constant(HP)).fit(cov_type="cluster", cov_kwds={"groups": CYL})
    assert not robust.use_t
