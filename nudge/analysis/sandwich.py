"""Variances that hold whatever the spread of the outcome, by cells and by cluster totals.

HC0 to HC3 where each row was drawn, CR0 to CR3 where rows came in clusters, all with
Satterthwaite degrees of freedom under an independent, homoskedastic working model
(Bell & McCaffrey 2002; Pustejovsky & Tipton 2018, eq. 8 and 11). With X̃ = X·root orthonormal and
P'P = X̃_g'X̃_g for a cluster, P P' diagonal with leverages Λ, an adjustment (I − H_gg)^−power only
turns and stretches along the rows of P: nothing larger than (k, k) is formed, and memory grows
with clusters, never with n².
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from nudge.analysis.cells import Run
from nudge.analysis.cluster_adjustment import LEVERAGE_LIMIT, Slight, Turned
from nudge.analysis.cluster_sums import cluster_parts, cluster_scores
from nudge.analysis.least_squares import LinearFit
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


def classical(model: LinearFit, contrasts: Floats) -> Sandwich:
    """σ²(X'WX)⁻¹ with n − k degrees of freedom: for references, never a default (rule 5).

    contrasts: (k,) or (k, r).
    """
    wanted = model.root.T @ _columns(contrasts)
    squares = sum(float(piece.sum()) for piece in (e**2 * _row_weights(model, run) for run, e in residuals(model)))
    df = model.y.size - len(model.names)
    return Sandwich(squares / df * (wanted.T @ wanted), np.full(wanted.shape[1], float(df)), 0.0)


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
    for part in cluster_parts(model, clusters, residuals):
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
    for part in cluster_parts(model, clusters, residuals):
        one = part.adjusted(wanted, POWERS["CR2"])
        scores = np.einsum("grk,gk->gr", one.t, part.scores)
        found.append((scores, one.t @ one.s.transpose(0, 2, 1), one.s))
    scores, inner, s = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return ClusterVectors(scores, inner, s)


def stata(model: LinearFit, clusters: Ints, contrasts: Floats) -> Sandwich:
    """CR1 as Stata has it, with clusters − 1 degrees of freedom: scores alone, for references and comparisons."""
    scores = cluster_scores(model, clusters, residuals) @ (model.root.T @ _columns(contrasts))
    groups = int((np.bincount(clusters) > 0).sum())
    factor = _factor("CR1S", groups, model)
    return Sandwich(factor * (scores.T @ scores), np.full(scores.shape[1], groups - 1.0), 0.0)


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


def _row_weights(model: LinearFit, run: Run) -> Floats:
    return np.ones(1) if model.weights is None else model.weights[np.atleast_1d(run.cell)]


def residuals(model: LinearFit) -> Iterator[tuple[Run, Floats]]:
    """Each run of rows and y − Xβ of it."""
    fitted = model.by_measure(model.coefficients)
    for run in model.cells.runs():
        e = model.y[run.rows] - fitted[0][run.cell]
        for m in range(1, len(fitted)):
            e -= fitted[m][run.cell] * run.z[m]
        yield run, e


def _cells_alone(model: LinearFit, wanted: Floats, power: float) -> Sums:
    """All columns the same within cells: leverage and pull too."""
    cells, x = model.cells, model.table @ model.root
    squares = np.zeros(cells.count.size)
    for run, e in residuals(model):
        run.add(squares, e**2)
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


def _rows(model: LinearFit, wanted: Floats, power: float) -> Sums:
    """Measures vary within cells: leverage and pull by row, their moments by cell."""
    k, r = wanted.shape
    sums = Sums.nothing(k, r)
    hat = _hat_tables(model)
    pulls = [model.by_measure(model.root @ wanted[:, i]) for i in range(r)]
    moments = [Moments(model) for _ in range(r)]
    for run, e in residuals(model):
        h = _quadratic(hat, run)
        adjusted = _stretched(h, 2 * power)
        pull = np.stack([_linear(table, run) for table in pulls])
        if h.max() > sums.leverage:
            sums.leverage = max(sums.leverage, _leaning(h, pull.T))
        sums.covariance += (pull * (e * e * adjusted)) @ pull.T
        for i, one in enumerate(pull * pull * adjusted):
            own = one * h
            sums.trace[i] += one.sum() - own.sum()
            sums.a4[i] += one @ one
            sums.own4[i] += one @ own
            moments[i].add(run, one)
    for i in range(r):
        sums.ss[i] = moments[i].in_basis()
    return sums


class Moments:
    """Weighted sums of products of (1, measures) in cells, gathered run by run."""

    def __init__(self, model: LinearFit) -> None:
        self.model = model
        size = 1 + len(model.cells.measures)
        self.sums = np.zeros((model.cells.count.size, size, size))

    def add(self, run: Run, weight: Floats) -> None:
        """Some rows, each with a weight."""
        run.add_products(self.sums, run.z, weight)

    def in_basis(self) -> Floats:
        """Σ w x̃x̃' over the rows: (k, k)."""
        model = self.model
        total = np.zeros((len(model.names), len(model.names)))
        for i in range(self.sums.shape[1]):
            for j in range(i, self.sums.shape[1]):
                one, other = model.columns(i), model.columns(j)
                block = model.table[:, one].T @ (model.table[:, other] * self.sums[:, i, j][:, None])
                total[np.ix_(one, other)] = block
                total[np.ix_(other, one)] = block.T
        product: Floats = model.root.T @ total @ model.root
        return product


def _hat_tables(model: LinearFit) -> Floats:
    """H by cell such that a row's leverage is z'H z: (1 + q, 1 + q, C), the lower triangle folded into the upper."""
    size = 1 + len(model.cells.measures)
    spread = [model.table[:, of] @ model.root[of] for of in (model.columns(m) for m in range(size))]
    tables = np.zeros((size, size, model.cells.count.size))
    for i in range(size):
        for j in range(i, size):
            tables[i, j] = (2 if j > i else 1) * np.einsum("ck,ck->c", spread[i], spread[j])
    return tables


def _quadratic(tables: Floats, run: Run) -> Floats:
    total: Floats = tables[0, 0][run.cell]
    for i in range(len(tables)):
        for j in range(max(i, 1), len(tables)):
            product = run.z[j] if i == 0 else run.z[i] * run.z[j]
            total += tables[i, j][run.cell] * product
    return total


def _linear(tables: Floats, run: Run) -> Floats:
    total: Floats = tables[0][run.cell]
    for m in range(1, len(tables)):
        total += tables[m][run.cell] * run.z[m]
    return total


def _stretched(leverage: Floats, power: float) -> Floats:
    """(1 − h)^−power; nothing where a leverage is 1, which is harmless where no contrast leans on it."""
    if power == 0:
        return np.ones_like(leverage)
    usable = leverage < LEVERAGE_LIMIT
    if usable.all():
        whole: Floats = 1 / (1 - leverage) if power == 1 else (1 - leverage) ** -power
        return whole
    left = np.where(usable, 1 - leverage, 1.0)
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
