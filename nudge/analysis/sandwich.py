"""Variances that hold whatever the spread of the outcome, by cells and by cluster totals.

HC0 to HC3 where each row was drawn, CR0 to CR3 where rows came in clusters, all with
Satterthwaite degrees of freedom under an independent, homoskedastic working model
(Bell & McCaffrey 2002; Pustejovsky & Tipton 2018, eq. 8 and 11). With X̃ = X·root orthonormal and
P'P = X̃_g'X̃_g for a cluster, P P' diagonal with leverages Λ, an adjustment (I − H_gg)^−power only
turns and stretches along the rows of P: nothing larger than (k, k) is formed, and memory grows
with clusters, never with n².
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nudge.analysis.cells import Run
from nudge.analysis.cluster_adjustment import LEVERAGE_LIMIT, Slight, Turned
from nudge.analysis.cluster_sums import cluster_parts
from nudge.analysis.least_squares import LinearFit, looked_up, settled
from nudge.analysis.weighted_sandwich import weighted_clusters
from nudge.trial.records.analysis import Floats, Ints

LEANS = np.sqrt(1e-9)
"""A direction matters where a contrast's pull along it is at least this share of its largest."""
POWERS = {"HC0": 0.0, "HC1": 0.0, "HC2": 0.5, "HC3": 1.0, "CR0": 0.0, "CR1": 0.0, "CR1S": 0.0, "CR2": 0.5, "CR3": 1.0}


@dataclass(frozen=True, slots=True)
class Sandwich:
    """Variance of r contrasts: covariance (r, r), Satterthwaite degrees of freedom (r,).

    leverage: the largest leverage of any direction of the data that a contrast leans on.
    """

    covariance: Floats
    dfs: Floats
    leverage: float

    @property
    def std_error(self) -> float:
        """Of the first contrast."""
        return float(np.sqrt(self.covariance[0, 0]))

    @property
    def df(self) -> float:
        """Of the first contrast."""
        return float(self.dfs[0])


@dataclass(slots=True)
class Sums:
    """What the rows or clusters add up to, for r contrasts in the orthonormal basis.

    covariance: (r, r) of the contrasts' adjusted scores. a4: Σ(a'a)², own4: Σ(a'a)(s's), ss: Σ ss' (r, k, k),
    trace: Σ(a'a − s's).
    """

    covariance: Floats
    trace: Floats
    a4: Floats
    own4: Floats
    ss: Floats
    leverage: float = 0.0

    @classmethod
    def nothing(cls, k: int, r: int) -> Sums:
        """Before anything is added."""
        return cls(np.zeros((r, r)), np.zeros(r), np.zeros(r), np.zeros(r), np.zeros((r, k, k)))

    def sandwich(self, factor: float) -> Sandwich:
        """factor: a small-sample factor."""
        squares = self.a4 - 2 * self.own4 + (self.ss**2).sum(axis=(1, 2))
        dfs = np.divide(self.trace**2, squares, out=np.zeros_like(squares), where=squares > 0)
        return Sandwich(factor * self.covariance, dfs, self.leverage)


def robust(model: LinearFit, contrasts: Floats, kind: str = "HC2") -> Sandwich:
    """HC0 to HC3: each row was drawn by itself.

    contrasts: (k,) or (k, r).
    """
    if model.weights is not None:
        return weighted(model, np.arange(model.y.size), contrasts, kind)
    wanted = model.root.T @ _columns(contrasts)
    sums = _cells_alone(model, wanted, POWERS[kind]) if not model.cells.measures else _rows(model, wanted, POWERS[kind])
    n, k = model.y.size, len(model.names)
    return sums.sandwich(n / (n - k) if kind == "HC1" else 1.0)


def clustered(model: LinearFit, clusters: Ints, contrasts: Floats, kind: str = "CR2") -> Sandwich:
    """CR0 to CR3 by cluster; where every row is its own cluster, HC.

    clusters: (n,) codes from 0, not all of which need occur. CR1 has the factor G/(G − 1), CR1S Stata's besides. CR3 is
    clubSandwich's; the jackknife CRV3 is (G − 1)/G of it. contrasts: (k,) or (k, r).
    """
    sizes = np.bincount(clusters)
    groups = int((sizes > 0).sum())
    factor = _factor(kind, groups, model)
    if model.weights is not None:
        return weighted(model, clusters, contrasts, kind)
    if groups == model.y.size:
        found = robust(model, contrasts, kind.replace("CR1S", "HC1").replace("CR1", "HC0").replace("CR", "HC"))
        extra = groups / (groups - 1) if kind in {"CR1", "CR1S"} else 1.0
        return Sandwich(found.covariance * extra, found.dfs, found.leverage)
    wanted = model.root.T @ _columns(contrasts)
    sums = Sums.nothing(len(model.names), wanted.shape[1])
    floor = LEANS * _largest_pull(model, wanted)
    for part in cluster_parts(model, clusters):
        _add_clusters(sums, part, wanted, POWERS[kind], floor)
    return sums.sandwich(factor)


@dataclass(frozen=True, slots=True)
class ClusterVectors:
    """For r contrasts, by cluster: adjusted scores (G, r), a'a (G, r, r) and s (G, r, k) in the orthonormal basis."""

    scores: Floats
    inner: Floats
    s: Floats


def cluster_vectors(model: LinearFit, clusters: Ints, contrasts: Floats) -> ClusterVectors:
    """What CR2 adds up, cluster by cluster, in no particular order: for tests of several contrasts at once."""
    wanted = model.root.T @ _columns(contrasts)
    found: list[tuple[Floats, Floats, Floats]] = []
    for part in cluster_parts(model, clusters):
        one = part.adjusted(wanted, POWERS["CR2"])
        scores = np.einsum("grk,gk->gr", one.t, part.scores)
        found.append((scores, one.t @ one.s.transpose(0, 2, 1), one.s))
    scores, inner, s = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return ClusterVectors(scores, inner, s)


def weighted(model: LinearFit, clusters: Ints, contrasts: Floats, kind: str) -> Sandwich:
    """The same with sampling weights; CR0, CR2 and their factors."""
    found = weighted_clusters(model, clusters, _columns(contrasts), POWERS[kind])
    groups = int((np.bincount(clusters) > 0).sum())
    factor = _factor(kind, groups, model)
    return Sandwich(factor * found.covariance, found.dfs, found.leverage)


def _factor(kind: str, groups: int, model: LinearFit) -> float:
    n, k = model.y.size, len(model.names)
    if kind == "CR1":
        return groups / (groups - 1)
    if kind == "CR1S":
        return groups / (groups - 1) * (n - 1) / (n - k)
    return n / (n - k) if kind == "HC1" else 1.0


def _columns(contrasts: Floats) -> Floats:
    return contrasts[:, None] if contrasts.ndim == 1 else contrasts


def _cells_alone(model: LinearFit, wanted: Floats, power: float) -> Sums:
    """All columns the same within cells: leverage and pull too."""
    cells, x = model.cells, model.table @ model.root
    squares = _squares(model)
    h, pull = (x**2).sum(axis=1), x @ wanted
    adjusted = _stretched(h, 2 * power)
    sums = Sums.nothing(*wanted.shape)
    sums.covariance = pull.T @ (pull * (squares * adjusted)[:, None])
    sums.leverage = _leaning(h, pull)
    for i, one in enumerate((pull**2 * adjusted[:, None]).T):
        sums.trace[i] = (cells.count * one * (1 - h)).sum()
        sums.a4[i] = (cells.count * one**2).sum()
        sums.own4[i] = (cells.count * one**2 * h).sum()
        sums.ss[i] = x.T @ (x * (cells.count * one)[:, None])
    return sums


def _squares(model: LinearFit) -> Floats:
    """Squares of the residuals in each cell: (C,)."""
    residuals, squares = model.residuals(), np.zeros(model.cells.count.size)
    for run in model.cells.runs():
        run.add(squares, residuals(run) ** 2)
    return squares


def _rows(model: LinearFit, wanted: Floats, power: float) -> Sums:
    """Measures vary within cells: leverage and pull by row, their moments by cell."""
    k, r = wanted.shape
    size = 1 + len(model.cells.measures)
    hat, residuals = _Hat(model), model.residuals()
    pulls = [model.linear(model.root @ one) for one in wanted.T]
    sums, moments = Sums.nothing(k, r), np.zeros((r, size, size, model.cells.count.size))
    for run in model.cells.runs():
        h, pull = hat.of(run), np.stack([pull.of(run) for pull in pulls])
        if h.max() > sums.leverage:
            sums.leverage = max(sums.leverage, _leaning(h, pull.T))
        adjusted = _stretched(h, 2 * power)
        scores = residuals(run)
        scores *= scores
        scores *= adjusted
        sums.covariance += np.einsum("in,jn->ij", pull * scores, pull)
        pull *= pull
        pull *= adjusted
        for i, one in enumerate(pull):
            run.add_products(moments[i], run.z, one)
            squares = one * one
            sums.a4[i] += squares.sum()
            sums.own4[i] += np.einsum("n,n->", squares, h)
    for i, one in enumerate(moments):
        sums.ss[i] = _in_basis(model, one)
        sums.trace[i] = one[0, 0].sum() - np.trace(sums.ss[i])
    return sums


def _in_basis(model: LinearFit, moments: Floats) -> Floats:
    """Σ w x̃x̃' over the rows, from Σ w of products of (1, measures) by cell (1 + q, 1 + q, C), i ≤ j: (k, k)."""
    total = np.zeros((len(model.names), len(model.names)))
    for i in range(len(moments)):
        for j in range(i, len(moments)):
            one, other = model.columns(i), model.columns(j)
            block = model.table[:, one].T @ (model.table[:, other] * moments[i, j][:, None])
            total[np.ix_(one, other)] = block
            total[np.ix_(other, one)] = block.T
    product: Floats = model.root.T @ total @ model.root
    return product


class _Hat:
    """A row's leverage as z'Hz with H by cell, the lower triangle folded into the upper."""

    def __init__(self, model: LinearFit) -> None:
        size = 1 + len(model.cells.measures)
        spread = [model.table[:, of] @ model.root[of] for of in map(model.columns, range(size))]
        own = [[np.einsum("ck,ck->c", one, other) for other in spread] for one in spread]
        self.start = own[0][0]
        self.first = [settled(2 * own[0][i]) for i in range(1, size)]
        self.second = [[settled((2 - (i == j)) * own[i][j]) for j in range(i, size)] for i in range(1, size)]

    def of(self, run: Run) -> Floats:
        """Row by row."""
        total: Floats = self.start[run.cell]
        for i, (first, second) in enumerate(zip(self.first, self.second, strict=True), 1):
            slope = looked_up(first, run)
            for table, z in zip(second, run.z[i:], strict=True):
                slope = slope + looked_up(table, run) * z
            total = total + slope * run.z[i]
        return total


def _stretched(leverage: Floats, power: float) -> Floats:
    """(1 − h)^−power; nothing where a leverage is 1, which is harmless where no contrast leans on it."""
    if power == 0:
        return np.ones_like(leverage)
    left: Floats = 1 - leverage
    if leverage.max(initial=0.0) < LEVERAGE_LIMIT:
        return np.divide(1, left, out=left) if power == 1 else left**-power
    usable = leverage < LEVERAGE_LIMIT
    left[~usable] = 1.0
    return np.where(usable, left**-power, 0.0)


def _leaning(leverage: Floats, pull: Floats) -> float:
    """The largest leverage where a contrast pulls."""
    size = np.abs(pull)
    matters = (size > LEANS * size.max(axis=0, initial=0.0)).any(axis=1)
    return float(leverage[matters].max(initial=0.0))


def _largest_pull(model: LinearFit, wanted: Floats) -> Floats:
    """(r,): how far each contrast pulls at most on any row, to the nearest cell."""
    x = model.table[:, model.columns(0)] @ model.root[model.columns(0)]
    largest: Floats = np.abs(x @ wanted).max(axis=0)
    return largest


def _add_clusters(sums: Sums, part: Slight | Turned, wanted: Floats, power: float, floor: Floats) -> None:
    """A stack of clusters."""
    found = part.adjusted(wanted, power)
    scores = np.einsum("grk,gk->gr", found.t, part.scores)
    sums.covariance += scores.T @ scores
    for i, contrast in enumerate(wanted.T):
        t, s = found.t[:, i], found.s[:, i]
        squares, own = np.einsum("gk,gk->g", t, s), np.einsum("gk,gk->g", s, s)
        sums.trace[i] += (squares - own).sum()
        sums.a4[i] += squares @ squares
        sums.own4[i] += squares @ own
        sums.ss[i] += s.T @ s
        sums.leverage = max(sums.leverage, part.leverage(contrast, floor[i]))
