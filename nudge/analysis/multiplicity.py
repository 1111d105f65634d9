"""Adjusting p-values for how many questions were asked (statistics.md 12)."""

from __future__ import annotations

METHODS = {
    "holm": "holm",
    "romano_wolf": "holm",
    "hochberg": "simes-hochberg",
    "benjamini_hochberg": "fdr_bh",
    "benjamini_yekutieli": "fdr_by",
    "bonferroni": "bonferroni",
}
"""Our names and statsmodels' own. Holm (1979) holds whatever binds the questions together; Hochberg (1988)
needs them independent or positively related; Benjamini & Hochberg (1995) bound the share of false finds
among those found, not the chance of any; the last two are for references. What `romano_wolf.py` cannot draw again
stays with Holm."""


def adjusted(p_values: list[float], family: int | None = None, method: str = "holm") -> list[float]:
    """Adjusted p-values, in the order given.

    family: how many questions were asked. Those without a p-value count as ones that cannot be
    rejected, so that a comparison without events does not make the others look better.
    """
    if not p_values:
        return []
    from statsmodels.stats.multitest import multipletests

    unanswered = [1.0] * max(0, (family or 0) - len(p_values))
    found = multipletests([*p_values, *unanswered], method=METHODS[method])[1]
    return [float(p) for p in found[: len(p_values)]]
