"""What is found of one comparison, and the t law that its interval and p-value come from."""

from __future__ import annotations

from dataclasses import dataclass

from nudge.analysis.comparison import Choice
from nudge.analysis.score_interval import score_interval


@dataclass(frozen=True, slots=True)
class Answer:
    """What the data say of one comparison, before orientation and families.

    Where no interval can be had, `std_error` and `df` are None and `note` says why.
    `interval(level)` gives bounds where they exist.
    """

    choice: Choice
    estimate: float
    std_error: float | None
    df: float | None
    p_value: float | None
    vcov: str | None
    note: str
    score_counts: tuple[int, int, int, int] | None = None
    """Events and rows of arm and control where the interval is a score interval."""
    blocks_left_out: int = 0
    means: tuple[float, float] | None = None
    """The arm's and the control's level, where it is not the mean outcome."""

    def interval(self, level: float) -> tuple[float, float] | None:
        """Bounds at a confidence level, in the outcome's units."""
        if self.score_counts is not None:
            return score_interval(*self.score_counts, level)
        if self.std_error is None or self.df is None:
            return None
        half = t_quantile(level, self.df) * self.std_error
        return self.estimate - half, self.estimate + half


def joined(*notes: str) -> str:
    """Notes one after another, those that say nothing left out."""
    return "; ".join(note for note in notes if note)


def t_quantile(level: float, df: float) -> float:
    """The t value that leaves (1 − level) / 2 above it."""
    from scipy.stats import t

    return float(t.ppf(0.5 + level / 2, df))


def t_p_value(statistic: float, df: float) -> float:
    """Two-sided p of a t statistic."""
    from scipy.stats import t

    return float(2 * t.sf(abs(statistic), df))
