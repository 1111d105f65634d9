"""Geometry of the report's figures: shares of the width, drawn by the page's template."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nudge.report import numbers
from nudge.report.words import effect, level, ratio, readable
from nudge.report.words import measured_in as own_unit

if TYPE_CHECKING:
    from nudge.trial.records.analysis import Estimate
    from nudge.trial.records.design import BalanceRow

WIDTH = 1000
"""Figures are drawn this many units wide and stretched to the page."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One estimate: where its point, interval and verdict interval fall, in units of WIDTH."""

    label: str
    detail: str
    value: str
    planned: bool
    point: float | None
    low: float | None
    high: float | None
    wide_low: float | None
    wide_high: float | None


@dataclass(frozen=True, slots=True)
class IntervalPlot:
    """Estimates of one outcome over one axis."""

    bars: tuple[Bar, ...]
    ticks: tuple[tuple[float, str], ...]
    zero: float
    worthwhile: float | None
    unit: str
    summary: str
    """The figure in words, for those who do not see it."""


_UNITS = {
    "probability": "percentage points, positive is better",
    "mean": "{unit}, positive is better",
    "log_ratio": "times the control, on a logarithmic scale; to the right is better",
}


def interval_plot(
    lines: Sequence[Estimate], worthwhile: float | None, measured_in: str | None = None
) -> IntervalPlot | None:
    """The estimates of one outcome, planned ones first within each comparison. measured_in: the outcome's own unit."""
    drawn = [line for line in lines if line.estimate is not None]
    if not drawn:
        return None
    drawn = [line for line in drawn if line.scale == drawn[0].scale]  # another scale has no place on this axis
    ends = [
        value
        for line in drawn
        for value in (line.estimate, line.conf_low, line.conf_high, line.verdict_conf_low, line.verdict_conf_high)
        if value is not None
    ]  # fmt: skip
    factor = 100 if drawn[0].scale == "probability" else 1
    ticks = numbers.nice_ticks(min([*ends, worthwhile or 0.0]) * factor, max([*ends, worthwhile or 0.0]) * factor)
    first, span = ticks[0], ticks[-1] - ticks[0]

    def place(value: float | None) -> float | None:
        return None if value is None else round((value * factor - first) / span * WIDTH, 2)

    bars = tuple(
        Bar(
            level(line.level) if line.level else f"{readable(line.arm)} − {readable(line.control)}",
            "" if line.label != "sensitivity" else line.note,
            effect(line, measured_in), line.label != "sensitivity", place(line.estimate), place(line.conf_low),
            place(line.conf_high), place(line.verdict_conf_low), place(line.verdict_conf_high),
        )
        for line in drawn
    )  # fmt: skip
    unit = _UNITS[drawn[0].scale].format(unit=measured_in or own_unit(drawn[0]) or "the outcome's own unit")
    decimals = 0 if all(float(tick).is_integer() for tick in ticks) else 1 if span > 1 else 3
    named = [
        ratio(drawn[0], tick) if drawn[0].scale == "log_ratio" else numbers.plain(tick, decimals) for tick in ticks
    ]
    return IntervalPlot(
        bars, tuple(((tick - first) / span * WIDTH, name) for tick, name in zip(ticks, named, strict=True)),
        place(0.0) or 0.0, place(worthwhile), unit,
        "; ".join(f"{bar.label}{f' ({bar.detail})' if bar.detail else ''}: {bar.value}" for bar in bars),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class BalanceLine:
    """One baseline characteristic: its mean in every arm, its difference in every comparison."""

    label: str
    means: tuple[str, ...]
    differences: tuple[tuple[str, float | None], ...]
    """Standardised difference as text, and its place in units of WIDTH."""
    largest: float


@dataclass(frozen=True, slots=True)
class BalanceTable:
    """Characteristics with the largest differences first where there are many."""

    arms: tuple[str, ...]
    comparisons: tuple[str, ...]
    shown: tuple[BalanceLine, ...]
    folded: tuple[BalanceLine, ...]


_BALANCE_REACH = 0.3
"""Standardised differences are drawn up to this size; larger ones sit at the edge."""
_SHOWN = 12


def balance_table(rows: Sequence[BalanceRow], proportions: set[str]) -> BalanceTable | None:
    """Baseline by arm; where there are many characteristics, the least balanced are shown first.

    proportions: columns whose means are shares, shown in per cent.
    """
    if not rows:
        return None
    comparisons = list(dict.fromkeys((row.arm, row.control) for row in rows))
    arms = list(dict.fromkeys(arm for control_first in comparisons for arm in reversed(control_first)))
    grouped: dict[tuple[str, str], list[BalanceRow]] = {}
    for row in rows:
        grouped.setdefault((row.column, row.level), []).append(row)
    lines = [_balance_line(group, arms, proportions) for group in grouped.values()]
    if len(lines) > _SHOWN:
        lines.sort(key=lambda line: -line.largest)
    return BalanceTable(
        tuple(readable(arm) for arm in arms),
        tuple(f"{readable(arm)} − {readable(control)}" for arm, control in comparisons),
        tuple(lines[:_SHOWN]), tuple(lines[_SHOWN:]),
    )  # fmt: skip


def _balance_line(group: Sequence[BalanceRow], arms: Sequence[str], proportions: set[str]) -> BalanceLine:
    first = group[0]
    means = {row.arm: row.mean_arm for row in group} | {row.control: row.mean_control for row in group}
    share = first.column in proportions
    sizes = [row.standardised_difference for row in group]
    return BalanceLine(
        readable(first.column) + (f": {first.level}" if first.level else ""),
        tuple(numbers.percent(means[arm]) if share else f"{means[arm]:.2f}" for arm in arms),
        tuple(_drawn(size) for size in sizes),
        max((abs(size) for size in sizes if not math.isnan(size)), default=0.0),
    )


def _drawn(size: float) -> tuple[str, float | None]:
    if math.isnan(size):
        return "–", None
    clipped = max(-_BALANCE_REACH, min(_BALANCE_REACH, size))
    return numbers.signed(size, 2), (clipped + _BALANCE_REACH) / (2 * _BALANCE_REACH) * WIDTH
