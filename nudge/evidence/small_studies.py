"""Whether less precise studies found more, and the mean with that taken away.

Studies that found little stay unpublished more often the smaller they are, so effects that rise with their
standard error are a sign of it, or of small studies that differ in other ways. Egger's slope says how much
(Egger et al. 1997); PET and PEESE carry the line back to a study without error (Stanley & Doucouliagos 2014):
independent effects by weights of one over their variance, dependent ones by the model of the slope (Rodgers &
Pustejovsky 2021). Where true effects differ much both are rough, and neither sets the answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nudge.evidence.answers import answered
from nudge.evidence.random_effects import common_effect, random_effects
from nudge.trial.errors import EstimationRefused
from nudge.trial.records.evidence import SmallStudies

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nudge.trial.records.analysis import Floats, Ints

FEWEST = 10
"""Effects below which asymmetry cannot be told from chance (Cochrane Handbook, 13.3.5.4)."""
_INTERCEPT, _SLOPE = np.array([1.0, 0.0]), np.array([0.0, 1.0])


def small_studies(effect: Floats, variance: Floats, levels: Sequence[Ints], level: float) -> SmallStudies | None:
    """Egger's slope, PET and PEESE; None with fewer than ten effects, or where all have one standard error.

    effect, variance: (k,). levels: as in `random_effects`, the outermost first.
    """
    error = np.sqrt(variance)
    if effect.size < FEWEST or np.ptp(error) <= 1e-9 * error.max():
        return None
    by_error, by_variance = (np.column_stack([np.ones_like(error), column]) for column in (error, variance))
    try:
        slope = random_effects(effect, variance, by_error, levels)
        if len(levels) == 1:
            pet, peese = (common_effect(effect, variance, columns) for columns in (by_error, by_variance))
        else:
            pet, peese = slope, random_effects(effect, variance, by_variance, levels)
    except EstimationRefused:
        return None
    return SmallStudies(
        answered(slope, _SLOPE, level, "Egger's slope, effect by standard error"),
        answered(pet, _INTERCEPT, level, "PET, the mean at a standard error of zero"),
        answered(peese, _INTERCEPT, level, "PEESE, the mean at a variance of zero"),
    )
