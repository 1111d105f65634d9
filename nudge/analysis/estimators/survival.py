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
    values, means, note = row_values(pair)
    return fitted_by_design(pair, values, adjustment, "survival", means, note)


def row_values(pair: Pair) -> tuple[Floats, tuple[float, float], str]:
    """(n,) what each row stands for, the arm's and the control's mean days, and how far they reach."""
    need_events(pair)
    if pair.event is None:
        raise AssertionError("need_events refuses times without events")
    last = horizon(pair)
    if last <= 0:
        raise EstimationRefused("nobody is followed for any time", "check the times")
    values, means = np.zeros(pair.y.size), []
    for side in (True, False):
        here = pair.treated == side
        values[here] = restricted_values(pair.y[here], pair.event[here], last)
        means.append(float(KaplanMeier.of(pair.y[here], pair.event[here]).area_after(np.zeros(1), last)[0]))
    return values, (means[0], means[1]), f"mean over the first {last:g} days"
