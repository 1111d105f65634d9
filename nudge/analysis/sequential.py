"""Looking before the end: how much error a look may spend, and what an early stop does to the estimate.

A sum that grows like a Brownian motion in the information gathered (Jennison & Turnbull 2000, ch. 2, 8,
19): its density short of every boundary is carried from look to look by Gauss-Legendre quadrature
(Armitage, McPherson & Rowe 1969). Time is information as a share of what was planned. Spending functions
are Lan and DeMets's (1983), two-sided and symmetric.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, partial
from math import e, inf, log, log1p, pi, sqrt
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from nudge.trial.records.analysis import Floats

_HIGHEST = 8.0
"""A boundary beyond this is as good as none."""
_NODES = 48
_PER_STEP = 10
_REACH = 9.0


def spent(time: float, alpha: float, spending: str) -> float:
    """Two-sided error spent by a share of the planned information; all of it from 1 on."""
    from scipy.special import ndtr, ndtri

    if time >= 1:
        return alpha
    if spending == "pocock":
        return alpha * log1p((e - 1) * time)
    return float(4 * ndtr(ndtri(alpha / 4) / sqrt(time)))


@dataclass(frozen=True, slots=True)
class _Density:
    """Where the sum can stand with no boundary crossed so far. x: nodes; weight: density times its share."""

    time: float
    x: Floats
    weight: Floats


_START = _Density(0.0, np.zeros(1), np.ones(1))


def _above(before: _Density, time: float, z: float, drift: float) -> float:
    """The chance of not having crossed before and of standing at z or above at this look."""
    from scipy.special import ndtr  # the normal law itself: scipy.stats takes a hundred times as long to ask it

    step = time - before.time
    away = (z * sqrt(time) - before.x - drift * step) / sqrt(step)
    return float((before.weight * ndtr(-away)).sum())


def _on(before: _Density, time: float, bound: float, drift: float) -> _Density:
    """The density carried to a look, short of its boundary on either side."""
    step = time - before.time
    low, high = -bound * sqrt(time), bound * sqrt(time)
    likely = _REACH * sqrt(time)
    low, high = max(low, drift * time - likely), min(high, drift * time + likely)
    if low >= high:
        return _Density(time, np.zeros(1), np.zeros(1))
    nodes = max(_NODES, int(_PER_STEP * (high - low) / sqrt(step)))
    at, share = _gauss(min(nodes, 400))
    x = low + (high - low) * (1 + at) / 2
    away = (x[:, None] - before.x - drift * step) / sqrt(step)
    kernel = np.exp(-(away**2) / 2) / sqrt(2 * pi * step)
    return _Density(time, x, kernel @ before.weight * share * (high - low) / 2)


@cache
def _gauss(nodes: int) -> tuple[Floats, Floats]:
    """Places and weights of the quadrature on −1 to 1: finding them takes longer than using them."""
    at, share = np.polynomial.legendre.leggauss(nodes)
    return at, share


def boundaries(times: Sequence[float], alpha: float, spending: str, *, all_spent: bool = False) -> list[float]:
    """The z that each look must reach, by what it may spend.

    times: information at each look as a share of the planned, rising. all_spent: whether the last look is
    the end, which spends what is left whatever was gathered.
    """
    from scipy.optimize import brentq

    before, used, found = _START, 0.0, []
    for i, time in enumerate(times):
        may = alpha if all_spent and i == len(times) - 1 else spent(time, alpha, spending)
        side = (may - used) / 2
        if side <= _above(before, time, _HIGHEST, 0.0):
            bound = inf if side <= 0 else _HIGHEST
        else:
            bound = float(brentq(partial(_too_likely, before, time, side), 0.0, _HIGHEST, xtol=1e-10))
        found.append(bound)
        used += 2 * _above(before, time, bound, 0.0) if bound < inf else 0.0
        before = _on(before, time, min(bound, _HIGHEST + 1), 0.0)
    return found


def _too_likely(before: _Density, time: float, side: float, z: float) -> float:
    return _above(before, time, z, 0.0) - side


@dataclass(frozen=True, slots=True)
class Stopped:
    """A trial that ended at its last look. times, bounds: of all looks, the last one's bound not used. z: there."""

    times: tuple[float, ...]
    bounds: tuple[float, ...]
    z: float

    def at_least(self, drift: float) -> float:
        """The chance of a result at least as high, earlier crossings counting as higher (stagewise order)."""
        if self.z < 0:
            return 1 - Stopped(self.times, self.bounds, -self.z).at_least(-drift)
        before, earlier = _START, 0.0
        for time, bound in zip(self.times[:-1], self.bounds[:-1], strict=True):
            capped = min(bound, _HIGHEST + 1)
            earlier += _above(before, time, capped, drift)
            before = _on(before, time, capped, drift)
        return earlier + _above(before, self.times[-1], self.z, drift)

    @property
    def p_value(self) -> float:
        """Two-sided, of no effect."""
        above = self.at_least(0.0)
        return min(1.0, 2 * min(above, 1 - above))

    def drift(self, share: float) -> float:
        """The drift under which so large a share of results would be as high: ½ is the median-unbiased estimate."""
        from scipy.optimize import brentq

        centre, reach = self.z / sqrt(self.times[-1]), 10 / sqrt(self.times[0])
        return float(brentq(lambda d: self.at_least(d) - share, centre - reach, centre + reach, xtol=1e-9))


def whenever_half_width(std_error: float, share_of_tuning: float, alpha: float) -> float:
    """Half the width of an asymptotic confidence sequence, which holds at every moment at once.

    Robbins' normal mixture on the estimate's own scale (Howard et al. 2021, eq. 3.7; Waudby-Smith et al. 2024,
    Annals of Statistics 52:2613). share_of_tuning: the information now as a share of that at which the
    sequence was set to be tightest. The standard error is of whole clusters, so the steps are clusters.
    """
    tuned = -2 * log(alpha) + log(-2 * log(alpha) + 1)
    mixed = tuned * share_of_tuning
    return std_error * sqrt(2 * (1 + 1 / mixed) * log(sqrt(mixed + 1) / alpha))
