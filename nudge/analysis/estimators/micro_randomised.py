"""The effect of a message at a decision point, averaged over the people's available decision points.

Weighted, centred least squares (Boruvka, Almirall, Witkiewicz & Murphy 2018): y on what was known before, beside
A − p̃, each row weighted by the chance p̃ of what was given over the chance it had, so that the effect stays unbiased
whatever the other columns leave out. p̃ is the mean chance. The variance is Mancl & DeRouen's (2001), by person, with
t on people − columns (Liao, Klasnja, Tewari & Murphy 2016). Only for trials run elsewhere, whose file gives decision
point, availability and chance; nothing here draws such a trial.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from nudge.analysis.least_squares import Column, LinearFit, fit
from nudge.analysis.linear_effect import LEAST_DF, THE_ARM, grouped, need_spread, need_variance
from nudge.analysis.marginal import by_cell
from nudge.analysis.sandwich import clustered
from nudge.trial.errors import EstimationRefused
from nudge.trial.records.analysis import Fitted, Floats

if TYPE_CHECKING:
    from nudge.analysis.comparison import Pair

ESTIMAND = "average effect of the message at a decision point, over the decision points at which it could be sent"
KINDS = ("binary", "continuous", "count")
SCALE = None
UNIT = None


def estimate(pair: Pair, adjustment: str) -> Fitted:
    """Mean outcome with the message less that without, in the outcome's units."""
    if np.isnan(pair.weight).any():
        raise EstimationRefused(
            "the chance of the message is not known at every decision point",
            "name its column in `allocation.probability`",
        )
    model = centred_model(pair, covariates=adjustment != "none")
    df = float(pair.units - len(model.names))
    if df < LEAST_DF:
        raise EstimationRefused(f"{pair.units} people leave only {df:.0f} degrees of freedom", "read the counts")
    contrast = model.contrast(THE_ARM)
    variance = clustered(model, pair.unit, contrast, "CR3")
    need_variance(variance)
    need_spread(variance.std_error, pair)
    return Fitted(
        model.estimate(contrast), variance.std_error, df, "micro_randomised", "Mancl-DeRouen", len(model.names)
    )


def centred_model(pair: Pair, *, covariates: bool) -> LinearFit:
    """Least squares on √w x and √w y, so that the hat matrix is that of the weighted fit."""
    given = np.where(pair.treated, 1 / pair.weight, 1 - 1 / pair.weight)
    mean = float(given.mean())
    weight = np.where(pair.treated, mean, 1 - mean) * pair.weight
    made = by_cell(grouped(replace(pair, weight=weight)))
    root = np.sqrt(made.weight)
    columns = [
        Column("the constant", np.ones_like(made.treated)), Column(THE_ARM, made.treated - mean),
        *(made.covariates if covariates else ()),
    ]  # fmt: skip
    wide = [replace(column, values=column.values * root) for column in columns]
    return fit(made.cells, pair.y * root[made.cells.of], wide)


def scores(pair: Pair) -> Floats:
    """What stands where nothing can be estimated: chances differ by moment, so there is no test by re-drawing."""
    return np.zeros_like(pair.y)
