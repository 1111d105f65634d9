"""The rows of one comparison, and which estimator the design allows (statistics.md 5-10)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from nudge.analysis.covariates import Covariates, coded_columns, matrix, names_of
from nudge.analysis.groups import by_side, compact, distinct, first_rows, looked_up, rows_unlike
from nudge.trial.errors import EstimationRefused
from nudge.trial.records.analysis import AnalysisRows, Bools, Design, Floats, Ints, Phases
from nudge.trial.records.columns import some_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from nudge.trial.records.columns import Rows

COLUMNS_PER_UNIT_INTERACTED = 10
COLUMNS_PER_UNIT_ADDITIVE = 5
FEW_CLUSTERS = 30
_SAME_CHANCE = 1e-9
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Pair:
    """Two arms' rows with an outcome.

    y: (n,). treated: (n,). unit, block: (n,) codes from 0. weight: (n,) inverse probability
    of the row's own arm, nan where unknown. covariates: what models take of (n,) each, blanks filled.
    """

    y: Floats
    treated: Bools
    unit: Ints
    block: Ints
    weight: Floats
    covariates: Covariates
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
    _known: dict[str, Any] = field(init=False, default_factory=dict, repr=False, compare=False)

    @property
    def names(self) -> tuple[str, ...]:
        """Of the covariates' model columns, (c,)."""
        return names_of(self.covariates)

    @property
    def matrix(self) -> Floats:
        """The covariates' model columns side by side, for what needs them so: (n, c)."""
        return matrix(self.covariates, self.y.size)

    @property
    def units(self) -> int:
        """Randomised units in the comparison."""
        return self._counted("units", lambda: distinct(self.unit))

    def units_of(self, *, treated: bool) -> int:
        """Randomised units of one side."""
        return distinct(self.unit[self.treated == treated])

    @property
    def blocks(self) -> int:
        """Blocks in the comparison."""
        return self._counted("blocks", lambda: distinct(self.block))

    @property
    def counts(self) -> BlockCounts:
        """How many units of each arm every block holds."""
        return self._counted("counts", lambda: _block_counts(self))

    def _counted(self, what: str, count: Callable[[], _T]) -> _T:
        """What many readers ask of the same rows, counted once."""
        if what not in self._known:
            self._known[what] = count()
        found: _T = self._known[what]
        return found

    @property
    def clustered(self) -> bool:
        """Whether any randomised unit has more than one row."""
        return self.units < self.y.size

    def only(self, rows: Bools | Ints) -> Pair:
        """The same comparison on some of its rows: whether each, or which."""
        if rows.dtype == bool and rows.all():
            return self
        here = np.flatnonzero(rows) if rows.dtype == bool else rows
        return replace(
            self, y=self.y[here], treated=self.treated[here], unit=self.unit[here], block=self.block[here],
            weight=self.weight[here],
            covariates={name: some_rows(column, here) for name, column in self.covariates.items()},
            received=None if self.received is None else self.received[here],
            origin=None if self.origin is None else self.origin[here],
            event=None if self.event is None else self.event[here],
            exposure=None if self.exposure is None else self.exposure[here],
            phases=None if self.phases is None else phases_of(self.phases, here),
        )  # fmt: skip


def phases_of(phases: Phases, rows: Rows) -> Phases:
    """The phases of some rows."""
    return replace(phases, period=phases.period[rows], complete=phases.complete[rows], step=phases.step[rows])


def pair_of(rows: AnalysisRows, arm: str, control: str, covariates: Sequence[str] = ()) -> Pair:
    """The rows of two arms that have an outcome; covariates coded on just these rows (rule 9).

    Nothing is copied where that is all rows. Raises EstimationRefused where a randomised unit has rows in both arms,
    or in several blocks.
    """
    if rows.phases is not None:
        return _crossing_pair(rows, rows.phases, arm, control, covariates)
    treated, some = rows.arm.is_(arm), informs(rows, arm, control)
    here: Rows = slice(None) if some.all() else np.flatnonzero(some)
    treated, unit, block = treated[here], compact(rows.unit[here]), compact(rows.block[here])
    if not rows.moments:
        _need_whole_units(unit, {"both arms": treated, "several blocks": block})
    return Pair(
        y=rows.outcome[here], treated=treated, unit=unit, block=block,
        weight=1 / rows.probability[here],
        covariates=_covariates(rows, here, covariates, _in_both(block, treated)),
        received=None if rows.received is None else rows.received[here],
        origin=rows.unit[here], event=None if rows.event is None else rows.event[here],
        exposure=None if rows.exposure is None else rows.exposure[here],
    )  # fmt: skip


def informs(rows: AnalysisRows, arm: str, control: str) -> Bools:
    """(n,) the rows of two arms that have an outcome."""
    here: Bools = rows.arm.is_(arm)
    here |= rows.arm.is_(control)
    here &= ~np.isnan(rows.outcome)
    if rows.event is not None:
        here &= ~np.isnan(rows.event)
    return here


def _crossing_pair(rows: AnalysisRows, phases: Phases, arm: str, control: str, covariates: Sequence[str]) -> Pair:
    """The rows of a stepped wedge with an outcome, those in a transition apart."""
    here = np.flatnonzero(~np.isnan(rows.outcome) & (phases.period >= 0))
    of = rows.arm.at(here)
    in_force = of.among([arm, control])
    every = Pair(
        y=rows.outcome[here], treated=of.is_(arm), unit=compact(rows.unit[here]),
        block=np.zeros(here.size, dtype=np.int64), weight=np.ones(here.size),
        covariates=_covariates(rows, here, covariates, in_force),
        received=None if rows.received is None else rows.received[here],
        origin=rows.unit[here], phases=phases_of(phases, here),
    )  # fmt: skip
    return replace(every.only(in_force), crossing=every.only(~in_force))


def _covariates(rows: AnalysisRows, here: Rows, names: Sequence[str], on: Bools) -> Covariates:
    return coded_columns({name: some_rows(rows.covariates[name], here) for name in names}, on)


def _in_both(block: Ints, treated: Bools) -> Bools:
    """(n,) whether a row's block holds both arms."""
    control, arm = by_side(block, treated).T
    both = (control > 0) & (arm > 0)
    found: Bools = np.ones(block.size, dtype=bool) if both.all() else looked_up(both, block)
    return found


def _need_whole_units(unit: Ints, parts: Mapping[str, np.ndarray]) -> None:
    units = int(unit.max(initial=-1)) + 1
    if units == unit.size:
        return
    for what, values in parts.items():
        mixed = distinct(unit[rows_unlike(unit, values)])
        if mixed:
            raise EstimationRefused(
                f"{mixed} of {units} units have rows in {what}, so they are not what was randomised",
                "name the column of what was, in `allocation.unit` or `allocation.clusters`",
            )


@dataclass(frozen=True, slots=True)
class BlockCounts:
    """Randomised units per block: (blocks,) of each arm."""

    treated: Ints
    control: Ints

    @property
    def informative(self) -> Bools:
        """Blocks with both arms."""
        return (self.treated > 0) & (self.control > 0)


def _block_counts(pair: Pair) -> BlockCounts:
    block, treated = pair.block, pair.treated
    if pair.clustered:
        firsts = first_rows(pair.unit)
        block, treated = block[firsts], treated[firsts]
    control, arm = by_side(block, treated).astype(np.int64).T
    return BlockCounts(arm, control)


def informative(pair: Pair) -> tuple[Pair, int]:
    """The rows of blocks that hold both arms, and how many blocks do not."""
    both = pair.counts.informative
    if both.all():
        return pair, 0
    kept = pair.only(looked_up(both, pair.block))
    return replace(kept, block=compact(kept.block)), int((~both).sum())


def difference_within_blocks(pair: Pair) -> float:
    """Difference in means within each block, averaged with the blocks' rows as weights; every block has both arms."""
    rows, totals = by_side(pair.block, pair.treated), by_side(pair.block, pair.treated, pair.y)
    control, arm = (totals / rows).T
    return float((rows.sum(axis=1) * (arm - control)).sum() / rows.sum())


def varies_within_blocks(pair: Pair) -> bool:
    """Whether another draw of the arms could have given anything else."""
    return rows_unlike(pair.block, pair.y).size > 0


def constant_probability(pair: Pair) -> bool:
    """Whether each arm had the same chance throughout; by the draw's own probabilities where known."""
    low, high = pair.weight.min(initial=np.inf), pair.weight.max(initial=-np.inf)
    if not np.isnan(low):
        return bool(high - low < _SAME_CHANCE) or all(
            np.ptp(pair.weight[pair.treated == side]) < _SAME_CHANCE for side in (True, False)
        )
    counts = pair.counts
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
