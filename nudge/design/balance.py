"""Balance of baseline characteristics between arms, as standardised differences.

No p-values: after a sound draw every difference is chance by construction, and a test of
that says nothing (CONSORT 2025). The size is what a reader needs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from nudge.trial.records.design import BalanceRow

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nudge.trial.quantities import Comparison
    from nudge.trial.records.people import Value


def balance(
    rows: Sequence[Mapping[str, Value]],
    arms: Sequence[str],
    comparisons: Sequence[Comparison],
    types: Mapping[str, str],
) -> list[BalanceRow]:
    """Standardised differences of each column, level by level for categories.

    rows: one mapping of baseline columns per person. arms: each person's arm.
    types: the columns to describe; dates and free text are left out.
    """
    arm_of = np.asarray(arms)
    result: list[BalanceRow] = []
    for column, kind in types.items():
        if kind in {"date", "text"}:
            continue
        for level, values in _indicators([row[column] for row in rows], kind).items():
            spread = _variance if kind == "number" else _binary_variance
            result.extend(
                _difference(column, level, values, arm_of, pair.arm, pair.control, spread) for pair in comparisons
            )
    return result


def _indicators(values: list[Value], kind: str) -> dict[str, NDArray[np.float64]]:
    if kind == "number":
        return {"": np.array([np.nan if value is None else float(str(value)) for value in values])}
    if kind == "yes_no":
        return {"yes": np.array([np.nan if value is None else float(value is True) for value in values])}
    levels = sorted({"blank" if value is None else str(value) for value in values})
    shown = np.array(["blank" if value is None else str(value) for value in values])
    return {level: (shown == level).astype(float) for level in levels}


def _variance(values: NDArray[np.float64]) -> float:
    """The sample variance of a number."""
    return float(values.var(ddof=1)) if values.size > 1 else float("nan")


def _binary_variance(values: NDArray[np.float64]) -> float:
    """The variance of a yes or no, p (1 − p)."""
    return float(values.var()) if values.size else float("nan")


def _difference(
    column: str, level: str, values: NDArray[np.float64], arms: NDArray[np.str_], arm: str, control: str,
    variance: Callable[[NDArray[np.float64]], float],
) -> BalanceRow:  # fmt: skip
    """Difference in means over the root of the arms' average variance (Austin 2009, Stat Med 28:3083)."""
    one, other = (values[(arms == name) & ~np.isnan(values)] for name in (arm, control))
    means = [float(part.mean()) if part.size else float("nan") for part in (one, other)]
    spread = float(np.sqrt((variance(one) + variance(other)) / 2))
    gap = means[0] - means[1]
    standardised = gap / spread if spread > 0 else 0.0 if gap == 0 else float("nan")
    return BalanceRow(column, level, arm, control, means[0], means[1], standardised)
