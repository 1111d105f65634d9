"""Whether several contrasts are all nothing: one F test.

Rows drawn one by one: Wald's statistic with HC2 over the number of contrasts, F with n − k below. Clusters:
the approximate Hotelling T² (HTZ) of Tipton & Pustejovsky (2015, eq. 13-19), whose degrees of freedom
match the spread of the whole CR2 matrix; with one contrast it is Satterthwaite's t, squared.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nudge.analysis.groups import distinct
from nudge.analysis.sandwich import cluster_vectors, robust
from nudge.trial.errors import EstimationRefused
from nudge.trial.records.analysis import Floats, Ints

if TYPE_CHECKING:
    from nudge.analysis.least_squares import LinearFit

_LEAST_DF = 1.0


@dataclass(frozen=True, slots=True)
class JointTest:
    """An F test: statistic, degrees of freedom, p-value."""

    statistic: float
    df: float
    df_below: float
    p_value: float
    how: str

    def __str__(self) -> str:
        """As a report says it."""
        return f"F({self.df:.0f}, {self.df_below:.1f}) = {self.statistic:.2f}, p = {self.p_value:.3f}, {self.how}"


def joint_test(model: LinearFit, contrasts: Floats, clusters: Ints | None = None) -> JointTest:
    """contrasts: (k, q). clusters: (n,) codes, or None where each row was drawn by itself.

    Raises EstimationRefused where the clusters are too few for so many contrasts.
    """
    from scipy.stats import f

    q = contrasts.shape[1]
    effect = contrasts.T @ model.coefficients
    if clusters is None or distinct(clusters) == clusters.size:
        statistic = _quadratic(robust(model, contrasts).covariance, effect) / q
        below, how = float(model.y.size - len(model.names)), "HC2"
    else:
        total, spread = _hotelling(model, clusters, contrasts, effect)
        below, how = spread - q + 1, "HTZ with CR2"
        if below < _LEAST_DF:
            raise EstimationRefused("too few clusters for a joint test of so many contrasts", "merge levels")
        statistic = (spread - q + 1) / (spread * q) * total
    return JointTest(statistic, float(q), below, float(f.sf(statistic, q, below)), how)


def _hotelling(model: LinearFit, clusters: Ints, contrasts: Floats, effect: Floats) -> tuple[float, float]:
    """Hotelling's statistic, and the degrees of freedom η of the Wishart law that is like the CR2 matrix."""
    found = cluster_vectors(model, clusters, contrasts)
    expected = found.inner.sum(axis=0) - np.einsum("grk,gsk->rs", found.s, found.s)
    values, vectors = np.linalg.eigh(expected)
    if values.min() <= np.finfo(float).eps * values.max():
        raise EstimationRefused("the contrasts cannot be told apart by these clusters", "merge levels")
    whiten = vectors @ np.diag(values**-0.5) @ vectors.T
    inner = whiten @ found.inner @ whiten
    s = np.einsum("rq,gqk->grk", whiten, found.s)
    q, spread = contrasts.shape[1], 0.0
    products = {(i, j): s[:, i].T @ s[:, j] for i in range(q) for j in range(q)}
    for i in range(q):
        for j in range(q):
            spread += _overlap(inner, s, products, (i, i), (j, j)) + _overlap(inner, s, products, (i, j), (j, i))
    return _quadratic(found.scores.T @ found.scores, effect), q * (q + 1) / spread


def _quadratic(covariance: Floats, effect: Floats) -> float:
    """Wald's form: effect' covariance⁻¹ effect. Raises EstimationRefused where some level has no spread."""
    values = np.linalg.eigvalsh(covariance)
    if values.min() <= np.finfo(float).eps * max(values.max(), 1e-300):
        raise EstimationRefused("some level has no spread in its outcomes", "merge levels")
    return float(effect @ np.linalg.solve(covariance, effect))


def _overlap(
    inner: Floats, s: Floats, products: dict[tuple[int, int], Floats], one: tuple[int, int], other: tuple[int, int]
) -> float:
    """Σ over clusters g, h of P₁[g, h]·P₂[g, h], where P[g, h] = p_g'p_h = (g = h)·a_g'a_h − s_g's_h."""
    (a, b), (c, d) = one, other
    first, second = inner[:, a, b], inner[:, c, d]
    own_first = np.einsum("gk,gk->g", s[:, a], s[:, b])
    own_second = np.einsum("gk,gk->g", s[:, c], s[:, d])
    alone = float((first * second - first * own_second - second * own_first).sum())
    return alone + float((products[a, c] * products[b, d]).sum())
