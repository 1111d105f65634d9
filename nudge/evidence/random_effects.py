"""Effects that differ by more than their own errors, and are alike within studies, by restricted likelihood.

y = Xβ + u₁ + … + u_L + e: e has the variances that the studies report, u_l is shared by the effects of one
group of level l, and groups lie within those of the level before. The variances σ² of the u are those of greatest
restricted likelihood (Patterson & Thompson 1971; Viechtbauer 2005), found with its own gradient
∂ℓ/∂σ²_l = −½ [tr(P S_l) − y'P S_l P y], P = W − WX(X'WX)⁻¹X'W, S_l one where two effects share u_l.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nudge.trial.errors import EstimationRefused
from nudge.trial.records.analysis import Floats, Ints

_FLAT = 1e-6
"""A gradient this small beside the likelihood's curvature is none."""
_STARTS = (0.3, 0.01)
"""Shares of the spread of the effects that the search begins with."""
_LEAST, _MOST = 1e-12, 1e4
_AS_LIKELY = 1e-7
"""A variance whose absence costs no more log likelihood than this is zero."""


@dataclass(frozen=True, slots=True)
class Stack:
    """The outermost groups that have s effects, m of them.

    rows: (m, s) their effects. alike: (L, m, s, s) 1 where two effects share the level's u.
    """

    rows: Ints
    alike: Floats


@dataclass(frozen=True, slots=True)
class Model:
    """A fitted model of k effects on p columns.

    columns: (k, p). residual: (k,). coefficients: (p,). bread: (p, p) inverse of X'WX. stacks: the outermost
    groups by size; inverses: for each of them the (m, s, s) inverse of its variance.
    """

    columns: Floats
    residual: Floats
    variance: Floats
    coefficients: Floats
    bread: Floats
    sigma2: tuple[float, ...]
    stacks: tuple[Stack, ...]
    inverses: tuple[Floats, ...]

    @property
    def groups(self) -> int:
        """Groups of the outermost level: the units that are independent."""
        return sum(len(stack.rows) for stack in self.stacks)

    def wald_error(self, contrast: Floats) -> float:
        """The standard error that takes the variances of the u as known."""
        return float(np.sqrt(contrast @ self.bread @ contrast))

    def weighted_residual(self) -> float:
        """r'Wr; k − p where the model's variances are right."""
        return sum(
            float(np.einsum("ms,mst,mt->", self.residual[stack.rows], inverse, self.residual[stack.rows]))
            for stack, inverse in zip(self.stacks, self.inverses, strict=True)
        )


def common_effect(effect: Floats, variance: Floats, columns: Floats) -> Model:
    """Weights of one over the variance, no u: what a fixed effect assumes."""
    return _fitted(_Given(effect, variance, columns, _stacks([np.arange(effect.size)])), np.zeros(1))


def random_effects(effect: Floats, variance: Floats, columns: Floats, levels: Sequence[Ints]) -> Model:
    """The model with one u for every level.

    effect, variance: (k,). columns: (k, p). levels: (k,) codes each, the outermost first, the last one different for
    every effect. Raises EstimationRefused where there are no more effects than columns or the search does not end.
    """
    from scipy.optimize import minimize

    k, p = columns.shape
    if k <= p:
        raise EstimationRefused(f"{k} effects are too few for {p} columns", "pool more studies")
    given = _Given(effect, variance, columns, _stacks(levels))
    spread = float(effect.var(ddof=1))
    if spread == 0:
        return _fitted(given, np.zeros(len(levels)))
    bounds = [(np.log(_LEAST), np.log(_MOST))] * len(levels)
    found = [
        minimize(
            given.loss_by_logarithm, np.full(len(levels), np.log(start)), args=(spread,), jac=True, method="SLSQP",
            bounds=bounds, options={"ftol": 1e-15, "maxiter": 500},
        )
        for start in _STARTS
    ]  # fmt: skip
    best = min(found, key=lambda one: float(one.fun))
    if np.abs(best.jac).max() > _FLAT * k:
        raise EstimationRefused("the search for the variance between studies did not end", "check the standard errors")
    return _fitted(given, given.without_the_least(np.exp(best.x), spread) * spread)


@dataclass(frozen=True, slots=True)
class _Given:
    y: Floats
    v: Floats
    x: Floats
    stacks: tuple[Stack, ...]

    def inverses(self, sigma2: Floats) -> list[tuple[Floats, float]]:
        """Every stack's inverse variances, and the logarithms of their determinants summed."""
        made = []
        for stack in self.stacks:
            s = stack.rows.shape[1]
            whole = np.tensordot(sigma2, stack.alike, axes=1)
            whole[:, np.arange(s), np.arange(s)] += self.v[stack.rows]
            made.append((np.linalg.inv(whole).astype(np.float64), float(np.linalg.slogdet(whole)[1].sum())))
        return made

    def solved(self, inverses: Sequence[Floats]) -> tuple[Floats, Floats]:
        """X'WX and X'Wy."""
        p = self.x.shape[1]
        xx, xy = np.zeros((p, p)), np.zeros(p)
        for stack, inverse in zip(self.stacks, inverses, strict=True):
            weighted = inverse @ self.x[stack.rows]
            flat = weighted.reshape(-1, p).T
            xx += flat @ self.x[stack.rows].reshape(-1, p)
            xy += flat @ self.y[stack.rows].ravel()
        return xx, xy

    def loss(self, share: Floats, scale: float) -> tuple[float, Floats]:
        """Minus the restricted log likelihood and its gradient, by variances as shares of `scale`."""
        made = self.inverses(share * scale)
        xx, xy = self.solved([inverse for inverse, _ in made])
        bread = np.linalg.inv(xx)
        left = self.y - self.x @ (bread @ xy)
        value = float(np.linalg.slogdet(xx)[1])
        slope = np.zeros(share.size)
        for stack, (inverse, logarithm) in zip(self.stacks, made, strict=True):
            pulled = inverse @ left[stack.rows][:, :, None]
            weighted = inverse @ self.x[stack.rows]
            value += logarithm + float((pulled[:, :, 0] * left[stack.rows]).sum())
            slope += (inverse * stack.alike).sum(axis=(1, 2, 3))
            slope -= ((weighted @ bread) * (stack.alike @ weighted)).sum(axis=(1, 2, 3))
            slope -= (pulled * (stack.alike @ pulled)).sum(axis=(1, 2, 3))
        return value / 2, slope * scale / 2

    def loss_by_logarithm(self, share: Floats, scale: float) -> tuple[float, Floats]:
        """The same by the logarithms of the shares, in which the search goes straight."""
        value, slope = self.loss(np.exp(share), scale)
        return value, slope * np.exp(share)

    def without_the_least(self, share: Floats, scale: float) -> Floats:
        """Shares that are zero but for the end of the search, as zeros."""
        for i in np.argsort(share):
            without = np.where(np.arange(share.size) == i, 0.0, share)
            if self.loss(without, scale)[0] <= self.loss(share, scale)[0] + _AS_LIKELY:
                share = without
        return share


def _fitted(given: _Given, sigma2: Floats) -> Model:
    inverses = tuple(inverse for inverse, _ in given.inverses(sigma2))
    xx, xy = given.solved(inverses)
    bread = np.linalg.inv(xx).astype(np.float64)
    coefficients = bread @ xy
    return Model(
        given.x, given.y - given.x @ coefficients, given.v, coefficients, bread, tuple(sigma2.tolist()), given.stacks,
        inverses,
    )  # fmt: skip


def _stacks(levels: Sequence[Ints]) -> tuple[Stack, ...]:
    outer = np.unique(levels[0], return_inverse=True)[1]
    order = np.argsort(outer, kind="stable")
    sizes = np.bincount(outer)
    starts = np.cumsum(sizes) - sizes
    made = []
    for size in np.unique(sizes):
        rows = order[starts[sizes == size][:, None] + np.arange(size)]
        alike = np.stack([codes[rows][:, :, None] == codes[rows][:, None, :] for codes in levels]).astype(float)
        made.append(Stack(rows, alike))
    return tuple(made)
