"""Named estimators for many runs at once, where what they do comes down to numbers that can be had together.

A mean time or a chance of doing better is a number per row, and then the linear model of the plan (`batched.py`).
Logistic, Poisson and negative binomial models are fitted side by side (`batched_glm.py`); with nothing but the arm the
first two have each arm's rate for their answer, and CR2 of the last weighted step is a sum over units. Every number
equals that of `inference.answer` on the same rows; hazards, and what cannot be settled here, are left to it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from nudge.analysis.batched import fits, prepared
from nudge.analysis.batched_glm import glm_fits
from nudge.analysis.cluster_adjustment import LEVERAGE_LIMIT
from nudge.analysis.comparison import Pair, informative
from nudge.analysis.estimators import ordinal, survival
from nudge.analysis.linear_effect import LEAST_DF
from nudge.analysis.runs import Fits
from nudge.trial.errors import EstimationRefused

if TYPE_CHECKING:
    from nudge.analysis.runs import Runs
    from nudge.trial.records.analysis import Bools, Design, Floats, Ints

_OF_ROWS = {"ordinal": ordinal.row_values, "survival": survival.row_values}
_RATES = frozenset({"logit", "rate_ratio", "rate_difference"})
_MODELS = _RATES | {"negative_binomial"}
_BY_DESIGN = frozenset({"difference_in_means", "block_weighted", "fixed_effects"})
_SAME_CHANCE = 1e-9
_NO_SPREAD = 1e-12


def in_batches(named: str) -> bool:
    """Whether runs of this estimator are fitted together, and not one by one."""
    return named in _OF_ROWS or named in _MODELS


def named_fits(runs: Runs, design: Design) -> Fits:
    """Estimate, standard error and degrees of freedom of every run, before orientation."""
    if runs.named in _OF_ROWS:
        return _by_row_values(runs, design)
    if runs.named in _RATES and runs.baseline is None and int(runs.block.max(initial=0)) == 0 and _even(runs):
        return _rates(runs)
    return _models(runs, design) if runs.named in _MODELS else Fits.nothing(len(runs.rows))


def _models(runs: Runs, design: Design) -> Fits:
    """Models with blocks, covariates or a dispersion; runs with a block of one arm only, or weights, are left alone."""
    found = Fits.nothing(len(runs.rows))
    if runs.exposure is not None and not (runs.exposure > 0).all():
        return found
    entries, choices, whole = prepared(runs, design)
    for (choice, same), which in choices.items():
        if choice.estimator in _BY_DESIGN and same:
            one = glm_fits(runs.named or "", entries.some(which), runs.exposure, covariates=choice.adjustment != "none")
            stands = one.settled & whole[which] & (one.df >= LEAST_DF) & (one.std_error > _NO_SPREAD)
            found.put(which, replace(one, settled=stands & _both_have_events(runs, which)))
    return found


def _both_have_events(runs: Runs, which: Ints) -> Bools:
    """Whether both arms have events, and for a chance people without one."""
    told = np.ones(which.size, dtype=bool)
    for side in (True, False):
        inside = (runs.here & (runs.treated == side))[which][:, runs.unit] & (runs.rows[which] > 0)
        events, people = np.where(inside, runs.totals[which], 0.0).sum(axis=1), inside.sum(axis=1)
        told &= (events > 0) & ((runs.named != "logit") | (events < people))
    return told


def _even(runs: Runs) -> bool:
    """Whether everyone had the same chance of an arm, and something to count over."""
    chance = runs.chance is None or bool((np.ptp(1 / runs.chance, axis=1) < _SAME_CHANCE).all())
    return chance and (runs.exposure is None or bool((runs.exposure > 0).all()))


def _by_row_values(runs: Runs, design: Design) -> Fits:
    """What every row stands for, run by run; then the design's own estimator for all of them."""
    values, ready = np.zeros(runs.rows.shape), np.zeros(len(runs.rows), dtype=bool)
    find = _OF_ROWS[runs.named or ""]
    for run in range(len(values)):
        here = runs.here[run, runs.unit] & (runs.rows[run] > 0)
        pair = _bare_pair(runs, run, here)
        if design.blocks and informative(pair)[1]:
            continue
        try:
            values[run, here] = find(pair)
        except EstimationRefused:
            continue
        ready[run] = True
    found = fits(replace(runs, totals=values, binary=False, named=None), design)
    return replace(found, settled=found.settled & ready)


def _bare_pair(runs: Runs, run: int, here: Bools) -> Pair:
    """One run's rows, without covariates."""
    unit = runs.unit[here]
    treated = runs.treated[run, unit]
    chance = np.full((2, runs.block.size), np.nan) if runs.chance is None else runs.chance
    return Pair(
        y=runs.totals[run, here], treated=treated, unit=unit, block=runs.block[unit],
        weight=1 / np.where(treated, chance[0, unit], chance[1, unit]), covariates={},
        event=None if runs.event is None else runs.event[run, here],
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Side:
    """One arm of every run: its rate, what it is over, the rate's CR2 variance and that variance's degrees of freedom.

    all: (R,). sound: whether no unit is all of the arm, and it has events.
    """

    rate: Floats
    over: Floats
    variance: Floats
    df: Floats
    sound: Bools


def _rates(runs: Runs) -> Fits:
    """Two arms' rates, as a difference or the log of their ratio.

    The degrees of freedom are those of the least squares of the model's last step: there the arms' parts of the
    variance are expected to be as the working weights say.
    """
    sides = [_side(runs, treated=side) for side in (True, False)]
    one, other = sides
    with np.errstate(divide="ignore", invalid="ignore"):
        if runs.named == "rate_ratio":
            estimate = np.log(one.rate) - np.log(other.rate)
            parts = [side.variance / side.rate**2 for side in sides]
            expected = [1 / (side.over * side.rate) for side in sides]
        else:
            spread = [side.rate * (1 - side.rate) if runs.named == "logit" else side.rate for side in sides]
            estimate = one.rate - other.rate
            parts = [side.variance for side in sides]
            expected = [wide / side.over for wide, side in zip(spread, sides, strict=True)]
        error = np.sqrt(parts[0] + parts[1])
        df = (expected[0] + expected[1]) ** 2 / sum(e**2 / side.df for e, side in zip(expected, sides, strict=True))
        settled = one.sound & other.sound & np.isfinite(error) & (df >= LEAST_DF) & (error > _NO_SPREAD)
    return Fits(estimate, error, df, settled)


def _side(runs: Runs, *, treated: bool) -> _Side:
    """With h a unit's share of what the arm's rate is over, CR2 divides its squared residual by 1 − h."""
    starts = np.flatnonzero(np.diff(runs.unit, prepend=-1))
    units = runs.unit[starts]
    over = runs.rows if runs.exposure is None else runs.rows * runs.exposure
    inside = (runs.here & (runs.treated == treated))[:, units]
    events, whole = (
        np.where(inside, np.add.reduceat(np.where(runs.rows > 0, values, 0.0), starts, axis=1), 0.0)
        for values in (runs.totals, over)
    )
    total, number = whole.sum(axis=1), events.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = number / total
        h = whole / total[:, None]
        left = np.where(h < LEVERAGE_LIMIT, 1 - h, np.nan)
        variance = ((events - rate[:, None] * whole) ** 2 / left).sum(axis=1) / total**2
        below = (h**2 * (1 - 2 * h) / left**2).sum(axis=1) + (h**2 / left).sum(axis=1) ** 2
        df = 1 / below
    sound = (number > 0) & np.isfinite(variance)
    if runs.named == "logit":
        sound &= number < total
    return _Side(rate, total, variance, df, sound)
