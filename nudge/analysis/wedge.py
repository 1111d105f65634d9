"""The linear model of a stepped wedge: an effect of every cluster, of every period, and of having crossed.

Each row is compared with others of its own period, which some clusters spend on either side of
their crossing, and with others of its own cluster (Hussey & Hughes 2007, Contemp Clin Trials
28:182, with cluster effects fixed, so that nothing is assumed of how they are spread).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from nudge.analysis.comparison import COLUMNS_PER_UNIT_ADDITIVE, Choice, Pair
from nudge.analysis.groups import compact, first_rows
from nudge.analysis.least_squares import Column, LinearFit, fit
from nudge.analysis.linear_effect import LEAST_DF, grouped, need_spread, need_variance
from nudge.analysis.sandwich import clustered
from nudge.trial.errors import EstimationRefused
from nudge.trial.records.analysis import Fitted, Floats, Ints, Phases

if TYPE_CHECKING:
    from nudge.trial.records.analysis import Design

ESTIMATORS = {"immediate": "immediate_effect", "exposure_averaged": "exposure_averaged"}
"""The estimator of each estimand."""
_TOO_FEW = 3


def wedge_choice(design: Design, *, columns: int, clusters: int, average: str) -> Choice:
    """The estimator of the locked estimand; covariates beside it, at most one per five clusters."""
    estimand = design.estimand or "immediate"
    why = (
        "a stepped wedge whose effect is taken to be the same from the day of crossing" if estimand == "immediate"
        else "a stepped wedge whose effect may change with the time since crossing, averaged over it"
    )  # fmt: skip
    if average == "cluster":
        why += "; every cluster and period counts the same"
    fits = 0 < columns * COLUMNS_PER_UNIT_ADDITIVE <= clusters
    return Choice(ESTIMATORS[estimand], "CR2", "additive" if fits else "none", why)


def exposures(phases: Phases, treated: np.ndarray) -> Ints:
    """(n,) how many periods a row's cluster has been past its step, its own step the first; 0 in the control."""
    since: Ints = np.where(treated, phases.period - phases.step + 1, 0)
    return since


def wedge_effect(pair: Pair, adjustment: str, *, averaged: bool, name: str) -> Fitted:
    """Regress y on clusters, periods, covariates, and having crossed or each time since crossing; CR2 by cluster.

    averaged: the mean over times since crossing, each counting the same. Raises EstimationRefused
    where clusters or periods absorb the arm, and under rule 10.
    """
    model, contrast = wedge_model(pair, adjustment, averaged=averaged)
    variance = clustered(model, pair.unit, contrast)
    need_variance(variance)
    need_spread(variance.std_error, pair)
    if variance.df < LEAST_DF:
        raise EstimationRefused(f"only {variance.df:.1f} degrees of freedom are left", "use randomisation inference")
    return Fitted(
        estimate=model.estimate(contrast), std_error=variance.std_error, df=variance.df, estimator=name, vcov="CR2",
        parameters=len(model.names),
    )  # fmt: skip


def wedge_model(pair: Pair, adjustment: str, *, averaged: bool) -> tuple[LinearFit, Floats]:
    """The fitted model, and the contrast that is the effect. pair.weight: 1, or whom else a row stands for."""
    phases = need_comparison(pair)
    unit = compact(pair.unit)
    first = first_rows(unit)
    made = grouped(replace(pair, block=unit), phases.period)
    since = np.where(made.treated > 0, made.extra - phases.step[first][made.block] + 1, 0)
    arms = [
        Column(f"{one} {'period' if one == 1 else 'periods'} since the step", (since == one).astype(float))
        for one in np.unique(since[since > 0])
    ] if averaged else [Column("having crossed", made.treated)]  # fmt: skip
    columns = [
        Column("the constant", np.ones_like(made.treated)), *_levels(made.block, "cluster"),
        *_levels(made.extra, "period"), *(made.covariates if adjustment != "none" else ()), *arms,
    ]  # fmt: skip
    model = fit(made.cells, pair.y, columns, None if (made.weight == 1).all() else made.weight)
    contrast = np.zeros(len(columns))
    contrast[-len(arms) :] = 1 / len(arms)
    return model, contrast


def _levels(codes: Ints, what: str) -> list[Column]:
    return [Column(f"{what} {one}", (codes == one).astype(float)) for one in np.unique(codes)[1:]]


def need_comparison(pair: Pair) -> Phases:
    """The rows' phases. Raises EstimationRefused where no period has clusters on both sides of their crossing."""
    if pair.phases is None:
        raise AssertionError("only the rows of a stepped wedge have periods")
    if pair.units < _TOO_FEW:
        raise EstimationRefused(f"{pair.units} clusters cannot tell the arm from the periods", "draw more clusters")
    if not both_sides(pair.phases, pair.treated).any():
        raise EstimationRefused(
            "no period has clusters that have crossed and clusters that have not, so the effects of periods absorb "
            "the arm", "wait for families of such a period",
        )  # fmt: skip
    return pair.phases


def both_sides(phases: Phases, treated: np.ndarray) -> np.ndarray:
    """By period from 0: whether it holds rows in the arm and in the control."""
    size = phases.steps + 1
    crossed, waiting = (np.bincount(phases.period[treated == side], minlength=size) for side in (True, False))
    return (crossed > 0) & (waiting > 0)


def within_periods(pair: Pair) -> Floats:
    """The outcome less the mean of its arm and period; of other designs the outcome as it is."""
    if pair.phases is None:
        return pair.y
    of = compact(pair.phases.period * 2 + pair.treated)
    left: Floats = pair.y - (np.bincount(of, pair.y) / np.bincount(of))[of]
    return left


def cluster_periods(pair: Pair) -> Pair:
    """One row for every cluster and period: its mean outcome and mean covariates."""
    if pair.phases is None:
        raise AssertionError("only the rows of a stepped wedge have periods")
    key = pair.unit * (pair.phases.steps + 1) + pair.phases.period
    of = compact(key)
    first = first_rows(of)
    kept = np.zeros(key.size, dtype=bool)
    kept[first] = True
    sums = [np.bincount(of, column) for column in (pair.y, *pair.matrix.T)]
    means = (np.column_stack(sums) / np.bincount(of)[:, None])[np.argsort(first)]
    covariates = dict(zip(pair.names, means[:, 1:].T, strict=True))
    return replace(pair.only(kept), y=means[:, 0], covariates=covariates, received=None)
