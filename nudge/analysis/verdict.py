"""From an estimate to a verdict: five ways to say it, none of them "no effect" (statistics.md 11)."""

from __future__ import annotations


def verdict(estimate: float, low: float, high: float, worthwhile: float) -> str:
    """The first that matches; `low` and `high` at the level of the family, all oriented.

    worthwhile: the smallest change that would alter the decision, above 0.
    """
    if high < 0:
        return "harmful"
    if high < worthwhile:
        return "too small to matter"
    if low > 0 and estimate >= worthwhile:
        return "firmly worthwhile" if low >= worthwhile else "worthwhile"
    return "undecided: better than control, size uncertain" if low > 0 else "undecided"


def harm_verdict(low: float, high: float, margin: float) -> str:
    """Whether a rise of a harm beyond the margin is ruled out; oriented, so that positive is better."""
    if high < 0:
        return "harmful"
    return "within the margin" if low > -margin else "undecided"
