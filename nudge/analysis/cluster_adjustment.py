"""What (I − H_gg)^−power makes of a contrast in some clusters of a fitted model.

With G = X̃_g'X̃_g of a cluster (k, k), a contrast c turns into t = (I − G)^−power c, the residuals'
weights into X̃_g t, and what the variance needs of them is t, s = G t and sums of their products
(Pustejovsky & Tipton 2018, eq. 8 and 11). Clusters whose leverages are all slight take the binomial
series of that power, which needs no directions; the others are turned to their own directions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nudge.trial.records.analysis import Floats

LEVERAGE_LIMIT = 1 - 1e-8
"""Rule 10: a leverage closer to 1 leaves no residual to estimate a variance from."""
SLIGHT = 0.05
"""A cluster's leverages add up to at most this where a series is used: a dozen terms are exact to rounding."""
_ROUNDING = 1e-17


@dataclass(frozen=True, slots=True)
class Adjusted:
    """For r contrasts in g clusters, in the orthonormal basis. t, s: (g, r, k)."""

    t: Floats
    s: Floats


@dataclass(frozen=True, slots=True)
class Slight:
    """Clusters of slight leverage. grams: G (g, k, k). scores: X̃'e (g, k)."""

    grams: Floats
    scores: Floats

    def adjusted(self, contrasts: Floats, power: float) -> Adjusted:
        """contrasts: (k, r). power: how the residuals' shrinkage is undone: 0, ½ or 1."""
        term = np.broadcast_to(contrasts.T, (len(self.grams), *contrasts.T.shape))
        largest = float(np.einsum("gkk->g", self.grams).max(initial=0.0))
        t, bound, j = term.copy(), 1.0, 0
        while power and bound > _ROUNDING:
            term = term @ self.grams * ((power + j) / (j + 1))
            t += term
            bound *= largest
            j += 1
        return Adjusted(t, t @ self.grams)

    def leverage(self, contrast: Floats, floor: float) -> float:  # noqa: ARG002 - every direction counts
        """The largest leverage there can be."""
        return float(np.einsum("gkk->g", self.grams).max())


@dataclass(frozen=True, slots=True)
class Turned:
    """Clusters by their own directions.

    rows: P (g, u, k), P'P = G and P P' = diag Λ. leverages: Λ (g, u). scores: X̃'e (g, k).
    """

    rows: Floats
    leverages: Floats
    scores: Floats

    def adjusted(self, contrasts: Floats, power: float) -> Adjusted:
        """contrasts: (k, r). power: how the residuals' shrinkage is undone: 0, ½ or 1."""
        change, back = _change(self.leverages, power), self.rows.transpose(0, 2, 1)
        t = contrasts + back @ (change[:, :, None] * (self.rows @ contrasts))
        s = back @ (self.rows @ t)
        return Adjusted(t.transpose(0, 2, 1), s.transpose(0, 2, 1))

    def leverage(self, contrast: Floats, floor: float) -> float:
        """The largest leverage of a direction along which a contrast (k,) pulls by at least a floor."""
        return float(self.leverages[np.abs(self.rows @ contrast) > floor].max(initial=0.0))


def by_rows(x: Floats, scores: Floats) -> Turned:
    """Clusters of u distinct rows: x (g, u, k)."""
    leverages, vectors = np.linalg.eigh(x @ x.transpose(0, 2, 1))
    return Turned(vectors.transpose(0, 2, 1) @ x, np.maximum(leverages, 0.0), scores)


def by_columns(grams: Floats, scores: Floats) -> list[Slight | Turned]:
    """Clusters of many distinct rows: grams (g, k, k)."""
    slight = np.einsum("gkk->g", grams) <= SLIGHT
    parts: list[Slight | Turned] = [Slight(grams[slight], scores[slight])] if slight.any() else []
    if not slight.all():
        leverages, vectors = np.linalg.eigh(grams[~slight])
        leverages = np.maximum(leverages, 0.0)
        rows = np.sqrt(leverages)[:, :, None] * vectors.transpose(0, 2, 1)
        parts.append(Turned(rows, leverages, scores[~slight]))
    return parts


def _change(leverages: Floats, power: float) -> Floats:
    """((1 − λ)^−power − 1) / λ, its limit at 0, and −1/λ where nothing is left to stretch."""
    usable = leverages < LEVERAGE_LIMIT
    small = leverages < 1e-12  # noqa: PLR2004 - below rounding of a sum of squares, the limit is exact
    safe = np.where(small | ~usable, 0.5, leverages)
    inside = np.expm1(-power * np.log1p(-safe)) / safe
    gone = -1 / np.where(usable, 1.0, leverages) if power else np.zeros_like(leverages)
    return np.where(usable, np.where(small, power, inside), gone)
