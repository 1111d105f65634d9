"""Estimands that become one number per row, so that the design's own estimator, covariates and variance serve them.

A restricted mean time or a probability of doing better is a function of whole distributions. Its influence values
say how far each row moves it: their means by arm are the estimand, their spread its variance (Andersen, Klein &
Rosthoej 2003; Brunner & Munzel 2000). Blocks, pairs, weights, Lin's covariates, CR2 and Satterthwaite degrees of
freedom then come from the estimator that the draw allows.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from nudge.analysis.comparison import Choice, choose, constant_probability
from nudge.analysis.estimators import estimator
from nudge.trial.records.analysis import Design, Fitted, Floats

if TYPE_CHECKING:
    from nudge.analysis.comparison import Pair


def allowed(pair: Pair) -> Choice:
    """What the draw allows for one number per row."""
    return choose(
        pair.counts, Design(None, clusters=False, blocks=True), clustered=pair.clustered,
        columns=len(pair.names), constant_probability=constant_probability(pair), average="person",
    )  # fmt: skip


def fitted_by_design(
    pair: Pair, values: Floats, adjustment: str, name: str, means: tuple[float, float], note: str = ""
) -> Fitted:
    """The effect on a number per row, by the estimator the draw allows. means: of the arm and the control."""
    within = allowed(pair)
    used = within.adjustment if adjustment != "none" else "none"
    found = estimator(within.estimator).estimate(replace(pair, y=values), used)
    return replace(found, estimator=name, means=means, note=note)
