"""The linear models of the plan in many runs at once, with CR2 and Satterthwaite degrees of freedom.

The cells of a model (arm × block, or blocks beside the arm) are swept out first, so that what is left
to solve is as small as the covariates are many. An entry's row of the orthonormal basis is then
(1/√n, x) with n the rows of its cell, and with G the sum of its products over a unit, c the contrast
and r the unit's scores in that basis, (I − G)^(−1/2) c is all that CR2 needs of the unit: variance and
degrees of freedom are sums over units (Pustejovsky & Tipton 2018, eq. 8 and 11), as in `sandwich.py`.
With one row to a unit this is HC2.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from nudge.analysis.runs import Fits
from nudge.trial.records.analysis import Bools, Floats, Ints

_SAME = 1e-7
"""Columns, each of length 1, of which some direction keeps less than this are left to the rows to judge."""
_LEVERAGE = 1 - 1e-6
_SMALL = 0.2
"""Units with less leverage than this take the binomial series of the inverse root."""
_ROUNDING = 1e-17


@dataclass(frozen=True, slots=True)
class Entries:
    """R runs of E entries.

    rows, totals: (R, E), 0 where left out. treated: (R, E). block, unit: (E,), units in order.
    columns: (1, E, c) or, where they change with the run, (R, E, c).
    """

    rows: Floats
    totals: Floats
    treated: Bools
    block: Ints
    unit: Ints
    columns: Floats

    def some(self, runs: Ints) -> Entries:
        """Some of the runs."""
        columns = self.columns if self.columns.shape[0] == 1 else self.columns[runs]
        return replace(
            self, rows=self.rows[runs], totals=self.totals[runs], treated=self.treated[runs], columns=columns
        )


@dataclass(frozen=True, slots=True)
class Cells:
    """Which cell each entry is in, (R, E) codes over all runs, and how many cells a run has."""

    code: Ints
    of_run: int

    @classmethod
    def of(cls, entries: Entries, *, by_arm: bool) -> Cells:
        """Blocks, or arms within blocks: the block's number, twice, plus one for the arm."""
        blocks = int(entries.block.max()) + 1
        inside = entries.block * 2 + entries.treated if by_arm else np.broadcast_to(entries.block, entries.rows.shape)
        size = blocks * (2 if by_arm else 1)
        return cls(np.arange(len(entries.rows))[:, None] * size + inside, size)

    def sums(self, values: Floats) -> Floats:
        """(R, E) → (R, cells)."""
        number = self.code.shape[0] * self.of_run
        summed = np.bincount(self.code.ravel(), values.ravel(), minlength=number)
        return np.asarray(summed, dtype=float).reshape(-1, self.of_run)

    def spread(self, values: Floats) -> Floats:
        """(R, cells) → (R, E)."""
        found: Floats = values.ravel()[self.code]
        return found


@dataclass(frozen=True, slots=True)
class Side:
    """What one set of coefficients is fitted on.

    rows: (R, E). left: (R, E) totals less the cell's mean. extras: (R, E, e) less the cell's mean.
    base: (R, E) the contrast's pull on a row through its cell. d: (R, e) and on the extras.
    """

    rows: Floats
    left: Floats
    extras: Floats
    base: Floats
    d: Floats


@dataclass(slots=True)
class Added:
    """What the sides add up to, (R,) each."""

    estimate: Floats
    variance: Floats
    trace: Floats
    squares: Floats
    settled: Bools

    @classmethod
    def nothing(cls, runs: int) -> Added:
        """Before any side is added."""
        return cls(np.zeros(runs), np.zeros(runs), np.zeros(runs), np.zeros(runs), np.ones(runs, dtype=bool))


def linear(entries: Entries, *, fixed: bool, adjustment: str) -> Fits:
    """The arm's coefficient beside arm × centred block, or (fixed) beside block indicators; Lin or additive.

    Every entry left in must be in a block with both arms.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        cells = Cells.of(entries, by_arm=not fixed)
        n = cells.sums(entries.rows)
        means = _over(cells.sums(entries.totals), n)
        left = entries.totals - entries.rows * cells.spread(means)
        number = len(entries.rows)
        added = Added.nothing(number)
        if fixed:
            sides = [_beside_blocks(entries, cells, n, left, adjustment)]
        else:
            share = n.reshape(number, -1, 2).sum(axis=2)
            share = share / share.sum(axis=1, keepdims=True)
            gaps = means.reshape(number, -1, 2)
            added.estimate += (share * (gaps[:, :, 1] - gaps[:, :, 0])).sum(axis=1)
            if adjustment == "none" and entries.rows.max(initial=0.0) <= 1 and _units(entries) == entries.unit.size:
                return _neyman(added.estimate, cells, n, left, share)
            sides = list(_within_cells(entries, cells, n, left, share, adjustment))
        rows_of_cell = cells.spread(n)
        for side in sides:
            _add(added, side, entries.unit, cells, rows_of_cell)
        return Fits(added.estimate, np.sqrt(added.variance), added.trace**2 / added.squares, added.settled)


def _units(entries: Entries) -> int:
    return int(np.count_nonzero(np.diff(entries.unit, prepend=-1)))


def _neyman(estimate: Floats, cells: Cells, n: Floats, left: Floats, share: Floats) -> Fits:
    """The same where every unit is one row and there are no covariates: variances of the cells (HC2)."""
    squares = cells.sums(left**2)
    weight = np.repeat(share, 2, axis=1) ** 2
    parts = _over(weight, n)
    held = np.where(n > 1, n - 1, np.inf)
    variance = (parts * squares / held).sum(axis=1)
    df = parts.sum(axis=1) ** 2 / (parts**2 / held).sum(axis=1)
    alone = ((weight > 0) & (n == 1)).any(axis=1)
    return Fits(estimate, np.sqrt(variance), df, ~alone)


def _over(values: Floats, n: Floats) -> Floats:
    return np.where(n > 0, values / np.where(n > 0, n, 1.0), 0.0)


def _centred(columns: Floats, entries: Entries, cells: Cells, n: Floats) -> tuple[Floats, Floats]:
    """Columns less their cell's mean, (R, E, c), and those means, (R, cells, c)."""
    shape = (*entries.rows.shape, columns.shape[2])
    wide = np.broadcast_to(columns, shape)
    means = np.empty((*n.shape, columns.shape[2]))
    left = np.empty(shape)
    for j in range(columns.shape[2]):
        means[:, :, j] = _over(cells.sums(entries.rows * wide[:, :, j]), n)
        left[:, :, j] = wide[:, :, j] - cells.spread(means[:, :, j])
    return left, means


def _beside_blocks(entries: Entries, cells: Cells, n: Floats, left: Floats, adjustment: str) -> Side:
    """Block indicators as cells; the arm, and the covariates, as extras."""
    arm = entries.treated.astype(float)[:, :, None]
    beside = np.broadcast_to(entries.columns, (*entries.rows.shape, entries.columns.shape[2]))
    columns = arm if adjustment == "none" else np.concatenate([arm, beside], axis=2)
    extras, _ = _centred(columns, entries, cells, n)
    d = np.zeros((len(n), columns.shape[2]))
    d[:, 0] = 1.0
    return Side(entries.rows, left, extras, np.zeros_like(left), d)


def _within_cells(
    entries: Entries, cells: Cells, n: Floats, left: Floats, share: Floats, adjustment: str
) -> Iterator[Side]:
    """Arm × block as cells, covariates as extras: with coefficients of each arm's own, or the same in both."""
    number = len(n)
    sign = np.where(entries.treated, 1.0, -1.0)
    base = sign * cells.spread(_over(np.repeat(share, 2, axis=1), n))
    if adjustment == "none":
        yield Side(entries.rows, left, np.empty((*left.shape, 0)), base, np.zeros((number, 0)))
        return
    extras, means = _centred(entries.columns, entries, cells, n)
    by_arm = means.reshape(number, -1, 2, means.shape[2])
    of_arm = np.einsum("rb,rbac->rac", share, by_arm)
    if adjustment == "additive":
        yield Side(entries.rows, left, extras, base, of_arm[:, 0] - of_arm[:, 1])
        return
    weight = n.reshape(number, -1, 2)
    middle = np.einsum("rba,rbac->rc", weight, by_arm) / weight.sum(axis=(1, 2))[:, None]
    for arm, turn in ((1, 1.0), (0, -1.0)):
        mine = entries.treated if arm else ~entries.treated
        yield Side(entries.rows * mine, left * mine, extras, base * mine, turn * (middle - of_arm[:, arm]))


def _add(added: Added, side: Side, unit: Ints, cells: Cells, rows_of_cell: Floats) -> None:
    """Fit one side, and add what its units say."""
    x, f, coefficients, fine = _solved(side)
    added.settled &= fine
    added.estimate += (f * coefficients).sum(axis=1)
    left = side.left - side.rows * (x @ coefficients[:, :, None])[:, :, 0]
    root = np.where(side.rows > 0, 1 / np.sqrt(np.where(rows_of_cell > 0, rows_of_cell, 1.0)), 0.0)
    sums = _Squares(cells)
    starts = np.flatnonzero(np.diff(unit, prepend=-1))
    size = np.diff(np.append(starts, unit.size))
    alone, several = starts[size == 1], np.flatnonzero(np.repeat(size, size) > 1)
    if alone.size == unit.size:
        _units_alone(added, side, x, f, left, root, sums, slice(None))
    elif alone.size:
        _units_alone(added, side, x, f, left, root, sums, alone)
    if several.size:
        _units_of_several(added, side, x, f, left, root, sums, several, unit)
    added.squares += sums.total()


def _solved(side: Side) -> tuple[Floats, Floats, Floats, Bools]:
    """Extras in their orthonormal basis (R, E, e), the contrast and the coefficients in it, and whether it exists."""
    weighted = side.extras * side.rows[:, :, None]
    gram = weighted.transpose(0, 2, 1) @ side.extras
    length = np.sqrt(np.einsum("rii->ri", gram))
    fine: Bools = (length > 0).all(axis=1)
    length = np.where(length > 0, length, 1.0)
    if gram.shape[1] == 0:
        return side.extras, side.d, side.d, fine
    values, vectors = np.linalg.eigh(gram / length[:, :, None] / length[:, None, :])
    fine &= values[:, 0] > _SAME
    turn = vectors / np.sqrt(np.maximum(values, _SAME))[:, None, :] / length[:, :, None]
    x = side.extras @ turn
    f = np.einsum("re,ref->rf", side.d, turn)
    coefficients = np.einsum("re,ref->rf", np.einsum("ri,rie->re", side.left, side.extras), turn)
    return x, f, coefficients, fine


class _Squares:
    """‖Σ ss'‖² of the units' vectors s in the whole basis: a coordinate to each cell, and those of the extras."""

    def __init__(self, cells: Cells) -> None:
        self.cells = cells
        self.own: Floats | None = None
        self.cross: Floats | None = None
        self.extras: Floats | None = None

    def add(self, of_cell: Floats, of_extras: Floats, entries: Ints | slice) -> None:
        """Some units: (R, u), (R, u, e), and an entry of each for its cell."""
        here = Cells(self.cells.code[:, entries], self.cells.of_run)
        own = here.sums(of_cell**2)
        cross = np.stack([here.sums(of_cell * one) for one in np.moveaxis(of_extras, 2, 0)] or [own * 0])
        extras = of_extras.transpose(0, 2, 1) @ of_extras
        self.own = own if self.own is None else self.own + own
        self.cross = cross if self.cross is None else self.cross + cross
        self.extras = extras if self.extras is None else self.extras + extras

    def total(self) -> Floats:
        """Of every run, (R,)."""
        if self.own is None or self.cross is None or self.extras is None:
            return np.zeros(1)
        found: Floats = (self.own**2).sum(axis=1) + (self.extras**2).sum(axis=(1, 2))
        found += 2 * (self.cross**2).sum(axis=(0, 2))
        return found


def _units_alone(
    added: Added, side: Side, x: Floats, f: Floats, left: Floats, root: Floats, sums: _Squares, of: Ints | slice
) -> None:
    """Units of one entry, whose rows are all the same: a leverage and a pull each."""
    rows, x, root = side.rows[:, of], x[:, of], root[:, of]
    leverage = rows * (root**2 + (x**2).sum(axis=2))
    usable = leverage < _LEVERAGE
    added.settled &= usable.all(axis=1)
    pull = (side.base[:, of] + (x @ f[:, :, None])[:, :, 0]) / np.sqrt(np.where(usable, 1 - leverage, 1.0))
    pull = np.where(rows > 0, pull, 0.0)
    square = rows * pull**2
    added.variance += ((pull * left[:, of]) ** 2).sum(axis=1)
    added.trace += (square * (1 - leverage)).sum(axis=1)
    added.squares += (square**2 * (1 - 2 * leverage)).sum(axis=1)
    drawn = rows * pull
    sums.add(drawn * root, drawn[:, :, None] * x, of)


def _units_of_several(
    added: Added, side: Side, x: Floats, f: Floats, left: Floats, root: Floats, sums: _Squares, of: Ints, unit: Ints
) -> None:
    """Units of several entries: G, the contrast and the scores of each in its own few coordinates."""
    starts = np.flatnonzero(np.diff(unit[of], prepend=-1))
    basis = [root[:, of], *np.moveaxis(x[:, of], 2, 0)]
    rows, k = side.rows[:, of], len(basis)

    def by_unit(values: Floats) -> Floats:
        found: Floats = np.add.reduceat(values, starts, axis=1)
        return found

    gram = np.empty((rows.shape[0], starts.size, k, k))
    for i in range(k):
        for j in range(i, k):
            gram[:, :, i, j] = gram[:, :, j, i] = by_unit(rows * basis[i] * basis[j])
    scores = np.stack([by_unit(one * left[:, of]) for one in basis], axis=2)
    through = by_unit(rows * side.base[:, of]), by_unit(rows * basis[0])
    contrast = np.empty_like(scores)
    # base·√n of the cell: the sum of base over that of 1/√n, whoever of the unit has an outcome.
    contrast[:, :, 0] = np.where(through[1] > 0, through[0] / np.where(through[1] > 0, through[1], 1.0), 0.0)
    contrast[:, :, 1:] = f[:, None, :]
    adjusted, fine = _inverse_root(gram, contrast)
    added.settled &= fine.all(axis=1)
    s = np.einsum("ruij,ruj->rui", gram, adjusted)
    square, own = (adjusted * s).sum(axis=2), (s**2).sum(axis=2)
    added.variance += ((adjusted * scores).sum(axis=2) ** 2).sum(axis=1)
    added.trace += (square - own).sum(axis=1)
    added.squares += (square**2 - 2 * square * own).sum(axis=1)
    sums.add(s[:, :, 0], s[:, :, 1:], of[starts])


def _inverse_root(gram: Floats, vector: Floats) -> tuple[Floats, Bools]:
    """(I − G)^(−1/2) v of a stack, and whether it exists: (…, k, k), (…, k) → (…, k), (…)."""
    most = float(np.einsum("...ii->...", gram).max(initial=0.0))
    if most < _SMALL:
        total, term, size = vector.copy(), vector, 1.0
        for j in range(1, 40):
            term = np.einsum("...ij,...j->...i", gram, term) * ((2 * j - 1) / (2 * j))
            total += term
            size *= most
            if size < _ROUNDING:
                break
        return total, np.ones(gram.shape[:-2], dtype=bool)
    values, vectors = np.linalg.eigh(gram)
    fine = values[..., -1] < _LEVERAGE
    scale = 1 / np.sqrt(np.maximum(1 - values, 1 - _LEVERAGE))
    turned = np.einsum("...ij,...i->...j", vectors, vector) * scale
    return np.einsum("...ij,...j->...i", vectors, turned), fine
