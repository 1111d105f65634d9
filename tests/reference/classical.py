"""The textbook variance, which references report and the product never does (rule 5)."""

from __future__ import annotations

import numpy as np

from nudge.analysis.least_squares import LinearFit
from nudge.analysis.sandwich import Sandwich
from nudge.trial.records.analysis import Floats


def classical(model: LinearFit, contrast: Floats) -> Sandwich:
    """σ²(X'X)⁻¹ of a contrast (k,), with n − k degrees of freedom."""
    residuals, n = model.residuals(), model.y.size
    squares = sum(float((residuals(run) ** 2).sum()) for run in model.cells.runs())
    df = float(n - len(model.names))
    wanted = model.root.T @ contrast
    return Sandwich(np.array([[squares / df * (wanted @ wanted)]]), np.array([df]), 0.0)
