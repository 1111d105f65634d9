"""Power curves: for a terminal in plain characters, for a page as SVG with the figure in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from nudge.report import numbers

_ROWS, _COLUMNS = 11, 61
_WIDTH, _HEIGHT = 640, 320
_LEFT, _RIGHT, _TOP, _BOTTOM = 60, 16, 40, 52
_DASHES = ("", "6 4", "2 3", "8 3 2 3")
_COLOURS = ("#1d70b8", "#d4351c", "#00703c", "#4c2c92")
_MARKS = "*o+x"


@dataclass(frozen=True, slots=True)
class Curve:
    """Power by effect. points: (effect on the axis' own scale, power 0 to 1), effects rising."""

    name: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Axes:
    """What the figure is of. worthwhile and target are drawn as lines."""

    title: str
    across: str
    worthwhile: float
    target: float


def curve_text(curves: Sequence[Curve], axes: Axes) -> list[str]:
    """A chart in plain characters: power up, effect across; `:` is the worthwhile effect, `-` the target."""
    top = max(curve.points[-1][0] for curve in curves)
    grid = [[" "] * _COLUMNS for _ in range(_ROWS)]
    mark = round(axes.worthwhile / top * (_COLUMNS - 1))
    for row in range(_ROWS):
        if 0 <= mark < _COLUMNS:
            grid[row][mark] = ":"
    grid[_row(axes.target)] = ["-" if one == " " else one for one in grid[_row(axes.target)]]
    for i, curve in enumerate(curves):
        for column in range(_COLUMNS):
            value = _at(curve, top * column / (_COLUMNS - 1))
            if value is not None:
                grid[_row(value)][column] = _MARKS[i % len(_MARKS)]
    lines = [axes.title]
    for row, cells in enumerate(grid):
        label = f"{100 - row * 100 // (_ROWS - 1):>4} %" if row % 2 == 0 else " " * 6
        lines.append(f"{label} |{''.join(cells).rstrip()}")
    lines.append(" " * 7 + "+" + "-" * _COLUMNS)
    middle = numbers.plain(top / 2, 1)
    end = numbers.plain(top, 1)
    lines.append(" " * 8 + "0" + middle.center(_COLUMNS - 1 - len(end)) + end + f"  {axes.across}")
    if len(curves) > 1:
        lines += [f"       {_MARKS[i % len(_MARKS)]} {curve.name}" for i, curve in enumerate(curves)]
    return lines


def _row(power: float) -> int:
    return round((1 - min(max(power, 0.0), 1.0)) * (_ROWS - 1))


def _at(curve: Curve, effect: float) -> float | None:
    """The curve between its points; None beyond the last."""
    for (x0, y0), (x1, y1) in zip(curve.points, curve.points[1:], strict=False):
        if x0 <= effect <= x1 + 1e-12:
            return y0 + (y1 - y0) * (effect - x0) / (x1 - x0) if x1 > x0 else y0
    return None


def curve_svg(curves: Sequence[Curve], axes: Axes, words: str) -> str:
    """The same as SVG: no script, no outside font, readable without colour.

    words: the figure said in a sentence, for those who do not see it.
    """
    ticks = numbers.nice_ticks(0.0, max(curve.points[-1][0] for curve in curves))
    reach = ticks[-1]
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
            'aria-labelledby="title words" font-family="Arial, sans-serif" font-size="13">'
        ),
        f'<title id="title">{escape(axes.title)}</title>',
        f'<desc id="words">{escape(words)}</desc>',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>',
        f'<text x="{_LEFT}" y="20" font-weight="bold" fill="#0b0c0c">{escape(axes.title)}</text>',
    ]
    for share in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0):
        y = _y(share)
        parts.append(f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y}" y2="{y}" stroke="#b1b4b6"/>')
        parts.append(_label(_LEFT - 8, y + 4, f"{share:.0%}", "end"))
    decimals = 0 if all(float(tick).is_integer() for tick in ticks) else 1 if reach > 1 else 3
    parts += [_label(_x(tick, reach), _HEIGHT - 32, numbers.plain(tick, decimals)) for tick in ticks]
    parts.append(_label((_LEFT + _WIDTH - _RIGHT) / 2, _HEIGHT - 10, axes.across))
    y, x = _y(axes.target), _x(axes.worthwhile, reach)
    parts.append(
        f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y}" y2="{y}" stroke="#0b0c0c" stroke-dasharray="3 3"/>'
    )
    parts.append(_label(_LEFT + 6, y - 5, "wanted", "start"))
    parts.append(
        f'<line x1="{x}" x2="{x}" y1="{_TOP}" y2="{_HEIGHT - _BOTTOM}" stroke="#0b0c0c" stroke-dasharray="3 3"/>'
    )
    parts.append(_label(x + 5, _HEIGHT - _BOTTOM - 8, "worthwhile", "start"))
    for i, curve in enumerate(curves):
        path = " ".join(f"{_x(effect, reach)},{_y(power)}" for effect, power in curve.points)
        dashes = f' stroke-dasharray="{_DASHES[i % 4]}"' if i % len(_DASHES) else ""
        parts.append(f'<polyline points="{path}" fill="none" stroke="{_COLOURS[i % 4]}" stroke-width="2.5"{dashes}/>')
        if len(curves) > 1:
            effect, power = curve.points[len(curve.points) * (i + 2) // (len(curves) + 3)]
            parts.append(_label(_x(effect, reach) + 6, _y(power) + 14, curve.name, "start"))
    return "\n".join([*parts, "</svg>", ""])


def _x(effect: float, reach: float) -> float:
    return round(_LEFT + effect / reach * (_WIDTH - _LEFT - _RIGHT), 2)


def _y(power: float) -> float:
    return round(_TOP + (1 - power) * (_HEIGHT - _TOP - _BOTTOM), 2)


def _label(x: float, y: float, text: str, anchor: str = "middle") -> str:
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}" fill="#0b0c0c">{escape(text)}</text>'
