"""What else a careless analysis says: without the blocks, of those above zero alone, of those reached as if drawn."""

from __future__ import annotations

from dataclasses import replace
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np

from nudge.analysis.among_reached import comparable
from nudge.analysis.answers import t_p_value, t_quantile
from nudge.analysis.cace import ComplierEffect, complier_effect
from nudge.analysis.comparison import Choice
from nudge.analysis.linear_effect import need_spread
from nudge.trial.errors import EstimationRefused
from nudge.trial.records.analysis import Careless

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nudge.analysis.comparison import Pair
    from nudge.analysis.lines import Line
    from nudge.trial.records.analysis import Estimate, Floats

_MISLEADING = 1.05
_FEWEST = 2
_MANY_ZEROS = 0.5
_PLAIN = Choice("difference_in_means", "", "none", "")
"""The variance follows the pair's own units."""


def other_careless(line: Line, planned: Estimate) -> Iterator[Careless]:
    """What forgetting the blocks, or looking at those above zero only, would have claimed."""
    if planned.role == "primary":
        yield from _blocks_forgotten(line, planned)
        yield from _reached_as_if_drawn(line, planned)
    yield from _only_those_above_zero(line)


def _blocks_forgotten(line: Line, planned: Estimate) -> Iterator[Careless]:
    """Arms compared as if anybody could have been in either, where numbers were fixed within blocks."""
    pair = line.pair()
    if not line.design.blocks or pair.clustered or planned.std_error is None:
        return
    sides = [pair.y[pair.treated == side] for side in (True, False)]
    if min(side.size for side in sides) < _FEWEST:
        return
    error = sqrt(sum(float(side.var(ddof=1)) / side.size for side in sides))
    ratio = error / planned.std_error
    if 1 / _MISLEADING <= ratio <= _MISLEADING:
        return
    wide = "too wide" if ratio > 1 else "too narrow"
    yield _careless(
        line,
        sides,
        error,
        "blocks forgotten, as if arms had been drawn from one pool",
        f"arms were drawn within {pair.blocks:,} blocks, which share much of their luck; the interval is {wide}",
    )


def _only_those_above_zero(line: Line) -> Iterator[Careless]:
    """An amount compared among those who gave any: the message itself decides who they are."""
    pair = line.pair()
    if line.binary or not pair.y.size or pair.y.min() < 0 or np.mean(pair.y == 0) < _MANY_ZEROS:
        return
    sides = [pair.y[(pair.treated == side) & (pair.y > 0)] for side in (True, False)]
    if min(side.size for side in sides) < _FEWEST or np.ptp(np.concatenate(sides)) == 0:
        return
    n = sum(side.size for side in sides)
    pooled = sum(float(((side - side.mean()) ** 2).sum()) for side in sides) / (n - 2)
    error = sqrt(pooled * sum(1 / side.size for side in sides))
    yield _careless(
        line,
        sides,
        error,
        f"only the {n:,} {line.trial.population.called.people} above zero compared",
        "the message may decide who is above zero, so those left in the two arms are not alike; everyone allocated "
        "counts, zeros too",
    )


def _reached_as_if_drawn(line: Line, planned: Estimate) -> Iterator[Careless]:
    """The effect on those reached, of rows that share the arm of their unit, counted as if each had been drawn."""
    pair = comparable(line)
    if line.design.method == "stepped_wedge" or planned.std_error is None:
        return
    if pair is None or pair.received is None or not pair.clustered:
        return
    reached = np.nan_to_num(pair.received)
    try:
        wrong = reached_as_if_drawn(pair, reached)
        right = complier_effect(pair, reached, _PLAIN)
    except EstimationRefused:
        return
    if right.std_error < wrong.std_error * _MISLEADING:
        return
    called = line.trial.population.called
    effect, half = line.sign * wrong.estimate, t_quantile(line.level, wrong.df) * wrong.std_error
    yield Careless(
        line.name, line.comparison.arm, line.comparison.control,
        f"among those reached, {pair.y.size:,} {called.people} counted as if each had been randomised",
        f"{pair.units:,} {called.units} were randomised, not {pair.y.size:,} {called.people}, and dividing by the "
        "share reached does not change that; the interval is too narrow",
        effect, wrong.std_error, t_p_value(effect / wrong.std_error, wrong.df), effect - half, effect + half,
        "probability" if line.binary else "mean",
    )  # fmt: skip


def reached_as_if_drawn(pair: Pair, reached: Floats) -> ComplierEffect:
    """Two-stage least squares as it is run by those who forget the clusters and the blocks: HC2, t on n − 2.

    reached: (n,) by row of `pair`. Raises EstimationRefused where nobody was reached or nothing varies.
    """
    alone = np.arange(pair.y.size)
    found = complier_effect(replace(pair, unit=alone, block=np.zeros_like(alone)), reached, _PLAIN)
    need_spread(found.std_error, pair)
    return replace(found, df=float(pair.y.size - 2))


def _careless(line: Line, sides: list[Floats], error: float, what: str, why: str) -> Careless:
    effect = line.sign * (float(sides[0].mean()) - float(sides[1].mean()))
    df = float(sum(side.size for side in sides) - 2)
    half = t_quantile(line.level, df) * error
    return Careless(
        line.name, line.comparison.arm, line.comparison.control, what, why, effect, error,
        t_p_value(effect / error, df), effect - half, effect + half, "probability" if line.binary else "mean",
    )  # fmt: skip
