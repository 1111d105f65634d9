"""What an extra outcome costs, with an interval; and who gains (statistics.md 21's ratio, turned to money).

A ratio whose denominator may be nothing can be anything, so none is given where the effect's interval
includes zero. Otherwise three intervals: the delta method; Fieller's (1954), right however near zero the
effect; and a bootstrap of whole randomised units within arm and block. Gains net of cost need no ratio
and are always given.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np

from nudge.analysis.answers import Answer, t_quantile
from nudge.analysis.comparison import Pair, informative
from nudge.analysis.estimators import estimator
from nudge.analysis.groups import compact, first_rows
from nudge.analysis.inference import answer
from nudge.analysis.redundant import without
from nudge.trial.errors import EstimationRefused

if TYPE_CHECKING:
    from nudge.analysis.lines import Line
    from nudge.trial.records.analysis import Fitted, Floats

DRAWS = 2_000
SEED = 20_270_111


@dataclass(frozen=True, slots=True)
class CostEffect:
    """Extra cost and effect of an arm, and how sure each is. variances: of cost, both, effect."""

    cost: float
    effect: float
    variances: tuple[float, float, float]
    df: float

    @property
    def ratio(self) -> float:
        """Extra cost per extra outcome."""
        return self.cost / self.effect

    def delta(self, level: float) -> tuple[float, float]:
        """The delta method's interval of the ratio."""
        cost, both, effect = self.variances
        ratio = self.ratio
        error = sqrt(max(0.0, cost - 2 * ratio * both + ratio**2 * effect)) / abs(self.effect)
        half = t_quantile(level, self.df) * error
        return ratio - half, ratio + half

    def fieller(self, level: float) -> tuple[float, float] | None:
        """Ratios r with |cost − r·effect| within t standard errors; None where they have no end."""
        cost, both, effect = self.variances
        square = t_quantile(level, self.df) ** 2
        a = self.effect**2 - square * effect
        b = self.cost * self.effect - square * both
        c = self.cost**2 - square * cost
        inside = b**2 - a * c
        if a <= 0 or inside < 0:
            return None
        return (b - sqrt(inside)) / a, (b + sqrt(inside)) / a

    def net(self, value: float, level: float) -> tuple[float, float, float]:
        """Value of the effect less the cost, with its interval: per person."""
        cost, both, effect = self.variances
        middle = value * self.effect - self.cost
        error = sqrt(max(0.0, value**2 * effect - 2 * value * both + cost))
        half = t_quantile(level, self.df) * error
        return middle, middle - half, middle + half


def cost_effect(line: Line, cost: Floats) -> tuple[CostEffect, Pair] | None:
    """Extra cost and effect by the locked estimator on the same rows; None where the effect has no variance.

    cost: (n,) of every row of the line, in money.
    """
    analysis = line.trial.analysis
    known = line.rows.arm.among([line.comparison.arm, line.comparison.control]) & ~np.isnan(line.rows.outcome)
    pair = replace(line.pair(analysis.covariates), received=cost[known])
    if line.design.blocks:
        pair = informative(pair)[0]
    spent = pair.received
    found = answer(pair, line.design, binary=line.binary, average=analysis.average)
    if spent is None or found.std_error is None or found.df is None or found.score_counts is not None:
        return None
    pair = replace(pair, y=line.sign * pair.y)
    effect = _fitted(pair, pair.y, found)
    spread = float(pair.y.std()) / (float(spent.std()) or 1.0)
    up = _fitted(pair, pair.y + spread * spent, found)
    down = _fitted(pair, pair.y - spread * spent, found)
    if effect is None or up is None or down is None:
        return None
    both = (up.std_error**2 - down.std_error**2) / (4 * spread)
    alone = max(0.0, (up.std_error**2 + down.std_error**2 - 2 * effect.std_error**2) / (2 * spread**2))
    extra = (up.estimate - down.estimate) / (2 * spread)
    return CostEffect(extra, effect.estimate, (alone, both, effect.std_error**2), effect.df), pair


def _fitted(pair: Pair, y: Floats, found: Answer) -> Fitted | None:
    try:
        fitted = without(replace(pair, y=y), found.choice.left_out)
        return estimator(found.choice.estimator).estimate(fitted, found.choice.adjustment)
    except EstimationRefused:
        return None


def bootstrap(pair: Pair, level: float, draws: int = DRAWS, seed: int = SEED) -> tuple[float, float] | None:
    """Percentiles of the ratio over draws of whole units within arm and block; None where too often it has none.

    pair: y the oriented outcome, received the cost.
    """
    if pair.received is None:
        raise AssertionError("costs stand where receipts stand")
    unit = compact(pair.unit)
    first = first_rows(unit)
    sums = np.column_stack([np.bincount(unit), np.bincount(unit, pair.y), np.bincount(unit, pair.received)])
    block, treated = pair.block[first], pair.treated[first]
    rng = np.random.default_rng(seed)
    effect, cost = np.zeros(draws), np.zeros(draws)
    for one in np.unique(block):
        share = sums[block == one, 0].sum() / pair.y.size
        for side, sign in ((True, share), (False, -share)):
            here = sums[(block == one) & (treated == side)]
            times = rng.multinomial(len(here), np.full(len(here), 1 / len(here)), draws).astype(float)
            drawn = times @ here
            effect += sign * drawn[:, 1] / drawn[:, 0]
            cost += sign * drawn[:, 2] / drawn[:, 0]
    if np.mean(effect <= 0) > (1 - level) / 2:
        return None
    ratio = np.full(draws, np.inf)  # of draws without a gain, the worst
    np.divide(cost, effect, out=ratio, where=effect > 0)
    low, high = np.quantile(ratio, [(1 - level) / 2, (1 + level) / 2], method="lower")
    return float(low), float(high)


def cost_per_reached(cost: Floats, reached: Floats, level: float) -> tuple[float | None, float | None, float | None]:
    """Cost per unit reached and its interval, a ratio of totals over the arm's units: (units,) each."""
    total = float(reached.sum())
    if total == 0:
        return None, None, None
    ratio = float(cost.sum()) / total
    n = cost.size
    error = sqrt(float(((cost - ratio * reached) ** 2).sum()) * n / max(n - 1, 1)) / total
    half = t_quantile(level, max(n - 1, 1)) * error
    return ratio, ratio - half, ratio + half
