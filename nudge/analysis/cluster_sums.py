"""Clusters of a fitted model as what their variance needs: directions, leverages and scores.

The rows of a cluster and cell are grouped once more (sums of the measures, their products and the residual). Where
most clusters have more distinct rows than the model has columns, all are turned to the directions of
the model's columns, and products of measures are summed by what their own columns tell apart, which is
less than a cell. Otherwise a cluster of few distinct rows is turned to its own directions; clusters of
one size go together.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from nudge.analysis.cells import RUN, runs_of
from nudge.analysis.cluster_adjustment import Slight, Turned, by_columns, by_rows
from nudge.analysis.least_squares import LinearFit, root_rows
from nudge.trial.records.analysis import Floats, Ints

BATCH = 1_000_000
"""Numbers held at once while clusters are turned: memory is bounded whatever the data."""
_MOST_CODES = 1
"""Cluster × kind combinations for each row that are counted in a table; beyond, they are sorted."""
_WIDEST = np.iinfo(np.int32).max


@dataclass(frozen=True, slots=True)
class _Groups:
    """Rows by cluster and by kind of cell; groups are sorted by cluster.

    of: (n,) each row's group. cluster, kind: (E,). rows: (E,) how many. table: (K, k) the model's columns by kind.
    """

    of: NDArray[np.int32]
    cluster: Ints
    kind: Ints
    rows: Floats
    table: Floats
    clusters: int

    def matrix(self, values: Floats) -> sparse.csr_array:
        """Clusters × kinds, from values by group (E,)."""
        ends = np.concatenate([[0], np.cumsum(np.bincount(self.cluster, minlength=self.clusters))])
        return sparse.csr_array((values, self.kind, ends), shape=(self.clusters, len(self.table)))


@dataclass(frozen=True, slots=True)
class _Summed:
    """Sums over the rows of groups.

    fine: by cluster and cell, where measure 0, ones, is the first of two. coarse: by cluster and what the columns of
    measures tell apart, where it is not. products: of measures i ≤ j, (E,) each. left: of measure i and the residual.
    """

    model: LinearFit
    fine: _Groups
    coarse: _Groups
    products: dict[tuple[int, int], Floats]
    left: list[Floats]

    def groups(self, measure: int) -> _Groups:
        return self.coarse if measure else self.fine


def cluster_parts(model: LinearFit, clusters: Ints) -> Iterator[Slight | Turned]:
    """Every cluster of the rows, some at a time."""
    k = len(model.names)
    fine = _grouped(model, clusters)
    distinct = np.bincount(fine.cluster, np.minimum(fine.rows, 1 + len(model.cells.measures)), minlength=fine.clusters)
    many, few = np.flatnonzero(distinct > k), np.flatnonzero((distinct > 0) & (distinct <= k))
    coarse = fine
    if many.size >= few.size:
        many, few = np.flatnonzero(distinct), few[:0]
        coarse = _grouped(model, clusters, _kinds(model)) if model.cells.measures else fine
    summed = _summed(model, fine, coarse)
    scores = _scores(summed)
    if few.size:
        yield from _parts_by_rows(summed, few, scores)
    matrices = {pair: summed.groups(pair[0]).matrix(values) for pair, values in summed.products.items()}
    batches = np.array_split(many, max(1, many.size * k * k // BATCH)) if many.size else []
    for some in batches:
        yield from by_columns(_grams(summed, matrices, some), scores[some])


def _parts_by_rows(summed: _Summed, few: Ints, scores: Floats) -> Iterator[Turned]:
    """Clusters of few distinct rows each: those rows, made up to have the sums of each group."""
    model, groups = summed.model, summed.fine
    q1, k = 1 + len(model.cells.measures), len(model.names)
    of_few = np.flatnonzero(np.isin(groups.cluster, few))
    sums = np.empty((of_few.size, q1, q1))
    for (i, j), values in summed.products.items():
        sums[:, i, j] = sums[:, j, i] = values[of_few]
    rows, of = root_rows(sums)
    of = of_few[of]
    size = np.bincount(groups.cluster[of], minlength=groups.clusters)
    start = np.cumsum(size) - size
    for u in np.unique(size[size > 0]):
        which = np.flatnonzero(size == u)
        for some in np.array_split(which, max(1, which.size * int(u) * k // BATCH)):
            taken = start[some][:, None] + np.arange(u)
            x = model.table[groups.kind[of[taken]]] * rows[taken][:, :, list(model.measure)]
            yield by_rows(x @ model.root, scores[some])


def _kinds(model: LinearFit) -> Ints:
    """Cells told apart by the columns of measures alone: (C,) codes."""
    kinds: Ints = np.unique(model.table[:, np.array(model.measure) > 0], axis=0, return_inverse=True)[1]
    return kinds


def _grouped(model: LinearFit, clusters: Ints, kinds: Ints | None = None) -> _Groups:
    """kinds: (C,) codes of the kind of each cell; without them each cell is its own."""
    n, groups = clusters.size, int(clusters.max()) + 1
    table = model.table
    if kinds is not None:
        table = np.empty((int(kinds.max()) + 1, table.shape[1]))
        table[kinds] = model.table
    number = len(table)
    code: NDArray[np.signedinteger[Any]] = np.empty(n, dtype=np.int64 if groups * number > _WIDEST else np.int32)
    for run in runs_of(n):
        kind = model.cells.of[run] if kinds is None else kinds[model.cells.of[run]]
        np.add(clusters[run] * number, kind, out=code[run], casting="unsafe")
    if groups * number > _MOST_CODES * n:
        kept, of, rows = np.unique(code, return_inverse=True, return_counts=True)
        return _Groups(of.astype(np.int32), kept // number, kept % number, rows.astype(float), table, groups)
    count, one = np.zeros(groups * number), np.ones(RUN)
    for run in runs_of(n):
        _add(count, code[run].astype(np.intp), one[: run.stop - run.start])
    kept = np.flatnonzero(count)
    if kept.size < count.size:
        position = np.cumsum(count > 0, dtype=np.int32) - 1
        for run in runs_of(n):
            code[run] = position[code[run].astype(np.intp)]
    return _Groups(code.astype(np.int32, copy=False), kept // number, kept % number, count[kept], table, groups)


def _add(totals: Floats, group: NDArray[np.intp], values: Floats) -> None:
    """Add each row's value to the total of its group, in place: (E,)."""
    if totals.size <= RUN:
        totals += np.bincount(group, values, totals.size)
    else:
        np.add.at(totals, group, values)


def _summed(model: LinearFit, fine: _Groups, coarse: _Groups) -> _Summed:
    """One pass over the rows."""
    q, residuals = len(model.cells.measures), model.residuals()
    pairs = [(i, j) for i in range(q + 1) for j in range(max(i, 1), q + 1)]
    groups = [coarse if i else fine for i in (*(pair[0] for pair in pairs), *range(q + 1))]
    totals = [np.zeros(one.rows.size) for one in groups]
    for run in model.cells.runs():
        e, z = residuals(run), run.z
        values = [z[j] if i == 0 else z[i] * z[j] for i, j in pairs] + [e, *(e * one for one in z[1:])]
        to_fine = fine.of[run.rows].astype(np.intp)
        to_coarse = to_fine if coarse is fine else coarse.of[run.rows].astype(np.intp)
        for total, one, value in zip(totals, groups, values, strict=True):
            _add(total, to_fine if one is fine else to_coarse, value)
    products = {(0, 0): fine.rows} | dict(zip(pairs, totals[: len(pairs)], strict=True))
    return _Summed(model, fine, coarse, products, totals[len(pairs) :])


def _scores(summed: _Summed) -> Floats:
    """X̃'e of every cluster: (G, k)."""
    model = summed.model
    total = np.zeros((summed.fine.clusters, len(model.names)))
    for m, left in enumerate(summed.left):
        of, groups = model.columns(m), summed.groups(m)
        total[:, of] = groups.matrix(left) @ groups.table[:, of]
    scores: Floats = total @ model.root
    return scores


def _grams(summed: _Summed, matrices: dict[tuple[int, int], sparse.csr_array], some: Ints) -> Floats:
    """X̃'X̃ of some clusters: (g, k, k)."""
    model = summed.model
    place = np.empty((len(model.names), len(model.names)), dtype=np.intp)
    blocks, known = [], 0
    for (i, j), matrix in matrices.items():
        table = summed.groups(i).table
        left, right = (part.ravel() for part in np.meshgrid(model.columns(i), model.columns(j), indexing="ij"))
        if i == j:
            upper = left <= right
            left, right = left[upper], right[upper]
        blocks.append(matrix[some] @ (table[:, left] * table[:, right]))
        place[left, right] = place[right, left] = known + np.arange(left.size)
        known += left.size
    turned: Floats = model.root.T @ np.hstack(blocks)[:, place] @ model.root
    return turned
