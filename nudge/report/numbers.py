"""Numbers as people read them: points, per hundred, p-values, and days."""

from __future__ import annotations

import math
from datetime import datetime

_RARE = 0.05
_SMALLEST_P = 0.001
_NARROWEST = 1e-6
"""An axis narrower than this is drawn one unit wide: there is nothing to tell apart on it."""


def frequency_base(*proportions: float) -> int:
    """Out of how many to speak: 100, or 1,000 where every proportion is below 5 %."""
    return 1000 if max(abs(value) for value in proportions) < _RARE else 100


def out_of(value: float, base: int) -> str:
    """A proportion as a whole number out of `base`; halves are kept where wholes would hide them."""
    number = value * base
    if 0 < abs(number) < 1:
        return f"{number:.1f}"
    return f"{number:,.0f}"


def points(value: float, decimals: int = 1) -> str:
    """A difference of proportions in percentage points, with a real minus sign."""
    return signed(value * 100, decimals)


def signed(value: float, decimals: int = 1) -> str:
    """A number with its sign; zero has none."""
    text = f"{abs(value):,.{decimals}f}"
    if float(text.replace(",", "")) == 0:
        return text
    return f"−{text}" if value < 0 else f"+{text}"


def plain(value: float, decimals: int = 1) -> str:
    """A number with a real minus sign and no plus."""
    text = f"{abs(value):,.{decimals}f}"
    return f"−{text}" if value < 0 and float(text.replace(",", "")) != 0 else text


def percent(value: float, decimals: int = 1) -> str:
    """A proportion in per cent."""
    return f"{value * 100:.{decimals}f} %"


def p_value(p: float | None) -> str:
    """A p-value to three decimals; never `0`."""
    if p is None:
        return "–"
    return "< .001" if p < _SMALLEST_P else f"{p:.3f}".lstrip("0") if p < 1 else "1"


def degrees(df: float | None) -> str:
    """Degrees of freedom."""
    return "–" if df is None else f"{df:,.1f}"


def counted(number: int, one: str) -> str:
    """`1 record`, `1,410 records`."""
    return f"{number:,} {one if number == 1 else f'{one}s'}"


def day(moment: str) -> str:
    """An ISO moment as `30 January 2027`."""
    value = datetime.fromisoformat(moment)
    return f"{value.day} {value:%B %Y}"


def nice_ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Round places for an axis that covers low to high and zero."""
    low, high = min(low, 0.0), max(high, 0.0)
    if high - low < _NARROWEST:
        high = low + 1.0
    rough = (high - low) / most
    magnitude = 10 ** math.floor(math.log10(rough))
    step = next(m * magnitude for m in (1, 2, 5, 10) if m * magnitude >= rough)
    first = math.floor(low / step)
    last = math.ceil(high / step)
    return [round(i * step, 12) for i in range(first, last + 1)]
