"""Standard errors that hold whatever the likeness of effects within a group, and the t law they have.

CR2: A_g = D' (D (V_g − X_g M X_g') D')^−½ D with D'D = V_g, so that the variance is right in expectation where
the model is (Bell & McCaffrey 2002; Pustejovsky & Tipton 2018, working model and weights alike). Degrees of
freedom are Satterthwaite's, from the same model.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from nudge.evidence.random_effects import Model
    from nudge.trial.records.analysis import Floats, Ints

_NOTHING = 1e-10
"""An eigenvalue this small beside the largest stands for a direction that the columns fit exactly."""


@dataclass(frozen=True, slots=True)
class RobustError:
    """A standard error and its degrees of freedom."""

    std_error: float
    df: float


def bias_reduced(model: Model, contrast: Floats) -> RobustError:
    """CR2 by the outermost level. contrast: (p,)."""
    scores, own, shares = [], [], []
    toward = model.bread @ contrast
    for stack, inverse in zip(model.stacks, model.inverses, strict=True):
        x, left = model.columns[stack.rows], model.residual[stack.rows]
        whole = np.linalg.inv(inverse)
        half = np.linalg.cholesky(whole).transpose(0, 2, 1)
        less = whole - x @ model.bread @ x.transpose(0, 2, 1)
        root = _inverse_roots(half @ less @ half.transpose(0, 2, 1))
        adjusted = half.transpose(0, 2, 1) @ root @ half
        pulls = np.einsum("mts,mt->ms", adjusted, np.einsum("mst,mtp,p->ms", inverse, x, toward))
        scores.append(np.einsum("ms,ms->m", pulls, left))
        own.append(np.einsum("ms,mst,mt->m", pulls, whole, pulls))
        shares.append(np.einsum("ms,msp->mp", pulls, x))
    score, variance, share = np.concatenate(scores), np.concatenate(own), np.concatenate(shares)
    # The covariance of two groups' scores is one's own variance, less share × M × share.
    both = share.T @ share @ model.bread
    trace = float(variance.sum() - np.trace(both))
    squares = float(
        (variance**2).sum()
        - 2 * (variance * np.einsum("mp,pq,mq->m", share, model.bread, share)).sum()
        + np.trace(both @ both)
    )
    return RobustError(float(np.sqrt((score**2).sum())), trace**2 / squares)


def _inverse_roots(matrices: Floats) -> Floats:
    values, vectors = np.linalg.eigh(matrices)
    kept = values > _NOTHING * values.max(axis=1, keepdims=True)
    roots = np.where(kept, 1 / np.sqrt(np.where(kept, values, 1.0)), 0.0)
    made: Floats = (vectors * roots[:, None, :]) @ vectors.transpose(0, 2, 1)
    return made


def by_any_group(model: Model, contrast: Floats, groups: Ints) -> RobustError:
    """CR1 by groups that need not be those of the model, G/(G − p), t on G − p: what papers print."""
    weights = np.empty_like(model.residual)
    toward = model.bread @ contrast
    for stack, inverse in zip(model.stacks, model.inverses, strict=True):
        weights[stack.rows] = np.einsum("mst,mtp,p->ms", inverse, model.columns[stack.rows], toward)
    code = np.unique(groups, return_inverse=True)[1]
    score = np.bincount(code, weights * model.residual)
    df = float(score.size - contrast.size)
    return RobustError(float(np.sqrt((score**2).sum() * score.size / df)), df)
