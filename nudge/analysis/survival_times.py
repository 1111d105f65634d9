"""Times to an event, some of them only known to be longer: what is left of each arm, and how each row moves it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nudge.trial.errors import EstimationRefused
from nudge.trial.records.analysis import Floats

if TYPE_CHECKING:
    from nudge.analysis.comparison import Pair

_NOBODY = 1e-12
"""Less than this share of the weight at risk left is nobody, but for rounding."""


@dataclass(frozen=True, slots=True)
class KaplanMeier:
    """One arm's curve (Kaplan & Meier 1958).

    times: (m,) when events happened. at_risk, events: (m,). left: (m,) the share without the event after each.
    """

    times: Floats
    at_risk: Floats
    events: Floats
    left: Floats

    @classmethod
    def of(cls, time: Floats, event: Floats, weight: Floats | None = None) -> KaplanMeier:
        """From rows; a row whose time ends when an event happens was still at risk then."""
        weight = np.ones(time.size) if weight is None else weight
        times, place = np.unique(time[event == 1], return_inverse=True)
        number = np.asarray(np.bincount(place, weight[event == 1], minlength=times.size), dtype=float)
        order = np.argsort(time, kind="stable")
        from_here = np.append(np.cumsum(weight[order][::-1])[::-1], 0.0)
        at_risk: Floats = from_here[np.searchsorted(time[order], times, side="left")]
        share = 1 - number / at_risk
        left = np.asarray(np.cumprod(np.where(share < _NOBODY, 0.0, share)), dtype=float)
        return cls(times, at_risk, number, left)

    def at(self, moments: Floats) -> Floats:
        """The share without the event after some moments."""
        found: Floats = np.concatenate([[1.0], self.left])[np.searchsorted(self.times, moments, side="right")]
        return found

    def area_after(self, moments: Floats, last: float) -> Floats:
        """∫ of the curve from each moment to `last`: mean time still without the event."""
        knots = np.concatenate([[0.0], self.times[self.times < last], [last]])
        height = self.at(knots[:-1])
        total = np.concatenate([np.cumsum((height * np.diff(knots))[::-1])[::-1], [0.0]])
        start = np.minimum(moments, last)
        place = np.searchsorted(knots, start, side="right") - 1
        return np.asarray(total[place] - height[np.minimum(place, height.size - 1)] * (start - knots[place]))


def restricted_values(time: Floats, event: Floats, last: float, weight: Floats | None = None) -> Floats:
    """Each row's value of the mean time up to `last`: their (weighted) mean is the area under the curve.

    The mean plus n times the row's infinitesimal jackknife: squares of what is left over n² add up to Greenwood's
    variance. With weights, n is their sum.
    """
    curve = KaplanMeier.of(time, event, weight)
    number = time.size if weight is None else float(weight.sum())
    mean = float(curve.area_after(np.zeros(1), last)[0])
    after = curve.area_after(curve.times, last)
    gone = np.where(curve.left > 0, curve.at_risk - curve.events, 0.0)
    pull = np.divide(after, gone, out=np.zeros_like(after), where=(gone > 0) & (curve.times <= last))
    waited = np.concatenate([[0.0], np.cumsum(pull * curve.events / curve.at_risk)])
    moved = waited[np.searchsorted(curve.times, time, side="right")]
    happened = (event == 1) & (time <= last)
    moved[happened] -= pull[np.searchsorted(curve.times, time[happened])]
    values: Floats = mean + number * moved
    return values


def horizon(pair: Pair) -> float:
    """The last moment until which both curves are known: one that has come down to nothing is known for ever."""
    event = np.ones(pair.y.size) if pair.event is None else pair.event
    known = []
    for side in (True, False):
        time, happened = pair.y[pair.treated == side], event[pair.treated == side] == 1
        if not happened[time == time.max()].all():
            known.append(float(time.max()))
    return min(known, default=float(pair.y.max()))


def need_events(pair: Pair) -> None:
    """Refuse where times are not such, or an arm has no event to tell a curve by."""
    if pair.event is None:
        raise EstimationRefused("nothing says which times are events", "name the column: `source: {event: COLUMN}`")
    if (pair.y < 0).any():
        raise EstimationRefused("some times are below 0", "count them from the day the window opens")
    counted = [int(pair.event[pair.treated == side].sum()) for side in (True, False)]
    if min(counted) == 0:
        raise EstimationRefused(f"one arm has no event ({counted[0]} and {counted[1]})", "read the counts")


def rank_scores(pair: Pair) -> Floats:
    """Log-rank scores, whichever the arms: events less those expected by the time (Peto & Peto 1972)."""
    event = np.ones(pair.y.size) if pair.event is None else pair.event
    curve = KaplanMeier.of(pair.y, event)
    hazard = np.concatenate([[0.0], np.cumsum(curve.events / curve.at_risk)])
    scores: Floats = event - hazard[np.searchsorted(curve.times, pair.y, side="right")]
    return scores


def log_rank(pair: Pair) -> tuple[float, float]:
    """χ² with one degree of freedom, within blocks, and its p (Mantel 1966). Of individuals only."""
    from statsmodels.duration.survfunc import survdiff

    event = np.ones(pair.y.size) if pair.event is None else pair.event
    blocks = pair.block if pair.blocks > 1 else None
    statistic, p = survdiff(pair.y, event, pair.treated.astype(int), strata=blocks)
    return float(statistic), float(p)
