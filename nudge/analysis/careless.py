"""Two more things a careless analysis does: forgetting the blocks, and comparing only those who did something."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING

import numpy as np

from nudge.analysis.answers import t_p_value, t_quantile
from nudge.trial.records.analysis import Careless

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nudge.analysis.lines import Line
    from nudge.trial.records.analysis import Estimate, Floats

_MISLEADING = 1.05
_FEWEST = 2
_MANY_ZEROS = 0.5


def other_careless(line: Line, planned: Estimate) -> Iterator[Careless]:
    """What forgetting the blocks, or looking at those above zero only, would have claimed."""
    if planned.role == "primary":
        yield from _blocks_forgotten(line, planned)
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


def _careless(line: Line, sides: list[Floats], error: float, what: str, why: str) -> Careless:
    effect = line.sign * (float(sides[0].mean()) - float(sides[1].mean()))
    df = float(sum(side.size for side in sides) - 2)
    half = t_quantile(line.level, df) * error
    return Careless(
        line.name, line.comparison.arm, line.comparison.control, what, why, effect, error,
        t_p_value(effect / error, df), effect - half, effect + half, "probability" if line.binary else "mean",
    )  # fmt: skip
