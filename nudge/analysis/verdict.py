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


def margin_verdict(low: float, high: float, margin: float) -> str:
    """Whether being worse by the margin or more is ruled out (non-inferiority; Piaggio et al. 2012); oriented."""
    if low > -margin:
        return "no worse"
    return "worse by more than the margin" if high < -margin else "undecided"


def equivalence_verdict(low: float, high: float, margin: float) -> str:
    """Whether a difference of the margin is ruled out either way: two one-sided tests (Schuirmann 1987)."""
    if -margin < low and high < margin:
        return "equivalent"
    return "not equivalent" if low > margin or high < -margin else "undecided"


def p_beyond(estimate: float, std_error: float, df: float, margin: float, *, both: bool) -> float:
    """One-sided p that the effect is at or below −margin; of `both`, the larger with that it is at or above it."""
    from scipy.stats import t

    worse = float(t.sf((estimate + margin) / std_error, df))
    return max(worse, float(t.cdf((estimate - margin) / std_error, df))) if both else worse


def chance_to_find(effect: float, std_error: float, df: float, alpha: float) -> float:
    """The chance that |t| passes its two-sided limit when the effect is true: 1 less the noncentral t between them."""
    from scipy.stats import nct, t

    limit = float(t.isf(alpha / 2, df))
    return float(nct.sf(limit, df, effect / std_error) + nct.cdf(-limit, df, effect / std_error))
