"""Difference in means of the two arms, by allocation.

Unbiased for the average effect over the comparison's rows. With covariates, Lin (2013):
centred and interacted with the arm. Variance: Neyman's (HC2), or CR2 where the randomised
unit has several rows (Imbens & Rubin 2015, ch. 6; Pustejovsky & Tipton 2018).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nudge.analysis.linear_effect import adjusted, arm_effect, grouped

if TYPE_CHECKING:
    from nudge.analysis.comparison import Pair
    from nudge.trial.records.analysis import Fitted

ESTIMAND = "average effect of being allocated to the arm"


def estimate(pair: Pair, adjustment: str) -> Fitted:
    """Mean of the treated minus mean of the control, in the outcome's units."""
    made = grouped(pair)
    return arm_effect(pair, made, adjusted(made, adjustment), "difference_in_means")
