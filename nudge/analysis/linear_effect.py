"""The coefficient of the arm in a linear model, with the variance of the randomised unit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nudge.analysis.least_squares import LEVERAGE_LIMIT, cr2, fit
from nudge.trial.errors import EstimationRefused
from nudge.trial.records.analysis import Fitted, Floats

if TYPE_CHECKING:
    from nudge.analysis.comparison import Pair

LEAST_DF = 4 - 1e-9
"""Rule 10: below 4 Satterthwaite degrees of freedom, but for rounding, no interval is given."""
_NO_SPREAD = 1e-12


def arm_effect(
    pair: Pair, extra: Floats, names: list[str], estimator: str, weights: Floats | None = None, note: str = ""
) -> Fitted:
    """Regress y on 1, arm and `extra`; HC2 or CR2 with Satterthwaite degrees of freedom (rule 5).

    extra: (n, c) columns beside the arm. Raises EstimationRefused under rule 10.
    """
    x = np.column_stack([np.ones_like(pair.y), pair.treated.astype(float), extra])
    model = fit(x, pair.y, ["the constant", "the arm", *names], weights)
    contrast = np.zeros(x.shape[1])
    contrast[1] = 1.0
    variance = cr2(model, pair.unit, contrast)
    if variance.leverage > LEVERAGE_LIMIT:
        raise EstimationRefused(
            "one unit alone decides part of the estimate, so its variance cannot be had", "use randomisation inference"
        )
    need_spread(variance.std_error, pair)
    if variance.df < LEAST_DF:
        raise EstimationRefused(f"only {variance.df:.1f} degrees of freedom are left", "use randomisation inference")
    return Fitted(
        estimate=float(model.coefficients[1]), std_error=variance.std_error, df=variance.df, estimator=estimator,
        vcov="CR2" if pair.clustered else "HC2", parameters=x.shape[1], note=note,
    )  # fmt: skip


def need_spread(std_error: float, pair: Pair) -> None:
    """Refuse a variance of zero: what is left of it is rounding, and makes any p-value (rule 10)."""
    if std_error <= _NO_SPREAD * float(np.abs(pair.y).max()):
        raise EstimationRefused("the outcome does not vary within the arms", "read the counts")


def centred_blocks(pair: Pair) -> tuple[Floats, list[str]]:
    """Block indicators but one, centred at their share of the rows."""
    size = int(pair.block.max()) + 1
    indicators = (pair.block[:, None] == np.arange(1, size)).astype(float)
    return indicators - indicators.mean(axis=0), [f"block {i}" for i in range(1, size)]


def adjusted(pair: Pair, columns: Floats, names: list[str], adjustment: str) -> tuple[Floats, list[str]]:
    """Model columns with the centred covariates, beside and (Lin 2013) interacted with the arm."""
    if adjustment == "none" or not pair.names:
        return columns, names
    centred = pair.covariates - pair.covariates.mean(axis=0)
    parts, labels = [columns, centred], [*names, *pair.names]
    if adjustment == "interacted":
        parts.append(centred * pair.treated[:, None])
        labels += [f"arm × {name}" for name in pair.names]
    return np.hstack(parts), labels
