"""Rows from outside: a roll, an outcome file, a trial run elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Table:
    """Columns of text, as a person would see them in the file; a blank is an empty text."""

    name: str
    """What to call it in a problem: the path as given, or `causaldata.social_insure`."""
    columns: Mapping[str, Sequence[str]]
    lines: Sequence[int]
    """Where each row begins in the file, counted from 1."""
    sha256: str

    def __len__(self) -> int:
        """The number of rows."""
        return len(self.lines)
