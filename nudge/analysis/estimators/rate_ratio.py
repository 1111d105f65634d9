"""Ratio of the arms' rates, from a Poisson regression averaged over the comparison's rows.

The rate is events per person, or per unit of the `exposure` column. The ratio is what would be expected were
everyone in the arm, over what would be were everyone in the control; without covariates and blocks it is the ratio
of the two observed rates. Only the mean is taken from Poisson: the variance is HC2, or CR2 by the randomised unit, so
counts may vary more than Poisson's law allows, and a yes or no is allowed too (Zou 2004). The interval is made on
the log scale.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nudge.analysis import marginal

if TYPE_CHECKING:
    from nudge.analysis.comparison import Pair
    from nudge.trial.records.analysis import Fitted

ESTIMAND = "average effect of being allocated to the arm, as a ratio of rates"
KINDS = ("count", "binary")
SCALE = "log_ratio"
UNIT = "times"
BESIDE = ("rate_difference",)
PAIRS = False
scores = marginal.scores
row_values = marginal.log_rate_values


def estimate(pair: Pair, adjustment: str) -> Fitted:
    """Natural logarithm of the ratio of rates."""
    marginal.need_counts(pair)
    marginal.need_events(pair)
    model = marginal.modelled(pair, marginal.POISSON, covariates=adjustment != "none")
    return marginal.effect(pair, model, marginal.log_ratio, "rate_ratio")
