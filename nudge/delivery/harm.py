"""Harm rules: when an arm has done more harm than its trial file allows, whenever one looks.

The bound is a confidence sequence, so that looking after every message does not make a false
alarm more likely than 5 % over the whole trial.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, lgamma, log

_ALPHA = 0.05


@dataclass(frozen=True, slots=True)
class HarmCount:
    """What a rule looks at in one arm."""

    arm: str
    events: int
    exposed: int
    """Units that were written to."""
    sends: int


def log_evidence(events: int, exposed: int, limit: float) -> float:
    """Log of the evidence that harm is commoner than `limit`: a beta-binomial mixture martingale.

    Under a true rate of `limit` the evidence is a non-negative martingale that starts at 1, so
    by Ville's inequality it ever reaches 20 in at most 5 % of trials (Robbins 1970; Howard,
    Ramdas, McAuliffe & Sekhon 2021). The mixture is uniform; only an excess is evidence.
    """
    if exposed == 0 or events <= limit * exposed:
        return 0.0
    if limit <= 0:
        return inf
    rest = exposed - events
    mixture = lgamma(events + 1) + lgamma(rest + 1) - lgamma(exposed + 2)
    return mixture - events * log(limit) - (rest * log(1 - limit) if rest else 0.0)


def lower_bound(events: int, exposed: int) -> float:
    """The lower 95 % confidence-sequence bound of the rate: every smaller rate is refuted."""
    low, high = 0.0, events / exposed if exposed else 0.0
    for _ in range(60):
        middle = (low + high) / 2
        if log_evidence(events, exposed, middle) > -log(_ALPHA):
            low = middle
        else:
            high = middle
    return low


def trips(count: HarmCount, limit: float, after: int, of: str) -> bool:
    """Whether a rule pauses the arm: enough sends or events, and the bound beyond the limit (statistics.md 23)."""
    seen = count.events if of.startswith("event") else count.sends
    return seen >= after and log_evidence(count.events, count.exposed, limit) > -log(_ALPHA)
