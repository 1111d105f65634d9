"""Rows grouped once: what is the same for many rows is stored once (statistics.md 28).

A cell is a combination of arm, block and every covariate of few values. Within a cell only the
outcome and the continuous covariates (the `measures`) differ, and a linear model needs no more
of those than their sums of squares and products. Rows are read in runs that fit a processor's
cache, so that memory beside the columns themselves is one code a row.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nudge.trial.records.analysis import Floats, Ints

RUN = 1 << 14
"""Rows read at a time: what is made of them stays in a processor's cache."""
_FEW = 4
"""With no more cells, a run's rows are taken cell by cell: nothing need be looked up or summed row by row."""
_MOST_CODES = 1 << 22
"""Combinations counted in a table; beyond, they are sorted."""
_WIDEST = 1 << 62
"""Combinations that a code can number."""


@dataclass(frozen=True, slots=True)
class Run:
    """Some rows: which, their cells (one number where all have the same), and ones above their measures.

    z: (1 + q, rows).
    """

    rows: slice | NDArray[np.intp]
    cell: NDArray[np.intp] | int
    z: Floats

    def add(self, totals: Floats, values: Floats) -> None:
        """Add each row's value to the total of its cell: (C,), in place."""
        if isinstance(self.cell, int):
            totals[self.cell] += values.sum()
        else:
            totals += np.bincount(self.cell, values, totals.size)

    def add_products(self, sums: Floats, rows: Floats, weight: Floats | None = None) -> None:
        """Add products of p values a row, of which the first is one, each row with a weight, to their cells' sums.

        rows: (p, rows). sums: (p, p, C), upper triangle; without weights the first is the cells' count and left alone.
        """
        weighted = rows.copy() if weight is None else rows * weight
        if isinstance(self.cell, int):
            sums[:, :, self.cell] += weighted @ rows.T
            return
        for i, left in enumerate(weighted):
            for j in range(i if i or weight is not None else 1, len(rows)):
                self.add(sums[i, j], left * rows[j] if i and j else weighted[j])


@dataclass(frozen=True, slots=True)
class Cells:
    """The cells of n rows.

    of: (n,) each row's cell. levels: (C, f) the code of every factor. count: (C,) rows.
    measures: q arrays (n,), which vary within cells. centres: (q,) what is taken off them, so
    that sums stay exact. fixed: q arrays (C,), centred, where each row is its own cell.
    """

    of: NDArray[np.int32]
    levels: Ints
    count: Floats
    measures: tuple[Floats, ...] = ()
    centres: tuple[float, ...] = ()
    fixed: tuple[Floats, ...] = ()

    def runs(self) -> Iterator[Run]:
        """The rows, some at a time."""
        number = self.count.size
        for rows in runs_of(self.of.size, number if number > _FEW else number * RUN // 4):
            if number > _FEW:
                yield self._run(rows, self.of[rows].astype(np.intp), rows.stop - rows.start)
                continue
            of = self.of[rows]
            for cell in range(number):
                here = np.flatnonzero(of == cell)
                if here.size:
                    here += rows.start
                    yield self._run(here, cell, here.size)

    def _run(self, rows: slice | NDArray[np.intp], cell: NDArray[np.intp] | int, size: int) -> Run:
        z = np.empty((1 + len(self.measures), size))
        z[0] = 1
        for i, (values, centre) in enumerate(zip(self.measures, self.centres, strict=True), 1):
            np.subtract(values[rows], centre, out=z[i])
        return Run(rows, cell, z)

    def measure(self, i: int) -> tuple[Floats, int]:
        """The i-th measure, centred, as a model column: values by cell, and which measure they multiply (0: none)."""
        if self.fixed:
            return self.fixed[i], 0
        return np.ones(self.count.size), i + 1


def cells_of(factors: Sequence[Ints], measures: Sequence[Floats] = ()) -> Cells:
    """The cells of some rows.

    factors: codes from 0, (n,) each, at least one. measures: columns that take many values.
    Where cells with all their sums would hold more numbers than the rows, each row is its own cell.
    """
    n, q = factors[0].size, len(measures)
    sizes = [int(one.max(initial=0)) + 1 for one in factors]
    centres = tuple(float(one.mean()) if n else 0.0 for one in measures)
    code, levels, count = _coded(factors, sizes)
    if q and count.size * (q + 2) ** 2 > n * (q + 1):
        fixed = tuple(values - centre for values, centre in zip(measures, centres, strict=True))
        return Cells(np.arange(n, dtype=np.int32), levels[code], np.ones(n), fixed=fixed)
    return Cells(code, levels, count.astype(float), tuple(measures), centres)


def _coded(factors: Sequence[Ints], sizes: Sequence[int]) -> tuple[NDArray[np.int32], Ints, Ints]:
    """Each row's combination (n,), their levels (C, f) and how often each occurs (C,).

    Positions in the table of all combinations; sorted where that would be too big.
    """
    n, total = factors[0].size, math.prod(sizes)
    if total > _WIDEST:
        levels, sorted_, count = np.unique(np.column_stack(factors), axis=0, return_inverse=True, return_counts=True)
        return sorted_.astype(np.int32), levels.astype(np.int64), count
    if total > _MOST_CODES:
        wide = np.empty(n, dtype=np.int64)
        _combine(wide, factors, sizes)
        kept, sorted_, count = np.unique(wide, return_inverse=True, return_counts=True)
        return sorted_.astype(np.int32), _levels(kept, sizes), count
    code, count = np.empty(n, dtype=np.int32), np.zeros(total, dtype=np.int64)
    for rows in runs_of(n, total):
        _combine(code[rows], [factor[rows] for factor in factors], sizes)
        count += np.bincount(code[rows], minlength=total)
    kept = np.flatnonzero(count)
    if kept.size < total:
        position = np.zeros(total, dtype=np.int32)
        position[kept] = np.arange(kept.size, dtype=np.int32)
        for rows in runs_of(n, total):
            code[rows] = position[code[rows]]
    return code, _levels(kept, sizes), count[kept]


def runs_of(rows: int, numbers: int = 0) -> Iterator[slice]:
    """Slices of so many rows, each several times as long as a table of `numbers` that they are added to."""
    step = max(RUN, 4 * numbers)
    return (slice(start, min(start + step, rows)) for start in range(0, rows, step))


def _combine(code: Ints | NDArray[np.int32], factors: Sequence[Ints], sizes: Sequence[int]) -> None:
    """The place of each row's combination in the table of all of them, into `code`."""
    np.copyto(code, factors[0], casting="unsafe")
    for factor, size in zip(factors[1:], sizes[1:], strict=True):
        code *= size
        np.add(code, factor, out=code, casting="unsafe")


def _levels(places: Ints, sizes: Sequence[int]) -> Ints:
    return np.column_stack(np.unravel_index(places, sizes)).astype(np.int64)
