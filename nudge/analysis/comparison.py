"""The rows of one comparison, and which estimator the design allows (statistics.md 5-10)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from nudge.trial.records.analysis import AnalysisRows, Bools, Design, Floats, Ints

if TYPE_CHECKING:
    from collections.abc import Sequence

COLUMNS_PER_UNIT_INTERACTED = 10
COLUMNS_PER_UNIT_ADDITIVE = 5
FEW_CLUSTERS = 30


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
        )  # fmt: skip


def pair_of(rows: AnalysisRows, arm: str, control: str, covariates: Sequence[str] = ()) -> Pair:
    """The rows of two arms that have an outcome; covariates coded on just these rows (rule 9)."""
    here = np.isin(rows.arm, [arm, control]) & ~np.isnan(rows.outcome)
    coded = [column for name in covariates for column in _coded(name, rows.covariates[name][here], rows.types[name])]
    matrix = np.column_stack([values for _, values in coded]) if coded else np.empty((int(here.sum()), 0))
    varies = np.array([np.ptp(column) > 0 for column in matrix.T], dtype=bool) if coded else np.zeros(0, bool)
    return Pair(
        y=rows.outcome[here], treated=rows.arm[here] == arm, unit=_codes(rows.unit[here]),
        block=_codes(rows.block[here]), weight=1 / rows.probability[here], covariates=matrix[:, varies],
        names=tuple(name for (name, _), keep in zip(coded, varies, strict=True) if keep),
    )  # fmt: skip


def _codes(values: Ints) -> Ints:
    return np.unique(values, return_inverse=True)[1].astype(np.int64)


def _coded(name: str, values: np.ndarray, kind: str) -> list[tuple[str, Floats]]:
    """Dummies for a category (blank is a level), numbers with an indicator for blanks."""
    blank = np.array([value is None for value in values])
    if kind == "category":
        text = np.array(["(blank)" if value is None else str(value) for value in values])
        levels = sorted(set(text.tolist()))
        return [(f"{name}={level}", (text == level).astype(float)) for level in levels[1:]]
    numbers = np.array([np.nan if value is None else float(value) for value in values])
    mean = float(np.nanmean(numbers)) if not blank.all() else 0.0
    columns = [(name, np.where(blank, mean, numbers))]
    return [*columns, (f"{name} blank", blank.astype(float))] if blank.any() else columns


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
    size = int(pair.block.max()) + 1
    of = [np.bincount(pair.block[firsts][pair.treated[firsts] == side], minlength=size) for side in (True, False)]
    return BlockCounts(of[0], of[1])


@dataclass(frozen=True, slots=True)
class Choice:
    """Which estimator and variance a design allows, and why."""

    estimator: str
    vcov: str
    adjustment: str
    """interacted, additive or none."""
    because: str


def choose(
    counts: BlockCounts, design: Design, *, clustered: bool, columns: int, constant_probability: bool, average: str
) -> Choice:
    """The estimator of rules 5, 6, 8 and 9, from counts alone: the lock can hold it before the draw."""
    vcov = "CR2" if clustered or design.clusters else "HC2"
    smaller = int(min(counts.treated.sum(), counts.control.sum()))
    adjustment = _adjustment(columns, smaller)
    if average == "cluster" and (clustered or design.clusters):
        return Choice(
            "cluster_means", "HC2", adjustment if columns else "none",
            "the file averages over clusters: every cluster counts the same",
        )  # fmt: skip
    blocked = design.blocks and counts.treated.size > 1
    if not blocked:
        return Choice("difference_in_means", vcov, adjustment, "no blocks")
    fewest = int(np.minimum(counts.treated, counts.control)[counts.informative].min(initial=2))
    if fewest >= 2:  # noqa: PLR2004 - two units of each arm give a variance in every block
        return Choice("block_weighted", vcov, adjustment, "every block has at least two units of both arms")
    ones = (counts.treated == 1) & (counts.control == 1)
    if bool(ones[counts.informative].all()):
        return Choice("paired", "paired", "none", "every block is a pair, one unit of each arm")
    if constant_probability:
        return Choice(
            "fixed_effects", vcov, "additive" if adjustment != "none" else "none",
            "some block has a single unit of an arm, and the arm's probability is the same in every block",
        )  # fmt: skip
    return Choice(
        "inverse_probability", vcov, adjustment if adjustment == "none" else "additive",
        "some block has a single unit of an arm, and the arm's probability differs between blocks",
    )  # fmt: skip


def _adjustment(columns: int, smaller_arm: int) -> str:
    """At most one column per 10 units of the smaller arm interacted, one per 5 additive, else none."""
    if columns == 0:
        return "none"
    if columns * COLUMNS_PER_UNIT_INTERACTED <= smaller_arm:
        return "interacted"
    return "additive" if columns * COLUMNS_PER_UNIT_ADDITIVE <= smaller_arm else "none"
