"""A pool in lines for a terminal."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING

from nudge.report import numbers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nudge.trial.records.evidence import Pool, PooledEffect


def pool_in_lines(pool: Pool) -> list[str]:
    """The mean, the spread, what stands beside, and what a careless pool would say."""
    of = f" in {pool.publications:,} publications or trials" if pool.publications is not None else ""
    lines = [f"{pool.k:,} effects of {pool.studies:,} studies{of}{f' ({pool.scale})' if pool.scale else ''}", ""]
    lines += [f"mean      {_answer(pool, pool.mean)}", f"  {pool.mean.how}"]
    if pool.prediction_low is not None and pool.prediction_high is not None:
        between = _interval(pool, pool.prediction_low, pool.prediction_high)
        lines.append(f"the next  {between}: where the true effect of another such study lies ({pool.level:.0%})")
    lines += [*_spread(pool), *_beside(pool)]
    for one in pool.careless:
        claim = f"{_size(pool, one.estimate)}, {_interval(pool, one.conf_low, one.conf_high)}"
        lines.append(f"a careless pool: {one.what}: {claim}; wrong: {one.why}")
    return lines


def _spread(pool: Pool) -> Iterator[str]:
    apart = _size(pool, sqrt(pool.tau2)).lstrip("+")
    q = f"Q {pool.q:,.1f} on {pool.q_df:,} df, p {numbers.p_value(pool.q_p)}"
    yield f"spread    true effects have a standard deviation of {apart}; I² {numbers.percent(pool.i2)}, {q}"
    if len(pool.tau2_by_level) > 1 and pool.tau2 > 0:
        parts = [f"{name} {_size(pool, sqrt(one)).lstrip('+')}" for name, one in pool.tau2_by_level.items()]
        yield f"  level by level: {', '.join(parts)}"


def _beside(pool: Pool) -> Iterator[str]:
    for one in pool.sensitivity:
        yield f"beside    {_answer(pool, one)}"
        yield f"  {one.how}"
    small = pool.small_studies
    if small is None:
        return
    slope = small.slope
    said = f"{slope.how} {numbers.signed(slope.estimate, 2)}"
    if slope.conf_low is not None and slope.conf_high is not None:
        said += (
            f", {pool.level:.0%} interval {numbers.signed(slope.conf_low, 2)} to {numbers.signed(slope.conf_high, 2)}"
        )
    yield f"small studies  {said}{_note(slope)}"
    for one in (small.pet, small.peese):
        yield f"  if that is what stayed unpublished: {one.how}, {_answer(pool, one)}"


def _answer(pool: Pool, one: PooledEffect) -> str:
    if one.conf_low is None or one.conf_high is None:
        return f"{_size(pool, one.estimate)}{_note(one)}"
    law = f"t with {numbers.degrees(one.df)} df, p {numbers.p_value(one.p_value)}"
    return (
        f"{_size(pool, one.estimate)}, {pool.level:.0%} interval {_interval(pool, one.conf_low, one.conf_high)}; {law}"
    )


def _note(one: PooledEffect) -> str:
    return f" ({one.note})" if one.note else ""


def _interval(pool: Pool, low: float, high: float) -> str:
    return f"{_size(pool, low).removesuffix(' points')} to {_size(pool, high)}"


def _size(pool: Pool, value: float) -> str:
    """Points for chances, else the scale's own units."""
    if pool.scale == "probability":
        return f"{numbers.points(value, 2)} points"
    return numbers.signed(value, 3)
