"""A contrast of a fitted model with its error: by the effects where they are independent, else by their groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nudge.evidence.robust import bias_reduced
from nudge.trial.records.evidence import PooledEffect

if TYPE_CHECKING:
    from nudge.evidence.random_effects import Model
    from nudge.trial.records.analysis import Floats

LEAST_DF = 4 - 1e-9
"""Below 4 Satterthwaite degrees of freedom, but for rounding, no interval is given (statistics.md 10)."""


def answered(model: Model, contrast: Floats, level: float, how: str) -> PooledEffect:
    """The contrast, its error, and what of t it has.

    Where every effect is a group of its own: Hartung, Knapp, Sidik and Jonkman's error, never below Wald's, t on
    k − p. Else CR2 by group with Satterthwaite's degrees of freedom. contrast: (p,).
    """
    estimate, (k, p) = float(contrast @ model.coefficients), model.columns.shape
    if model.groups == k:
        error = model.wald_error(contrast) * float(np.sqrt(max(1.0, model.weighted_residual() / (k - p))))
        return with_interval(estimate, error, float(k - p), level, how)
    robust = bias_reduced(model, contrast)
    if robust.df < LEAST_DF:
        why = f"no interval: {model.groups} groups leave {robust.df:.1f} degrees of freedom, fewer than 4"
        return PooledEffect(estimate, robust.std_error, robust.df, None, None, None, how, why)
    return with_interval(estimate, robust.std_error, robust.df, level, how)


def with_interval(estimate: float, error: float, df: float | None, level: float, how: str) -> PooledEffect:
    """An estimate with its p-value and interval. df: None for the normal."""
    from scipy.stats import norm, t

    law = norm if df is None else t(df)
    half = float(law.ppf(0.5 + level / 2)) * error
    p = float(2 * law.sf(abs(estimate) / error))
    return PooledEffect(estimate, error, df, p, estimate - half, estimate + half, how)
