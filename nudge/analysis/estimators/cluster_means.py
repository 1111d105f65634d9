"""Every cluster counts the same: unweighted means of clusters, compared between arms.

For `average: cluster`. The rows are first reduced to one mean per randomised unit
(covariates likewise); then the arm is compared within blocks where there are any, by the rule
for individuals. HC2 with t on clusters − parameters (Leyrat et al. 2018; statistics.md 8).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from nudge.analysis.comparison import Pair, choose, constant_probability
from nudge.analysis.covariates import numbers_of
from nudge.analysis.estimators import estimator
from nudge.analysis.groups import compact, first_rows
from nudge.analysis.linear_effect import LEAST_DF
from nudge.trial.errors import EstimationRefused
from nudge.trial.records.analysis import Design

if TYPE_CHECKING:
    from nudge.trial.records.analysis import Bools, Fitted, Floats

ESTIMAND = "average effect over clusters of being allocated to the arm"


def estimate(pair: Pair, adjustment: str) -> Fitted:
    """Difference in unweighted cluster means, in the outcome's units."""
    clusters = cluster_means(pair)
    within = choose(
        clusters.counts, Design(None, clusters=False, blocks=True), clustered=False, columns=len(pair.names),
        constant_probability=constant_probability(clusters), average="person",
    )  # fmt: skip
    fitted = estimator(within.estimator).estimate(clusters, within.adjustment if adjustment != "none" else "none")
    df = float(clusters.y.size - fitted.parameters)
    if df < LEAST_DF:
        raise EstimationRefused(f"only {df:.0f} degrees of freedom are left", "use randomisation inference")
    return replace(fitted, df=df, estimator="cluster_means")


def cluster_means(pair: Pair) -> Pair:
    """One row per randomised unit: its mean outcome and mean covariates."""
    unit = compact(pair.unit)
    first = first_rows(unit)
    size = np.bincount(unit).astype(float)

    def mean(values: Floats | Bools) -> Floats:
        means: Floats = np.bincount(unit, values) / size
        return means

    columns = [mean(values) for column in pair.covariates.values() for values in numbers_of(column)]
    return Pair(
        y=mean(pair.y), treated=pair.treated[first], unit=np.arange(size.size), block=pair.block[first],
        weight=pair.weight[first], covariates=dict(zip(pair.names, columns, strict=True)),
    )  # fmt: skip
