"""Typed columns of Parquet files and packages as the text a person would see."""

from __future__ import annotations

import hashlib
import math
import unicodedata
from datetime import date, datetime
from typing import TYPE_CHECKING

from nudge.trial.quantities import plain
from nudge.trial.records.tables import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def as_table(name: str, columns: Mapping[str, Iterable[object]]) -> Table:
    """A Table of text in Unicode's form NFC; numbers that are whole lose their point, blanks are empty."""
    text = {str(title): [_text(value) for value in values] for title, values in columns.items()}
    n = len(next(iter(text.values()), []))
    digest = hashlib.sha256(repr(text).encode()).hexdigest()
    return Table(name, text, range(1, n + 1), digest)


def _text(value: object) -> str:
    if value is None or value != value:  # noqa: PLR0124 - what differs from itself is NaN or pandas' NaT
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return plain(value) if math.isfinite(value) else repr(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    return unicodedata.normalize("NFC", str(value).strip())
