"""Adjusting p-values for how many questions were asked (statistics.md 12)."""

from __future__ import annotations


def holm(p_values: list[float]) -> list[float]:
    """Holm's step-down adjusted p-values (1979), in the order given."""
    if not p_values:
        return []
    from statsmodels.stats.multitest import multipletests

    return [float(p) for p in multipletests(p_values, method="holm")[1]]
