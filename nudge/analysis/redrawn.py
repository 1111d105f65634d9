"""The line that stands beside the plan where units are few: its p-value from the draw alone (statistics.md 14)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from nudge.analysis.attributable import attributable_interval, attributable_p
from nudge.analysis.comparison import FEW_CLUSTERS, Pair, informative, varies_within_blocks
from nudge.analysis.drawn_effects import EffectSums
from nudge.analysis.estimators.cluster_means import cluster_means
from nudge.analysis.inference import answer
from nudge.analysis.named import named as estimator_named
from nudge.analysis.randomisation import WITHIN_BLOCKS, Redraw, permutation_test, redraw_of
from nudge.analysis.studentised import UnitSums, shift_interval, studentised_test

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nudge.analysis.lines import Line
    from nudge.trial.records.analysis import Estimate

_MOST_PEOPLE = 2_000
"""Beyond, every number of events in turn takes too long, and the plain interval is as good."""
LIKE_T = {"difference_in_means", "block_weighted", "paired", "cluster_means"}
"""Estimators whose t is that of differences within blocks; draws compute it again."""


def by_the_draw(line: Line) -> Iterator[Estimate]:
    """The planned estimate with the p-value that the draw itself gives; and an interval of shifts, if continuous."""
    analysis, design = line.trial.analysis, line.design
    arms = (line.comparison.arm, line.comparison.control)
    pair = line.pair(analysis.covariates)
    if design.blocks:
        pair = informative(pair)[0]
    few = analysis.randomisation_test == "always" or pair.units <= FEW_CLUSTERS
    if not pair.units or not few or design.method is None:
        return
    yield from _brought_about(line)
    redraw = redraw_of(pair, design, *arms)
    if redraw is None and design.method not in WITHIN_BLOCKS:
        return
    if line.named is not None:
        yield from _by_scores(line, pair, redraw)
        return
    found = answer(pair, design, binary=line.binary, average=analysis.average, arms=arms)
    if found.std_error is None or found.choice.estimator not in LIKE_T | {"fixed_effects"}:
        return
    if found.choice.adjustment == "none":
        pair = replace(pair, covariates={})
    drawn = cluster_means(pair) if found.choice.estimator == "cluster_means" else pair
    kind = EffectSums if found.choice.estimator == "fixed_effects" else UnitSums
    test = studentised_test(drawn, redraw, kind=kind)
    why = f", shown because there are {pair.units} units" if pair.units <= FEW_CLUSTERS else ""
    shown = line.line(
        pair, replace(found, p_value=test.p_value, std_error=None, df=None, vcov=None, note=""), analysis.average,
        analysis.covariates, "sensitivity", f"p from {test.how}{why}",
    )  # fmt: skip
    bounds = None if line.binary else shift_interval(drawn, line.level, redraw, kind=kind)
    if bounds is not None:
        low, high = sorted(line.sign * bound for bound in bounds)
        shown = replace(shown, conf_low=low, conf_high=high)
    yield shown


def _by_scores(line: Line, pair: Pair, redraw: Redraw | None) -> Iterator[Estimate]:
    """A named estimator's estimate with the draw's p-value of its scores, which do not hang on the arms."""
    analysis, name = line.trial.analysis, line.named or ""
    arms = (line.comparison.arm, line.comparison.control)
    found = answer(pair, line.design, binary=line.binary, average=analysis.average, arms=arms, named=name)
    scored = replace(pair, y=estimator_named(name).scores(pair))
    if found.std_error is None or not varies_within_blocks(scored):
        return
    test = permutation_test(scored, redraw=redraw)
    shown = replace(found, p_value=test.p_value, std_error=None, df=None, vcov=None, note="")
    why = f", shown because there are {pair.units} units" if pair.units <= FEW_CLUSTERS else ""
    note = f"p from {test.how.replace('the difference in means', 'the difference in mean scores')}{why}"
    yield line.line(pair, shown, analysis.average, analysis.covariates, "sensitivity", note)


def _brought_about(line: Line) -> Iterator[Estimate]:
    """Events that the arm brought about, as a share of its people: for yes or no, of individuals, without blocks."""
    design, pair = line.design, line.pair()
    together = pair.clustered or design.clusters or (design.blocks and pair.blocks > 1)
    if not line.binary or together or design.method not in WITHIN_BLOCKS or pair.y.size > _MOST_PEOPLE:
        return
    if not pair.treated.any() or pair.treated.all():
        return
    sides = [(int(pair.y[here].sum()), int(here.sum())) for here in (pair.treated, ~pair.treated)]
    (events, n), (control_events, n_control) = sides
    low, high = attributable_interval(events, n, control_events, n_control, line.level)
    found = answer(pair, design, binary=True, average="person")
    p = attributable_p(events, n, control_events, n_control, 0)
    shown = replace(found, p_value=p, std_error=None, df=None, vcov=None, note="", score_counts=None)
    said = f"of {events} events in {line.comparison.arm} it brought about {low} to {high}, exact over all draws"
    made = line.line(pair, shown, "person", (), "sensitivity", said)
    ends = sorted(line.sign * count / n for count in (low, high))
    yield replace(made, estimator="attributable_effect", conf_low=ends[0], conf_high=ends[1])
