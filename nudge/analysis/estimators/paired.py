"""Mean of the pairs' differences, for designs of pairs with one unit of each arm.

Pairs weigh by their number of rows, as in Imai, King & Nall (2009), eq. 5 and 7; with
one row per unit this is the plain paired t. Degrees of freedom: pairs − 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nudge.analysis.linear_effect import LEAST_DF, need_spread
from nudge.trial.errors import EstimationRefused
from nudge.trial.records.analysis import Fitted

if TYPE_CHECKING:
    from nudge.analysis.comparison import Pair

ESTIMAND = "average effect of being allocated to the arm, pairs weighted by size"


def estimate(pair: Pair, adjustment: str) -> Fitted:  # noqa: ARG001 - pairs take no covariates
    """Weighted mean of within-pair differences, in the outcome's units."""
    number = int(pair.block.max()) + 1
    if number - 1 < LEAST_DF:
        raise EstimationRefused(f"only {number} pairs are left", "use randomisation inference")
    rows = np.bincount(pair.block, minlength=number).astype(float)
    means = [
        np.bincount(pair.block, pair.y * side, number) / np.bincount(pair.block, side, number)
        for side in (pair.treated.astype(float), (~pair.treated).astype(float))
    ]
    total = rows.sum()
    parts = rows * (means[0] - means[1])
    effect = float(parts.sum() / total)
    spread = float(((parts - parts.mean()) ** 2).sum())
    error = float(np.sqrt(number / (number - 1) * spread) / total)
    need_spread(error, pair)
    return Fitted(effect, error, float(number - 1), "paired", "paired", number + 1)
