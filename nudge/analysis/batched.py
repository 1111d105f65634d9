"""The estimators of the plan for thousands of runs at once, each run by the choice its own counts allow.

`comparison.choose` is asked for every run, and the runs of one choice are fitted together by linear
algebra (`batched_model.py`). Every number equals that of `inference.answer` on the same rows; what it
would answer otherwise (no event in an arm, too few degrees of freedom, covariates that cannot be told
apart, weights) is left to it.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace

import numpy as np

from nudge.analysis.batched_model import Entries, linear
from nudge.analysis.comparison import BlockCounts, Choice, choose
from nudge.analysis.linear_effect import LEAST_DF
from nudge.analysis.runs import Fits, Runs
from nudge.trial.records.analysis import Bools, Design, Floats, Ints

_NO_SPREAD = 1e-12
_SAME_CHANCE = 1e-9
_WITHOUT_COVARIATES = {"paired", "batched"}


@dataclass(frozen=True, slots=True)
class _Counts:
    """Randomised units with an outcome, (R, B) of the arm and of its control, and the blocks that hold both."""

    treated: Ints
    control: Ints
    informative: Bools

    def of(self, run: int, *, blocks: bool) -> BlockCounts:
        """One run's, as the choice of an estimator takes them."""
        kept = self.informative[run] if blocks else slice(None)
        return BlockCounts(self.treated[run, kept], self.control[run, kept])


def fits(runs: Runs, design: Design) -> Fits:
    """Estimate, standard error and degrees of freedom of every run."""
    entries, choices, _ = prepared(runs, design)
    found = Fits.nothing(len(entries.rows))
    for (choice, same), which in choices.items():
        some = entries.some(which)
        one = (
            _of_clusters(choice, some, same=same)
            if choice.estimator == "cluster_means"
            else _fitted(choice.estimator, choice.adjustment, some, blocks=design.blocks)
        )
        if choice.adjustment == "none" and choice.estimator not in _WITHOUT_COVARIATES:
            one = replace(one, settled=one.settled & _told_apart(some))
        found.put(which, one)
    return _checked(found, entries, binary=runs.binary)


def prepared(runs: Runs, design: Design) -> tuple[Entries, dict[tuple[Choice, bool], Ints], Bools]:
    """Rows that inform the comparison, the runs of every choice, and which runs (R,) have both arms in every block."""
    unit = runs.unit
    rows = np.where(runs.here[:, unit], runs.rows, 0.0)
    rows, counts = _informative(rows, runs, blocks=design.blocks)
    entries = Entries(
        rows, np.where(rows > 0, runs.totals, 0.0), runs.treated[:, unit], runs.block[unit], unit,
        (np.empty((unit.size, 0)) if runs.baseline is None else runs.baseline.columns)[None],
    )  # fmt: skip
    return entries, _choices(runs, design, entries, counts), np.asarray(counts.informative.all(axis=1), dtype=bool)


def _informative(rows: Floats, runs: Runs, *, blocks: bool) -> tuple[Floats, _Counts]:
    """The rows of blocks that hold both arms, where blocks count at all; and the units of each."""
    present = rows > 0
    if runs.of is not None:
        present = np.add.reduceat(rows, np.flatnonzero(np.diff(runs.of, prepend=-1)), axis=1) > 0
    number = int(runs.block.max()) + 1
    code = np.arange(len(rows))[:, None] * number + runs.block

    def count(units: Bools) -> Ints:
        found = np.bincount(code.ravel(), units.ravel(), minlength=len(rows) * number)
        return np.rint(found).astype(np.int64).reshape(-1, number)

    treated, control = count(present & runs.treated), count(present & ~runs.treated)
    both: Bools = (treated > 0) & (control > 0)
    if blocks and not both.all():
        rows = np.where(both[:, runs.block][:, runs.unit], rows, 0.0)
    return rows, _Counts(treated, control, both)


def _choices(runs: Runs, design: Design, entries: Entries, counts: _Counts) -> dict[tuple[Choice, bool], Ints]:
    """The runs of every choice, and of whether chances are the same; those without both arms have none."""
    several = _most_rows(entries) > 1
    same = _same_chance(runs, entries, counts, blocks=design.blocks)
    columns = entries.columns.shape[2]
    of: defaultdict[tuple[Choice, bool], list[int]] = defaultdict(list)
    for run in range(len(several)):
        mine = counts.of(run, blocks=design.blocks)
        if min(mine.treated.sum(), mine.control.sum()) == 0:
            continue
        choice = choose(
            mine, design, clustered=bool(several[run]), columns=columns, constant_probability=bool(same[run]),
            average=runs.average,
        )  # fmt: skip
        of[choice, bool(same[run])].append(run)
    return {key: np.array(which, dtype=np.int64) for key, which in of.items()}


def _most_rows(entries: Entries) -> Floats:
    """(R,) the rows of the largest unit."""
    starts = np.flatnonzero(np.diff(entries.unit, prepend=-1))
    whole = entries.rows if starts.size == entries.unit.size else np.add.reduceat(entries.rows, starts, axis=1)
    found: Floats = whole.max(axis=1)
    return found


def _same_chance(runs: Runs, entries: Entries, counts: _Counts, *, blocks: bool) -> Bools:
    """(R,) whether each arm had the same chance throughout, as `comparison.constant_probability` has it."""
    if runs.chance is not None:
        weight = 1 / runs.chance[:, runs.unit]
        if bool((np.ptp(weight, axis=1) < _SAME_CHANCE).all()):
            return np.ones(len(entries.rows), dtype=bool)
        sides = ((entries.treated, weight[0]), (~entries.treated, weight[1]))
        spread = [
            np.where(here & (entries.rows > 0), one, -np.inf).max(axis=1)
            - np.where(here & (entries.rows > 0), one, np.inf).min(axis=1)
            for here, one in sides
        ]
        return np.asarray(np.maximum(*spread) < _SAME_CHANCE)
    shares = counts.treated / np.maximum(counts.treated + counts.control, 1)
    kept = counts.informative if blocks else np.ones_like(counts.informative)
    gap = np.where(kept, shares, -np.inf).max(axis=1) - np.where(kept, shares, np.inf).min(axis=1)
    return np.asarray(gap < _SAME_CHANCE)


def _told_apart(entries: Entries) -> Bools:
    """(R,) whether no column is determined by the others: then as many were counted as the rows would give."""
    if entries.columns.shape[2] == 0:
        return np.ones(len(entries.rows), dtype=bool)
    x = np.concatenate([np.ones((*entries.columns.shape[:2], 1)), entries.columns], axis=2)
    weighted = entries.rows[:, :, None] * x
    gram = weighted.transpose(0, 2, 1) @ x
    length = np.sqrt(np.einsum("rii->ri", gram))
    whole: Bools = (length > 0).all(axis=1)
    length = np.where(length > 0, length, 1.0)
    least = np.linalg.eigvalsh(gram / length[:, :, None] / length[:, None, :])[:, 0]
    return np.asarray(whole & (least > _NO_SPREAD))


def _fitted(estimator: str, adjustment: str, entries: Entries, *, blocks: bool) -> Fits:
    """What the estimator of that name gives; weights are left to the rows."""
    if estimator == "inverse_probability":
        return Fits.nothing(len(entries.rows))
    if estimator == "batched":
        return _of_batches(entries)
    if estimator == "paired":
        return _paired(entries)
    if not blocks:
        entries = replace(entries, block=np.zeros_like(entries.block))
    return linear(entries, fixed=estimator == "fixed_effects", adjustment=adjustment)


def _of_clusters(choice: Choice, entries: Entries, *, same: bool) -> Fits:
    """One row for every unit: its mean outcome and mean covariates; t on units − parameters."""
    starts = np.flatnonzero(np.diff(entries.unit, prepend=-1))

    def by_unit(values: Floats) -> Floats:
        found: Floats = np.add.reduceat(values, starts, axis=1)
        return found

    rows = by_unit(entries.rows)
    size = np.where(rows > 0, rows, 1.0)
    columns = [by_unit(entries.rows * one) / size for one in np.moveaxis(entries.columns, 2, 0)]
    units = Entries(
        (rows > 0).astype(float), by_unit(entries.totals) / size, entries.treated[:, starts], entries.block[starts],
        np.arange(starts.size), np.stack(columns, axis=2) if columns else np.empty((1, starts.size, 0)),
    )  # fmt: skip
    found = Fits.nothing(len(rows))
    for within, which in _choices_of_clusters(choice, units, same=same).items():
        some = units.some(which)
        one = _fitted(within.estimator, within.adjustment, some, blocks=True)
        df = some.rows.sum(axis=1) - _parameters(within, some)
        found.put(which, replace(one, df=df, settled=one.settled & (one.df >= LEAST_DF)))
    return found


def _choices_of_clusters(choice: Choice, units: Entries, *, same: bool) -> dict[Choice, Ints]:
    """What `estimators.cluster_means` chooses within blocks, from its own counts of units."""
    number = int(units.block.max()) + 1
    of: defaultdict[Choice, list[int]] = defaultdict(list)
    for run in range(len(units.rows)):
        here = units.rows[run] > 0
        counts = [
            np.bincount(units.block[here & (units.treated[run] == side)], minlength=number) for side in (True, False)
        ]
        kept = counts[0] + counts[1] > 0
        within = choose(
            BlockCounts(counts[0][kept], counts[1][kept]), Design(None, clusters=False, blocks=True), clustered=False,
            columns=units.columns.shape[2], constant_probability=same, average="person",
        )  # fmt: skip
        if choice.adjustment == "none":
            within = replace(within, adjustment="none")
        of[within].append(run)
    return {within: np.array(which, dtype=np.int64) for within, which in of.items()}


def _parameters(within: Choice, units: Entries) -> Floats:
    """(R,) columns of the model."""
    number = int(units.block.max()) + 1
    code = np.arange(len(units.rows))[:, None] * number + units.block
    held = np.bincount(code.ravel(), units.rows.ravel(), minlength=len(units.rows) * number) > 0
    blocks: Floats = held.reshape(-1, number).sum(axis=1).astype(float)
    if within.estimator in {"paired", "fixed_effects"}:
        blocks += 1
    elif within.estimator == "block_weighted":
        blocks *= 2
    else:
        blocks[:] = 2
    blocks += units.columns.shape[2] * {"none": 0, "additive": 1, "interacted": 2}[within.adjustment]
    return blocks


def _of_batches(entries: Entries) -> Fits:
    """Every batch by itself, then combined by the numbers of its arms (`estimators.batched`)."""
    number = len(entries.rows)
    weighed, weighted, variance, used, inverse = (np.zeros(number) for _ in range(5))
    for batch in range(int(entries.block.max()) + 1):
        here = np.flatnonzero(entries.block == batch)
        part = Entries(
            entries.rows[:, here], entries.totals[:, here], entries.treated[:, here], np.zeros_like(here),
            entries.unit[here], np.empty((1, here.size, 0)),
        )  # fmt: skip
        arm, control = ((part.rows * side).sum(axis=1) for side in (part.treated, ~part.treated))
        one = linear(part, fixed=False, adjustment="none")
        fine = one.settled & (arm > 0) & (control > 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            weight = np.where(fine, np.sqrt(arm * control / (arm + control)), 0.0)
            weighted += np.where(fine, weight * one.estimate, 0.0)
            variance += np.where(fine, weight**2 * one.std_error**2, 0.0)
            inverse += np.where(fine, 1 / one.df, 0.0)
        weighed += weight
        used += fine
    with np.errstate(divide="ignore", invalid="ignore"):
        return Fits(weighted / weighed, np.sqrt(variance) / weighed, used**2 / inverse, used > 0)


def _paired(entries: Entries) -> Fits:
    """Pairs weigh by their rows (`estimators.paired`); df pairs − 1."""
    number, blocks = len(entries.rows), int(entries.block.max()) + 1
    code = (np.arange(number)[:, None] * blocks + entries.block) * 2 + entries.treated

    def sums(values: Floats) -> Floats:
        found = np.bincount(code.ravel(), values.ravel(), minlength=number * blocks * 2)
        return np.asarray(found, dtype=float).reshape(number, blocks, 2)

    n, total = sums(entries.rows), sums(entries.totals)
    held: Bools = n.sum(axis=2) > 0
    means = total / np.where(n > 0, n, 1.0)
    parts = n.sum(axis=2) * (means[:, :, 1] - means[:, :, 0])
    pairs, rows = held.sum(axis=1).astype(float), n.sum(axis=(1, 2))
    centre = parts.sum(axis=1) / pairs
    spread = (np.where(held, parts - centre[:, None], 0.0) ** 2).sum(axis=1)
    df = pairs - 1
    with np.errstate(divide="ignore", invalid="ignore"):
        return Fits(parts.sum(axis=1) / rows, np.sqrt(pairs / df * spread) / rows, df, df >= LEAST_DF)


def _checked(found: Fits, entries: Entries, *, binary: bool) -> Fits:
    """Leave to the rows what rule 10 answers otherwise."""
    with np.errstate(invalid="ignore"):
        settled = found.settled & (found.df >= LEAST_DF) & np.isfinite(found.std_error)
        settled &= found.std_error > _NO_SPREAD * max(entries.totals.max(initial=1.0), -entries.totals.min(initial=0.0))
    if binary:
        arm = entries.treated.astype(float)
        events, people = np.einsum("ri,ri->r", entries.totals, arm), np.einsum("ri,ri->r", entries.rows, arm)
        settled &= (events > 0) & (events < people)
        events, people = entries.totals.sum(axis=1) - events, entries.rows.sum(axis=1) - people
        settled &= (events > 0) & (events < people)
    return replace(found, settled=settled)
