"""Difference of the arms' rates, from a Poisson regression averaged over the comparison's rows.

Events more or fewer per person, or per unit of the `exposure` column: what a budget needs beside a ratio. Without
an exposure column, covariates and blocks it is the difference in means. Only the mean is taken from Poisson; the
variance is HC2, or CR2 by the randomised unit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nudge.analysis import marginal

if TYPE_CHECKING:
    from nudge.analysis.comparison import Pair
    from nudge.trial.records.analysis import Fitted

ESTIMAND = "average effect of being allocated to the arm, as a difference of rates"
KINDS = ("count",)
SCALE = "mean"
UNIT = None
PAIRS = False
scores = marginal.scores
row_values = marginal.rate_values


def estimate(pair: Pair, adjustment: str) -> Fitted:
    """Events per unit of exposure, the arm's less the control's."""
    marginal.need_counts(pair)
    marginal.need_events(pair)
    model = marginal.modelled(pair, marginal.POISSON, covariates=adjustment != "none")
    return marginal.effect(pair, model, marginal.difference, "rate_difference")
