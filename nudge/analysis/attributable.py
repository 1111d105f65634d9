"""How many events in an arm the arm itself brought about, by the draw alone (Rosenbaum 2001, Biometrika 88:219-231).

If the arm brought about a of its events, so many fewer would have happened there without it, and what is
left is a draw from a hypergeometric law. Every a that this law does not reject stands in the interval; a is
negative where the arm kept events from happening. Nothing is supposed of those in the control, nor that
the effect is the same for everyone. Individuals, drawn in fixed numbers, without blocks.
"""

from __future__ import annotations

import numpy as np

from nudge.analysis.randomisation import hypergeometric_law


def attributable_p(events: int, n: int, control_events: int, n_control: int, brought: int) -> float:
    """Exact two-sided p of the arm having brought about so many of its events."""
    without = events - brought
    total = without + control_events
    law = hypergeometric_law(n + n_control, total, n)
    expected = total * n / (n + n_control)
    far = np.abs(np.arange(law.size) - expected) >= abs(without - expected) - 1e-9
    return min(1.0, float(law[far].sum()))


def attributable_interval(events: int, n: int, control_events: int, n_control: int, level: float) -> tuple[int, int]:
    """The fewest and the most events that the arm may have brought about; no effect at all may lie outside."""
    kept = [
        brought for brought in range(events - n, events + 1)
        if attributable_p(events, n, control_events, n_control, brought) > 1 - level
    ]  # fmt: skip
    return kept[0], kept[-1]
