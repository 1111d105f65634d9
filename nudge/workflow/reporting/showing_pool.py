"""A pool in lines for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nudge.report import numbers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from nudge.trial.records.evidence import Pool, PooledEffect


def pool_in_lines(pool: Pool) -> list[str]:
    """The mean, the spread, what stands beside, and what a careless pool would say."""
    of = f" in {pool.publications:,} publications or trials" if pool.publications is not None else ""
    lines = [f"{pool.k:,} effects of {pool.studies:,} studies{of}{f' ({pool.scale})' if pool.scale else ''}", ""]
    lines += [f"mean      {_answer(pool, pool.mean)}", f"  {pool.mean.how}", ""]
    if pool.prediction_low is not None and pool.prediction_high is not None:
        between = f"{_size(pool, pool.prediction_low)} to {_size(pool, pool.prediction_high)}"
        lines.append(f"the next  {between}: where the true effect of another such study lies")
    by_level = ", ".join(f"{name} {value:.4g}" for name, value in pool.tau2_by_level.items())
    lines.append(f"spread    τ² {pool.tau2:.4g} ({by_level}), I² {numbers.percent(pool.i2)}, "
                 f"Q {pool.q:,.1f} on {pool.q_df:,} df, p {numbers.p_value(pool.q_p)}")  # fmt: skip
    lines += ["", *_beside(pool)]
    for one in pool.careless:
        interval = f"{_size(pool, one.conf_low)} to {_size(pool, one.conf_high)}"
        lines.append(f"a careless pool: {one.what}: {_size(pool, one.estimate)}, {interval}; wrong: {one.why}")
    return lines


def _beside(pool: Pool) -> Iterator[str]:
    for one in pool.sensitivity:
        yield f"beside    {_answer(pool, one)}"
        yield f"  {one.how}"
    small = pool.small_studies
    if small is None:
        return
    slope = numbers.signed(small.slope.estimate, 2)
    interval = _interval(small.slope.conf_low, small.slope.conf_high, pool.level, lambda x: numbers.signed(x, 2))
    yield f"less precise studies: {small.slope.how} {slope}{interval}{_note(small.slope)}"
    for one in (small.pet, small.peese):
        yield f"  were that selection, {one.how} {_answer(pool, one)}"


def _answer(pool: Pool, one: PooledEffect) -> str:
    interval = _interval(one.conf_low, one.conf_high, pool.level, lambda value: _size(pool, value))
    df = f"; t with {numbers.degrees(one.df)} df, p {numbers.p_value(one.p_value)}" if one.conf_low is not None else ""
    return f"{_size(pool, one.estimate)}{interval}{df}{_note(one)}"


def _note(one: PooledEffect) -> str:
    return f" ({one.note})" if one.note else ""


def _interval(low: float | None, high: float | None, level: float, shown: Callable[[float], str]) -> str:
    return "" if low is None or high is None else f", {level:.0%} interval {shown(low)} to {shown(high)}"


def _size(pool: Pool, value: float) -> str:
    """Points for chances, else the scale's own units."""
    if pool.scale == "probability":
        return f"{numbers.points(value, 2)} points"
    return numbers.signed(value, 3)
