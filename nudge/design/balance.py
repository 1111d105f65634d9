"""Balance of baseline characteristics between arms, as standardised differences.

No p-values: after a sound draw every difference is chance by construction, and a test of
that says nothing (CONSORT 2025). The size is what a reader needs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from nudge.trial.records.columns import Coded
from nudge.trial.records.design import BalanceRow

if TYPE_CHECKING:
    from nudge.trial.quantities import Comparison
    from nudge.trial.records.analysis import Floats
    from nudge.trial.records.columns import Column

Spread = tuple[float, float]
"""Mean and variance within an arm; nan where nobody is known."""


def balance(
    columns: Mapping[str, Column], arms: Coded, comparisons: Sequence[Comparison], types: Mapping[str, str]
) -> list[BalanceRow]:
    """Standardised differences of each column, level by level for categories.

    columns: (n,) each, baseline. arms: each person's arm. types: of the columns to describe;
    dates and free text are left out.
    """
    result: list[BalanceRow] = []
    for name, kind in types.items():
        if kind in {"date", "text"}:
            continue
        column = columns[name]
        levels = _of_levels(column, arms) if isinstance(column, Coded) else _of_numbers(column, arms, kind)
        for level, by_arm in levels.items():
            result.extend(
                _difference(name, level, pair, by_arm.get(pair.arm, _NOBODY), by_arm.get(pair.control, _NOBODY))
                for pair in comparisons
            )
    return result


_NOBODY: Spread = (float("nan"), float("nan"))


def _of_numbers(values: Floats, arms: Coded, kind: str) -> dict[str, dict[str, Spread]]:
    """A number, with its sample variance; or the share of yes, whose variance is p (1 − p)."""
    by_arm: dict[str, Spread] = {}
    for arm in arms.levels:
        part = values[arms.is_(arm)]
        part = part[~np.isnan(part)]
        number = kind == "number"
        variance = float(part.var(ddof=int(number))) if part.size > int(number) else float("nan")
        by_arm[arm] = (float(part.mean()) if part.size else float("nan"), variance)
    return {"" if kind == "number" else "yes": by_arm}


def _of_levels(column: Coded, arms: Coded) -> dict[str, dict[str, Spread]]:
    """The share of each level; blanks are a level of their own."""
    width = len(column.levels) + 1
    there = arms.codes >= 0
    cells = arms.codes[there].astype(np.int64) * width + column.codes[there] + 1
    counts = np.bincount(cells, minlength=len(arms.levels) * width).reshape(len(arms.levels), width)
    shown = ["blank", *column.levels]
    found: dict[str, dict[str, Spread]] = {}
    for level in sorted(name for name, number in zip(shown, counts.sum(axis=0), strict=True) if number):
        of_level = counts[:, [name == level for name in shown]].sum(axis=1)
        people = counts.sum(axis=1)
        shares = np.where(people > 0, of_level / np.maximum(people, 1), np.nan)
        found[level] = {arm: (float(p), float(p * (1 - p))) for arm, p in zip(arms.levels, shares, strict=True)}
    return found


def _difference(column: str, level: str, pair: Comparison, one: Spread, other: Spread) -> BalanceRow:
    """Difference in means over the root of the arms' average variance (Austin 2009, Stat Med 28:3083)."""
    spread = float(np.sqrt((one[1] + other[1]) / 2))
    gap = one[0] - other[0]
    standardised = gap / spread if spread > 0 else 0.0 if gap == 0 else float("nan")
    return BalanceRow(column, level, pair.arm, pair.control, one[0], other[0], standardised)
