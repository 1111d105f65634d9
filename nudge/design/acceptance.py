"""Which draws a rerandomised design keeps.

By share, the Mahalanobis distance between the arms' means (Morgan & Rubin 2012; several arms
by the Hotelling-Lawley trace, which is theirs for two):

    M = Σₖ nₖ (x̄ₖ − x̄)ᵀ S⁻¹ (x̄ₖ − x̄),  S the covariance with n − 1 below the line,

kept where M is at most the χ² quantile of `share` with rank(S)·(K − 1) degrees of freedom;
where there are few draws (LISTED), at most the smallest M that at least `share` of them do not
exceed. By largest difference: max over columns and pairs of arms of |x̄ₖ − x̄ₗ| / sd, kept where at
most the limit. Both are rounded to nine decimals, so that platforms agree.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Protocol

import numpy as np

from nudge.design.columns import balanced, standardised
from nudge.design.fixed_numbers import every_draw
from nudge.design.methods import TooMany
from nudge.trial.errors import InputError
from nudge.trial.problems import listed

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from nudge.trial.records.design import DrawUnit, Law

DECIMALS = 9
LISTED = 20_000
"""Draws that are listed to find the limit; with more of them χ² is close."""
_NO_DIRECTION = 1e-9
"""Directions with less than this share of a column's variance are a matter of rounding."""


class Criterion(Protocol):
    """How far a draw is from balance, and how far it may be."""

    name: str
    limit: float

    def of(self, draws: npt.NDArray[np.int8]) -> npt.NDArray[np.float64]:
        """The criterion of draws (B, n), units in the order the criterion was made with: (B,)."""
        ...


def criterion(units: Sequence[DrawUnit], law: Law) -> Criterion:
    """The criterion a law names. Raises InputError where no column varies, or too many do."""
    accept = law.parameters["accept"]
    columns = standardised(units, law)
    if accept.get("share") is None:
        return LargestDifference(columns, len(law.arms), float(accept["largest_difference"]))
    held = Mahalanobis(columns, len(law.arms), float(accept["share"]))
    if held.rank >= len(units) - 1:
        raise InputError(
            f"{len(units)} units differ in {held.rank} ways by {listed(balanced(law))}, and every draw of them is as "
            "far from balance as another",
            "balance on fewer columns, or on coarser ones",
        )
    try:
        draws, chances = zip(*every_draw(units, law, LISTED), strict=True)
    except TooMany:
        return held
    held.limit = _quantile(held.of(np.array(draws, dtype=np.int8)), chances, accept["share"])
    return held


def _quantile(values: npt.NDArray[np.float64], chances: Sequence[Fraction], share: float) -> float:
    """The smallest value that at least this share of the draws do not exceed."""
    passed, wanted = Fraction(0), Fraction(str(share))
    for i in np.argsort(values, kind="stable").tolist():
        passed += chances[i]
        if passed >= wanted:
            return float(values[i])
    raise AssertionError("the chances of all draws sum to one")


class Mahalanobis:
    """The distance between the arms' means over all directions at once."""

    name = "Mahalanobis distance between the arms' means"

    def __init__(self, columns: npt.NDArray[np.float64], arms: int, share: float) -> None:
        from scipy.stats import chi2

        n = len(columns)
        variances, directions = np.linalg.eigh(columns.T @ columns / n)
        kept = variances > _NO_DIRECTION * variances.max()
        self.rank = int(kept.sum())
        self.arms = arms
        self.white = columns @ directions[:, kept] * np.sqrt((n - 1) / n / variances[kept])
        self.limit = round(float(chi2.ppf(share, self.rank * (arms - 1))), DECIMALS)

    def of(self, draws: npt.NDArray[np.int8]) -> npt.NDArray[np.float64]:
        """M of every draw; an arm without units adds nothing to it."""
        total = np.zeros(len(draws))
        for k in range(self.arms):
            held = (draws == k).astype(float)
            total += ((held @ self.white) ** 2).sum(axis=1) / np.maximum(held.sum(axis=1), 1)
        rounded: npt.NDArray[np.float64] = total.round(DECIMALS)
        return rounded


class LargestDifference:
    """The largest standardised difference of any column between any two arms."""

    name = "largest standardised difference"

    def __init__(self, columns: npt.NDArray[np.float64], arms: int, limit: float) -> None:
        self.columns, self.arms, self.limit = columns, arms, limit

    def of(self, draws: npt.NDArray[np.int8]) -> npt.NDArray[np.float64]:
        """The largest difference of every draw; without units in every arm there is none, and no limit holds."""
        low = np.full((len(draws), self.columns.shape[1]), np.inf)
        high = -low
        empty = np.zeros(len(draws), dtype=bool)
        for k in range(self.arms):
            held = (draws == k).astype(float)
            number = held.sum(axis=1)
            empty |= number == 0
            means = held @ self.columns / np.maximum(number, 1)[:, None]
            low, high = np.minimum(low, means), np.maximum(high, means)
        largest: npt.NDArray[np.float64] = np.where(empty, np.inf, (high - low).max(axis=1).round(DECIMALS))
        return largest
