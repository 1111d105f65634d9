"""Intra-cluster correlation: how alike the rows of one randomised unit are."""

from __future__ import annotations

import numpy as np

from nudge.analysis.groups import compact
from nudge.trial.records.analysis import Floats, Ints


def anova_icc(y: Floats, cluster: Ints) -> float | None:
    """One-way analysis-of-variance estimate (Donner & Koval 1980), unequal sizes allowed.

    y: (n,). cluster: (n,) codes. None where every cluster has one row or nothing varies.
    """
    unit = compact(cluster)
    sizes = np.bincount(unit).astype(float)
    groups, n = sizes.size, float(y.size)
    if groups < 2 or n == groups:  # noqa: PLR2004 - one cluster has nothing to compare with
        return None
    means = np.bincount(unit, y) / sizes
    between = float((sizes * (means - y.mean()) ** 2).sum()) / (groups - 1)
    within = float(((y - means[unit]) ** 2).sum()) / (n - groups)
    typical = (n - float((sizes**2).sum()) / n) / (groups - 1)
    total = between + (typical - 1) * within
    return (between - within) / total if total > 0 else None
