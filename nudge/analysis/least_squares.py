"""Least squares from cells: the same numbers as from the rows, in a fraction of the time (statistics.md 28).

One pass over the rows sums squares and products of the measures and the outcome within cells.
Each cell then stands for a few made-up rows with the very same sums, and those are fitted by QR.
The variances are in `sandwich.py`. statsmodels is what the tests hold this to.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NoReturn

import numpy as np
from scipy import linalg

from nudge.analysis.cells import Cells, Run
from nudge.trial.errors import ColumnsAlike
from nudge.trial.problems import listed
from nudge.trial.records.analysis import Floats, Ints

_SAME = 1e-9
"""A column of which the others leave less than this share is determined by them."""
_NEAR = 1e-4
"""Below this, sums of products are too rough to tell columns apart and the rows are fitted themselves."""
_NOTHING = 1e-15


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a model: values (C,) by cell, times the measure of that number (0: times nothing)."""

    name: str
    values: Floats
    measure: int = 0

    def times(self, by: Floats, name: str) -> Column:
        """The column times something that is the same within cells."""
        return Column(name, self.values * by, self.measure)


class Linear:
    """Σ over measures of a table by cell, (C,), times the measure.

    A table that says the same of every cell is one number: nothing need be looked up row by row.
    """

    def __init__(self, tables: Sequence[Floats]) -> None:
        self.start = tables[0]
        self.slopes = [settled(table) for table in tables[1:]]

    def of(self, run: Run) -> Floats:
        """Row by row."""
        total: Floats = self.start[run.cell]
        for slope, z in zip(self.slopes, run.z[1:], strict=True):
            total = total + looked_up(slope, run) * z
        return total


def settled(table: Floats) -> Floats | float:
    """One number where a table says the same of every cell."""
    return float(table[0]) if (table == table[0]).all() else table


def looked_up(table: Floats | float, run: Run) -> Floats | float:
    """What a table says of each row."""
    return table if isinstance(table, float) else table[run.cell]


@dataclass(frozen=True, slots=True)
class LinearFit:
    """A fitted linear model of k columns.

    table: (C, k). measure: (k,). coefficients: (k,). root: (k, k) with root root' = (X'WX)⁻¹.
    weights: (C,) or None. y: (n,).
    """

    cells: Cells
    y: Floats
    names: tuple[str, ...]
    table: Floats
    measure: tuple[int, ...]
    weights: Floats | None
    coefficients: Floats
    root: Floats

    @property
    def bread(self) -> Floats:
        """(X'WX)⁻¹, (k, k)."""
        product: Floats = self.root @ self.root.T
        return product

    def contrast(self, name: str) -> Floats:
        """The contrast that picks one column."""
        picked: Floats = (np.array(self.names) == name).astype(float)
        return picked

    def estimate(self, contrast: Floats) -> float:
        """c'β."""
        return float(contrast @ self.coefficients)

    def linear(self, values: Floats) -> Linear:
        """Σ over the columns of values (k,) × column, row by row."""
        return Linear([self.table[:, of] @ values[of] for of in map(self.columns, range(1 + len(self.cells.measures)))])

    def residuals(self) -> Callable[[Run], Floats]:
        """What gives y − Xβ of a run of rows."""
        fitted = self.linear(self.coefficients)
        return lambda run: self.y[run.rows] - fitted.of(run)

    def columns(self, measure: int) -> np.ndarray:
        """Which columns multiply a measure."""
        return np.flatnonzero(np.array(self.measure) == measure)


def fit(cells: Cells, y: Floats, columns: Sequence[Column], weights: Floats | None = None) -> LinearFit:
    """Ordinary or weighted least squares.

    y: (n,). weights: (C,), the same for all rows of a cell.
    Raises ColumnsAlike naming the columns that the others already determine.
    """
    names = tuple(column.name for column in columns)
    table = np.column_stack([column.values for column in columns])
    measure = tuple(column.measure for column in columns)
    constant = [i for i, m in enumerate(measure) if m == 0 and bool((table[:, i] == 1).all())][:1]
    middle = float(y.mean()) if constant else 0.0
    x, left = _made_up_rows(outcome_sums(cells, y, middle), table, measure, weights)
    scale = np.sqrt((x**2).sum(axis=0))
    scale[scale == 0] = 1.0
    q, r = np.linalg.qr(x / scale)
    least = _least_pivot(r)
    if cells.measures and least < _NEAR:
        return _fit_rows(cells, y, columns, weights)
    if least <= _SAME:
        _refuse(r, names)
    inverse = linalg.solve_triangular(r, np.eye(len(names)))
    coefficients = inverse @ (q.T @ left) / scale
    coefficients[constant] += middle
    return LinearFit(cells, y, names, table, measure, weights, coefficients, inverse / scale[:, None])


def _fit_rows(cells: Cells, y: Floats, columns: Sequence[Column], weights: Floats | None) -> LinearFit:
    """The same where sums of products could not tell columns apart: every row its own cell."""
    of = cells.of
    z = [np.ones(of.size), *(values - centre for values, centre in zip(cells.measures, cells.centres, strict=True))]
    rows = Cells(np.arange(of.size, dtype=np.int32), cells.levels[of], np.ones(of.size))
    wide = [Column(column.name, column.values[of] * z[column.measure]) for column in columns]
    return fit(rows, y, wide, None if weights is None else weights[of])


def outcome_sums(cells: Cells, y: Floats, middle: float) -> Floats:
    """Sums of squares and products of (1, measures, y − middle) in each cell: (C, q + 2, q + 2)."""
    size, p = cells.count.size, len(cells.measures) + 2

    sums = np.zeros((p, p, size))
    for run in cells.runs():
        run.add_products(sums, np.vstack([run.z, y[run.rows] - middle]))
    sums[0, 0] = cells.count
    lower = np.tril_indices(p, -1)
    sums[lower] = sums.transpose(1, 0, 2)[lower]
    return np.ascontiguousarray(sums.transpose(2, 0, 1))


def root_rows(sums: Floats) -> tuple[Floats, Ints]:
    """Rows with given sums of squares and products, and the sum each is of: (c, p, p) → (r, p), (r,), in order.

    The first of the p is the constant, so that a sum over one row shows that row.
    """
    if sums.shape[1] == 1:
        return np.sqrt(sums[:, :, 0]), np.arange(sums.shape[0])
    several = np.flatnonzero(sums[:, 0, 0] != 1)
    alone = np.flatnonzero(sums[:, 0, 0] == 1)
    scale = np.sqrt(np.einsum("cii->ci", sums[several]))
    scale[scale == 0] = 1.0
    values, vectors = np.linalg.eigh(sums[several] / scale[:, :, None] / scale[:, None, :])
    kept = values > _NOTHING * np.maximum(values[:, -1:], 1.0)
    which, direction = np.nonzero(kept)
    rows = np.vstack([sums[alone, 0], np.sqrt(values[kept])[:, None] * vectors[which, :, direction] * scale[which]])
    of = np.concatenate([alone, several[which]])
    order = np.argsort(of, kind="stable")
    return rows[order], of[order]


def _made_up_rows(sums: Floats, table: Floats, measure: Sequence[int], weights: Floats | None) -> tuple[Floats, Floats]:
    """A few rows of X and y for each cell, √w times, with the sums of squares and products of all its rows."""
    if sums.shape[1] == 2:  # noqa: PLR2004 - no measures: one row says all of X
        root = np.sqrt(sums[:, 0, 0])
        x, y = table * root[:, None], sums[:, 0, 1] / root
        which = np.arange(len(root))
    else:
        rows, which = root_rows(sums)
        x, y = table[which] * rows[:, list(measure)], rows[:, -1]
    if weights is None:
        return x, y
    root = np.sqrt(weights)[which]
    return x * root[:, None], y * root


def _least_pivot(triangle: Floats) -> float:
    """How much the column that the others determine most has of its own; columns are of length 1."""
    if triangle.shape[0] < triangle.shape[1]:
        return 0.0
    return float(np.abs(np.diag(linalg.qr(triangle, mode="r", pivoting=True)[0])).min())


def _refuse(triangle: Floats, names: Sequence[str]) -> NoReturn:
    """Without pivots a column that earlier ones determine leaves nothing, so the later of two is named."""
    left = np.abs(np.diag(triangle))
    spare = [name for i, name in enumerate(names) if i >= left.size or left[i] <= _SAME] or names[-1:]
    raise ColumnsAlike(
        f"{listed(spare)} cannot be told apart from the other columns of the model",
        "drop them, or merge levels that hold the same units",
    )
