"""One comparison of one outcome, from rows to interval and p-value, by the rule that applies."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from nudge.analysis.answers import Answer, t_p_value
from nudge.analysis.comparison import (
    Choice,
    Pair,
    choose,
    constant_probability,
    difference_within_blocks,
    informative,
    varies_within_blocks,
)
from nudge.analysis.estimators import estimator
from nudge.analysis.estimators.cluster_means import cluster_means
from nudge.analysis.groups import alike
from nudge.analysis.linear_effect import need_spread
from nudge.analysis.named import MOMENTS
from nudge.analysis.named import named as estimator_named
from nudge.analysis.randomisation import WITHIN_BLOCKS, Redraw, exact_events_test, permutation_test, redraw_of
from nudge.analysis.wedge_answer import wedge_answer
from nudge.trial.errors import EstimationRefused

if TYPE_CHECKING:
    from nudge.trial.records.analysis import Design


_NOTHING = Answer(
    Choice("none", "none", "none", "an arm has no rows"), float("nan"), None, None, None, None, "no rows to compare"
)


def answer(
    pair: Pair, design: Design, *, binary: bool, average: str, arms: tuple[str, str] = ("", ""),
    named: str | None = None,
) -> Answer:  # fmt: skip
    """The estimate, its uncertainty and p-value for one comparison (rules 4-10).

    arms: names of the arm and its control, by which the stored law knows them. named: the estimator that the
    file or the kind of outcome asks for; None where the draw chooses.
    """
    if design.method == "stepped_wedge" and pair.phases is not None:
        return _NOTHING if pair.y.size == 0 else wedge_answer(pair, design, binary=binary, average=average)
    left_out = 0
    if design.blocks:
        pair, left_out = informative(pair)
    redraw = redraw_of(pair, design, *arms)
    by_draw = named is None or (named == "logit" and _one_sided(pair))  # without events the score interval stands in
    found = (
        _answer(pair, design, binary=binary, average=average, redraw=redraw) if by_draw or named is None
        else _by_name(pair, design, named, redraw)
    )  # fmt: skip
    return replace(found, blocks_left_out=left_out)


def _answer(pair: Pair, design: Design, *, binary: bool, average: str, redraw: Redraw | None) -> Answer:
    units = [int(pair.counts.treated.sum()), int(pair.counts.control.sum())]
    if min(units) == 0:
        return _NOTHING
    choice = choose(
        pair.counts, design, clustered=pair.clustered, columns=len(pair.names),
        constant_probability=constant_probability(pair), average=average,
    )  # fmt: skip
    if max(units) == 1:
        why = "each arm is a single unit, so the arm cannot be told apart from the unit"
        return _difference(pair, choice, None, f"no interval and no p-value: {why}")
    if binary and _one_sided(pair):
        return _few_events(pair, design, choice, redraw)
    try:
        fitted = estimator(choice.estimator).estimate(pair, choice.adjustment)
    except EstimationRefused as refusal:
        return _by_randomisation(pair, design, choice, refusal, redraw)
    p_value = t_p_value(fitted.estimate / fitted.std_error, fitted.df)
    return Answer(choice, fitted.estimate, fitted.std_error, fitted.df, p_value, fitted.vcov, fitted.note)


def _by_name(pair: Pair, design: Design, name: str, redraw: Redraw | None) -> Answer:
    """A named estimator's answer; where it refuses, no number of its own, and a p-value from the draw."""
    if min(pair.units_of(treated=side) for side in (True, False)) == 0:
        return _NOTHING
    module, choice = estimator_named(name), _choice_by_name(pair, design, name)
    try:
        fitted = module.estimate(pair, choice.adjustment)
        need_spread(fitted.std_error, pair)
    except EstimationRefused as refusal:
        p, how = _p_by_permutation(replace(pair, y=module.scores(pair)), design, redraw=redraw)
        why = f"no estimate by {choice.estimator}: {refusal.what}{how}"
        return Answer(choice, float("nan"), None, None, p, None, why)
    p_value = t_p_value(fitted.estimate / fitted.std_error, fitted.df)
    return Answer(
        choice, fitted.estimate, fitted.std_error, fitted.df, p_value, fitted.vcov, fitted.note, means=fitted.means
    )


def _choice_by_name(pair: Pair, design: Design, name: str) -> Choice:
    if name == MOMENTS:
        why = "a message was drawn anew at every decision point"
        return Choice(MOMENTS, "Mancl-DeRouen", "additive" if pair.names else "none", why)
    drawn = choose(
        pair.counts, design, clustered=pair.clustered, columns=len(pair.names),
        constant_probability=constant_probability(pair), average="person",
    )  # fmt: skip
    return replace(drawn, estimator=name)


def _one_sided(pair: Pair) -> bool:
    """Whether an arm has no event, or nothing but events: its variance is zero."""
    return alike(pair.y, pair.treated) or alike(pair.y, ~pair.treated)


def _few_events(pair: Pair, design: Design, choice: Choice, redraw: Redraw | None) -> Answer:
    counted = [(int(pair.y[pair.treated == side].sum()), int((pair.treated == side).sum())) for side in (True, False)]
    (events, n), (control_events, n_control) = counted
    counts = f"{events} of {n} and {control_events} of {n_control} had the event"
    if pair.clustered or design.clusters:
        p, how = _p_by_permutation(pair, design, of_totals=True, redraw=redraw)
        return _difference(pair, choice, p, f"{counts}: no interval under clusters{how}")
    p, how = _p_exact(pair, design, redraw)
    if pair.blocks > 1 or choice.estimator == "inverse_probability":
        return _difference(pair, choice, p, f"{counts}: no interval where chances or blocks differ{how}")
    shown = _difference(pair, choice, p, f"{counts}: Miettinen-Nurminen score interval{how}")
    return replace(shown, vcov="score", score_counts=(events, n, control_events, n_control))


def _difference(pair: Pair, choice: Choice, p: float | None, note: str) -> Answer:
    """The difference in means within blocks, without a variance and without covariates."""
    within = "block_weighted" if pair.blocks > 1 else "difference_in_means"
    if choice.estimator == "cluster_means":
        pair, within = cluster_means(pair), choice.estimator
    shown = replace(choice, estimator=within, adjustment="none")
    return Answer(shown, difference_within_blocks(pair), None, None, p, None, note)


def _p_exact(pair: Pair, design: Design, redraw: Redraw | None) -> tuple[float | None, str]:
    if not varies_within_blocks(pair):
        return None, ""
    if design.method is None:
        return None, "; the law of the draw is not known, so no exact p-value"
    if design.method not in WITHIN_BLOCKS:
        return _p_by_permutation(pair, design, of_totals=True, redraw=redraw)
    test = exact_events_test(pair)
    return test.p_value, f"; p {test.how}"


def _p_by_permutation(
    pair: Pair, design: Design, *, of_totals: bool = False, redraw: Redraw | None = None
) -> tuple[float | None, str]:
    if not varies_within_blocks(pair):
        return None, ""
    if design.method is None:
        return None, "; the law of the draw is not known, so no p-value by re-drawing it"
    if design.method not in WITHIN_BLOCKS and redraw is None:
        return None, f"; two arms of a {design.method} draw cannot be drawn again by themselves, so no p-value"
    test = permutation_test(pair, of_totals=of_totals, redraw=redraw)
    return test.p_value, f"; p from {test.how}"


def _by_randomisation(
    pair: Pair, design: Design, choice: Choice, refusal: EstimationRefused, redraw: Redraw | None
) -> Answer:
    drawn = cluster_means(pair) if choice.estimator == "cluster_means" else pair
    p, how = _p_by_permutation(drawn, design, redraw=redraw)
    return _difference(pair, choice, p, f"no interval: {refusal.what}{how}; the plain difference in means is shown")
