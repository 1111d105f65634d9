"""Rows grouped once: what is the same for many rows is stored once (statistics.md 28).

A cell is a combination of arm, block and every covariate of few values. Within a cell only the
outcome and the continuous covariates (the `measures`) differ, and a linear model needs no more
of those than their sums of squares and products. Rows are read in runs that fit a processor's
cache, so that memory beside the columns themselves is one code a row.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nudge.trial.records.analysis import Floats, Ints

RUN = 1 << 14
"""Rows read at a time: what is made of them stays in a processor's cache."""
_FEW = 4
"""With no more cells, a run's rows are taken cell by cell: nothing need be looked up row by row."""
_MOST_CODES = 1 << 22
"""Combinations counted in a table; beyond, they are sorted."""


@dataclass(frozen=True, slots=True)
class Run:
    """Some rows: which, their cells (one number where all have the same), and ones above their measures."""

    rows: slice | NDArray[np.intp]
    cell: NDArray[np.intp] | int
    z: Floats
    """(1 + q, rows)"""

    def add(self, totals: Floats, values: Floats) -> None:
        """Add each row's value to the total of its cell: (C,), in place."""
        if isinstance(self.cell, int):
            totals[self.cell] += values.sum()
        else:
            totals += np.bincount(self.cell, values, minlength=totals.size)

    def add_products(self, sums: Floats, rows: Floats, weight: Floats | None = None) -> None:
        """Add products of p values a row, each row with a weight, to their cells' sums: (C, p, p), upper triangle."""
        if isinstance(self.cell, int):
            sums[self.cell] += (rows if weight is None else rows * weight) @ rows.T
            return
        for i, left in enumerate(rows if weight is None else rows * weight):
            for j in range(i, len(rows)):
                self.add(sums[:, i, j], left if j == 0 else left * rows[j])


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
        step = max(RUN, 4 * number)
        for start in range(0, self.of.size, step):
            of = self.of[start : start + step]
            if number > _FEW:
                yield self._run(slice(start, start + of.size), of.astype(np.intp), of.size)
                continue
            for cell in range(number):
                here = np.flatnonzero(of == cell)
                if here.size:
                    here += start
                    yield self._run(here, cell, here.size)

    def _run(self, rows: slice | NDArray[np.intp], cell: NDArray[np.intp] | int, size: int) -> Run:
        z = np.ones((1 + len(self.measures), size))
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
    centres = tuple(float(values.mean()) if values.size else 0.0 for values in measures)
    code = _combined(factors)
    count = _counted(code)
    kept = np.flatnonzero(count)
    q = len(measures)
    if q and kept.size * (q + 2) ** 2 > code.size * (q + 1):
        fixed = tuple(values - centre for values, centre in zip(measures, centres, strict=True))
        return Cells(
            np.arange(code.size, dtype=np.int32), np.column_stack(factors).astype(np.int64), np.ones(code.size),
            fixed=fixed,
        )  # fmt: skip
    if kept.size < count.size:
        lookup = np.zeros(count.size, dtype=np.int32)
        lookup[kept] = np.arange(kept.size, dtype=np.int32)
        for start in range(0, code.size, RUN):
            code[start : start + RUN] = lookup[code[start : start + RUN]]
    member = np.zeros(kept.size, dtype=np.int64)
    for start in range(0, code.size, RUN):
        here = code[start : start + RUN]
        member[here] = np.arange(start, start + here.size)
    levels = np.column_stack([factor[member] for factor in factors]).astype(np.int64)
    return Cells(code, levels, count[kept].astype(float), tuple(measures), centres)


def _combined(factors: Sequence[Ints]) -> NDArray[np.int32]:
    """One code for every combination: positions in the table of all of them, sorted where that would be too big."""
    code = factors[0].astype(np.int32)
    size = int(code.max(initial=0)) + 1
    for factor in factors[1:]:
        levels = int(factor.max(initial=0)) + 1
        if size * levels > _MOST_CODES:
            code = np.unique(code, return_inverse=True)[1].astype(np.int32)
            size = int(code.max(initial=0)) + 1
        if size * levels > _MOST_CODES:
            wide = code.astype(np.int64) * levels + factor
            code = np.unique(wide, return_inverse=True)[1].astype(np.int32)
            size = int(code.max(initial=0)) + 1
        else:
            code *= levels
            np.add(code, factor, out=code, casting="unsafe")
            size *= levels
    return code


def _counted(code: NDArray[np.int32]) -> Ints:
    number = int(code.max(initial=-1)) + 1
    step = max(RUN, 4 * number)
    count = np.zeros(number, dtype=np.int64)
    for start in range(0, code.size, step):
        count += np.bincount(code[start : start + step], minlength=number)
    return count
