"""Randomisation inference with the locked estimator's own t, recomputed for every draw (statistics.md 14).

A studentised statistic is exact where the message changes nobody's outcome, and holds to its level
in large trials where it only averages to nothing (Wu & Ding 2021; Zhao & Ding 2021). Draws come from
the law that was stored; without one handed in, the two arms' units are re-drawn within their blocks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from nudge.analysis.comparison import Pair
from nudge.analysis.drawn_sums import block_sums, t_by_sums, t_ratio
from nudge.analysis.groups import compact, first_rows
from nudge.analysis.randomisation import DRAWS, RandomisationTest, Redraw, tied
from nudge.trial.records.analysis import Bools, Floats, Ints

_HELD = 4_000_000
"""Numbers held at once."""


@dataclass(frozen=True, slots=True)
class UnitSums:
    """Randomised units in the order of their codes: outcomes summed, rows counted, block; arms as drawn."""

    total: Floats
    rows: Floats
    block: Ints
    treated: Bools

    by_sums: ClassVar[bool] = True
    """Whether the t of a draw is one of sums over the units drawn."""

    @classmethod
    def of(cls, pair: Pair) -> UnitSums:
        """The units of a comparison, the outcome freed of what covariates predict (Rosenbaum 2002)."""
        unit = compact(pair.unit)
        first = first_rows(unit)
        y = pair.y
        if pair.names:
            x = np.column_stack([np.ones_like(y), pair.matrix])
            y = y - x @ np.linalg.lstsq(x, y)[0]
        rows = np.bincount(unit).astype(float)
        return cls(np.bincount(unit, y).astype(float), rows, pair.block[first], pair.treated[first])

    @property
    def pairs(self) -> bool:
        """Whether every block is one unit of each arm."""
        of_arm = [np.bincount(self.block[self.treated == side], minlength=self.block.max() + 1) for side in (0, 1)]
        return bool((of_arm[0] == 1).all() and (of_arm[1] == 1).all())

    def moved(self, by: float) -> UnitSums:
        """The same had the arm added `by` to everyone's outcome."""
        return replace(self, total=self.total - by * self.rows * self.treated)

    def t(self, draws: Bools) -> Floats:
        """Difference within blocks over its CR2 error (paired: over that of the pairs): (d, units) → (d,)."""
        if self.pairs:
            return self._t_of_pairs(draws)
        effect, variance = np.zeros(len(draws)), np.zeros(len(draws))
        for block in np.unique(self.block):
            here = self.block == block
            share = self.rows[here].sum() / self.rows.sum()
            arm = [_arm_mean(self.total[here], self.rows[here], side) for side in (draws[:, here], ~draws[:, here])]
            effect += share * (arm[0][0] - arm[1][0])
            variance += share**2 * (arm[0][1] + arm[1][1])
        return t_ratio(effect, variance)

    def _t_of_pairs(self, draws: Bools) -> Floats:
        order = np.argsort(self.block, kind="stable").reshape(-1, 2)
        mean = (self.total / self.rows)[order]
        apart = (mean[:, 0] - mean[:, 1]) * self.rows[order].sum(axis=1)
        parts = np.where(draws[:, order[:, 0]], apart, -apart)
        return t_ratio(parts.sum(axis=1), parts.shape[1] * parts.var(axis=1, ddof=1))

    def effect(self, draws: Bools) -> Floats:
        """Difference within blocks, weighted by their rows: (d, units) → (d,)."""
        found = np.zeros(len(draws))
        for block in np.unique(self.block):
            here = self.block == block
            share = self.rows[here].sum() / self.rows.sum()
            arm = [_arm_mean(self.total[here], self.rows[here], side)[0] for side in (draws[:, here], ~draws[:, here])]
            found += share * (arm[0] - arm[1])
        return found


def _arm_mean(total: Floats, rows: Floats, drawn: Bools) -> tuple[Floats, Floats]:
    """Mean over rows of the units drawn, and its CR2 variance: a unit's leverage is its share of the arm's rows."""
    chosen = drawn.astype(float)
    n = chosen @ rows
    mean = (chosen @ total) / n
    if (rows == rows[0]).all():
        units = chosen.sum(axis=1)
        spread = chosen @ total**2 - units * (mean * rows[0]) ** 2
        return mean, spread / (1 - 1 / units) / n**2
    left = (total - rows * mean[:, None]) ** 2 / (1 - np.minimum(rows / n[:, None], 1 - 1e-12))
    return mean, (chosen * left).sum(axis=1) / n**2


def studentised_test(
    pair: Pair,
    redraw: Redraw | None = None,
    draws: int = DRAWS,
    seed: int = 20_270_111,
    kind: type[UnitSums] = UnitSums,
) -> RandomisationTest:
    """Two-sided p of the locked estimator's t over draws from the law, the one made counted among them.

    kind: whose t, that of differences within blocks or of the arm beside block indicators.
    """
    units = kind.of(pair)
    blocks = None if redraw or units.pairs or not units.by_sums else block_sums(units)
    if blocks is not None:
        statistics = t_by_sums(blocks, draws, np.random.default_rng(seed))
    else:
        statistics = np.concatenate([units.t(some) for some in _some(units, redraw, draws, seed)])
    observed = float(units.t(units.treated[None, :])[0])
    hits = int((np.abs(statistics) >= tied(abs(observed))).sum())
    within = " within their blocks" if units.block.max() else ""
    law = "the stored law" if redraw else f"the two arms' units{within}"
    what = "t of the outcome freed of its covariates" if pair.names else "the estimator's t"
    return RandomisationTest((hits + 1) / (draws + 1), f"{what} over {draws:,} re-draws of {law}, seed {seed}")


def shift_interval(
    pair: Pair,
    level: float,
    redraw: Redraw | None = None,
    draws: int = 2_000,
    seed: int = 20_270_111,
    kind: type[UnitSums] = UnitSums,
) -> tuple[float, float] | None:
    """Constant shifts of a continuous outcome that the test does not reject; None where there is no end.

    The same draws serve every shift, so that the p-value moves smoothly with it.
    """
    units = kind.of(pair)
    drawn = list(_some(units, redraw, draws, seed))
    z = units.treated[None, :]

    def p_value(shift: float) -> float:
        moved = units.moved(shift)
        least = tied(abs(float(moved.t(z)[0])))
        hits = sum(int((np.abs(moved.t(some)) >= least).sum()) for some in drawn)
        return (hits + 1) / (draws + 1)

    middle = float(units.effect(z)[0])
    scale = abs(middle / float(units.t(z)[0])) if middle else float(units.total.std() / units.rows.mean())
    ends = []
    for side in (-1.0, 1.0):
        inside, outside = 0.0, 4.0
        while p_value(middle + side * outside * scale) > 1 - level:
            outside *= 2
            if outside > 256:  # noqa: PLR2004 - so many standard errors away, nothing is left to find
                return None
        for _ in range(14):
            half = (inside + outside) / 2
            accepted = p_value(middle + side * half * scale) > 1 - level
            inside, outside = (half, outside) if accepted else (inside, half)
        ends.append(middle + side * inside * scale)
    return ends[0], ends[1]


def _some(units: UnitSums, redraw: Redraw | None, draws: int, seed: int) -> Iterator[Bools]:
    """Draws of every unit, some at a time."""
    rng = np.random.default_rng(seed)
    step = max(1, _HELD // units.rows.size)
    for start in range(0, draws, step):
        number = min(step, draws - start)
        yield redraw(number, rng) if redraw else within_blocks(units, number, rng)


def within_blocks(units: UnitSums, number: int, rng: np.random.Generator) -> Bools:
    """The two arms' units re-drawn within blocks, as many to each arm as there are."""
    drawn = np.zeros((number, units.rows.size), dtype=bool)
    for block in np.unique(units.block):
        members = np.flatnonzero(units.block == block)
        take = int(units.treated[members].sum())
        for row in drawn:
            row[members[rng.choice(members.size, take, replace=False, shuffle=False)]] = True
    return drawn
