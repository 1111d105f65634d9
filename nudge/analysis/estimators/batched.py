"""Batched least squares for adaptive draws: each batch standardised by its own error, then combined.

Chances of an arm change from batch to batch with what was seen before, so a pooled mean is
biased and its usual error is wrong. Within a batch the chances are fixed: with d_b the batch's
difference in means and s_b its standard error, Σ d_b / s_b over B batches has variance B, which
gives the effect Σ (d_b / s_b) / Σ (1 / s_b) with standard error √B / Σ (1 / s_b) (Zhang, Janson
and Murphy 2020, "Inference for batched bandits"). Degrees of freedom: the fewest of any batch
times the number of batches, so that small batches make the interval wider.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nudge.analysis.comparison import informative
from nudge.analysis.estimators import difference_in_means
from nudge.analysis.linear_effect import LEAST_DF
from nudge.trial.errors import EstimationRefused
from nudge.trial.records.analysis import Fitted

if TYPE_CHECKING:
    from nudge.analysis.comparison import Pair

ESTIMAND = "average effect of being allocated to the arm, batches weighted by their precision"


def estimate(pair: Pair, adjustment: str) -> Fitted:  # noqa: ARG001 - a batch is too small for covariates
    """Combined effect, in the outcome's units. `pair.block` is the batch."""
    kept, lost = informative(pair)
    fits = [
        difference_in_means.estimate(kept.only(kept.block == batch), "none")
        for batch in np.unique(kept.block)
    ]  # fmt: skip
    if not fits:
        raise EstimationRefused("no batch holds both arms", "wait for more families")
    precise = np.array([1 / fit.std_error for fit in fits])
    effects = np.array([fit.estimate for fit in fits])
    df = min(fit.df for fit in fits) * len(fits)
    if df < LEAST_DF:
        raise EstimationRefused(f"only {df:.1f} degrees of freedom are left", "use randomisation inference")
    told = f"{len(fits)} batches, each standardised by its own error"
    left_out = f"; {lost} batches without both arms left out" if lost else ""
    return Fitted(
        float((effects * precise).sum() / precise.sum()), float(np.sqrt(len(fits)) / precise.sum()), float(df),
        "batched", fits[0].vcov, 2 * len(fits), told + left_out,
    )  # fmt: skip
