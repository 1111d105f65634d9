"""How uptake grew in each arm: steps as SVG, and the same as a table with the numbers still at risk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING

from nudge.report import numbers
from nudge.report.words import readable

if TYPE_CHECKING:
    from nudge.trial.records.analysis import SurvivalCurve

_WIDTH, _HEIGHT = 640, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 60, 120, 16, 52
_DASHES = ("", "6 4", "2 3", "8 3 2 3")
_COLOURS = ("#1d70b8", "#d4351c", "#00703c", "#4c2c92")
_APART = 16
"""Labels of lines that end close together are set this far apart."""


@dataclass(frozen=True, slots=True)
class Uptake:
    """One outcome's figure and table. rows: a day each, with share and number at risk for every arm."""

    outcome: str
    svg: str
    arms: tuple[str, ...]
    rows: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    note: str


def uptakes(curves: Sequence[SurvivalCurve]) -> list[Uptake]:
    """A figure for every outcome that has curves."""
    return [
        _uptake([curve for curve in curves if curve.outcome == outcome], i)
        for i, outcome in enumerate(dict.fromkeys(curve.outcome for curve in curves))
    ]


def _uptake(curves: Sequence[SurvivalCurve], number: int) -> Uptake:
    marks = curves[0].marks
    rows = tuple(
        (f"{day:.0f}", tuple((numbers.percent(one.had_at[i]), f"{one.at_risk[i]:,}") for one in curves))
        for i, day in enumerate(marks)
    )
    ends = "; ".join(
        f"{readable(one.arm)}: {one.events:,} of {one.n:,} had it, {numbers.percent(one.had[-1] if one.had else 0.0)} "
        "by the last day, counting those followed for less"
        for one in curves
    )
    return Uptake(curves[0].outcome, _svg(curves, ends, number), tuple(readable(one.arm) for one in curves), rows, ends)


def _svg(curves: Sequence[SurvivalCurve], words: str, number: int) -> str:
    reach = max(curve.followed for curve in curves)
    top = numbers.nice_ticks(0.0, 100 * max([*(had for curve in curves for had in curve.had), 0.01]))
    title = f"Share who had it by each day: {readable(curves[0].outcome)}"
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
            f'aria-labelledby="uptake-{number} uptake-words-{number}" font-family="Arial, sans-serif" font-size="13">'
        ),
        f'<title id="uptake-{number}">{escape(title)}</title>',
        f'<desc id="uptake-words-{number}">{escape(words)}</desc>',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>',
    ]

    def x(day: float) -> float:
        return round(_LEFT + day / reach * (_WIDTH - _LEFT - _RIGHT), 2)

    def y(share: float) -> float:
        return round(_TOP + (1 - 100 * share / top[-1]) * (_HEIGHT - _TOP - _BOTTOM), 2)

    for tick in top:
        parts.append(
            f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y(tick / 100)}" y2="{y(tick / 100)}" stroke="#b1b4b6"/>'
        )
        parts.append(_label(_LEFT - 8, y(tick / 100) + 4, f"{numbers.plain(tick, 0)} %", "end"))
    parts += [_label(x(day), _HEIGHT - 32, f"{day:.0f}") for day in curves[0].marks]
    parts.append(_label((_LEFT + _WIDTH - _RIGHT) / 2, _HEIGHT - 10, "days"))
    labels = _places([y(curve.had[-1] if curve.had else 0.0) + 4 for curve in curves])
    for i, curve in enumerate(curves):
        dashes = f' stroke-dasharray="{_DASHES[i % 4]}"' if i % len(_DASHES) else ""
        parts.append(
            f'<path d="{_steps(curve, x, y)}" fill="none" stroke="{_COLOURS[i % 4]}" stroke-width="2.5"{dashes}/>'
        )
        parts.append(_label(x(curve.followed) + 6, labels[i], readable(curve.arm), "start"))
    return "\n".join([*parts, "</svg>"])


def _places(wanted: Sequence[float]) -> list[float]:
    """Heights near those wanted and apart from one another, from the top down."""
    places = list(wanted)
    for before, after in pairwise(sorted(range(len(places)), key=lambda i: places[i])):
        places[after] = max(places[after], places[before] + _APART)
    return places


def _steps(curve: SurvivalCurve, x: Callable[[float], float], y: Callable[[float], float]) -> str:
    path = [f"M{x(0)},{y(0)}"]
    for day, had in zip(curve.days, curve.had, strict=True):
        path.append(f"H{x(day)}V{y(had)}")
    return " ".join([*path, f"H{x(curve.followed)}"])


def _label(x: float, y: float, text: str, anchor: str = "middle") -> str:
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}" fill="#0b0c0c">{escape(text)}</text>'
