"""How outcomes that are no plain mean come about, and what one row adds to the variance of their estimate.

Every estimator here is a mean of one number per row to first order, so its variance is a row's own variance in each
arm over the rows there, times the design effect of clusters where it is the numbers that are alike. Effects are
oriented: positive is better. Those of ratios are natural logarithms.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import exp, log
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from nudge.trial.records.analysis import Floats

_LARGEST_RATIO = log(20)
_TAIL = 1e-9
_NO_RATE = 1e-9
_FARTHEST_SHIFT = 12.0
_SPREADS = 20


class OutcomeLaw(Protocol):
    """One outcome without a message, and under a message with an effect."""

    @property
    def scale(self) -> str:
        """Of the effect: `probability`, `mean` or `log_ratio`."""
        ...

    @property
    def turn(self) -> int:
        """−1 where better is less of what is counted."""
        ...

    def variances(self, effect: float, share: float) -> tuple[float, float]:
        """Of one row of the arm and of the control, when so large a share of them is in the arm."""
        ...

    def apart(self, effect: float, other: float = 0.0, reached: float = 1.0) -> float:
        """What two arms differ by, when the message of each does so much to those it reaches."""
        ...

    def most(self) -> float:
        """The largest effect there can be."""
        ...

    def cumulative(self, effect: float, exposure: float = 1.0) -> Floats:
        """The chance of each value or less, by value from the lowest; beyond the last, where they end below 1."""
        ...


@dataclass(frozen=True, slots=True)
class Rates:
    """Counts with variance μ + dispersion · μ² (Poisson's law where that is 0), or a yes or no counted `once`.

    rate: events per person, or per unit of exposure. ratio: the effect is the log of a ratio of rates, else a
    difference. exposure: its mean; uneven: its coefficient of variation. A row adds 1/μ + dispersion to the variance
    of the log of a rate (Zhu & Lakkis 2014, Stat Med 33:376, with the arms' own rates; dispersion 0: Signorini
    1991, Biometrika 78:446), and (1 − p)/p of a yes or no (Zou 2004, Am J Epidemiol 159:702). With exposures t the
    dispersion counts 1 + cv² times, since Σt² is what its part of the variance adds up over.
    """

    rate: float
    turn: int
    ratio: bool = True
    dispersion: float = 0.0
    once: bool = False
    exposure: float = 1.0
    uneven: float = 0.0

    @property
    def scale(self) -> str:
        """Of the effect."""
        return "log_ratio" if self.ratio else "probability" if self.once else "mean"

    def under(self, effect: float) -> float:
        """The rate where everyone is reached."""
        moved = self.rate * exp(self.turn * effect) if self.ratio else self.rate + self.turn * effect
        return min(max(moved, _NO_RATE), 1 - _NO_RATE) if self.once else max(moved, _NO_RATE)

    def variances(self, effect: float, share: float) -> tuple[float, float]:  # noqa: ARG002 - the same whatever the shares
        """Of the log of a rate, or of a rate."""
        return self._variance(self.under(effect)), self._variance(self.rate)

    def _variance(self, rate: float) -> float:
        relative = (
            (1 - rate) / rate if self.once
            else 1 / (rate * self.exposure) + self.dispersion * (1 + self.uneven**2)
        )  # fmt: skip
        return relative if self.ratio else relative * rate**2

    def apart(self, effect: float, other: float = 0.0, reached: float = 1.0) -> float:
        """Rates of those reached and of those not are averaged."""
        one, two = (self.rate + reached * (self.under(size) - self.rate) for size in (effect, other))
        return self.turn * (log(one / two) if self.ratio else one - two)

    def most(self) -> float:
        """A twentyfold ratio, or as far as a rate can move."""
        if self.once:
            room = 1 - self.rate if self.turn > 0 else self.rate
            if not self.ratio:
                return room
            return min(-log(self.rate), _LARGEST_RATIO) if self.turn > 0 else _LARGEST_RATIO
        if self.ratio:
            return _LARGEST_RATIO
        return self.rate if self.turn < 0 else float(_SPREADS * self._variance(self.rate) ** 0.5)

    def cumulative(self, effect: float, exposure: float = 1.0) -> Floats:
        """Of no event, of one at most, and so on."""
        from scipy.stats import nbinom, poisson

        if self.once:
            return np.array([1 - self.under(effect)])
        mean = self.under(effect) * exposure
        size = 1 / self.dispersion if self.dispersion > 0 else 0.0
        law = nbinom(size, size / (size + mean)) if size else poisson(mean)
        found: Floats = law.cdf(np.arange(int(law.isf(_TAIL)) + 1))
        return found


@dataclass(frozen=True, slots=True)
class Followed:
    """Times to an event that happens to this `share` by the last day of the window, at the same hazard every day.

    Whoever it has not happened to by then is followed to that day. turn: −1 where fewer days are better.
    """

    share: float
    days: int
    turn: int

    def left(self, ratio: float) -> Floats:
        """(days + 1,) the share without the event after each day from 0, the hazard being so many times the usual."""
        return np.power(1 - self.share, ratio / self.days * np.arange(self.days + 1, dtype=float))


@dataclass(frozen=True, slots=True)
class Days(Followed):
    """Mean days until it happened, within the window: with everyone followed to its end the mean of such days.

    A row adds the variance of its own days within the window, 2∫tS − (∫S)² (Royston & Parmar 2013, BMC Med Res Methodol
    13:152), here summed over whole days; hazards are taken to be in proportion.
    """

    scale = "mean"

    def mean(self, ratio: float) -> float:
        """Days without the event, of the window's."""
        return float(self.left(ratio)[:-1].sum())

    def ratio(self, effect: float) -> float:
        """Of hazards, at which the mean is better by so many days."""
        return _hazards_for(self, self.mean(1.0) + self.turn * effect)

    def variances(self, effect: float, share: float) -> tuple[float, float]:  # noqa: ARG002 - the same whatever the shares
        """Of a person's days within the window."""
        return self._variance(self.left(self.ratio(effect))), self._variance(self.left(1.0))

    def _variance(self, left: Floats) -> float:
        day = np.arange(1, self.days + 1)
        chance = left[:-1] - left[1:]
        chance[-1] += left[-1]
        return float(chance @ day**2 - (chance @ day) ** 2)

    def apart(self, effect: float, other: float = 0.0, reached: float = 1.0) -> float:
        """Means of those reached and of those not are averaged."""
        return reached * (effect - other)

    def most(self) -> float:
        """To the first day, or the last."""
        usual = self.mean(1.0)
        return (usual - 1 if self.turn < 0 else self.days - usual) * (1 - 1e-6)

    def cumulative(self, effect: float, exposure: float = 1.0) -> Floats:  # noqa: ARG002 - of counts only
        """Of the event by the first day, the second, and so on."""
        found: Floats = 1 - self.left(self.ratio(effect))[1:]
        return found


@lru_cache(maxsize=4096)
def _hazards_for(law: Days, mean: float) -> float:
    from scipy.optimize import brentq

    low, high = -20.0, 20.0
    if not law.mean(exp(high)) < mean < law.mean(exp(low)):
        return exp(high if mean < law.days / 2 else low)
    return exp(float(brentq(lambda size: law.mean(exp(size)) - mean, low, high, xtol=1e-12)))


@dataclass(frozen=True, slots=True)
class Hazards(Followed):
    """A ratio of hazards, known by the events: 1 / (events · share in the arm · share in the control).

    Schoenfeld 1983, Biometrics 39:499; the events are those expected of both arms with the effect. turn: −1
    where a smaller hazard is better. Clusters: the design effect of what people of one are alike in, their events (Xie
    & Waksman 2003, Stat Med 22:2835).
    """

    scale = "log_ratio"

    def variances(self, effect: float, share: float) -> tuple[float, float]:
        """The same in both arms: one over the share with an event."""
        events = share * (1 - float(self.left(exp(self.turn * effect))[-1])) + (1 - share) * self.share
        return 1 / events, 1 / events

    def apart(self, effect: float, other: float = 0.0, reached: float = 1.0) -> float:
        """At first; those reached leave sooner or later than the others, so that the ratio wears off a little."""
        one, two = (1 + reached * (exp(self.turn * size) - 1) for size in (effect, other))
        return self.turn * log(one / two)

    def most(self) -> float:
        """Twentyfold."""
        return _LARGEST_RATIO

    def cumulative(self, effect: float, exposure: float = 1.0) -> Floats:  # noqa: ARG002 - of counts only
        """Of the event by the first day, the second, and so on."""
        found: Floats = 1 - self.left(exp(self.turn * effect))[1:]
        return found


@dataclass(frozen=True, slots=True)
class Answers:
    """Answers in an order, by the share of each without a message, lowest first; no shares stand for no ties.

    The effect is the chance of doing better than the control, ties counting half, less one half. A row adds the
    variance of its placement among the other arm's (Brunner & Munzel 2000, Biom J 42:17; clusters: Zou 2021, Stat Med
    40:3227). A message moves answers by the same odds at every step (proportional odds: Whitehead 1993, Stat Med
    12:2257), which settles only the shape, not the size, of what it does.
    """

    shares: tuple[float, ...]
    turn: int
    scale = "probability"

    def usual(self) -> Floats:
        """(levels,) without a message; a hundred alike stand for no ties."""
        return np.array(self.shares) if self.shares else np.full(100, 0.01)

    def under(self, effect: float) -> Floats:
        """(levels,) where everyone is reached."""
        return _moved(self.usual(), _shift(self, self.turn * effect))

    def variances(self, effect: float, share: float) -> tuple[float, float]:  # noqa: ARG002 - the same whatever the shares
        """Of the share of the other arm below an answer."""
        arm, control = self.under(effect), self.usual()
        return _variance(arm, _placements(control)), _variance(control, _placements(arm))

    def apart(self, effect: float, other: float = 0.0, reached: float = 1.0) -> float:
        """Answers of those reached stand beside those of the others."""
        one, two = (self.usual() + reached * (self.under(size) - self.usual()) for size in (effect, other))
        return self.turn * (float(one @ _placements(two)) - 0.5)

    def most(self) -> float:
        """Nearly everyone at one end."""
        moved = _moved(self.usual(), self.turn * _FARTHEST_SHIFT)
        return self.turn * (float(moved @ _placements(self.usual())) - 0.5) * (1 - 1e-6)

    def cumulative(self, effect: float, exposure: float = 1.0) -> Floats:  # noqa: ARG002 - of counts only
        """Of the lowest answer, the next or a lower one, and so on."""
        found: Floats = np.cumsum(self.under(effect))[:-1]
        return found


def _placements(shares: Floats) -> Floats:
    placed: Floats = np.cumsum(shares) - shares / 2
    return placed


def _variance(shares: Floats, values: Floats) -> float:
    return float(shares @ values**2 - (shares @ values) ** 2)


def _moved(shares: Floats, shift: float) -> Floats:
    """The odds of each step and above times e to the shift."""
    from scipy.special import expit, logit

    below = np.clip(np.cumsum(shares)[:-1], 0.0, 1.0)
    moved: Floats = np.diff(np.concatenate([[0.0], expit(logit(below) - shift), [1.0]]))
    return moved


@lru_cache(maxsize=4096)
def _shift(law: Answers, wanted: float) -> float:
    """Of the log odds, at which the chance of a higher answer is one half and so much."""
    from scipy.optimize import brentq

    usual = law.usual()
    placed = _placements(usual)

    def over(shift: float) -> float:
        return float(_moved(usual, shift) @ placed) - 0.5 - wanted

    if not over(-_FARTHEST_SHIFT) < 0 < over(_FARTHEST_SHIFT):
        return _FARTHEST_SHIFT if wanted > 0 else -_FARTHEST_SHIFT
    return float(brentq(over, -_FARTHEST_SHIFT, _FARTHEST_SHIFT, xtol=1e-12))
