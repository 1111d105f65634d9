"""Baseline columns as models take them: indicators of levels, numbers with their blanks filled (statistics.md 9)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from nudge.analysis.groups import alike, looked_up, runs
from nudge.trial.records.columns import Coded, Column, some_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from nudge.trial.records.analysis import Bools, Floats, Ints

Covariates: TypeAlias = Mapping[str, Column]
"""A number is one column of a model. What is coded is an indicator for each of its levels, named by the level; a row
with none of them (-1) has the level that the others are compared with."""

BLANK = " blank"
NO_LEVEL = "(blank)"
_DETERMINED = 1e-8
_SOME = 64


def coded_columns(values: Mapping[str, Column], on: Bools) -> dict[str, Column]:
    """What models take of baseline columns.

    on: (n,) the rows that inform the comparison, which alone settle levels, means and what varies.
    Questions left blank together need one indicator between them: an indicator that the other
    columns already determine is left out.
    """
    if not on.any():
        return {}
    coded = [one for name, column in values.items() for one in _coded(name, column, on)]
    found = {name: column for name, column in coded if not name.endswith(BLANK)}
    for name, column in coded:
        if name.endswith(BLANK) and not _determined(column, list(found.values()), np.flatnonzero(on)):
            found[name] = column
    return found


def _coded(name: str, column: Column, on: Bools) -> list[tuple[str, Column]]:
    """What varies of one column: blanks are a level of their own, or an indicator beside the numbers."""
    if isinstance(column, Coded):
        codes, names = levels_of(column, on)
        codes -= 1
        return [(name, Coded(codes, tuple(f"{name}={one}" for one in names[1:])))] if len(names) > 1 else []
    blank = np.isnan(column)
    if not blank.any():
        return [] if alike(column, on) else [(name, _fewest(name, column))]
    known = on & ~blank
    numbers = np.where(blank, float(column[known].mean()) if known.any() else 0.0, column)
    made: list[tuple[str, Column]] = [] if alike(numbers, on) else [(name, _fewest(name, numbers))]
    if known.any() and (on & blank).any():
        made.append((name + BLANK, _indicator(name + BLANK, blank)))
    return made


def levels_of(column: Coded, on: Bools | None = None) -> tuple[NDArray[np.int32], tuple[str, ...]]:
    """Each row's place among the levels that rows `on` have (all, if None), and those in alphabetical order.

    Blanks are a level. A row with a level that none of `on` has gets place 0.
    """
    texts = [*column.levels, NO_LEVEL]
    seen = np.zeros(len(texts), dtype=bool)
    for run in runs(len(column)):
        seen[column.codes[run] if on is None else column.codes[run][on[run]]] = True  # a blank, -1, is the last
    names = tuple(sorted({text for text, one in zip(texts, seen, strict=True) if one}))
    place = {name: i for i, name in enumerate(names)}
    return looked_up(np.array([place.get(text, 0) for text in texts], dtype=np.int32), column.codes), names


def by_level(column: Column, kind: str) -> tuple[Ints, tuple[str, ...]]:
    """Each row's place among a column's levels, (n,), and those as texts in alphabetical order; blanks are a level."""
    if isinstance(column, Coded):
        codes, names = levels_of(column)
        return codes.astype(np.int64), names
    known, place = np.unique(column, return_inverse=True)
    texts = [NO_LEVEL if np.isnan(one) else str(bool(one) if kind == "yes_no" else one) for one in known.tolist()]
    order = np.argsort(texts, kind="stable")
    return np.argsort(order)[place], tuple(texts[i] for i in order)


def _fewest(name: str, values: Floats) -> Column:
    """An indicator where the values are 0 and 1."""
    for run in runs(values.size):
        if not ((values[run] == 0) | (values[run] == 1)).all():
            return values
    return _indicator(name, values == 1)


def _indicator(name: str, values: Bools) -> Coded:
    return Coded(np.where(values, 0, -1).astype(np.int32), (name,))


def _determined(indicator: Column, others: Sequence[Column], rows: NDArray[np.intp]) -> bool:
    """Whether a column is a sum of multiples of the others and a constant, on some rows.

    A few rows either refute it or say what the sum must be, and then any row it is wrong for joins them: each time
    one direction more is settled, so that there are no more rounds than columns.
    """
    chosen = rows[:_SOME]
    while True:
        known, wanted = _dense(others, chosen), _dense([indicator], chosen)[:, 1]
        slopes = np.asarray(np.linalg.lstsq(known, wanted)[0], dtype=float)
        if np.abs(wanted - known @ slopes).max() > _DETERMINED:
            return False
        wrong = _first_wrong(indicator, others, rows, slopes)
        if wrong.size == 0:
            return True
        chosen = np.concatenate([chosen, wrong])


def _first_wrong(
    indicator: Column, others: Sequence[Column], rows: NDArray[np.intp], slopes: Floats
) -> NDArray[np.intp]:
    for run in runs(rows.size):
        here = rows[run]
        left = _dense([indicator], here)[:, 1] - _dense(others, here) @ slopes
        wrong = np.flatnonzero(np.abs(left) > _DETERMINED)
        if wrong.size:
            return here[wrong[:_SOME]]
    return rows[:0]


def _dense(columns: Sequence[Column], rows: NDArray[np.intp]) -> Floats:
    """A constant and the columns: (rows, 1 + c)."""
    of = {str(i): some_rows(column, rows) for i, column in enumerate(columns)}
    return np.column_stack([np.ones(rows.size), matrix(of, rows.size)])


def names_of(covariates: Covariates) -> tuple[str, ...]:
    """Of the model's columns."""
    return tuple(
        one for name, column in covariates.items()
        for one in (column.levels if isinstance(column, Coded) else (name,))
    )  # fmt: skip


def matrix(covariates: Covariates, rows: int) -> Floats:
    """The model's columns as numbers, for the few readers that need them side by side: (rows, c)."""
    made = np.empty((rows, len(names_of(covariates))), order="F")
    at = 0
    for column in covariates.values():
        for values in numbers_of(column):
            made[:, at] = values
            at += 1
    return made


def numbers_of(column: Column) -> Sequence[Bools | Floats]:
    """The model's columns of one covariate, (n,) each."""
    if isinstance(column, Coded):
        return [column.codes == i for i in range(len(column.levels))]
    return [column]
