"""Adjusting p-values for how many questions were asked (statistics.md 12)."""

from __future__ import annotations


def holm(p_values: list[float], family: int | None = None) -> list[float]:
    """Holm's step-down adjusted p-values (1979), in the order given.

    family: how many questions were asked. Those without a p-value count as ones that cannot be
    rejected, so that a comparison without events does not make the others look better.
    """
    if not p_values:
        return []
    from statsmodels.stats.multitest import multipletests

    unanswered = [1.0] * max(0, (family or 0) - len(p_values))
    adjusted = multipletests([*p_values, *unanswered], method="holm")[1]
    return [float(p) for p in adjusted[: len(p_values)]]
