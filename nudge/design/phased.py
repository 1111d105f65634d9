"""The precision of a stepped wedge: clusters cross to the message one step at a time.

Of the estimator that the analysis takes: least squares with effects of every cluster and period
(Hussey & Hughes 2007, Contemp Clin Trials 28:182, with cluster effects fixed), one constant
effect or the mean over the periods since crossing (Kenny et al. 2022, Stat Med 41:4311). Its
variance is worked out under people who are alike within a cluster and period, and less so
between periods of one cluster (Hooper, Teerenstra, de Hoop & Eldridge 2016, Stat Med 35:4718);
its degrees of freedom are those of CR2 (Pustejovsky & Tipton 2018). Every person is seen once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nudge.trial.records.analysis import Floats

_WHOLE = 1e-9


@dataclass(frozen=True, slots=True)
class Wedge:
    """The steps of a stepped wedge, less what the effects of clusters take out.

    number: (S,) clusters of each step. x: (S, S + 1, k) periods but the first, then the arm or each
    number of periods since the step. wanted: (k,) the contrast.
    """

    number: Floats
    x: Floats
    wanted: Floats

    @classmethod
    def of(cls, clusters: Sequence[float], *, averaged: bool) -> Wedge:
        """clusters: how many cross at each step; periods are the steps and one before them."""
        steps = len(clusters)
        since = np.maximum(np.arange(steps + 1) - np.arange(steps)[:, None], 0)
        levels = [since == one for one in range(1, steps + 1)] if averaged else [since > 0]
        periods = np.broadcast_to(np.eye(steps + 1)[:, 1:], (steps, steps + 1, steps))
        x = np.concatenate([periods, np.stack(levels, axis=2).astype(float)], axis=2)
        wanted = np.zeros(x.shape[2])
        wanted[-len(levels) :] = 1 / len(levels)
        return cls(np.asarray(clusters, dtype=float), x - x.mean(axis=1, keepdims=True), wanted)

    @property
    def bread(self) -> Floats:
        """(k, k)."""
        inverse: Floats = np.linalg.inv(np.einsum("s,spk,spj->kj", self.number, self.x, self.x))
        return inverse


def wedge_error(
    clusters: Sequence[float], rows: float, variance: float, icc: float, cac: float, *, averaged: bool = False
) -> float:
    """The standard error of the effect in a stepped wedge.

    clusters: how many cross at each step; periods are the steps and one before them. rows:
    people per cluster and period. variance: of one person's outcome, within and between
    clusters. icc: correlation of two people of one cluster and period; cac: the share of it
    that two people of different periods keep. averaged: over the periods since crossing.
    """
    wedge = Wedge.of(clusters, averaged=averaged)
    # What all periods of a cluster share falls to the effect of that cluster.
    own = variance * (1 + (rows - 1) * icc) / rows - variance * icc * cac
    return float(np.sqrt(own * (wedge.wanted @ wedge.bread @ wedge.wanted)))


def wedge_df(clusters: Sequence[float], *, averaged: bool = False) -> float:
    """Satterthwaite degrees of freedom of the effect's CR2 variance, clusters alike in size; 1 at the least."""
    wedge = Wedge.of(clusters, averaged=averaged)
    values, vectors = np.linalg.eigh(wedge.bread)
    half = vectors * np.sqrt(values)
    x, wanted = wedge.x @ half, half.T @ wedge.wanted
    leverage, turned = np.linalg.eigh(x @ x.transpose(0, 2, 1))
    usable = leverage < 1 - _WHOLE
    stretch = np.where(usable, np.where(usable, 1 - leverage, 1.0) ** -0.5, 0.0)
    pull = np.einsum("spq,sp->sq", turned, x @ wanted)
    adjusted = np.einsum("spq,sq->sp", turned, stretch * pull)
    score = np.einsum("spk,sp->sk", x, adjusted)
    squares, own = (adjusted**2).sum(axis=1), (score**2).sum(axis=1)
    spread = np.einsum("s,sk,sj->kj", wedge.number, score, score)
    below = float(wedge.number @ (squares**2 - 2 * squares * own)) + float((spread**2).sum())
    return max(float(wedge.number @ (squares - own)) ** 2 / below, 1.0) if below > 0 else 1.0
