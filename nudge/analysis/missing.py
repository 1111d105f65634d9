"""Outcomes that are missing: how many, and how far they could move the answer (statistics.md 1, 25)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from nudge.trial.records.analysis import AnalysisRows

SHOW_BOUNDS_ABOVE = 0.05
SHOW_BOUNDS_GAP = 0.02


def shares_missing(rows: AnalysisRows, arm: str, control: str) -> tuple[float, float]:
    """The share of each arm's rows without an outcome."""
    missing = [np.isnan(rows.outcome[rows.arm == name]) for name in (arm, control)]
    one, other = (float(here.mean()) if here.size else 0.0 for here in missing)
    return one, other


def needs_bounds(rows: AnalysisRows, arm: str, control: str) -> bool:
    """More than 5 % missing, or arms that differ by more than 2 points."""
    one, other = shares_missing(rows, arm, control)
    here = np.isin(rows.arm, [arm, control])
    overall = float(np.isnan(rows.outcome[here]).mean()) if here.any() else 0.0
    return overall > SHOW_BOUNDS_ABOVE or abs(one - other) > SHOW_BOUNDS_GAP


def filled(rows: AnalysisRows, arm: str, *, arm_value: float, control_value: float) -> AnalysisRows:
    """Every missing outcome taken as one value in the arm and another elsewhere (Manski 1990)."""
    missing = np.isnan(rows.outcome)
    value = np.where(rows.arm == arm, arm_value, control_value)
    return replace(rows, outcome=np.where(missing, value, rows.outcome))
