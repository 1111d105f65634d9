"""Ratio of hazards, from Cox's regression within blocks, with a variance that follows the randomised unit.

How many times as often the event happens at any moment among those it has not happened to. It assumes that this
ratio stays the same over the time followed, and it moves when covariates are added even if they are balanced, so the
mean time (`survival`) is the plan unless the file names this. Ties by Efron (1977). The variance adds up score
residuals by the randomised unit (Lin & Wei 1989), times G/(G − 1), with t on G − 1 − columns: too small with few
clusters, so fewer than 30 are refused. Coefficients are found from the same score residuals: statsmodels goes through
the days one by one, and under Efron's ties its clustered variance is not R's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nudge.analysis.comparison import FEW_CLUSTERS
from nudge.analysis.joint import JointTest
from nudge.analysis.survival_times import log_rank, need_events, rank_scores
from nudge.trial.errors import EstimationRefused
from nudge.trial.records.analysis import Fitted, Floats, Ints

if TYPE_CHECKING:
    from nudge.analysis.comparison import Pair

ESTIMAND = "average effect of being allocated to the arm, as a ratio of hazards"
KINDS = ("time_to_event",)
SCALE = "log_ratio"
UNIT = "times"
SHORTENS = True
scores = rank_scores
_SETTLED = 1e-10
_STEPS = 50


def estimate(pair: Pair, adjustment: str) -> Fitted:
    """Natural logarithm of the ratio of hazards; covariates beside the arm."""
    x = np.column_stack([pair.treated.astype(float), *(pair.matrix.T if adjustment != "none" else ())])
    coefficients, covariance = _fitted(pair, x, pair.block)
    df = float(pair.units - 1 - x.shape[1])
    note = "" if pair.clustered else "log-rank χ² {:.2f}, p {:.3g}".format(*log_rank(pair))
    error = float(np.sqrt(covariance[0, 0]))
    return Fitted(float(coefficients[0]), error, df, "cox", "robust", x.shape[1], note, _shares(pair))


def alike(pair: Pair, codes: Ints) -> JointTest:
    """Whether the ratio is the same in every level; codes: (n,) from 0. Hazards of levels have nothing in common.

    Wald's statistic with the robust variance over the number of contrasts; F with G − 1 − levels below.
    """
    from scipy.stats import f

    levels = int(codes.max()) + 1
    x = np.equal.outer(codes, np.arange(levels)) * pair.treated[:, None].astype(float)
    coefficients, covariance = _fitted(pair, x, pair.block * levels + codes)
    contrasts = np.vstack([-np.ones(levels - 1), np.eye(levels - 1)])
    effect, below = contrasts.T @ coefficients, float(pair.units - 1 - levels)
    spread = np.linalg.solve(contrasts.T @ covariance @ contrasts, effect)
    statistic = float(effect @ spread) / (levels - 1)
    p_value = float(f.sf(statistic, levels - 1, below))
    return JointTest(statistic, float(levels - 1), below, p_value, "robust variance of Cox's regression")


def _fitted(pair: Pair, x: Floats, stratum: Ints) -> tuple[Floats, Floats]:
    """Coefficients (k,) and their variance by the randomised unit, (k, k)."""
    need_events(pair)
    if pair.event is None:
        raise AssertionError("need_events refuses times without events")
    if pair.clustered and pair.units < FEW_CLUSTERS:
        raise EstimationRefused(
            f"a ratio of hazards needs {FEW_CLUSTERS} clusters for its error, and there are {pair.units}",
            "use survival, the mean time until it happened",
        )
    x = x - x.mean(axis=0)
    coefficients, residuals, inverse = _newton(pair.y, pair.event, x, stratum)
    by_unit = np.column_stack([np.bincount(pair.unit, column) for column in (residuals @ inverse).T])
    return coefficients, np.asarray(pair.units / (pair.units - 1) * (by_unit.T @ by_unit), dtype=float)


def _shares(pair: Pair) -> tuple[float, float]:
    """Events per day followed, by arm."""
    if pair.event is None:
        raise AssertionError("need_events refuses times without events")
    arm, control = (float(pair.event[here].sum() / pair.y[here].sum()) for here in (pair.treated, ~pair.treated))
    return arm, control


def _newton(time: Floats, event: Floats, x: Floats, stratum: Ints) -> tuple[Floats, Floats, Floats]:
    """Coefficients, score residuals and inverse information, by Newton's steps from nothing.

    The logarithm of the partial likelihood is concave (Cox 1972), so steps that do not come to rest lead nowhere.
    """
    coefficients = np.zeros(x.shape[1])
    for _ in range(_STEPS):
        with np.errstate(all="ignore"):
            residuals, information = score_residuals(time, event, x, stratum, coefficients)
        if not np.isfinite(information).all() or not np.isfinite(residuals).all():
            break
        covariance = np.asarray(np.linalg.pinv(information), dtype=float)
        step = covariance @ residuals.sum(axis=0)
        if np.abs(x @ step).max() < _SETTLED:
            return coefficients, residuals, covariance
        coefficients = coefficients + step
    raise EstimationRefused(
        "Cox's regression does not converge: some group has no events", "leave out covariates with few events"
    )


def score_residuals(
    time: Floats, event: Floats, x: Floats, stratum: Ints, coefficients: Floats
) -> tuple[Floats, Floats]:
    """Each row's part of the score, (n, k), and the information, (k, k); ties by Efron, within strata."""
    residuals, information = np.zeros_like(x), np.zeros((x.shape[1], x.shape[1]))
    for one in np.unique(stratum):
        here = stratum == one
        if event[here].any():
            residuals[here], part = _of_stratum(time[here], event[here] == 1, x[here], coefficients)
            information += part
    return residuals, information


def _of_stratum(time: Floats, died: np.ndarray, x: Floats, coefficients: Floats) -> tuple[Floats, Floats]:
    """At a moment with d events the risk set is left d times, each time by a share of those with events."""
    risk = np.exp(x @ coefficients)
    moments, number = np.unique(time[died], return_counts=True)
    k = x.shape[1]
    parts = np.column_stack([np.ones_like(risk), x, (x[:, :, None] * x[:, None, :]).reshape(-1, k * k)]) * risk[:, None]
    order = np.argsort(-time, kind="stable")
    among = np.cumsum(parts[order], axis=0)[np.searchsorted(-time[order], -moments, side="right") - 1]
    place = np.searchsorted(moments, time[died])
    dying = np.zeros_like(among)
    np.add.at(dying, place, parts[died])
    of = np.repeat(np.arange(moments.size), number)
    share = (np.arange(of.size) - np.repeat(np.cumsum(number) - number, number)) / number[of]
    left = among[of] - share[:, None] * dying[of]
    mean = left[:, 1 : k + 1] / left[:, :1]
    spread = (left[:, k + 1 :] / left[:, :1]).sum(axis=0).reshape(k, k) - mean.T @ mean
    hazard = np.column_stack([1 / left[:, 0], mean / left[:, :1]])
    summed, spared, centre = (
        np.column_stack([np.bincount(of, column, minlength=moments.size) for column in values.T])
        for values in (hazard, hazard * share[:, None], mean / number[of][:, None])
    )
    so_far = np.vstack([np.zeros(k + 1), np.cumsum(summed, axis=0)])[np.searchsorted(moments, time, side="right")]
    so_far[died] -= spared[place]
    residuals = -risk[:, None] * (x * so_far[:, :1] - so_far[:, 1:])
    residuals[died] += x[died] - centre[place]
    return residuals, spread
