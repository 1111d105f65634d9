"""The estimators of the plan for thousands of runs at once, from totals of the randomised units.

Without covariates the arm's coefficient beside arm × centred block is a weighted difference of
cell means, a cell being one arm in one block. A unit's rows share their cell, so the adjustment
of CR2 acts on its total alone: with n rows in the cell and m in the unit, the root of the
adjusted leverage is (1 − m/n)^(−1/2), and variance and Satterthwaite degrees of freedom are sums
over units (Pustejovsky & Tipton 2018, eq. 8 and 11). With one row to a unit this is HC2.

Every number equals that of `inference.answer` on the same rows; what it would answer otherwise
(a single unit in a cell, no event in an arm, too few degrees of freedom) is left to it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nudge.analysis.comparison import Pair
from nudge.analysis.linear_effect import LEAST_DF
from nudge.trial.records.analysis import Bools, Floats, Ints

_NO_SPREAD = 1e-12
_PAIR = 2


@dataclass(frozen=True, slots=True)
class Runs:
    """One comparison in R runs of U units.

    treated, here: (R, U), in the arm, in either of the two arms. rows: (R, U) people with an
    outcome. totals: (R, U) sum of their outcomes. block: (U,) codes from 0. binary: outcomes
    are 0 or 1. clusters: the units drawn are sites.
    """

    treated: Bools
    here: Bools
    rows: Floats
    totals: Floats
    block: Ints
    binary: bool
    clusters: bool
    average: str

    def pair(self, run: int) -> Pair:
        """One run's rows, for the estimator that takes rows; outcomes of a unit as its total allows."""
        unit = np.flatnonzero(self.here[run] & (self.rows[run] > 0))
        number = self.rows[run, unit].astype(np.int64)
        code = np.repeat(np.arange(unit.size), number)
        place = np.arange(code.size) - np.repeat(np.cumsum(number) - number, number)
        total = self.totals[run, unit]
        y = (place < np.rint(total)[code]).astype(float) if self.binary else (total / number)[code]
        block = np.unique(self.block[unit], return_inverse=True)[1].astype(np.int64)
        return Pair(
            y=y, treated=self.treated[run, unit][code], unit=code.astype(np.int64), block=block[code],
            weight=np.full(code.size, np.nan), covariates=np.empty((code.size, 0)), names=(),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fits:
    """Estimates of R runs. settled: whether the numbers stand; elsewhere the rows must be asked."""

    estimate: Floats
    std_error: Floats
    df: Floats
    settled: Bools


def fits(runs: Runs) -> Fits:
    """Estimate, standard error and degrees of freedom of every run."""
    with np.errstate(divide="ignore", invalid="ignore"):
        rows = np.where(runs.here, runs.rows, 0.0)
        totals = np.where(rows > 0, runs.totals, 0.0)
        several = bool((rows > 1).any())
        if runs.average == "cluster" and (several or runs.clusters):
            found = _by_cell(runs, (rows > 0).astype(float), np.where(rows > 0, totals / rows, 0.0), clusters=True)
        else:
            found = _by_cell(runs, rows, totals, clusters=False)
        return _checked(found, rows, totals, runs)


def _checked(found: Fits, rows: Floats, totals: Floats, runs: Runs) -> Fits:
    """Leave to the rows what rule 10 answers otherwise."""
    settled = found.settled & (found.df >= LEAST_DF) & np.isfinite(found.std_error)
    settled &= found.std_error > _NO_SPREAD * np.abs(totals).max(initial=1.0)
    if runs.binary:
        for side in (runs.treated, ~runs.treated):
            events, people = (totals * side).sum(axis=1), (rows * side).sum(axis=1)
            settled &= (events > 0) & (events < people)
    return Fits(found.estimate, found.std_error, found.df, settled)


def _by_cell(runs: Runs, m: Floats, s: Floats, *, clusters: bool) -> Fits:
    """Differences of cell means; clusters: every unit is one row, t on units − parameters."""
    number, blocks = m.shape[0], int(runs.block.max()) + 1
    code = (np.arange(number)[:, None] * blocks + runs.block) * 2 + runs.treated
    shape = (number, blocks, 2)

    def cells(weights: Floats) -> Floats:
        sums = np.bincount(code.ravel(), weights.ravel(), minlength=number * blocks * 2)
        return np.asarray(sums, dtype=float).reshape(shape)

    n, units = cells(m), cells((m > 0).astype(float))
    informative: Bools = np.all(units > 0, axis=2)
    kept = n * informative[:, :, None]
    share = kept.sum(axis=2) / kept.sum(axis=(1, 2))[:, None]
    means = np.where(n > 0, cells(s) / n, 0.0)
    gaps = means[:, :, 1] - means[:, :, 0]
    estimate = (share * gaps).sum(axis=1)
    fewest = np.where(informative[:, :, None], units, np.inf).min(axis=(1, 2))
    paired: Bools = np.all(np.where(informative[:, :, None], units, 1.0) == 1, axis=(1, 2)) & (blocks > 1)
    # ω / n of each cell, zero where it cannot inform.
    pull = np.where(kept > 0, share[:, :, None] / n, 0.0)
    if bool((m > 1).any()):
        variance, df = _of_units(m, s, n, means, pull, code)
    else:
        squares = np.maximum(cells(s * s) - n * means**2, 0.0)
        usable = np.where(n > 1, n / (n - 1), 0.0)
        variance = (pull**2 * squares * usable).sum(axis=(1, 2))
        parts = pull**2 * n
        df = parts.sum(axis=(1, 2)) ** 2 / np.where(n > 1, parts**2 / (n - 1), 0.0).sum(axis=(1, 2))
    if clusters:
        df = (units * informative[:, :, None]).sum(axis=(1, 2)) - 2 * informative.sum(axis=1)
    error = np.sqrt(variance)
    if paired.any():
        error = np.where(paired, _paired_error(gaps, kept.sum(axis=2), informative), error)
        df = np.where(paired, _paired_df(informative, clusters=clusters), df)
    return Fits(estimate, error, df, (fewest >= _PAIR) | paired)


def _of_units(m: Floats, s: Floats, n: Floats, means: Floats, pull: Floats, code: Ints) -> tuple[Floats, Floats]:
    """CR2 and its degrees of freedom, summed over units of several rows."""
    runs = m.shape[0]
    n_of, pull_of = n.ravel()[code], pull.ravel()[code]
    left = 1 - m / n_of
    scale = np.where((m > 0) & (left > 0), pull_of**2 / left, 0.0)
    variance = (scale * (s - m * means.ravel()[code]) ** 2).sum(axis=1)
    a_squared = scale * m
    own = -np.where(m > 0, scale * m**2 / n_of, 0.0)
    together = np.bincount(code.ravel(), (-own).ravel(), minlength=n.size).reshape(runs, -1)
    trace = (a_squared + own).sum(axis=1)
    squares = (a_squared**2 + 2 * a_squared * own).sum(axis=1) + (together**2).sum(axis=1)
    return variance, trace**2 / squares


def _paired_error(gaps: Floats, rows: Floats, informative: Bools) -> Floats:
    """Pairs weigh by their rows (Imai, King & Nall 2009)."""
    number = informative.sum(axis=1)
    parts = np.where(informative, rows * gaps, 0.0)
    centre = parts.sum(axis=1) / number
    spread = (np.where(informative, parts - centre[:, None], 0.0) ** 2).sum(axis=1)
    error: Floats = np.sqrt(number / (number - 1) * spread) / rows.sum(axis=1)
    return error


def _paired_df(informative: Bools, *, clusters: bool) -> Floats:
    """Pairs − 1; cluster means of pairs spend as many parameters: units − (pairs + 1)."""
    number: Floats = informative.sum(axis=1).astype(float)
    return number - 1 if not clusters else 2 * number - (number + 1)
