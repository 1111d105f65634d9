"""Ratio of the arms' rates, from a negative binomial regression averaged over the comparison's rows.

As the Poisson ratio, but people with many events weigh less: more precise where few have most of them. The
dispersion is the most likely one, found between the fits of the mean, and is taken as known in the variance, which is
HC2, or CR2 by the randomised unit, and so holds if the law is another (Lawless 1987). Where counts vary no more than
Poisson's law allows there is no dispersion to find, and it is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nudge.analysis import marginal
from nudge.trial.errors import EstimationRefused

if TYPE_CHECKING:
    from nudge.analysis.comparison import Pair
    from nudge.trial.records.analysis import Fitted, Floats

ESTIMAND = "average effect of being allocated to the arm, as a ratio of rates from a negative binomial model"
KINDS = ("count",)
SCALE = "log_ratio"
UNIT = "times"
BESIDE = ("rate_difference",)
PAIRS = False
scores = marginal.scores
row_values = marginal.log_rate_values
_LEAST, _MOST = -12.0, 6.0
"""Between which the logarithm of the dispersion is looked for."""


def estimate(pair: Pair, adjustment: str) -> Fitted:
    """Natural logarithm of the ratio of rates."""
    marginal.need_counts(pair)
    marginal.need_events(pair)
    if not np.array_equal(pair.y, np.rint(pair.y)):
        raise EstimationRefused("some counts are not whole numbers", "use rate_ratio, which needs only the mean")
    ready = marginal.prepared(pair, covariates=adjustment != "none")
    dispersion = likeliest_dispersion(ready)
    model = marginal.fitted(ready, marginal.negative_binomial(dispersion))
    return marginal.effect(pair, model, marginal.log_ratio, "negative_binomial", f"dispersion {dispersion:.3g}")


def likeliest_dispersion(ready: marginal.Prepared) -> float:
    """The dispersion of greatest likelihood, the mean fitted anew for every value tried."""
    from scipy.optimize import minimize_scalar
    from scipy.special import gammaln

    counts, number = np.unique(ready.pair.y, return_counts=True)
    n = ready.cells.count
    near: Floats | None = None
    # A cell for every coefficient is met exactly, whatever the dispersion.
    saturated = ready.tables[0].shape[0] == ready.tables[0].shape[1]

    def against(log_dispersion: float) -> float:
        """Less the log-likelihood, without what does not hang on the dispersion."""
        nonlocal near
        size = float(np.exp(-log_dispersion))
        if near is None or not saturated:
            near = marginal.likeliest(ready, marginal.negative_binomial(1 / size), near)
        mean = np.exp(ready.tables[0] @ near + ready.offset)
        by_row = number @ gammaln(counts + size) - number.sum() * gammaln(size)
        return -float(by_row + n @ (ready.mean * np.log(mean / (mean + size)) + size * np.log(size / (mean + size))))

    found = minimize_scalar(against, bounds=(_LEAST, _MOST), method="bounded", options={"xatol": 1e-7})
    if found.x < _LEAST + 1 or found.x > _MOST - 1:
        raise EstimationRefused(
            "the negative binomial model finds no dispersion: counts vary no more than Poisson's law allows",
            "use rate_ratio",
        )
    return float(np.exp(found.x))
