"""A stepped wedge whose effect is one constant from the day of crossing.

The coefficient of having crossed beside an effect of every cluster and of every period. Where
the effect in truth builds up, this is a weighted sum of the effects at each time since crossing
whose weights can be negative, far from their average (Kenny et al. 2022, Stat Med 41:4311), so
it is the plan only where the file says so or where there are two periods after crossing at most.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nudge.analysis.wedge import wedge_effect

if TYPE_CHECKING:
    from nudge.analysis.comparison import Pair
    from nudge.trial.records.analysis import Fitted

ESTIMAND = "average effect of having crossed, taken to be the same from the day of crossing on"


def estimate(pair: Pair, adjustment: str) -> Fitted:
    """The constant effect, in the outcome's units."""
    return wedge_effect(pair, adjustment, averaged=False, name="immediate_effect")
