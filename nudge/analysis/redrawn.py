"""The line that stands beside the plan where units are few: its p-value from the draw alone (statistics.md 14)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from nudge.analysis.comparison import FEW_CLUSTERS, informative
from nudge.analysis.estimators.cluster_means import cluster_means
from nudge.analysis.inference import answer
from nudge.analysis.randomisation import WITHIN_BLOCKS, redraw_of
from nudge.analysis.studentised import shift_interval, studentised_test

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nudge.analysis.lines import Line
    from nudge.trial.records.analysis import Estimate

LIKE_T = {"difference_in_means", "block_weighted", "paired", "cluster_means"}
"""Estimators whose t the draws compute again; single units of an arm in a block leave others no variance to draw."""


def by_the_draw(line: Line) -> Iterator[Estimate]:
    """The planned estimate with the p-value that the draw itself gives; and an interval of shifts, if continuous."""
    analysis, design = line.trial.analysis, line.design
    arms = (line.comparison.arm, line.comparison.control)
    pair = line.pair(analysis.covariates)
    if design.blocks:
        pair = informative(pair)[0]
    if not 0 < pair.units <= FEW_CLUSTERS or design.method is None:
        return
    redraw = redraw_of(pair, design, *arms)
    if redraw is None and design.method not in WITHIN_BLOCKS:
        return
    found = answer(pair, design, binary=line.binary, average=analysis.average, arms=arms)
    if found.std_error is None or found.choice.estimator not in LIKE_T:
        return
    if found.choice.adjustment == "none":
        pair = replace(pair, covariates=pair.covariates[:, :0], names=())
    drawn = cluster_means(pair) if found.choice.estimator == "cluster_means" else pair
    test = studentised_test(drawn, redraw)
    shown = line.line(
        pair, replace(found, p_value=test.p_value, std_error=None, df=None, vcov=None, note=""), analysis.average,
        analysis.covariates, "sensitivity", f"p from {test.how}, shown because there are {pair.units} units",
    )  # fmt: skip
    bounds = None if line.binary else shift_interval(drawn, line.level, redraw)
    if bounds is not None:
        low, high = sorted(line.sign * bound for bound in bounds)
        shown = replace(shown, conf_low=low, conf_high=high)
    yield shown
