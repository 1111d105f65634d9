"""Outcomes that are missing: how many, and how far they could move the answer (statistics.md 1, 25)."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np

from nudge.trial.errors import EstimationRefused
from nudge.trial.records.analysis import AnalysisRows, Bools, Floats

SHOW_BOUNDS_ABOVE = 0.05
SHOW_BOUNDS_GAP = 0.02
_LEAST_CHANCE = 0.02
"""Rows with so small a chance of an outcome have nobody like them who can stand for them."""


def shares_missing(rows: AnalysisRows, arm: str, control: str) -> tuple[float, float]:
    """The share of each arm's rows without an outcome."""
    one, other = (_share(rows, rows.arm.is_(name)) for name in (arm, control))
    return one, other


def _share(rows: AnalysisRows, here: Bools) -> float:
    number = np.count_nonzero(here)
    return float(np.count_nonzero(here & np.isnan(rows.outcome)) / number) if number else 0.0


def needs_bounds(rows: AnalysisRows, arm: str, control: str) -> bool:
    """More than 5 % missing, or arms that differ by more than 2 points."""
    one, other = shares_missing(rows, arm, control)
    overall = _share(rows, rows.arm.among([arm, control]))
    return overall > SHOW_BOUNDS_ABOVE or abs(one - other) > SHOW_BOUNDS_GAP


def filled(rows: AnalysisRows, arm: str, *, arm_value: float, control_value: float) -> AnalysisRows:
    """Every missing outcome taken as one value in the arm and another elsewhere (Manski 1990)."""
    missing = np.isnan(rows.outcome)
    value = np.where(rows.arm.is_(arm), arm_value, control_value)
    return replace(rows, outcome=np.where(missing, value, rows.outcome))


def lee_bounds(arm: Floats, control: Floats, known: float, known_control: float) -> tuple[float, float]:
    """Bounds of the effect on those whose outcome would be known in either arm (Lee 2009, Review of Economic Studies).

    arm, control: known outcomes. known, known_control: the shares of each arm with one. The side with more
    outcomes is cut by the excess share from one end, then from the other. Assumes that the message moves
    whether an outcome is known in one direction only, for everyone.
    """
    excess = 1 - min(known, known_control) / max(known, known_control)
    if known >= known_control:
        low, high = (_mean_without(arm, excess, top=top) for top in (True, False))
        return low - float(control.mean()), high - float(control.mean())
    low, high = (_mean_without(control, excess, top=top) for top in (False, True))
    return float(arm.mean()) - low, float(arm.mean()) - high


def _mean_without(values: Floats, share: float, *, top: bool) -> float:
    """The mean without a share of the largest (or smallest); the value at the cut counts in part."""
    ordered = np.sort(values) if top else -np.sort(-values)
    kept = np.clip(values.size * (1 - share) - np.arange(values.size), 0, 1)
    return float(kept @ ordered / kept.sum())


def response_weights(rows: AnalysisRows, arm: str, control: str, columns: Floats) -> Floats:
    """1 / the chance that a row's outcome is known, by arm and baseline: (n,), nan outside the two arms.

    columns: (n, c) baseline, blanks filled. A logistic regression in each arm by statsmodels.
    Raises EstimationRefused where it does not converge or tells known and missing apart entirely.
    """
    import statsmodels.api as sm
    from statsmodels.tools.sm_exceptions import PerfectSeparationWarning

    weights = np.full(rows.outcome.size, np.nan)
    for name in (arm, control):
        here = rows.arm.is_(name)
        known = (~np.isnan(rows.outcome[here])).astype(float)
        if known.all():
            weights[here] = 1.0
            continue
        x = np.column_stack([np.ones(known.size), columns[here]])
        if np.linalg.matrix_rank(x) < x.shape[1]:
            raise EstimationRefused("who has an outcome cannot be modelled from the covariates", "read the bounds")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PerfectSeparationWarning)
            fitted = sm.GLM(known, x, family=sm.families.Binomial()).fit(maxiter=50, tol=1e-12)
        chance = np.asarray(fitted.fittedvalues, dtype=float)
        if not fitted.converged or chance.min() < _LEAST_CHANCE:
            raise EstimationRefused("who has an outcome cannot be modelled from the covariates", "read the bounds")
        weights[here] = 1 / chance
    return weights
