"""Missing outcomes filled in many times, each completed set analysed as the plan says (statistics.md 25).

Within each arm an outcome is foretold from the declared covariates, the block and the cluster, and drawn
with its own luck; the model is fitted anew to a bootstrap draw of the randomised units each time, so that
what is not known of the model counts too. Assumes that those without an outcome are like those with one
who share arm, block, cluster and covariates.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

import numpy as np

from nudge.analysis.covariates import coded_columns, numbers_of
from nudge.analysis.groups import compact
from nudge.trial.errors import EstimationRefused
from nudge.trial.records.columns import some_rows

if TYPE_CHECKING:
    from nudge.trial.records.analysis import AnalysisRows, Bools, Floats, Ints

SEED = 20_270_111
_ROWS_A_BLOCK = 10
"""Blocks with fewer known rows than this, on average in the arm, enter by their mean."""
_FEWEST_KNOWN = 10
_PRIOR_SD = 2.5
"""Of coefficients per standard deviation of a predictor (Gelman et al. 2008): separation does no harm."""
_STEPS = 100
_DONORS = 5
"""Those known from whom one outcome is taken (van Buuren 2018, section 3.4.3)."""


@dataclass(frozen=True, slots=True)
class Pooled:
    """Several completed sets as one answer (Rubin 1987), with Barnard and Rubin's (1999) degrees of freedom.

    lost: the share of the variance that comes from what is missing.
    """

    estimate: float
    std_error: float
    df: float
    lost: float


def pooled(estimates: Sequence[float], variances: Sequence[float], df_complete: float) -> Pooled:
    """Rubin's rules. df_complete: degrees of freedom had nothing been missing."""
    sets = len(estimates)
    within, between = float(np.mean(variances)), float(np.var(estimates, ddof=1))
    total = within + (1 + 1 / sets) * between
    lost = (1 + 1 / sets) * between / total
    of_sets = (sets - 1) / lost**2 if lost > 0 else inf
    observed = (df_complete + 1) / (df_complete + 3) * df_complete * (1 - lost)
    return Pooled(float(np.mean(estimates)), float(np.sqrt(total)), 1 / (1 / of_sets + 1 / observed), lost)


@dataclass(frozen=True, slots=True)
class _Arm:
    """One arm's rows: what foretells the outcome, who is known, who was drawn together.

    x: (n, p) predictors, a constant first. y: (n,) nan where missing. unit: (n,) codes from 0.
    """

    where: Ints
    x: Floats
    y: Floats
    unit: Ints

    @property
    def known(self) -> Bools:
        return ~np.isnan(self.y)


def completed(
    rows: AnalysisRows, arms: tuple[str, str], covariates: Sequence[str], sets: int, *, kind: str, seed: int = SEED
) -> Iterator[Floats]:
    """The outcome of all rows, `sets` times over, filled in for two arms.

    kind: of the outcome: a yes or no is drawn with its chance, an answer in an order or a count is somebody else's.
    Raises EstimationRefused where an arm has too few known outcomes to learn from.
    """
    for arm in arms:
        if int((~np.isnan(rows.outcome[rows.arm.is_(arm)])).sum()) < _FEWEST_KNOWN:
            raise EstimationRefused(f"too few outcomes are known in {arm} to foretell the others", "read the bounds")
    models = [_arm(rows, arm, arms, covariates) for arm in arms]
    for name, model in zip(arms, models, strict=True):
        if model.known.sum() < 2 * model.x.shape[1]:
            raise EstimationRefused(
                f"too few outcomes are known in {name} for so many covariates and blocks", "read the bounds"
            )
    rng = np.random.default_rng(seed)
    for _ in range(sets):
        filled = rows.outcome.copy()
        for model in models:
            filled[model.where[~model.known]] = _DRAWN.get(kind, _values)(model, rng)
        yield filled


def _arm(rows: AnalysisRows, arm: str, arms: tuple[str, str], covariates: Sequence[str]) -> _Arm:
    here = rows.arm.is_(arm)
    coded = coded_columns({name: rows.covariates[name] for name in covariates}, rows.arm.among(arms))
    y = rows.outcome[here]
    unit, block = compact(rows.unit[here]), compact(rows.block[here])
    columns = [
        values.astype(float) for column in coded.values() for values in numbers_of(some_rows(column, here))
    ]  # fmt: skip
    if block.max() > 0 and (block.max() + 1) * _ROWS_A_BLOCK <= int((~np.isnan(y)).sum()):
        columns += [(block == one).astype(float) for one in range(1, int(block.max()) + 1)]
    elif block.max() > 0:
        columns.append(_mean_of_others(y, block))
    if unit.max() + 1 < y.size:
        columns.append(_mean_of_others(y, unit))
    varying = [(column - column.mean()) / column.std() for column in columns if np.ptp(column) > 0]
    return _Arm(np.flatnonzero(here), np.column_stack([np.ones(y.size), *varying]), y, unit)


def _mean_of_others(y: Floats, group: Ints) -> Floats:
    """The mean outcome of everyone else in the group, the arm's own mean counted once among them."""
    known = ~np.isnan(y)
    values = np.where(known, y, 0.0)
    total = np.bincount(group, values)[group] - values
    others = np.bincount(group, known)[group] - known
    return np.asarray((total + float(y[known].mean())) / (others + 1), dtype=float)


def _redrawn(model: _Arm, rng: np.random.Generator) -> Floats:
    """How often each known row stands in a bootstrap draw of the arm's units: (n,)."""
    units = int(model.unit.max()) + 1
    times = np.bincount(rng.integers(0, units, units), minlength=units)[model.unit] * model.known
    return np.asarray(times if times.any() else model.known, dtype=float)


def _events(model: _Arm, rng: np.random.Generator) -> Floats:
    coefficients = logistic(model.x, np.where(model.known, model.y, 0.0), _redrawn(model, rng))
    chance = 1 / (1 + np.exp(-(model.x[~model.known] @ coefficients)))
    return np.asarray(rng.random(chance.size) < chance, dtype=float)


def _values(model: _Arm, rng: np.random.Generator) -> Floats:
    times = _redrawn(model, rng)
    y = np.where(model.known, model.y, 0.0)
    root = np.sqrt(times)
    coefficients = np.linalg.lstsq(model.x * root[:, None], y * root)[0]
    left = (y - model.x @ coefficients)[model.known]
    chance = times[model.known] / times.sum()
    luck = rng.choice(left, int((~model.known).sum()), p=chance)
    return np.asarray(model.x[~model.known] @ coefficients + luck, dtype=float)


def _donated(model: _Arm, rng: np.random.Generator) -> Floats:
    """The outcome of one of those known who are foretold most alike (predictive mean matching, Little 1988)."""
    root = np.sqrt(_redrawn(model, rng))
    known = model.known
    y = np.where(known, model.y, 0.0)
    foretold = model.x @ np.linalg.lstsq(model.x * root[:, None], y * root)[0]
    # A tie is broken by chance, or the same few would give for everyone foretold alike.
    order = rng.permutation(int(known.sum()))
    order = order[np.argsort(foretold[known][order], kind="stable")]
    donors, levels = model.y[known][order], foretold[known][order]
    low, high = (np.searchsorted(levels, foretold[~known], side=side) for side in ("left", "right"))
    place = rng.integers(low, high + 1)
    first = np.clip(place - _DONORS // 2, 0, max(0, donors.size - _DONORS))
    return np.asarray(donors[first + rng.integers(0, min(_DONORS, donors.size), first.size)], dtype=float)


_DRAWN = {"binary": _events, "ordinal": _donated, "count": _donated}
"""How an outcome of each kind is filled in; a measurement by what is foretold and another's residual."""


def logistic(x: Floats, y: Floats, times: Floats) -> Floats:
    """Logistic regression of rows that count so many times, with a weak normal prior but for the constant.

    Raises EstimationRefused where Newton's steps do not settle.
    """
    penalty = np.full(x.shape[1], 1 / _PRIOR_SD**2)
    penalty[0] = 1e-8
    share = (times @ y + 0.5) / (times.sum() + 1)
    coefficients = np.zeros(x.shape[1])
    coefficients[0] = np.log(share / (1 - share))
    for _ in range(_STEPS):
        chance = 1 / (1 + np.exp(-np.clip(x @ coefficients, -30, 30)))
        slope = x.T @ (times * (y - chance)) - penalty * coefficients
        curve = (x * (times * chance * (1 - chance))[:, None]).T @ x + np.diag(penalty)
        step = np.linalg.solve(curve, slope)
        size = float(np.abs(step).max())
        coefficients = coefficients + step * min(1.0, 2.0 / size if size > 0 else 1.0)
        if size < 1e-8:  # noqa: PLR2004 - settled
            return coefficients
    raise EstimationRefused("who had the event cannot be foretold from the covariates", "read the bounds")
