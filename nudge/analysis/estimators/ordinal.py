"""The chance that someone in the arm does better than someone in the control, ties counting half, less one half.

For answers in an order without a unit (never, sometimes, often): nothing is averaged, only compared (Mann & Whitney
1947; Brunner & Munzel 2000). No difference is 0; 5 points means that 55 of 100 such pairs favour the arm. Where blocks
have different shares of the arms, each arm's answers are weighted to the blocks' sizes. A row stands for itself by
its placement, the share of the other arm below it, so the estimator the draw allows gives blocks, covariates and HC2
(Brunner-Munzel's variance), CR2 (Zou 2021) or the pairs' variance.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nudge.analysis.row_values import allowed, fitted_by_design
from nudge.trial.records.analysis import Floats

if TYPE_CHECKING:
    from nudge.analysis.comparison import Pair
    from nudge.trial.records.analysis import Fitted

ESTIMAND = "average effect of being allocated to the arm, as the chance of doing better than the control less one half"
KINDS = ("ordinal", "count", "continuous")
SCALE = "probability"
UNIT = "points"


def estimate(pair: Pair, adjustment: str) -> Fitted:
    """The chance of a higher value less one half, −0.5 to 0.5."""
    values, weight = row_values(pair), _weights(pair)
    chance = float(np.average(values[pair.treated], weights=weight[pair.treated]))
    return fitted_by_design(pair, values, adjustment, "ordinal", (chance, 1 - chance))


def row_values(pair: Pair, weight: Floats | None = None) -> Floats:
    """Placements; the control's so placed that the arms' weighted means differ by the effect."""
    weight = _weights(pair) if weight is None else weight
    values = np.zeros(pair.y.size)
    for side in (True, False):
        here, there = pair.treated == side, pair.treated != side
        values[here] = placements(pair.y[here], pair.y[there], weight[there])
    chance = float(np.average(values[pair.treated], weights=weight[pair.treated]))
    values[~pair.treated] += chance - 0.5
    return values


def placements(values: Floats, others: Floats, weight: Floats) -> Floats:
    """The share of some other values below each value, ties counting half."""
    order = np.argsort(others, kind="stable")
    summed = np.concatenate([[0.0], np.cumsum(weight[order])])
    below, upto = (np.searchsorted(others[order], values, side=side) for side in ("left", "right"))
    shares: Floats = (summed[below] + summed[upto]) / 2 / summed[-1]
    return shares


def _weights(pair: Pair) -> Floats:
    """What makes either arm's answers stand for the whole comparison's."""
    if allowed(pair).estimator == "inverse_probability":
        return pair.weight
    whole = np.bincount(pair.block).astype(float)
    weights = np.zeros(pair.y.size)
    for side in (True, False):
        here = pair.treated == side
        weights[here] = (whole / np.maximum(np.bincount(pair.block[here], minlength=whole.size), 1))[pair.block[here]]
    return weights


def scores(pair: Pair) -> Floats:
    """Ranks, ties sharing theirs, whichever the arms."""
    from scipy.stats import rankdata

    ranks: Floats = np.asarray(rankdata(pair.y), dtype=float)
    return ranks
