"""The rows of one comparison, and which estimator the design allows (statistics.md 5-10)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from nudge.trial.errors import EstimationRefused
from nudge.trial.records.analysis import AnalysisRows, Bools, Design, Floats, Ints, Phases

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

COLUMNS_PER_UNIT_INTERACTED = 10
COLUMNS_PER_UNIT_ADDITIVE = 5
FEW_CLUSTERS = 30
BLANK = " blank"
_SAME_CHANCE = 1e-9
_DETERMINED = 1e-8


@dataclass(frozen=True, slots=True)
class Pair:
    """Two arms' rows with an outcome.

    y: (n,). treated: (n,). unit, block: (n,) codes from 0. weight: (n,) inverse probability
    of the row's own arm, nan where unknown. covariates: (n, c), dummy-coded, blanks filled;
    names: (c,).
    """

    y: Floats
    treated: Bools
    unit: Ints
    block: Ints
    weight: Floats
    covariates: Floats
    names: tuple[str, ...]
    received: Floats | None = None
    """(n,) 1 where a message was delivered, nan where that is not known."""
    origin: Ints | None = None
    """(n,) the code that the stored law knows the unit by."""
    event: Floats | None = None
    """(n,) for a time to an event, 1 where `y` is the time it happened, 0 where it is the last time known of."""
    exposure: Floats | None = None
    """(n,) how much of what a count is counted over."""
    phases: Phases | None = None
    """Of a stepped wedge."""
    crossing: Pair | None = None
    """Of a stepped wedge, rows in their cluster's transition: in neither arm here, and in one under other draws."""

    @property
    def units(self) -> int:
        """Randomised units in the comparison."""
        return int(np.unique(self.unit).size)

    def units_of(self, *, treated: bool) -> int:
        """Randomised units of one side."""
        return int(np.unique(self.unit[self.treated == treated]).size)

    @property
    def blocks(self) -> int:
        """Blocks in the comparison."""
        return int(np.unique(self.block).size)

    @property
    def clustered(self) -> bool:
        """Whether any randomised unit has more than one row."""
        return self.units < self.y.size

    def only(self, rows: Bools) -> Pair:
        """The same comparison on some of its rows."""
        return replace(
            self, y=self.y[rows], treated=self.treated[rows], unit=self.unit[rows], block=self.block[rows],
            weight=self.weight[rows], covariates=self.covariates[rows],
            received=None if self.received is None else self.received[rows],
            origin=None if self.origin is None else self.origin[rows],
            event=None if self.event is None else self.event[rows],
            exposure=None if self.exposure is None else self.exposure[rows],
            phases=None if self.phases is None else phases_of(self.phases, rows),
        )  # fmt: skip


def phases_of(phases: Phases, rows: Bools) -> Phases:
    """The phases of some rows."""
    return replace(phases, period=phases.period[rows], complete=phases.complete[rows], step=phases.step[rows])


def pair_of(rows: AnalysisRows, arm: str, control: str, covariates: Sequence[str] = ()) -> Pair:
    """The rows of two arms that have an outcome; covariates coded on just these rows (rule 9).

    Raises EstimationRefused where a randomised unit has rows in both arms, or in several blocks.
    """
    if rows.phases is not None:
        return _crossing_pair(rows, rows.phases, arm, control, covariates)
    here = np.isin(rows.arm, [arm, control]) & ~np.isnan(rows.outcome)
    if rows.event is not None:
        here &= ~np.isnan(rows.event)
    treated, unit, block = rows.arm[here] == arm, _codes(rows.unit[here]), _codes(rows.block[here])
    if not rows.moments:
        _need_whole_units(unit, {"both arms": treated, "several blocks": block})
    both = np.intersect1d(block[treated], block[~treated])
    coded = coded_columns(
        {name: rows.covariates[name][here] for name in covariates}, rows.types, np.isin(block, both)
    )  # fmt: skip
    return Pair(
        y=rows.outcome[here], treated=treated, unit=unit, block=block,
        weight=1 / rows.probability[here],
        covariates=np.column_stack(list(coded.values())) if coded else np.empty((int(here.sum()), 0)),
        names=tuple(coded), received=None if rows.received is None else rows.received[here],
        origin=rows.unit[here], event=None if rows.event is None else rows.event[here],
        exposure=None if rows.exposure is None else rows.exposure[here],
    )  # fmt: skip


def _crossing_pair(rows: AnalysisRows, phases: Phases, arm: str, control: str, covariates: Sequence[str]) -> Pair:
    """The rows of a stepped wedge with an outcome, those in a transition apart."""
    here = ~np.isnan(rows.outcome) & (phases.period >= 0)
    in_force = np.isin(rows.arm[here], [arm, control])
    coded = coded_columns({name: rows.covariates[name][here] for name in covariates}, rows.types, in_force)
    every = Pair(
        y=rows.outcome[here], treated=rows.arm[here] == arm, unit=_codes(rows.unit[here]),
        block=np.zeros(int(here.sum()), dtype=np.int64), weight=np.ones(int(here.sum())),
        covariates=np.column_stack(list(coded.values())) if coded else np.empty((int(here.sum()), 0)),
        names=tuple(coded), origin=rows.unit[here], phases=phases_of(phases, here),
    )  # fmt: skip
    return replace(every.only(in_force), crossing=every.only(~in_force))


def _need_whole_units(unit: Ints, parts: Mapping[str, np.ndarray]) -> None:
    _, first, of = np.unique(unit, return_index=True, return_inverse=True)
    for what, values in parts.items():
        mixed = np.unique(unit[values != values[first][of]]).size
        if mixed:
            raise EstimationRefused(
                f"{mixed} of {first.size} units have rows in {what}, so they are not what was randomised",
                "name the column of what was, in `allocation.unit` or `allocation.clusters`",
            )


def coded_columns(values: Mapping[str, np.ndarray], types: Mapping[str, str], on: Bools) -> dict[str, Floats]:
    """Model columns of baseline values, by name.

    values: (n,) each, None where blank. on: (n,) the rows that inform the comparison, which alone
    settle levels, means and what varies. Questions left blank together need one indicator between
    them: an indicator that the other columns already determine is left out.
    """
    coded = [one for name, column in values.items() for one in _coded(name, column, types[name], on)]
    varying = {name: column for name, column in coded if np.ptp(column[on]) > 0}
    found = {name: column for name, column in varying.items() if not name.endswith(BLANK)}
    for name in [name for name in varying if name.endswith(BLANK)]:
        known = np.column_stack([np.ones(int(on.sum())), *(column[on] for column in found.values())])
        indicator = varying[name][on]
        left = indicator - known @ np.linalg.lstsq(known, indicator)[0]
        if np.abs(left).max() > _DETERMINED:
            found[name] = varying[name]
    return found


def _codes(values: Ints) -> Ints:
    return np.unique(values, return_inverse=True)[1].astype(np.int64)


def _coded(name: str, values: np.ndarray, kind: str, on: Bools) -> list[tuple[str, Floats]]:
    """Dummies for a category (blank is a level), numbers with an indicator for blanks."""
    if not on.any():
        return []
    if kind == "category":
        text = np.array(["(blank)" if value is None else str(value) for value in values])
        levels = sorted(set(text[on].tolist()))
        return [(f"{name}={level}", (text == level).astype(float)) for level in levels[1:]]
    numbers = np.array([np.nan if value is None else float(value) for value in values])
    blank = np.isnan(numbers)
    mean = float(numbers[on & ~blank].mean()) if (on & ~blank).any() else 0.0
    return [(name, np.where(blank, mean, numbers)), (f"{name}{BLANK}", blank.astype(float))]


@dataclass(frozen=True, slots=True)
class BlockCounts:
    """Randomised units per block: (blocks,) of each arm."""

    treated: Ints
    control: Ints

    @property
    def informative(self) -> Bools:
        """Blocks with both arms."""
        return (self.treated > 0) & (self.control > 0)


def block_counts(pair: Pair) -> BlockCounts:
    """How many units of each arm every block holds."""
    firsts = np.unique(pair.unit, return_index=True)[1]
    size = int(pair.block.max(initial=-1)) + 1
    of = [np.bincount(pair.block[firsts][pair.treated[firsts] == side], minlength=size) for side in (True, False)]
    return BlockCounts(of[0], of[1])


def informative(pair: Pair) -> tuple[Pair, int]:
    """The rows of blocks that hold both arms, and how many blocks do not."""
    both = block_counts(pair).informative
    kept = pair.only(both[pair.block])
    return replace(kept, block=_codes(kept.block)), int((~both).sum())


def difference_within_blocks(pair: Pair) -> float:
    """Difference in means within each block, averaged with the blocks' rows as weights; every block has both arms."""
    rows = np.bincount(pair.block)
    means = [
        np.bincount(pair.block, pair.y * side) / np.bincount(pair.block, side)
        for side in (pair.treated.astype(float), (~pair.treated).astype(float))
    ]
    return float((rows * (means[0] - means[1])).sum() / rows.sum())


def varies_within_blocks(pair: Pair) -> bool:
    """Whether another draw of the arms could have given anything else."""
    return any(np.ptp(pair.y[pair.block == block]) > 0 for block in np.unique(pair.block))


def constant_probability(pair: Pair) -> bool:
    """Whether each arm had the same chance throughout; by the draw's own probabilities where known."""
    if not np.isnan(pair.weight).any():
        return all(np.ptp(pair.weight[pair.treated == side]) < _SAME_CHANCE for side in (True, False))
    counts = block_counts(pair)
    shares = counts.treated / np.maximum(counts.treated + counts.control, 1)
    return bool(np.ptp(shares) < _SAME_CHANCE)


@dataclass(frozen=True, slots=True)
class Choice:
    """Which estimator and variance a design allows, and why."""

    estimator: str
    vcov: str
    adjustment: str
    """interacted, additive or none."""
    because: str
    left_out: tuple[str, ...] = ()
    """Covariate columns that blocks or other covariates settle, known once a model is fitted."""


def choose(
    counts: BlockCounts, design: Design, *, clustered: bool, columns: int, constant_probability: bool, average: str
) -> Choice:
    """The estimator of rules 5, 6, 8 and 9, from counts alone: the lock can hold it before the draw."""
    vcov = "CR2" if clustered or design.clusters else "HC2"
    if design.method == "adaptive":
        return Choice("batched", vcov, "none", "the chances of the arms changed from batch to batch")
    adjustment = _adjustment(columns, int(min(counts.treated.sum(), counts.control.sum())))
    if average == "cluster" and (clustered or design.clusters):
        why = "the file averages over clusters: every cluster counts the same"
        return Choice("cluster_means", "HC2", adjustment, why)
    if not design.blocks or counts.treated.size == 1:
        if constant_probability:
            return Choice("difference_in_means", vcov, adjustment, "no blocks")
        why = "no blocks, and the arm's probability is not the same for everyone"
        return Choice("inverse_probability", vcov, _additive(adjustment), why)
    fewest = int(np.minimum(counts.treated, counts.control)[counts.informative].min(initial=2))
    if fewest >= 2:  # noqa: PLR2004 - two units of each arm give a variance in every block
        return Choice("block_weighted", vcov, adjustment, "every block has at least two units of both arms")
    return _with_single_units(counts, vcov, adjustment, constant_probability=constant_probability)


def _with_single_units(counts: BlockCounts, vcov: str, adjustment: str, *, constant_probability: bool) -> Choice:
    """The estimator where some block has exactly one unit of an arm (rule 6)."""
    if bool(((counts.treated == 1) & (counts.control == 1))[counts.informative].all()):
        return Choice("paired", "paired", "none", "every block is a pair, one unit of each arm")
    single = "some block has a single unit of an arm, and the arm's probability"
    if constant_probability:
        return Choice("fixed_effects", vcov, _additive(adjustment), f"{single} is the same in every block")
    return Choice("inverse_probability", vcov, _additive(adjustment), f"{single} differs between blocks")


def at_most(adjustment: str, allowed: str) -> str:
    """The lesser of two ways to take covariates."""
    ways = ("none", "additive", "interacted")
    return min(adjustment, allowed, key=ways.index)


def _additive(adjustment: str) -> str:
    return "additive" if adjustment != "none" else "none"


def _adjustment(columns: int, smaller_arm: int) -> str:
    """At most one column per 10 units of the smaller arm interacted, one per 5 additive, else none."""
    if columns == 0:
        return "none"
    if columns * COLUMNS_PER_UNIT_INTERACTED <= smaller_arm:
        return "interacted"
    return "additive" if columns * COLUMNS_PER_UNIT_ADDITIVE <= smaller_arm else "none"
