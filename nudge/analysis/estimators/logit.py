"""Difference in how often it happened, from a logistic regression averaged over the comparison's rows.

Everyone's chance is predicted as if in the arm and as if in the control; the effect is the mean difference, in
percentage points, not an odds ratio. Without covariates it is the difference in means; with them it may be more
precise, and it stays unbiased in large trials if the model is wrong (Freedman 2008; Rosenblum & van der Laan 2010).
Covariates stand beside the arm, not crossed with it.

HC2 rather than HC1 or the model's own error, and CR2 where the randomised unit has several rows, both of the model's
last weighted step: they are the same rule as for the difference in means, to which they reduce without covariates.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nudge.analysis import marginal

if TYPE_CHECKING:
    from nudge.analysis.comparison import Pair
    from nudge.trial.records.analysis import Fitted

ESTIMAND = "average effect of being allocated to the arm, standardised over its rows by a logistic model"
KINDS = ("binary",)
SCALE = "probability"
UNIT = "points"
PAIRS = False
scores = marginal.scores
row_values = marginal.rate_values


def estimate(pair: Pair, adjustment: str) -> Fitted:
    """Mean difference in chances, 0 to 1."""
    model = marginal.modelled(pair, marginal.LOGIT, covariates=adjustment != "none")
    return marginal.effect(pair, model, marginal.difference, "logit")
