"""A stepped wedge whose effect may grow or fade: averaged over the periods since crossing.

An indicator of every number of periods since the step stands beside an effect of every cluster
and of every period; the effect is the plain mean of those indicators' coefficients, each number
of periods counting the same (Kenny et al. 2022, Stat Med 41:4311; Maleyeff et al. 2023,
Biometrics 79:2551). A step's own period is the first; during a declared transition nobody counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nudge.analysis.wedge import wedge_effect

if TYPE_CHECKING:
    from nudge.analysis.comparison import Pair
    from nudge.trial.records.analysis import Fitted

ESTIMAND = "average effect of having crossed, over the periods since crossing"


def estimate(pair: Pair, adjustment: str) -> Fitted:
    """The mean effect over the periods since crossing, in the outcome's units."""
    return wedge_effect(pair, adjustment, averaged=True, name="exposure_averaged")
