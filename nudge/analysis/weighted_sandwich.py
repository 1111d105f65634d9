"""CR0, CR2 and CR3 with sampling weights, as for inverse probabilities.

The working model stays independent and homoskedastic, so that with H = X M X'W the rows of
I − H satisfy (I − H)(I − H)' = I + Y N Y' for the thin Y = [X, WX] (Pustejovsky & Tipton 2018,
eq. 8 and 11): clusters of one size are turned together, and no (n, n) matrix is formed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nudge.analysis.least_squares import LinearFit
from nudge.trial.records.analysis import Floats, Ints

_LIMIT = 1e-8
_LEANS = np.sqrt(1e-9)
_BATCH = 20_000_000


@dataclass(frozen=True, slots=True)
class Found:
    """covariance: (r, r). dfs: (r,). leverage: the largest that a contrast leans on."""

    covariance: Floats
    dfs: Floats
    leverage: float


@dataclass(frozen=True, slots=True)
class _Rows:
    """Rows sorted by cluster: Y (n, 2k), N (2k, 2k), residuals (n,), where each cluster starts and its size."""

    thin: Floats
    core: Floats
    e: Floats
    starts: Ints
    sizes: Ints


def weighted_clusters(model: LinearFit, clusters: Ints, contrasts: Floats, power: float) -> Found:
    """contrasts: (k, r). power: how the residuals' shrinkage is undone: 0, ½ or 1."""
    order = np.argsort(clusters, kind="stable")
    x, weight = _expanded(model, order)
    e = model.y[order] - x @ model.coefficients
    starts = np.flatnonzero(np.diff(clusters[order], prepend=-1))
    weighted = x * weight[:, None]
    bread = model.bread
    spread = bread @ (weighted.T @ weighted) @ bread
    core = np.block([[spread, -bread], [-bread, np.zeros_like(spread)]])
    rows = _Rows(np.hstack([x, weighted]), core, e, starts, np.diff(np.append(starts, e.size)))
    found = [_one(rows, weighted @ (bread @ one), x @ (bread @ one), power) for one in contrasts.T]
    scores = np.column_stack([one[0] for one in found])
    return Found(scores.T @ scores, np.array([one[1] for one in found]), max(one[2] for one in found))


def _expanded(model: LinearFit, order: Ints) -> tuple[Floats, Floats]:
    """X (n, k) and weights (n,), in an order of rows."""
    cells = model.cells
    z = [np.ones(order.size), *(m[order] - c for m, c in zip(cells.measures, cells.centres, strict=True))]
    of = cells.of[order]
    x = np.column_stack([model.table[of, i] * z[m] for i, m in enumerate(model.measure)])
    return x, np.ones(order.size) if model.weights is None else model.weights[of]


def _one(rows: _Rows, pull: Floats, lean: Floats, power: float) -> tuple[Floats, float, float]:
    """Scores of each cluster (G,), degrees of freedom, leverage.

    lean: the pull before weighting. What a cluster's own column fits, its weighted residuals' sum, is W·1, on which
    the contrast leans as far as X M c does, not W X M c.
    """
    groups, p = rows.starts.size, rows.thin.shape[1]
    scores, squares, s = np.empty(groups), np.empty(groups), np.empty((groups, p))
    least, floor = 1.0, float(np.abs(lean).max()) * _LEANS
    for size in np.unique(rows.sizes):
        same = np.flatnonzero(rows.sizes == size)
        for which in np.array_split(same, max(1, same.size * int(size) * p // _BATCH)):
            taken = rows.starts[which][:, None] + np.arange(size)
            y = rows.thin[taken]
            a, smallest = _adjusted(y, rows.core, (pull[taken], lean[taken]), power, floor)
            scores[which] = (a * rows.e[taken]).sum(axis=1)
            squares[which] = (a**2).sum(axis=1)
            s[which] = np.einsum("gip,gi->gp", y, a)
            least = min(least, smallest)
    own = ((s @ rows.core) * s).sum(axis=1)
    trace = float((squares + own).sum())
    together = rows.core @ (s.T @ s)
    total = float((squares**2 + 2 * squares * own).sum() + np.trace(together @ together))
    return scores, trace**2 / total if total > 0 else 0.0, 1 - least


def _adjusted(
    y: Floats, core: Floats, pulls: tuple[Floats, Floats], power: float, floor: float
) -> tuple[Floats, float]:
    """B^−power applied to the first of `pulls` for a stack of clusters of one size: (g, m, p), (g, m) → (g, m).

    B = I + Y N Y' is turned to its eigenvectors in whichever is smaller, rows or columns.
    A direction of which nothing is left has no inverse root; it is left out, which is harmless
    where the contrast (the second of `pulls`) does not lean on it and reported where it does.
    """
    pull, lean = pulls
    narrow = y.shape[1] > y.shape[2]
    if narrow:
        basis, triangle = np.linalg.qr(y)
        inner = np.eye(y.shape[2]) + triangle @ core @ triangle.transpose(0, 2, 1)
        outside, leaning = (np.einsum("gmp,gm->gp", basis, one) for one in pulls)
    else:
        inner = np.eye(y.shape[1]) + y @ core @ y.transpose(0, 2, 1)
        outside, leaning = pull, lean
    values, vectors = np.linalg.eigh(inner)
    turned = np.einsum("gij,gi->gj", vectors, outside)
    usable = values > _LIMIT
    leans = np.abs(np.einsum("gij,gi->gj", vectors, leaning)) > floor
    smallest = float(np.where(leans, values, 1.0).min(initial=1.0))
    scaled = turned * np.where(usable, np.where(usable, values, 1.0) ** -power, 0.0)
    result = np.einsum("gij,gj->gi", vectors, scaled)
    if narrow:
        return pull + np.einsum("gmp,gp->gm", basis, result - outside), smallest
    return result, smallest
