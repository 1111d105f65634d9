"""Least squares by statsmodels, and the sandwich variances it does not have.

statsmodels gives coefficients and (X'WX)⁻¹; every sandwich is ours, since its robust
variances default to normal critical values and it has no CR2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import linalg

from nudge.trial.errors import EstimationRefused
from nudge.trial.problems import listed
from nudge.trial.records.analysis import Floats, Ints

_RANK_TOLERANCE = 1e-9
LEVERAGE_LIMIT = 1 - 1e-8
"""Rule 10: a leverage closer to 1 leaves no residual to estimate a variance from."""
_BATCH = 20_000_000
"""Numbers held at once while clusters are adjusted: memory is bounded whatever the data."""


@dataclass(frozen=True, slots=True)
class LinearFit:
    """A fitted linear model.

    x: (n, k). weights: (n,) or None. coefficients: (k,). bread: (k, k), (X'WX)⁻¹.
    residuals: (n,), y − Xβ, unweighted.
    """

    x: Floats
    weights: Floats | None
    names: tuple[str, ...]
    coefficients: Floats
    bread: Floats
    residuals: Floats


def fit(x: Floats, y: Floats, names: Sequence[str], weights: Floats | None = None) -> LinearFit:
    """Ordinary or weighted least squares.

    Raises EstimationRefused naming the columns that the others already determine.
    """
    import statsmodels.api as sm

    _refuse_collinear(x if weights is None else x * np.sqrt(weights)[:, None], names)
    model = sm.OLS(y, x) if weights is None else sm.WLS(y, x, weights=weights)
    result = model.fit(method="qr")
    coefficients = np.asarray(result.params, dtype=float)
    bread = np.asarray(result.normalized_cov_params, dtype=float)
    return LinearFit(x, weights, tuple(names), coefficients, bread, y - x @ coefficients)


def _refuse_collinear(x: Floats, names: Sequence[str]) -> None:
    scale = np.sqrt((x**2).sum(axis=0))
    scaled = x / np.where(scale > 0, scale, 1)
    size = np.abs(np.diag(linalg.qr(scaled, mode="r", pivoting=True, check_finite=True)[0]))
    if size.size < x.shape[1] or size.min() <= _RANK_TOLERANCE:
        # Without pivots a column that earlier ones determine leaves nothing, so the later of two is named.
        left = np.abs(np.diag(linalg.qr(scaled, mode="r")[0]))
        spare = [name for i, name in enumerate(names) if i >= left.size or left[i] <= _RANK_TOLERANCE] or names[-1:]
        raise EstimationRefused(
            f"{listed(spare)} cannot be told apart from the other columns of the model",
            "drop them, or merge levels that hold the same units",
        )


@dataclass(frozen=True, slots=True)
class Sandwich:
    """Variance of one contrast and its degrees of freedom."""

    std_error: float
    df: float
    leverage: float
    """The largest leverage of any direction of the data that the contrast leans on."""


def cr2(model: LinearFit, clusters: Ints, contrast: Floats) -> Sandwich:
    """Bias-reduced cluster-robust variance of `contrast`, with Satterthwaite degrees of freedom.

    clusters: (n,) codes of the randomised units; distinct codes throughout give HC2.
    contrast: (k,).

    Bell & McCaffrey 2002; Pustejovsky & Tipton 2018, eq. 8 and 11, under an independent,
    homoskedastic working model (weights are sampling weights, as for inverse probabilities).
    With R = I − H the rows of R satisfy R R' = I + Y N Y' for a thin Y: X itself where there
    are no weights, [X, WX] where there are. So no (n, n) matrix is formed: with
    a_g = B_g^(−1/2) W_g X_g M c and s_g = Y_g' a_g, the degrees of freedom need only
    Σ(a'a + s'Ns) and Σ(a'a)² + 2Σ(a'a)(s'Ns) + tr((N Σss')²).
    """
    order = np.argsort(clusters, kind="stable")
    starts = np.flatnonzero(np.diff(clusters[order], prepend=clusters[order][0] - 1))
    thin, core = _residual_maker(model)
    pull = model.x @ (model.bread @ contrast)
    pull = pull if model.weights is None else pull * model.weights
    terms = _cluster_terms(thin[order], core, pull[order], model.residuals[order], starts)
    own = ((terms.s @ core) * terms.s).sum(axis=1)
    trace = float((terms.a_squared + own).sum())
    together = core @ (terms.s.T @ terms.s)
    squares = float((terms.a_squared**2 + 2 * terms.a_squared * own).sum() + np.trace(together @ together))
    df = trace**2 / squares if squares > 0 else 0.0
    return Sandwich(float(np.sqrt((terms.scores**2).sum())), df, 1 - terms.smallest)


def _residual_maker(model: LinearFit) -> tuple[Floats, Floats]:
    """Y (n, p) and N (p, p) with (I − H)(I − H)' = I + Y N Y'."""
    if model.weights is None:
        return model.x, -model.bread
    weighted = model.x * model.weights[:, None]
    spread = model.bread @ (weighted.T @ weighted) @ model.bread
    core = np.block([[spread, -model.bread], [-model.bread, np.zeros_like(spread)]])
    return np.hstack([model.x, weighted]), core


@dataclass(slots=True)
class _Terms:
    """For each cluster: c'M X'W A e, a'a and Y'a; and the smallest eigenvalue of B that matters."""

    scores: Floats
    a_squared: Floats
    s: Floats
    smallest: float = 1.0


def _cluster_terms(thin: Floats, core: Floats, pull: Floats, e: Floats, starts: Ints) -> _Terms:
    sizes = np.diff(np.append(starts, len(e)))
    groups = len(starts)
    terms = _Terms(np.empty(groups), np.empty(groups), np.empty((groups, thin.shape[1])))
    floor = float(np.abs(pull).max()) * np.sqrt(_RANK_TOLERANCE)
    for size in np.unique(sizes):
        same = np.flatnonzero(sizes == size)
        for which in np.array_split(same, max(1, same.size * int(size) * thin.shape[1] // _BATCH)):
            rows = starts[which][:, None] + np.arange(size)
            y = thin[rows]
            a, smallest = _adjusted(y, core, pull[rows], floor)
            terms.scores[which] = np.einsum("gi,gi->g", a, e[rows])
            terms.a_squared[which] = (a**2).sum(axis=1)
            terms.s[which] = np.einsum("gip,gi->gp", y, a)
            terms.smallest = min(terms.smallest, smallest)
    return terms


def _adjusted(y: Floats, core: Floats, pull: Floats, floor: float) -> tuple[Floats, float]:
    """B^(−1/2) applied to `pull` for a stack of clusters of one size: (g, m, p), (g, m) → (g, m).

    B = I + Y N Y' is turned to its eigenvectors in whichever is smaller, rows or columns.
    A direction whose leverage is 1 has no inverse root; it is left out, which is harmless
    where the contrast does not lean on it and reported where it does.
    """
    narrow = y.shape[1] > y.shape[2]
    if narrow:
        basis, triangle = np.linalg.qr(y)
        inner = np.eye(y.shape[2]) + triangle @ core @ triangle.transpose(0, 2, 1)
        outside = np.einsum("gmp,gm->gp", basis, pull)
    else:
        inner = np.eye(y.shape[1]) + y @ core @ y.transpose(0, 2, 1)
        outside = pull
    values, vectors = np.linalg.eigh(inner)
    turned = np.einsum("gij,gi->gj", vectors, outside)
    usable = values > 1 - LEVERAGE_LIMIT
    matters = np.abs(turned) > floor
    smallest = float(np.where(matters, values, 1.0).min(initial=1.0))
    scaled = turned * np.where(usable, 1 / np.sqrt(np.where(usable, values, 1.0)), 0.0)
    result = np.einsum("gij,gj->gi", vectors, scaled)
    if narrow:
        return pull + np.einsum("gmp,gp->gm", basis, result - outside), smallest
    return result, smallest
