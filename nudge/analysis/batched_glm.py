"""Logistic, Poisson and negative binomial models of many runs at once, with their average effects.

What `marginal.py` does for one comparison: the arm beside blocks and covariates, fitted by scoring; everyone set to
the arm and to the control; the effect's variance by CR2 of the last weighted step. An entry's row of the orthonormal
basis of that step is q; with G the sum of q q′ over a unit, c the effect's gradient and r the unit's scores in that
basis, (I − G)^(−1/2) c is all that CR2 and its degrees of freedom need of the unit, as in `batched_model.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from nudge.analysis.batched_model import Entries
from nudge.analysis.marginal import LOGIT, POISSON, Family
from nudge.analysis.runs import Fits
from nudge.trial.records.analysis import Bools, Floats, Ints

_STEPS = 60
_SETTLED = 1e-10
_SINGULAR = 1e-10
_LEVERAGE = 1 - 1e-6
_HELD = 4_000_000
"""Numbers held at once."""
_FAR = 30.0
"""A linear predictor beyond which a run is left to the rows to judge."""
_LEAST, _MOST = -12.0, 6.0
_GOLDEN = (5**0.5 - 1) / 2
_NARROWINGS = 42


@dataclass(frozen=True, slots=True)
class _Table:
    """R runs: n (R, E) 1 where a row counts; y (R, E); x (R, E, k), the arm second; offset (E,); unit starts."""

    n: Floats
    y: Floats
    x: Floats
    offset: Floats
    starts: Ints

    @property
    def single(self) -> bool:
        """Whether a unit is a row."""
        return bool(self.starts.size == self.n.shape[1])


def glm_fits(named: str, entries: Entries, exposure: Floats | None, *, covariates: bool) -> Fits:
    """Effects of every run. entries: rows 0 or 1 each, as `batched.prepared` has them."""
    blocks = int(entries.block.max(initial=0)) + 1
    k = 2 + blocks - 1 + (entries.columns.shape[2] if covariates else 0)
    sites = int(np.bincount(entries.unit).max()) > 1
    at_once = max(1, _HELD // (entries.unit.size * k * (k if sites else 2)))
    places = [np.arange(at, min(at + at_once, len(entries.rows))) for at in range(0, len(entries.rows), at_once)]
    parts = [_fits(named, _table(entries.some(some), exposure, covariates=covariates)) for some in places]
    return Fits(*(np.concatenate([getattr(one, name) for one in parts]) for name in Fits.__slots__))


def _table(entries: Entries, exposure: Floats | None, *, covariates: bool) -> _Table:
    shape = entries.rows.shape
    blocks = (entries.block[:, None] == np.unique(entries.block)[1:]).astype(float)
    beside = [np.broadcast_to(one, shape) for one in blocks.T]
    if covariates:
        beside += [np.broadcast_to(one, shape) for one in np.moveaxis(entries.columns, 2, 0)]
    x = np.stack([np.ones(shape), entries.treated.astype(float), *beside], axis=2)
    return _Table(
        entries.rows, entries.totals, x, np.zeros(shape[1]) if exposure is None else np.log(exposure),
        np.flatnonzero(np.diff(entries.unit, prepend=-1)),
    )  # fmt: skip


def _fits(named: str, table: _Table) -> Fits:
    with np.errstate(all="ignore"):
        beta = _start(table, named)
        if named == "negative_binomial":
            dispersion, inside = _dispersions(table, beta)
            family = _dispersed(dispersion)
            found = _effect(named, family, table, *_scored(family, table, beta))
            return Fits(found.estimate, found.std_error, found.df, found.settled & inside)
        family = LOGIT if named == "logit" else POISSON
        return _effect(named, family, table, *_scored(family, table, beta))


def _dispersed(dispersion: Floats) -> Family:
    """Counts whose variance is μ + dispersion · μ², a dispersion to every run."""

    def spread(eta: Floats) -> Floats:
        mean = np.exp(eta)
        wide: Floats = mean + dispersion[:, None] * mean**2
        return wide

    return replace(POISSON, name="negative binomial", spread=spread)


def _start(table: _Table, named: str) -> Floats:
    """The mean of everyone, and nothing else."""
    beta = np.zeros((len(table.n), table.x.shape[2]))
    rate = (table.n * table.y).sum(axis=1) / (table.n * np.exp(table.offset)).sum(axis=1)
    beta[:, 0] = np.log(rate / (1 - rate)) if named == "logit" else np.log(rate)
    return beta


def _scored(family: Family, table: _Table, beta: Floats) -> tuple[Floats, Bools]:
    """Coefficients of greatest likelihood, (R, k), and where they stand."""
    sound: Bools = np.asarray(np.isfinite(beta).all(axis=1), dtype=bool)
    beta = np.where(sound[:, None], beta, 0.0)
    moved = np.full(len(beta), np.inf)
    for _ in range(_STEPS):
        eta = np.einsum("rek,rk->re", table.x, beta) + table.offset
        sound &= (np.abs(eta) < _FAR).all(axis=1)
        slope, spread = family.slope(eta), family.spread(eta)
        score = np.einsum("re,rek->rk", table.n * (table.y - family.mean(eta)) * slope / spread, table.x)
        gram = _gram(table.n * slope**2 / spread, table.x)
        sound &= _solvable(gram)
        step = np.linalg.solve(np.where(sound[:, None, None], gram, np.eye(beta.shape[1])), score[..., None])[..., 0]
        step = np.where(sound[:, None], step, 0.0)
        beta = beta + step
        moved = np.abs(np.einsum("rek,rk->re", table.x, step)).max(axis=1)
        if (moved < _SETTLED).all():
            break
    return beta, sound & (moved < _SETTLED)


def _gram(weight: Floats, x: Floats) -> Floats:
    found: Floats = (weight[:, :, None] * x).transpose(0, 2, 1) @ x
    return found


def _solvable(gram: Floats) -> Bools:
    """Whether no column is determined by the others."""
    length = np.sqrt(np.einsum("rii->ri", gram))
    whole = np.isfinite(gram).all(axis=(1, 2)) & (length > 0).all(axis=1)
    scaled = np.where(whole[:, None, None], gram / length[:, :, None] / length[:, None, :], np.eye(gram.shape[1]))
    return np.asarray(whole & (np.linalg.eigvalsh(scaled)[:, 0] > _SINGULAR))


def _effect(named: str, family: Family, table: _Table, beta: Floats, sound: Bools) -> Fits:
    """The average effect, its error and degrees of freedom."""
    eta = np.einsum("rek,rk->re", table.x, beta) + table.offset
    slope, spread = family.slope(eta), family.spread(eta)
    root = np.sqrt(table.n) * slope / np.sqrt(spread)
    gram = np.where(sound[:, None, None], _gram(root**2, table.x), np.eye(beta.shape[1]))
    half = np.linalg.inv(np.linalg.cholesky(gram)).transpose(0, 2, 1)
    (one, up), (other, down) = (_expected(family, table, beta, eta, arm) for arm in (1.0, 0.0))
    if named in {"rate_ratio", "negative_binomial"}:
        estimate, gradient = np.log(one) - np.log(other), up / one[:, None] - down / other[:, None]
    else:
        whole = (table.n * np.exp(table.offset)).sum(axis=1)
        estimate, gradient = (one - other) / whole, (up - down) / whole[:, None]
    q = (root[:, :, None] * table.x) @ half
    left = table.n * (table.y - family.mean(eta)) / np.sqrt(spread)
    contrast = np.einsum("rkj,rk->rj", half, gradient)
    variance, df, leverage = _of_rows(q, left, contrast) if table.single else _of_units(table.starts, q, left, contrast)
    error = np.sqrt(variance)
    return Fits(estimate, error, df, sound & (leverage < _LEVERAGE) & np.isfinite(error) & np.isfinite(estimate))


def _expected(family: Family, table: _Table, beta: Floats, eta: Floats, arm: float) -> tuple[Floats, Floats]:
    """Σ of what is expected with everyone on one side, (R,), and its gradient (R, k)."""
    moved = eta + (arm - table.x[:, :, 1]) * beta[:, 1:2]
    weight = table.n * family.slope(moved)
    gradient = np.einsum("re,rek->rk", weight, table.x)
    gradient[:, 1] = arm * weight.sum(axis=1)
    return (table.n * family.mean(moved)).sum(axis=1), gradient


def _of_rows(q: Floats, left: Floats, contrast: Floats) -> tuple[Floats, Floats, Floats]:
    """HC2: (I − q q′)^(−1/2) has a closed form."""
    h = (q**2).sum(axis=2)
    along = np.einsum("rek,rk->re", q, contrast) / np.sqrt(1 - h)
    squares = along**2
    spread = _gram(squares, q)
    below = (squares**2 * (1 - 2 * h)).sum(axis=1) + (spread**2).sum(axis=(1, 2))
    return (squares * left**2).sum(axis=1), (squares * (1 - h)).sum(axis=1) ** 2 / below, h.max(axis=1)


def _of_units(starts: Ints, q: Floats, left: Floats, contrast: Floats) -> tuple[Floats, Floats, Floats]:
    """CR2 by unit."""
    inside = np.add.reduceat(q[:, :, :, None] * q[:, :, None, :], starts, axis=1)
    scores = np.add.reduceat(q * left[:, :, None], starts, axis=1)
    values, vectors = np.linalg.eigh(np.where(np.isfinite(inside), inside, 0.0))
    along = np.einsum("rukj,rk->ruj", vectors, contrast) / np.sqrt(np.maximum(1 - values, 1 - _LEVERAGE))
    pulled = np.einsum("rukj,ruj->ruk", vectors, along)
    s = np.einsum("rukj,ruj->ruk", inside, pulled)
    squares, own = (pulled * s).sum(axis=2), (s**2).sum(axis=2)
    spread = s.transpose(0, 2, 1) @ s
    below = (squares**2 - 2 * squares * own).sum(axis=1) + (spread**2).sum(axis=(1, 2))
    variance = ((pulled * scores).sum(axis=2) ** 2).sum(axis=1)
    return variance, (squares - own).sum(axis=1) ** 2 / below, values.max(axis=(1, 2))


def _dispersions(table: _Table, beta: Floats) -> tuple[Floats, Bools]:
    """The dispersion of greatest likelihood of every run by golden section, and whether one was found (R,)."""
    low, high = np.full(len(beta), _LEAST), np.full(len(beta), _MOST)
    against = _likelihoods(table, beta)
    one, two = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    at_one, at_two = against(one), against(two)
    for _ in range(_NARROWINGS):
        lower = at_one < at_two
        low, high = np.where(lower, low, one), np.where(lower, two, high)
        new = np.where(lower, high - _GOLDEN * (high - low), low + _GOLDEN * (high - low))
        found = against(new)
        one, two, at_one, at_two = (
            np.where(lower, new, two), np.where(lower, one, new), np.where(lower, found, at_two),
            np.where(lower, at_one, found),
        )  # fmt: skip
    best = (low + high) / 2
    return np.exp(best), (best > _LEAST + 1) & (best < _MOST - 1)


def _likelihoods(table: _Table, beta: Floats) -> Callable[[Floats], Floats]:
    """Less the log-likelihood at a dispersion of each run, the mean fitted anew; what does not hang on it left out."""
    from scipy.special import gammaln

    last = [beta]

    def against(log_dispersion: Floats) -> Floats:
        size = np.exp(-log_dispersion)[:, None]
        last[0], _ = _scored(_dispersed(np.exp(log_dispersion)), table, last[0])
        mean = np.exp(np.einsum("rek,rk->re", table.x, last[0]) + table.offset)
        found: Floats = -(
            table.n * (gammaln(table.y + size) - gammaln(size) + table.y * np.log(mean / (mean + size))
                       + size * np.log(size / (mean + size)))
        ).sum(axis=1)  # fmt: skip
        return found

    return against
