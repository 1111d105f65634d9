"""Difference in means weighted by the inverse of each row's chance of its own arm.

For designs where some block has a single unit of an arm and the arm's probability differs
between blocks. Probabilities are those of the draw, never estimated from who turned up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nudge.analysis.linear_effect import adjusted, arm_effect, grouped
from nudge.trial.errors import EstimationRefused

if TYPE_CHECKING:
    from nudge.analysis.comparison import Pair
    from nudge.trial.records.analysis import Fitted

ESTIMAND = "average effect of being allocated to the arm"


def estimate(pair: Pair, adjustment: str) -> Fitted:
    """Weighted difference in means, in the outcome's units."""
    if np.isnan(pair.weight).any():
        raise EstimationRefused(
            "the chance of each arm is not known, so rows cannot be weighted by it",
            "name the column of probabilities in `allocation.probability`",
        )
    made = grouped(pair)
    return arm_effect(pair, made, adjusted(made, adjustment), "inverse_probability", weights=made.weight)
