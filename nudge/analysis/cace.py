"""The effect on those whom a message reached, from the effect of being allocated (statistics.md 21).

With one instrument, two-stage least squares is the ratio of two ITT effects, on the outcome and on
being reached; and its residual is that of the same ITT model fitted to y − effect × reached
(Angrist & Imbens 1995; the score of 2SLS). So whatever estimator the lock holds gives the variance,
with the blocks, weights and CR2 of the ITT. Assumes that allocation works only through being
reached, and that nobody in the control is reached.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf, sqrt

import numpy as np

from nudge.analysis.comparison import Choice, Pair
from nudge.analysis.estimators import estimator
from nudge.trial.errors import EstimationRefused
from nudge.trial.records.analysis import Fitted, Floats

ESTIMAND = "average effect on those reached by a message"


@dataclass(frozen=True, slots=True)
class ComplierEffect:
    """The effect on those reached, in the outcome's units.

    reached: the ITT effect on being reached, a share where it is yes or no.
    """

    estimate: float
    std_error: float
    df: float
    vcov: str
    reached: float
    itt: Fitted
    variances: tuple[float, float, float]
    """Of the ITT effect on the outcome, their covariance, of the one on being reached."""

    def anderson_rubin(self, critical: float) -> tuple[tuple[float, float], ...]:
        """Effects b that the data do not reject: |ITT of y − b·reached| ≤ critical standard errors.

        Anderson & Rubin (1949); right however few were reached. critical: a t quantile. One interval;
        or two without end, or the whole line, where too few were reached to say more.
        """
        outcome, both, reached = self.variances
        square = critical**2
        a = self.reached**2 - square * reached
        b = -2 * (self.itt.estimate * self.reached - square * both)
        c = self.itt.estimate**2 - square * outcome
        inside = b**2 - 4 * a * c
        if inside < 0:
            return ((-inf, inf),)
        low, high = sorted((-b + side * sqrt(inside)) / (2 * a) for side in (-1, 1))
        return ((low, high),) if a > 0 else ((-inf, low), (high, inf))


def complier_effect(pair: Pair, reached: Floats, choice: Choice) -> ComplierEffect:
    """Two-stage least squares by the estimator of the ITT.

    reached: (n,), 1 or 0 by row of `pair`, or a dose. Raises EstimationRefused where nobody was
    reached or the ITT has no variance.
    """

    def itt(outcome: Floats) -> Fitted:
        return estimator(choice.estimator).estimate(replace(pair, y=outcome), choice.adjustment)

    effect = itt(pair.y)
    spread = float(pair.y.std())
    # Sums and differences of the two always vary, where being reached alone may not.
    up, down = itt(pair.y + spread * reached), itt(pair.y - spread * reached)
    share = (up.estimate - down.estimate) / (2 * spread)
    if abs(share) <= np.finfo(float).eps * float(np.abs(reached).max(initial=1.0)):
        raise EstimationRefused("nobody more was reached in the arm than in the control", "read the ITT effect")
    outcome = effect.std_error**2
    both = (up.std_error**2 - down.std_error**2) / (4 * spread)
    of_reached = max(0.0, (up.std_error**2 + down.std_error**2 - 2 * outcome) / (2 * spread**2))
    ratio = effect.estimate / share
    left = itt(pair.y - ratio * reached)
    return ComplierEffect(
        ratio, left.std_error / abs(share), left.df, left.vcov, share, effect, (outcome, both, of_reached)
    )
