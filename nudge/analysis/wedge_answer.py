"""What a stepped wedge says of one comparison: estimate, interval, and the p-value of the stored schedule.

Below 20 clusters the p-value is that of re-drawing which cluster crosses at which step, and
where no interval can be had it is the only one (statistics.md 10, 14, 17).
"""

from __future__ import annotations

from dataclasses import replace
from math import nan
from typing import TYPE_CHECKING

import numpy as np

from nudge.analysis.answers import Answer, joined, t_p_value
from nudge.analysis.comparison import Choice, Pair
from nudge.analysis.drawn_wedge import Cells, wedge_fits
from nudge.analysis.estimators import estimator
from nudge.analysis.groups import compact, first_rows
from nudge.analysis.randomisation import DRAWS, RandomisationTest, tied
from nudge.analysis.redundant import redundant, said_of, without
from nudge.analysis.wedge import cluster_periods, exposures, need_comparison, wedge_choice, wedge_model
from nudge.trial.errors import ColumnsAlike, EstimationRefused
from nudge.trial.records.analysis import Phases

if TYPE_CHECKING:
    from nudge.trial.records.analysis import Bools, Design, Floats, Ints

FEW = 20
"""Below so many clusters the p-value comes from the schedule (statistics.md 17)."""
SEED = 20_270_301
_NO_P = "the stored schedule is not known, so no p-value by drawing it again"


def wedge_answer(pair: Pair, design: Design, *, binary: bool, average: str) -> Answer:
    """The effect of the locked estimand. pair.phases holds where each row stands."""
    choice = wedge_choice(design, columns=len(pair.names), clusters=pair.units, average=average)
    fitted = cluster_periods(pair) if average == "cluster" else pair
    try:
        need_comparison(pair)
        if binary and any(np.ptp(pair.y[pair.treated == side]) == 0 for side in (True, False)):
            return _few_events(pair, fitted, design, choice, average)
        found = estimator(choice.estimator).estimate(fitted, choice.adjustment)
    except EstimationRefused as refusal:
        spare = _settled_by_clusters(pair) if isinstance(refusal, ColumnsAlike) else ()
        if spare:
            again = wedge_answer(without(pair, spare), design, binary=binary, average=average)
            left_out = (*spare, *again.choice.left_out)
            return replace(
                again,
                choice=replace(again.choice, left_out=left_out),
                note=joined(said_of(spare, pair, "clusters"), again.note),
            )
        try:
            return _without_interval(pair, fitted, design, choice, average, f"no interval: {refusal.what}")
        except EstimationRefused:
            none = Choice("none", "none", "none", choice.because)
            return Answer(none, nan, None, None, None, None, f"no estimate: {refusal.what}")
    p_value, note = t_p_value(found.estimate / found.std_error, found.df), ""
    if pair.units < FEW:
        test = schedule_test(pair, design, average, studentised=True, adjusted=choice.adjustment != "none")
        p_value = p_value if test is None else test.p_value
        note = _NO_P if test is None else f"p from {test.how}"
    return Answer(choice, found.estimate, found.std_error, found.df, p_value, found.vcov, note)


def _settled_by_clusters(pair: Pair) -> tuple[str, ...]:
    """Covariates that are the same for everyone of a cluster, or that others settle: cluster effects hold them."""
    return redundant(replace(pair, block=np.unique(pair.unit, return_inverse=True)[1].astype(np.int64)), "")


def _few_events(pair: Pair, fitted: Pair, design: Design, choice: Choice, average: str) -> Answer:
    """Counts, the coefficient and p only: under clusters no interval is given where an arm has no event (rule 10)."""
    counts = " and ".join(
        f"{int(pair.y[pair.treated == side].sum())} of {int((pair.treated == side).sum())}" for side in (True, False)
    )
    return _without_interval(
        pair, fitted, design, choice, average, f"{counts} had the event: no interval under clusters"
    )


def _without_interval(
    pair: Pair, fitted: Pair, design: Design, choice: Choice, average: str, why: str
) -> Answer:  # fmt: skip
    """The coefficient without an interval; p from the schedule. Raises EstimationRefused where there is none."""
    model, contrast = wedge_model(fitted, "none", averaged=choice.estimator == "exposure_averaged")
    p, how = _p(pair, design, average)
    unadjusted = Choice(choice.estimator, choice.vcov, "none", choice.because)
    return Answer(unadjusted, model.estimate(contrast), None, None, p, None, f"{why}{how}")


def _p(pair: Pair, design: Design, average: str) -> tuple[float | None, str]:
    if np.ptp(pair.y) == 0:
        return None, ""
    test = schedule_test(pair, design, average, studentised=False)
    return (None, f"; {_NO_P}") if test is None else (test.p_value, f"; p from {test.how}")


def schedule_test(
    pair: Pair, design: Design, average: str, *, studentised: bool, adjusted: bool = False
) -> RandomisationTest | None:
    """Two-sided p over draws of which cluster crosses at which step; None where the law is not known.

    The outcomes stay, what each family would have been under a schedule follows: families in the
    transition of one schedule count under another. Statistic: the estimator's t, or its estimate
    where it has no error. With covariates, the outcome is first freed of what they foretell
    (Rosenbaum 2002). A draw under which no statistic can be had counts as being as far.
    """
    law, every = design.law, _with_crossing(pair)
    if law is None or every.phases is None or every.origin is None:
        return None
    unit = compact(every.unit)
    cells, cell = _cells(every, unit)
    y = _freed(every, unit) if adjusted and every.names else every.y
    rows, sums = (np.bincount(cell, values).astype(float) for values in (np.ones(y.size), y))
    firsts = first_rows(unit)
    codes, own = every.origin[firsts], every.phases.step[firsts]
    if law.every is not None:
        steps, chance = law.every[0][:, codes].astype(np.int64) + 1, law.every[1]
        which = f"all {len(steps):,} schedules there could have been"
    else:
        steps = law.redraw(DRAWS, np.random.default_rng(SEED))[:, codes].astype(np.int64) + 1
        chance = np.full(len(steps), 1 / (DRAWS + 1))
        which = f"{DRAWS:,} draws of the stored schedule, seed {SEED}"
    averaged = design.estimand == "exposure_averaged"
    since = exposures_of(pair)
    times = tuple(np.unique(since[since > 0]).tolist()) if averaged else ()
    found = wedge_fits(
        cells, rows, sums, np.vstack([own, steps]), times=times, by_cell=average == "cluster"
    )  # fmt: skip
    far = _as_far(found.estimate, found.std_error, found.settled, studentised=studentised)
    beyond = float(chance @ far[1:]) + (0.0 if law.every is not None else 1 / (DRAWS + 1))
    return RandomisationTest(min(1.0, beyond), f"{'t' if studentised else 'the estimate'} over {which}")


def exposures_of(pair: Pair) -> Ints:
    """How many periods each row's cluster has been past its step."""
    if pair.phases is None:
        raise AssertionError("only the rows of a stepped wedge have periods")
    return exposures(pair.phases, pair.treated)


def _as_far(estimate: Floats, error: Floats, settled: Bools, *, studentised: bool) -> Floats:
    """1 where a draw's statistic is as far from nothing as the first's."""
    with np.errstate(divide="ignore", invalid="ignore"):
        size = np.abs(estimate / error) if studentised else np.abs(estimate)
    size = np.where(settled if studentised else np.isfinite(estimate), size, np.inf)
    far: Floats = (size >= tied(float(size[0]))).astype(float)
    return far


def _with_crossing(pair: Pair) -> Pair:
    """The rows of the comparison and those in a transition, together again."""
    other = pair.crossing
    if other is None or other.y.size == 0:
        return pair
    if pair.origin is None or other.origin is None or pair.phases is None or other.phases is None:
        raise AssertionError("both parts of a stepped wedge have phases")
    covariates = np.vstack([pair.matrix, other.matrix])
    return replace(
        pair, y=np.concatenate([pair.y, other.y]), treated=np.concatenate([pair.treated, other.treated]),
        unit=np.concatenate([pair.unit, other.unit]),
        covariates=dict(zip(pair.names, covariates.T, strict=True)),
        origin=np.concatenate([pair.origin, other.origin]), crossing=None,
        phases=Phases(
            np.concatenate([pair.phases.period, other.phases.period]),
            np.concatenate([pair.phases.complete, other.phases.complete]),
            np.concatenate([pair.phases.step, other.phases.step]), pair.phases.steps,
        ),
    )  # fmt: skip


def _cells(pair: Pair, unit: Ints) -> tuple[Cells, Ints]:
    if pair.phases is None:
        raise AssertionError("only the rows of a stepped wedge have periods")
    size = pair.phases.steps + 1
    key = (unit * size + pair.phases.period) * size + pair.phases.complete
    kept, cell = np.unique(key, return_inverse=True)
    found = Cells(kept // size // size, kept // size % size, kept % size, pair.phases.steps)
    return found, cell.astype(np.int64)


def _freed(pair: Pair, unit: Ints) -> Floats:
    """The outcome less what covariates foretell beside clusters and periods."""
    if pair.phases is None:
        raise AssertionError("only the rows of a stepped wedge have periods")
    beside = [
        np.equal.outer(codes, np.unique(codes)[1:]).astype(float) for codes in (unit, pair.phases.period)
    ]  # fmt: skip
    covariates = pair.matrix
    x = np.column_stack([covariates, np.ones(pair.y.size), *beside])
    slopes = np.linalg.lstsq(x, pair.y)[0][: len(pair.names)]
    freed: Floats = pair.y - (covariates - covariates.mean(axis=0)) @ slopes
    return freed
