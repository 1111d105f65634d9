"""Baseline columns as a design uses them: standardised numbers, and groups.

A number or a yes or no (1 or 0; a share, over a unit's people) becomes z = (x − mean) / sd
over all units, sd with n below the line; a blank takes the mean, and a column with blanks
brings a second one that is 1 where it is blank. A category is its groups, a blank being one.
Sums are correctly rounded (`math.fsum`), so the order of rows and the platform do not enter.
"""

from __future__ import annotations

from collections import Counter
from math import fsum, sqrt
from typing import TYPE_CHECKING

import numpy as np

from nudge.trial.errors import InputError
from nudge.trial.problems import listed

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from nudge.trial.records.design import DrawUnit, Law
    from nudge.trial.records.people import Value

BLANK = "(blank)"
MEASURES = frozenset({"number", "yes_no", "category"})
"""Types of column whose values lie near or far from each other."""
GROUPS = frozenset({"yes_no", "category"})
"""Types of column that have a few levels."""

_STEPS = 100_000
"""Distances are of whole numbers, hundred-thousandths of a standard deviation: exact everywhere."""


def standardised(units: Sequence[DrawUnit], law: Law) -> npt.NDArray[np.float64]:
    """The columns of `balance_on` as numbers, (n, q), each with mean 0 and variance 1.

    A category gives a column per group. Columns that never vary are left out.
    Raises InputError where none varies.
    """
    made: list[list[float]] = []
    for name in balanced(law):
        values = column(units, name)
        if _is_category(values):
            made += [[float(level == group) for level in levels(values)] for group in sorted(set(levels(values)))]
        else:
            made += _numbers(values)
    return _varying([one for one in map(_standardise, made) if one], law, len(units))


def balanced(law: Law) -> tuple[str, ...]:
    """The columns of `balance_on`."""
    return tuple(law.parameters.get("balance_on", ()))


def column(units: Sequence[DrawUnit], name: str) -> list[Value]:
    """One design column. Raises InputError where a unit has none of that name."""
    without = [unit.id for unit in units if name not in unit.columns]
    if without:
        raise InputError(f"{len(without)} units have no `{name}`, the first `{without[0]}`", "declare and fill it")
    return [unit.columns[name] for unit in units]


def levels(values: Sequence[Value]) -> list[str]:
    """The group of each value of a category."""
    return [BLANK if value is None else str(value) for value in values]


def _is_category(values: Sequence[Value]) -> bool:
    return any(isinstance(value, str) for value in values)


def _numbers(values: Sequence[Value]) -> list[list[float]]:
    """A number, blanks at the mean; where there are blanks, also which they are."""
    known = [
        float(str(value)) if not isinstance(value, bool) else float(value) for value in values if value is not None
    ]
    mean = fsum(known) / len(known) if known else 0.0
    left = iter(known)
    filled = [mean if value is None else next(left) for value in values]
    blank = [float(value is None) for value in values]
    return [filled, blank] if len(known) < len(values) else [filled]


def _standardise(values: list[float]) -> list[float]:
    """Mean 0 and variance 1; nothing where the values do not vary."""
    if min(values, default=0.0) == max(values, default=0.0):
        return []
    mean = fsum(values) / len(values)
    away = [value - mean for value in values]
    sd = sqrt(fsum(one * one for one in away) / len(away))
    return [one / sd for one in away]


def _varying(columns: list[list[float]], law: Law, n: int) -> npt.NDArray[np.float64]:
    if not columns:
        raise InputError(
            f"{listed(balanced(law))} of `balance_on` are the same for all {n} units",
            "name columns that differ between units, or choose a method without balance",
        )
    return np.array(columns).T


class Distances:
    """Squared distances between units, in whole numbers.

    Σ over columns: numbers (zᵢ − zⱼ)², z rounded to five decimals; categories 2/(1 − Σ p²) where
    the groups differ, p being their shares, so that each column's average over two units drawn
    at random is 2, as it is for a standardised number (for a yes or no the two agree).
    """

    def __init__(self, units: Sequence[DrawUnit], law: Law) -> None:
        numbers: list[list[float]] = []
        groups: list[list[int]] = []
        weights: list[int] = []
        for name in balanced(law):
            values = column(units, name)
            if not _is_category(values):
                numbers += [one for one in map(_standardise, _numbers(values)) if one]
                continue
            shown = levels(values)
            code = {level: i for i, level in enumerate(sorted(set(shown)))}
            if len(code) > 1:
                groups.append([code[level] for level in shown])
                weights.append(_weight(Counter(shown), len(shown)))
        if not numbers and not groups:
            _varying([], law, len(units))
        self.numbers = np.rint(np.array(numbers).reshape(-1, len(units)) * _STEPS).astype(np.int64)
        self.groups = np.array(groups, dtype=np.int64).reshape(-1, len(units))
        self.weights = weights

    def between(self, one: npt.NDArray[np.int64], other: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Squared distances of pairs of units, by position."""
        total = np.zeros(len(one), dtype=np.int64)
        for values in self.numbers:
            total += (values[one] - values[other]) ** 2
        for codes, weight in zip(self.groups, self.weights, strict=True):
            total += weight * (codes[one] != codes[other])
        return total


def _weight(numbers: Counter[str], n: int) -> int:
    """2 / (1 − Σ p²) on the scale of squared steps, rounded down."""
    return 2 * n * n * _STEPS**2 // (n * n - sum(number**2 for number in numbers.values()))
