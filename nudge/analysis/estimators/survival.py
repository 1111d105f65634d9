"""Mean time until it happened, up to the last moment both arms are followed, compared between arms.

The area between two Kaplan-Meier curves: how many days sooner, on average, within that time. It needs no hazards in
proportion, takes those whose window is still open as not known beyond it, and is in days. Each row's influence on its
arm's curve stands for the row (the infinitesimal jackknife), so the estimator the draw allows gives blocks,
covariates and HC2, CR2 or the pairs' variance.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nudge.analysis.row_values import fitted_by_design
from nudge.analysis.survival_times import KaplanMeier, horizon, need_events, rank_scores, restricted_values
from nudge.trial.errors import EstimationRefused

if TYPE_CHECKING:
    from nudge.analysis.comparison import Pair
    from nudge.trial.records.analysis import Fitted, Floats

ESTIMAND = "average effect of being allocated to the arm on the time until it happened, within the time followed"
KINDS = ("time_to_event",)
SCALE = "mean"
UNIT = "days"
BESIDE = ("cox",)
scores = rank_scores


def estimate(pair: Pair, adjustment: str) -> Fitted:
    """Mean days without the event up to the last moment followed, the arm's less the control's."""
    values, last = row_values(pair), horizon(pair)
    if pair.event is None:
        raise AssertionError("need_events refuses times without events")
    means = [
        float(KaplanMeier.of(pair.y[here], pair.event[here]).area_after(np.zeros(1), last)[0])
        for here in (pair.treated, ~pair.treated)
    ]
    note = f"mean over the first {last:g} days"
    return fitted_by_design(pair, values, adjustment, "survival", (means[0], means[1]), note)


def row_values(pair: Pair, weight: Floats | None = None) -> Floats:
    """How each row moves its arm's mean time, added to it; weighted curves where the rows are weighted."""
    need_events(pair)
    if pair.event is None:
        raise AssertionError("need_events refuses times without events")
    last, values = horizon(pair), np.zeros(pair.y.size)
    if last <= 0:
        raise EstimationRefused("nobody is followed for any time", "check the times")
    for here in (pair.treated, ~pair.treated):
        weighs = None if weight is None else weight[here]
        values[here] = restricted_values(pair.y[here], pair.event[here], last, weighs)
    return values
