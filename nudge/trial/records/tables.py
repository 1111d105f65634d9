"""Rows from outside: a roll, an outcome file, a trial run elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nudge.trial.texts import Texts


@dataclass(frozen=True, slots=True)
class Table:
    """Columns of fields, each as a person would see it in the file."""

    name: str
    """What to call it in a problem: the path as given, or `causaldata.social_insure`."""
    columns: Mapping[str, Texts]
    """Those that were read."""
    lines: Sequence[int]
    """Where each row begins in the file, counted from 1."""
    sha256: str
    header: tuple[str, ...] = ()
    """All columns of the file in their order, where not all were read."""

    @property
    def titles(self) -> list[str]:
        """All columns of the file."""
        return list(self.header or self.columns)

    def __len__(self) -> int:
        """The number of rows."""
        return len(self.lines)
