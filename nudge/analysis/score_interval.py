"""Miettinen & Nurminen's interval of a difference in proportions, which stands where an arm has no event.

Inverts the score test under the hypothesis p₁ − p₀ = δ (Miettinen & Nurminen 1985, Statistics in
Medicine 4:213-226, with their factor N / (N − 1)). statsmodels 0.15 offers it too, but finds no
root where an arm holds no event, and takes the control's events where the paper's cubic has the
control's number, which is off in the second digit; `tests/analysis/test_score_interval.py` shows both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_HALVINGS = 60
"""2⁻⁶⁰ of the range is below what a float can tell apart."""


def score_interval(events: int, n: int, events_control: int, n_control: int, level: float) -> tuple[float, float]:
    """Bounds of the difference in proportions, arm less control.

    events, n: of the arm. Needs at least one row in each arm.
    """
    from scipy.stats import norm

    limit = float(norm.ppf(0.5 + level / 2)) ** 2
    observed = events / n - events_control / n_control
    total = n + n_control

    def inside(difference: float) -> bool:
        control = _restricted(events, n, events_control, n_control, difference)
        arm = control + difference
        variance = (arm * (1 - arm) / n + control * (1 - control) / n_control) * total / (total - 1)
        return (observed - difference) ** 2 <= limit * variance

    return _edge(inside, observed, -1.0), _edge(inside, observed, 1.0)


def _edge(inside: Callable[[float], bool], within: float, beyond: float) -> float:
    """Where `inside` stops being true on the way from `within` to `beyond`."""
    for _ in range(_HALVINGS):
        middle = (within + beyond) / 2
        within, beyond = (middle, beyond) if inside(middle) else (within, middle)
    return within


def _restricted(events: int, n: int, events_control: int, n_control: int, difference: float) -> float:
    """The control's most likely proportion where the arm's is `difference` higher.

    The slope of the log-likelihood falls throughout, so halving finds its zero; a cell
    without events has no term, and the maximum then stands at the edge of what is possible.
    """
    low, high = max(0.0, -difference), min(1.0, 1.0 - difference)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        rising = _slope(events, n, middle + difference) + _slope(events_control, n_control, middle) > 0
        low, high = (middle, high) if rising else (low, middle)
    return (low + high) / 2


def _slope(events: int, n: int, proportion: float) -> float:
    gained = events / proportion if events else 0.0
    return gained - ((n - events) / (1 - proportion) if n > events else 0.0)
