"""Columns of many rows at once: each distinct text is read once, and numbers that Arrow knows are not read at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nudge.trial.records.columns import Coded
from nudge.trial.tables import NOT_AVAILABLE, typed_texts
from nudge.trial.texts import Texts, text_array

if TYPE_CHECKING:
    from nudge.trial.problems import Problems
    from nudge.trial.records.columns import Column
    from nudge.trial.records.tables import Table

NUMBERS = frozenset({"number", "yes_no"})
"""Types of which an analysis takes numbers; of the others it takes levels."""


def analysis_column(table: Table, column: str, kind: str, problems: Problems) -> Column:
    """A column as an analysis takes it; each field that does not fit its type is a problem and counts as blank."""
    if kind in NUMBERS:
        return number_column(table, column, kind, problems)
    codes, texts = table.columns[column].encoded()
    if kind != "date":
        return Coded(codes, tuple(texts.to_pylist()))
    days = typed_texts(table, column, codes, texts, kind, problems)
    distinct = Coded.of([None if day is None else str(day) for day in days])
    return Coded(distinct.codes[codes], distinct.levels)


def number_column(table: Table, column: str, kind: str, problems: Problems) -> np.ndarray:
    """Numbers, or 1 for yes and 0 for no; nan where blank, and where a field is a problem."""
    values = table.columns[column].values
    found = _arrows_own(values) if kind == "number" else None
    if found is None:
        return _by_text(table, column, kind, table.columns[column], None, problems)
    odd = np.flatnonzero(~np.isfinite(found))
    if odd.size:
        found[odd] = _by_text(table, column, kind, Texts(values.take(odd)), odd, problems)
    return found


def _by_text(
    table: Table, column: str, kind: str, texts: Texts, rows: np.ndarray | None, problems: Problems
) -> np.ndarray:
    """Numbers by way of the distinct texts. rows: which rows of the table these are, where it is not all."""
    codes, levels = texts.encoded()
    values = typed_texts(table, column, codes, levels, kind, problems, rows)
    numbers = np.array([np.nan if value is None else value for value in values], dtype=float)
    return numbers[codes]


def _arrows_own(values: Any) -> np.ndarray | None:
    """(n,) numbers as Arrow has or reads them, not finite where a text must be looked at; None if it cannot.

    Arrow takes a part of what a person may write, and reads that part as Python does.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = values.type
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return np.array(values.cast(pa.float64(), safe=False).to_numpy())
    if not pa.types.is_string(kind):
        return None
    found = _cast(values)
    if found is None:
        trimmed = pc.utf8_trim_whitespace(values)
        blank = pc.is_in(trimmed, text_array(["", *NOT_AVAILABLE]))
        found = _cast(pc.if_else(blank, pa.scalar(None, pa.string()), trimmed))
    return found


def _cast(texts: Any) -> np.ndarray | None:
    import pyarrow as pa

    try:
        return np.array(texts.cast(pa.float64()).to_numpy())
    except pa.ArrowInvalid:
        return None
