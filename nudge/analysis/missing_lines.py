"""What stands beside the plan where outcomes are missing: Lee's bounds, weights by the chance of one, imputation.

Each says what it assumes (statistics.md 25). Worst and best case, which assume nothing, are in `lines.py`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from nudge.analysis.answers import Answer, t_p_value
from nudge.analysis.comparison import informs
from nudge.analysis.covariates import coded_columns, matrix
from nudge.analysis.estimators import estimator
from nudge.analysis.imputation import completed, pooled
from nudge.analysis.inference import answer
from nudge.analysis.missing import lee_bounds, needs_bounds, response_weights, shares_missing
from nudge.analysis.named import row_values
from nudge.analysis.remarks import Remark
from nudge.analysis.wedge import cluster_periods, wedge_choice
from nudge.trial.errors import EstimationRefused
from nudge.trial.problems import listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nudge.analysis.comparison import Pair
    from nudge.analysis.lines import Line
    from nudge.trial.records.analysis import Estimate, Floats

FEWEST_SETS = 2
"""One completed set alone cannot tell how much is lost."""


_NO_MEAN = {
    "ordinal": "a chance of doing better", "survival": "a time that is not known to its end for everyone",
    "cox": "a ratio of hazards", "rate_ratio": "a ratio of rates", "negative_binomial": "a ratio of rates",
    "rate_difference": "a difference of rates",
}  # fmt: skip
_WEIGHTS, _IMPUTATION = "weights by the chance of an outcome", "imputation of missing outcomes"


def missing_lines(line: Line) -> Iterator[Estimate | Remark]:
    """Sensitivity of a comparison to who is missing, where enough are (rule 1); or why a line of it is not there."""
    if needs_bounds(line.rows, line.comparison.arm, line.comparison.control):
        yield from _lee(line)
        yield from weighted(line)
        yield from imputed(line)


def _lee(line: Line) -> Iterator[Estimate | Remark]:
    """Two lines without an interval of their own: the bounds are the interval."""
    if line.named is not None and line.named != "logit":
        why = f"they bound a mean, and this is {_NO_MEAN.get(line.named, 'none')}"
        yield Remark(line.name, "Lee's bounds", why)
        return
    pair = line.pair()
    found = answer(pair, line.design, binary=line.binary, average="person")
    gone = shares_missing(line.rows, line.comparison.arm, line.comparison.control)
    if found.choice.estimator != "difference_in_means" or max(gone) == 1 or gone[0] == gone[1]:
        return
    bounds = lee_bounds(pair.y[pair.treated], pair.y[~pair.treated], 1 - gone[0], 1 - gone[1])
    more = line.comparison.arm if gone[0] < gone[1] else line.comparison.control
    assumed = f"{more} has more outcomes, and is taken to have gained them only: among those known in either arm"
    for what, bound in zip(("lower", "upper"), sorted(line.sign * one for one in bounds), strict=True):
        shown = replace(
            found, estimate=line.sign * bound, std_error=None, df=None, p_value=None, vcov=None, note="",
            score_counts=None, choice=replace(found.choice, adjustment="none"),
        )  # fmt: skip
        made = line.line(pair, shown, "person", (), "sensitivity", f"Lee's {what} bound; {assumed}")
        yield replace(made, estimator="lee_bounds")


def weighted(line: Line) -> Iterator[Estimate | Remark]:
    """Those with an outcome stand for those like them without one, by arm and baseline covariates."""
    names, pair = line.trial.analysis.covariates, line.pair()
    why = ""
    if not names:
        why = "the file names no covariates that could foretell who has an outcome"
    elif pair.blocks > 1 and bool(np.isnan(pair.weight).any()):
        why = "the chance of each arm is not known, and it may differ between blocks"
    elif line.named == "cox":
        why = "Cox's regression is not weighted here; the mean time until it happened is"
    if why:
        yield Remark(line.name, _WEIGHTS, why)
        return
    found = answer(pair, line.design, binary=line.binary, average="person")
    name = found.choice.estimator if pair.phases is not None else "inverse_probability"
    try:
        weight = _chance_weights(line) * np.where(np.isnan(pair.weight), 1.0, pair.weight)
        numbers = replace(row_values(line.named, pair, weight), weight=weight)
        fitted = estimator(name).estimate(numbers, "none")
    except EstimationRefused as refusal:
        yield Remark(line.name, _WEIGHTS, refusal.what)
        return
    shown = replace(
        found, choice=replace(found.choice, estimator=name, adjustment="none"),
        estimate=fitted.estimate, std_error=fitted.std_error, df=fitted.df, vcov=fitted.vcov, note="",
        p_value=t_p_value(fitted.estimate / fitted.std_error, fitted.df), score_counts=None,
    )  # fmt: skip
    assumed = "weighted by the chance of an outcome: those missing are taken to be like those known with the same"
    note = f"{assumed} {', '.join([*names, *('period' for _ in range(pair.phases is not None))])}"
    made = line.line(pair, shown, "person", (), "sensitivity", note, of=line.named)
    made = replace(made, estimator="response_weights")
    yield made if line.named is None else replace(made, mean_arm=None, mean_control=None)


def _fitted(line: Line, pair: Pair) -> Answer:
    """One completed set's answer; of a stepped wedge without drawing its schedule anew for every set."""
    average = line.trial.analysis.average
    if pair.phases is None:
        arms = (line.comparison.arm, line.comparison.control)
        return answer(pair, line.design, binary=line.binary, average=average, arms=arms, named=line.named)
    choice = wedge_choice(line.design, columns=len(pair.names), clusters=pair.units, average=average)
    used = cluster_periods(pair) if average == "cluster" else pair
    one = estimator(choice.estimator).estimate(used, choice.adjustment)
    return Answer(choice, one.estimate, one.std_error, one.df, None, one.vcov, one.note)


def _chance_weights(line: Line) -> Floats:
    """1 / the chance of an outcome, for the rows of the comparison that have one."""
    rows, arms = line.rows, (line.comparison.arm, line.comparison.control)
    names, two = line.trial.analysis.covariates, rows.arm.among(arms)
    coded = coded_columns({name: rows.covariates[name] for name in names}, two)
    if not coded:
        raise EstimationRefused("the covariates do not vary, so they foretell nothing", "read the bounds")
    return response_weights(rows, *arms, matrix(coded, two.size))[informs(rows, *arms)]


def imputed(line: Line) -> Iterator[Estimate | Remark]:
    """Every missing outcome filled in many times, each set fitted as the plan says, all of them pooled."""
    analysis, rows = line.trial.analysis, line.rows
    arms = (line.comparison.arm, line.comparison.control)
    if analysis.imputations < FEWEST_SETS:
        return
    if line.outcome.kind == "time_to_event":
        why = "a time counts for as long as it was followed, and no further time is made up"
        yield Remark(line.name, _IMPUTATION, why)
        return
    found: list[Answer] = []
    known = rows if rows.phases is None else replace(rows, block=np.maximum(rows.phases.period, 0))
    try:
        for outcome in completed(known, arms, analysis.covariates, analysis.imputations, kind=line.outcome.kind):
            pair = line.pair(analysis.covariates, replace(rows, outcome=outcome))
            found.append(_fitted(line, pair))
    except EstimationRefused as refusal:
        yield Remark(line.name, _IMPUTATION, refusal.what)
        return
    variances = [one.std_error**2 for one in found if one.std_error is not None]
    if len(variances) < len(found):
        yield Remark(line.name, _IMPUTATION, "not every completed set gives a standard error")
        return
    whole = min(one.df for one in found if one.df is not None)
    one = pooled([each.estimate for each in found], variances, whole)
    shown = replace(
        found[0], estimate=one.estimate, std_error=one.std_error, df=one.df, note="", score_counts=None,
        p_value=t_p_value(one.estimate / one.std_error, one.df),
    )  # fmt: skip
    wedge = pair.phases is not None
    like = [
        *("period" for _ in range(wedge)), *("block" for _ in range(line.design.blocks)),
        *("cluster" for _ in range(pair.clustered)),
    ]  # fmt: skip
    said = (
        f"missing outcomes filled in {len(found)} times within each arm: those missing are taken to be like those "
        f"known with the same {listed([*like, *analysis.covariates]) or 'arm'}; {one.lost:.0%} of the variance comes "
        "from what is missing"
    )
    made = line.line(pair, shown, analysis.average, analysis.covariates, "sensitivity", said, of=line.named)
    yield replace(made, estimator="imputation", mean_arm=None, mean_control=None)
