"""Batched least squares for adaptive draws: each batch compared by itself, then combined.

Chances of an arm change from batch to batch with what was seen before, so a pooled mean is
biased and its usual error is wrong. Within a batch the chances are fixed. With d_b the batch's
difference in means over n₁ and n₀ rows, w_b = √(n₁n₀/(n₁ + n₀)) makes every w_b d_b vary alike whatever
the chances were, and Σ w_b d_b / Σ w_b is as good as normal (Zhang, Janson and Murphy 2020,
"Inference for batched bandits"). Its variance is Σ w_b² s_b² / (Σ w_b)², s_b the batch's own error:
weights that follow the batch's errors instead lean to batches that by luck vary little, and an arm at
its floor has few families to vary. Degrees of freedom B² / Σ (1 / ν_b), those of alike variances
(Satterthwaite 1946). A batch with fewer than two units of an arm is left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nudge.analysis.comparison import informative
from nudge.analysis.linear_effect import LEAST_DF, THE_ARM, arm_model, grouped, need_spread, need_variance
from nudge.analysis.sandwich import clustered
from nudge.trial.errors import EstimationRefused
from nudge.trial.records.analysis import Fitted

if TYPE_CHECKING:
    from nudge.analysis.comparison import Pair

ESTIMAND = "average effect of being allocated to the arm, batches weighted by how well their numbers tell arms apart"


def estimate(pair: Pair, adjustment: str) -> Fitted:  # noqa: ARG001 - a batch is too small for covariates
    """Combined effect, in the outcome's units. `pair.block` is the batch."""
    kept, lost = informative(pair)
    batches = [kept.only(kept.block == batch) for batch in np.unique(kept.block)]
    found = [one for batch in batches if (one := _of_batch(batch)) is not None]
    lost += len(batches) - len(found)
    if not found:
        raise EstimationRefused("no batch has two units of both arms", "wait for more families")
    weight, effect, error, df = np.array(found).T
    whole = float(len(found) ** 2 / (1 / df).sum())
    std_error = float(np.sqrt((weight**2 * error**2).sum()) / weight.sum())
    need_spread(std_error, pair)
    if whole < LEAST_DF:
        raise EstimationRefused(f"only {whole:.1f} degrees of freedom are left", "use randomisation inference")
    left_out = f"; {lost} without two units of both arms left out" if lost else ""
    return Fitted(
        float((weight * effect).sum() / weight.sum()), std_error, whole, "batched",
        "CR2" if pair.clustered else "HC2", 2 * len(found), f"{len(found)} batches, each compared by itself{left_out}",
    )  # fmt: skip


def _of_batch(pair: Pair) -> tuple[float, float, float, float] | None:
    """Weight, difference, its error and degrees of freedom; None where an arm is a single unit."""
    model = arm_model(grouped(pair), pair.y, ())
    contrast = model.contrast(THE_ARM)
    variance = clustered(model, pair.unit, contrast)
    try:
        need_variance(variance)
    except EstimationRefused:
        return None
    rows = float(pair.treated.sum()), float((~pair.treated).sum())
    return float(np.sqrt(rows[0] * rows[1] / sum(rows))), model.estimate(contrast), variance.std_error, variance.df
