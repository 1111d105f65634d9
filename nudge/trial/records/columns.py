"""Columns of many rows in memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Rows: TypeAlias = slice | NDArray[np.bool_] | NDArray[np.integer]
"""Some rows: which, or whether each."""


@dataclass(frozen=True, slots=True)
class Coded:
    """A column of few values."""

    codes: NDArray[np.int32]
    """(n,) each row's place in `levels`; -1 where blank."""
    levels: tuple[str, ...]
    """Distinct texts, none of them blank; of a column that was read, in the order in which rows first have them."""

    @classmethod
    def of(cls, texts: Sequence[str | None]) -> Coded:
        """The column of some texts; None and the empty text are blanks."""
        place = {text: i for i, text in enumerate(dict.fromkeys(text for text in texts if text))}
        codes = np.fromiter((place.get(text or "", -1) for text in texts), dtype=np.int32, count=len(texts))
        return cls(codes, tuple(place))

    def __len__(self) -> int:
        """The number of rows."""
        return self.codes.size

    def at(self, rows: Rows) -> Coded:
        """Some of the rows, with all the levels."""
        return Coded(self.codes[rows], self.levels)

    def is_(self, level: str) -> NDArray[np.bool_]:
        """(n,) whether a row has this level; no row has one that is unknown."""
        found: NDArray[np.bool_] = self.codes == (
            self.levels.index(level) if level in self.levels else len(self.levels)
        )
        return found

    def count(self, level: str) -> int:
        """How many rows have this level."""
        return int(np.count_nonzero(self.is_(level)))

    def among(self, levels: Iterable[str]) -> NDArray[np.bool_]:
        """(n,) whether a row has one of these levels."""
        wanted = set(levels)
        return np.array([*(level in wanted for level in self.levels), False])[self.codes]

    def texts(self) -> list[str | None]:
        """Every row's text, None where blank."""
        texts = [*self.levels, None]
        return [texts[code] for code in self.codes.tolist()]


Column: TypeAlias = Coded | NDArray[np.float64]
"""Texts; or numbers (n,), nan where blank, in which yes is 1 and no is 0."""


def some_rows(column: Column, rows: Rows) -> Column:
    """Some rows of a column."""
    return column.at(rows) if isinstance(column, Coded) else column[rows]
