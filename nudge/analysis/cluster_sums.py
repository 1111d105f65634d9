"""Clusters of a fitted model as what their variance needs: directions, leverages and scores.

The rows of a cluster and cell are grouped once more (sums of products of the measures and of the
residual). A cluster with fewer distinct rows than the model has columns is turned to its own
directions, another to those of the model's columns; clusters of one size go together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from nudge.analysis.cells import RUN, Run
from nudge.analysis.cluster_adjustment import Slight, Turned, by_columns, by_rows
from nudge.analysis.least_squares import LinearFit, root_rows
from nudge.trial.records.analysis import Floats, Ints

BATCH = 4_000_000
"""Numbers held at once while clusters are turned: memory is bounded whatever the data."""
_MOST_CODES = 1 << 25
"""Cluster × cell combinations marked in a table; beyond, they are sorted."""

Residuals = Callable[[LinearFit], Iterator[tuple[Run, Floats]]]


@dataclass(frozen=True, slots=True)
class _Groups:
    """Cluster × cell groups, sorted by cluster.

    cluster, cell: (E,). sums: (E, 1 + q, 1 + q). left: (E, 1 + q) of residual × (1, measures).
    """

    cluster: Ints
    cell: Ints
    clusters: int
    sums: Floats
    left: Floats


def cluster_scores(model: LinearFit, clusters: Ints, residuals: Residuals) -> Floats:
    """X̃'e of every cluster alone: (G, k).

    Columns of one measure are the same for many cells: residuals are summed by cluster and by what differs.
    """
    number, k = int(clusters.max()) + 1, len(model.names)
    columns = [model.columns(m) for m in range(1 + len(model.cells.measures))]
    different = [np.unique(model.table[:, of], axis=0, return_inverse=True) for of in columns]
    if number * max(len(values) for values, _ in different) > _MOST_CODES:
        return _scores(model, _grouped(model, clusters, residuals))
    sums = [np.zeros(number * len(values)) for values, _ in different]
    for run, e in residuals(model):
        here = clusters[run.rows]
        for m, (values, kind) in enumerate(different):
            code = here * len(values) + kind[run.cell] if len(values) > 1 else here
            np.add.at(sums[m], code, e * run.z[m] if m else e)
    total = np.zeros((number, k))
    for of, (values, _), summed in zip(columns, different, sums, strict=True):
        total[:, of] = summed.reshape(number, len(values)) @ values
    scores: Floats = total @ model.root
    return scores


def cluster_parts(model: LinearFit, clusters: Ints, residuals: Residuals) -> Iterator[Slight | Turned]:
    """Every cluster of the rows, some at a time."""
    groups = _grouped(model, clusters, residuals)
    scores, k = _scores(model, groups), len(model.names)
    q1 = groups.sums.shape[1]
    most = np.bincount(groups.cluster, np.minimum(groups.sums[:, 0, 0], q1), minlength=groups.clusters)
    few = np.flatnonzero(most[groups.cluster] <= k)
    rows, of = root_rows(groups.sums[few])
    of = few[of]
    size = np.bincount(groups.cluster[of], minlength=groups.clusters)
    start = np.cumsum(size) - size
    for u in np.unique(size[size > 0]):
        which = np.flatnonzero(size == u)
        for some in np.array_split(which, max(1, which.size * int(u) * k // BATCH)):
            taken = start[some][:, None] + np.arange(u)
            x = model.table[groups.cell[of[taken]]] * rows[taken][:, :, list(model.measure)]
            yield by_rows(x @ model.root, scores[some])
    which = np.flatnonzero(most > k)
    for some in np.array_split(which, max(1, which.size * k * k // BATCH)):
        if some.size:
            yield from by_columns(_grams(model, groups, some), scores[some])


def _grouped(model: LinearFit, clusters: Ints, residuals: Residuals) -> _Groups:
    cells = model.cells.count.size
    code, kept = _codes(model, clusters)
    q1 = 1 + len(model.cells.measures)
    sums, left = np.zeros((q1, q1, kept.size)), np.zeros((q1, kept.size))
    for run, e in residuals(model):
        here = code[run.rows]
        for i in range(q1):
            np.add.at(left[i], here, e if i == 0 else e * run.z[i])
            for j in range(i, q1):
                np.add.at(sums[i, j], here, run.z[j] if i == 0 else run.z[i] * run.z[j])
    lower = np.tril_indices(q1, -1)
    sums[lower] = sums.transpose(1, 0, 2)[lower]
    return _Groups(kept // cells, kept % cells, int(clusters.max()) + 1, sums.transpose(2, 0, 1), left.T)


def _codes(model: LinearFit, clusters: Ints) -> tuple[Ints, Ints]:
    """Each row's group (n,), and of each group cluster × cells + cell (E,)."""
    cells, n = model.cells.count.size, clusters.size
    code = np.empty(n, dtype=np.int64)
    number = (int(clusters.max()) + 1) * cells
    for start in range(0, n, RUN):
        rows = slice(start, start + RUN)
        np.add(clusters[rows].astype(np.int64) * cells, model.cells.of[rows], out=code[rows])
    if number > _MOST_CODES:
        kept, inverse = np.unique(code, return_inverse=True)
        return inverse, kept
    seen = np.zeros(number, dtype=bool)
    seen[code] = True
    position = np.cumsum(seen, dtype=np.int32)
    for start in range(0, n, RUN):
        rows = slice(start, start + RUN)
        code[rows] = position[code[rows]] - 1
    return code, np.flatnonzero(seen)


def _matrix(groups: _Groups, values: Floats, cells: int) -> sparse.csr_array:
    """Clusters × cells, from values by group."""
    ends = np.concatenate([[0], np.cumsum(np.bincount(groups.cluster, minlength=groups.clusters))])
    return sparse.csr_array((values, groups.cell, ends), shape=(groups.clusters, cells))


def _scores(model: LinearFit, groups: _Groups) -> Floats:
    """X̃'e of every cluster: (G, k)."""
    total = np.zeros((groups.clusters, len(model.names)))
    for m in range(groups.left.shape[1]):
        of = model.columns(m)
        total[:, of] = _matrix(groups, groups.left[:, m], len(model.table)) @ model.table[:, of]
    scores: Floats = total @ model.root
    return scores


def _grams(model: LinearFit, groups: _Groups, some: Ints) -> Floats:
    """X̃'X̃ of some clusters: (g, k, k)."""
    k, cells = len(model.names), len(model.table)
    grams = np.zeros((some.size, k, k))
    every = np.arange(some.size)
    for i in range(groups.sums.shape[1]):
        for j in range(i, groups.sums.shape[1]):
            one, other = model.columns(i), model.columns(j)
            products = (model.table[:, one, None] * model.table[:, None, other]).reshape(cells, -1)
            block = (_matrix(groups, groups.sums[:, i, j], cells)[some] @ products).reshape(-1, one.size, other.size)
            grams[np.ix_(every, one, other)] = block
            grams[np.ix_(every, other, one)] = block.transpose(0, 2, 1)
    turned: Floats = model.root.T @ grams @ model.root
    return turned
