"""Columns of values that a package or a caller gives, as a table."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from nudge.trial.records.tables import Table
from nudge.trial.texts import Texts, as_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def as_table(name: str, columns: Mapping[str, Iterable[object]]) -> Table:
    """A Table of text in Unicode's form NFC; numbers that are whole lose their point, blanks are empty."""
    text = {str(title): [as_text(value) for value in values] for title, values in columns.items()}
    n = len(next(iter(text.values()), []))
    digest = hashlib.sha256(repr(text).encode()).hexdigest()
    return Table(name, {title: Texts.of(values) for title, values in text.items()}, range(1, n + 1), digest)
