"""A stepped wedge's estimate and its CR2 error for thousands of schedules or runs at once.

What rows of one cluster and period share is all that the model knows of them, so the sums of
such cells are enough. Effects of clusters are taken out by centring; the adjustment of CR2 then
acts within each cluster on as many directions as it has cells. Every number equals that of
`wedge.wedge_effect` without covariates on the same rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nudge.analysis.cluster_adjustment import LEVERAGE_LIMIT
from nudge.analysis.sandwich import LEANS
from nudge.trial.records.analysis import Bools, Floats, Ints

_SINGULAR = 1e-10
_HELD = 3_000_000
"""Numbers held at once."""


@dataclass(frozen=True, slots=True)
class Cells:
    """Clusters × times of a stepped wedge, C of them. A time lies in a period and may lie in a transition.

    cluster: (C,) codes from 0. period, complete: (C,) steps begun, and crossings complete, by then.
    """

    cluster: Ints
    period: Ints
    complete: Ints
    steps: int

    @property
    def clusters(self) -> int:
        """How many clusters there are."""
        return int(self.cluster.max()) + 1

    @property
    def times_since(self) -> tuple[int, ...]:
        """Every number of periods since its step at which some cell could be, under some schedule."""
        spans = zip(self.period.tolist(), self.complete.tolist(), strict=True)
        return tuple(sorted({since for p, q in spans for since in range(p - q + 1, p + 1)}))


@dataclass(frozen=True, slots=True)
class Fits:
    """Estimates of B schedules or runs. settled: whether error and degrees of freedom stand (rule 10)."""

    estimate: Floats
    std_error: Floats
    df: Floats
    settled: Bools


def wedge_fits(
    cells: Cells, rows: Floats, sums: Floats, drawn: Ints, *, times: Sequence[int], by_cell: bool = False
) -> Fits:  # fmt: skip
    """Effect, standard error and degrees of freedom under every schedule.

    rows, sums: (C,) or (B, C), rows with an outcome and the sum of their outcomes. drawn: (B, G) steps
    from 1. times: the times since crossing that the effect is averaged over; none for a constant
    effect. by_cell: every cluster and period counts the same.
    """
    size = cells.clusters * (cells.steps + 1) ** 2
    at_once = max(1, _HELD // size)
    parts = []
    for start in range(0, len(drawn), at_once):
        some = slice(start, start + at_once)
        n, s = (values if values.ndim == 1 else values[some] for values in (rows, sums))
        parts.append(_fits(cells, n, s, drawn[some], times, by_cell=by_cell))
    return Fits(*(np.concatenate([getattr(one, name) for one in parts]) for name in Fits.__slots__))


@dataclass(frozen=True, slots=True)
class Models:
    """The models of B schedules, which hang on who stands where and not on what happened.

    counts: (B, C) whether a cell's rows count, and not in a transition. per_total: (B, G, P) what turns the sum of a
    cluster and period into its term of the model. columns: (B, G, P, k) orthonormal. wanted: (B, k) the effect along
    them. adjusted: (B, G, P) CR2's pull of each cluster on the effect. df: (B,). sound: (B,) whether errors stand.
    """

    counts: Bools
    per_total: Floats
    columns: Floats
    wanted: Floats
    adjusted: Floats
    df: Floats
    sound: Bools


def wedge_models(cells: Cells, rows: Floats, drawn: Ints, *, times: Sequence[int], by_cell: bool = False) -> Models:
    """The models under every schedule. rows: (C,) or (B, C). drawn, times, by_cell: as in `wedge_fits`."""
    counts, held, since = _cluster_periods(cells, rows, drawn)
    weight = (held > 0).astype(float) if by_cell else held
    runs, clusters, periods = weight.shape
    x = _columns(weight, since, times)
    root = np.sqrt(weight)
    x = _centred(x, weight) * root[..., None]
    k = x.shape[-1]
    flat = x.reshape(runs, clusters * periods, k)
    gram = flat.transpose(0, 2, 1) @ flat
    scale = np.sqrt(np.maximum(np.einsum("bkk->bk", gram), 1e-300))
    values, vectors = np.linalg.eigh(gram / scale[:, :, None] / scale[:, None, :])
    apart = values[:, 0] > _SINGULAR
    half = vectors / np.sqrt(np.where(apart[:, None], values, 1.0))[:, None, :] / scale[:, :, None]
    turned = x @ half[:, None]
    wanted = half[:, -max(len(times), 1) :].mean(axis=1)
    adjusted, df, leverage = _cr2(turned, wanted)
    per_total = np.where(held > 0, root / np.where(held > 0, held, 1.0), 0.0)
    return Models(
        counts, per_total, turned, np.where(apart[:, None], wanted, np.nan), adjusted, df, leverage <= LEVERAGE_LIMIT
    )


def _fits(cells: Cells, rows: Floats, sums: Floats, drawn: Ints, times: Sequence[int], *, by_cell: bool) -> Fits:
    made = wedge_models(cells, rows, drawn, times=times, by_cell=by_cell)
    # Columns and pulls are free of every cluster's mean, so the outcome need not be.
    y = _by_period(cells, np.where(made.counts, sums, 0.0), made.per_total.shape) * made.per_total
    beta = np.einsum("bgpk,bgp->bk", made.columns, y)
    left = y - np.einsum("bgpk,bk->bgp", made.columns, beta)
    variance = ((made.adjusted * left).sum(axis=2) ** 2).sum(axis=1)
    estimate = (made.wanted * beta).sum(axis=1)
    return Fits(estimate, np.sqrt(variance), made.df, made.sound & np.isfinite(estimate) & (variance > 0))


def _cluster_periods(cells: Cells, rows: Floats, drawn: Ints) -> tuple[Bools, Floats, Ints]:
    """Which cells count, (B, C), rows and periods since the step, (B, G, P); a cluster's transition holds nobody."""
    step = drawn[:, cells.cluster]
    counts: Bools = (step <= cells.complete) | (step > cells.period)
    shape = (len(drawn), cells.clusters, cells.steps + 1)
    since = np.maximum(np.arange(shape[2]) - drawn[:, :, None] + 1, 0)
    return counts, _by_period(cells, np.where(counts, rows, 0.0), shape), since


def _by_period(cells: Cells, values: Floats, shape: tuple[int, ...]) -> Floats:
    """(B, C) summed to (B, G, P)."""
    place = np.arange(shape[0])[:, None] * (shape[1] * shape[2]) + cells.cluster * shape[2] + cells.period
    summed = np.bincount(place.ravel(), values.ravel(), minlength=shape[0] * shape[1] * shape[2])
    return np.asarray(summed, dtype=float).reshape(shape)


def _columns(weight: Floats, since: Ints, times: Sequence[int]) -> Floats:
    """Periods that hold anybody but the first, then the arm or its times since crossing: (B, G, P, k)."""
    present = np.flatnonzero((weight > 0).any(axis=(0, 1)))[1:]
    periods = np.broadcast_to(np.eye(weight.shape[2])[:, present], (*weight.shape, present.size))
    arms = [since == one for one in times] if times else [since > 0]
    return np.concatenate([periods, *(one[..., None].astype(float) for one in arms)], axis=3)


def _centred(values: Floats, weight: Floats) -> Floats:
    """Less the mean of each cluster's rows."""
    total = np.maximum(weight.sum(axis=2), 1e-300)
    mean = np.einsum("bgp,bgpk->bgk", weight, values) / total[..., None]
    centred: Floats = values - mean[:, :, None]
    return centred


def _cr2(x: Floats, wanted: Floats) -> tuple[Floats, Floats, Floats]:
    """Each cluster's pull, Satterthwaite degrees of freedom, and the largest leverage that the contrast leans on."""
    pull = np.einsum("bgpk,bk->bgp", x, wanted)
    leverage, vectors = np.linalg.eigh(x @ x.transpose(0, 1, 3, 2))
    usable = leverage < LEVERAGE_LIMIT
    stretch = np.where(usable, np.where(usable, 1 - leverage, 1.0) ** -0.5, 0.0)
    along = np.einsum("bgpq,bgp->bgq", vectors, pull)
    adjusted = np.einsum("bgpq,bgq->bgp", vectors, stretch * along)
    s = np.einsum("bgpk,bgp->bgk", x, adjusted)
    squares, own = (adjusted**2).sum(axis=2), (s**2).sum(axis=2)
    spread = s.transpose(0, 2, 1) @ s
    below = (squares**2 - 2 * squares * own).sum(axis=1) + (spread**2).sum(axis=(1, 2))
    df = (squares - own).sum(axis=1) ** 2 / np.where(below > 0, below, np.inf)
    floor = LEANS * np.abs(pull).max(axis=(1, 2), keepdims=True)
    return adjusted, df, np.where(np.abs(along) > floor, leverage, 0.0).max(axis=(1, 2))
