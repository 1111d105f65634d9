"""The precision of a stepped wedge: clusters cross to the message one step at a time.

Generalised least squares on the means of cluster-periods, with a fixed effect of every period
and one constant effect of the message (Hussey & Hughes 2007, Contemp Clin Trials 28:182), and
with a correlation of one cluster's periods that may be below one (Hooper, Teerenstra, de Hoop
& Eldridge 2016, Stat Med 35:4718; Girling & Hemming 2016). Every person is seen once.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def wedge_error(clusters: Sequence[float], rows: float, variance: float, icc: float, cac: float) -> float:
    """The standard error of a constant effect in a stepped wedge.

    clusters: how many cross at each step; periods are the steps and one before them. rows:
    people per cluster and period. variance: of one person's outcome, within and between
    clusters. icc: correlation of two people of one cluster and period; cac: the share of it
    that two people of different periods keep.
    """
    periods = len(clusters) + 1
    own = variance * (1 + (rows - 1) * icc) / rows
    shared = variance * icc * cac
    inverse = np.linalg.inv(np.eye(periods) * (own - shared) + shared)
    information = np.zeros((periods + 1, periods + 1))
    for step, number in enumerate(clusters):
        crossed = (np.arange(periods) > step).astype(float)
        columns = np.column_stack([np.eye(periods), crossed])
        information += number * columns.T @ inverse @ columns
    return float(np.sqrt(np.linalg.inv(information)[-1, -1]))


def wedge_df(clusters: Sequence[float]) -> float:
    """Degrees of freedom of the constant effect: clusters − 2, by clusters and not by people.

    Near nominal for bias-reduced cluster variances in stepped wedges (Li, Turner & Preisser 2018,
    Biometrics 74:1450).
    """
    return max(float(sum(clusters)) - 2, 1.0)
