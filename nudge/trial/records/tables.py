"""Rows from outside: a roll, an outcome file, a trial run elsewhere."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, overload

from nudge.trial.quantities import plain

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_WHOLE_IN_A_FLOAT = 2.0**53


class Texts(Sequence[str]):
    """A column: the text a person would see of each field, trimmed and in Unicode's form NFC; a blank is empty.

    values: an Arrow array, chunked or not, of text as it stands in a file or of a Parquet file's own type.
    It stays as it is; text is made of it only where somebody looks.
    """

    __slots__ = ("values",)

    def __init__(self, values: Any) -> None:
        import pyarrow as pa

        self.values: Any = values if isinstance(values, pa.ChunkedArray) else pa.chunked_array([values])

    @classmethod
    def of(cls, texts: Iterable[str]) -> Texts:
        """The column of these texts."""
        import pyarrow as pa

        return cls(pa.array(list(texts), pa.string()))

    def __len__(self) -> int:
        """The number of fields."""
        return len(self.values)

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> list[str]: ...
    def __getitem__(self, at: int | slice) -> str | list[str]:
        """The text of one field, or of several."""
        return list(Texts(self.values[at])) if isinstance(at, slice) else as_text(self.values[at].as_py())

    def __iter__(self) -> Iterator[str]:
        """Every field's text, a chunk at a time."""
        for chunk in self.values.chunks:
            yield from shown(chunk).to_pylist()

    def __eq__(self, other: object) -> bool:
        """Whether the other holds the same texts."""
        return isinstance(other, Sequence) and len(self) == len(other) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]  # as for any sequence compared by what it holds

    def where(self, kept: NDArray[np.bool_]) -> Texts:
        """The fields that are kept."""
        import pyarrow as pa

        return Texts(self.values.filter(pa.array(kept)))

    def found_in(self, other: Texts) -> NDArray[np.int64]:
        """(n,) where the other column first has each text; -1 where nowhere, and for a blank."""
        import numpy as np
        import pyarrow.compute as pc

        mine = self.plain()
        place: NDArray[np.int64] = pc.index_in(mine, value_set=other.plain()).fill_null(-1).to_numpy().astype(np.int64)
        place[pc.equal(mine, "").to_numpy()] = -1
        return place

    def plain(self) -> Any:
        """The texts as a chunked Arrow array of text."""
        import pyarrow as pa

        return pa.chunked_array([shown(chunk) for chunk in self.values.chunks], pa.string())

    def encoded(self) -> tuple[NDArray[np.int32], Any]:
        """Each field's number among the distinct texts, -1 where blank; and these texts, an Arrow array.

        The texts stand in the order in which they first appear.
        """
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        values = self.values
        if pa.types.is_dictionary(values.type):
            values = values.unify_dictionaries()
        elif _is_hashed(values.type):
            values = values.dictionary_encode()
        else:
            values = self.plain().dictionary_encode()
        if not values.num_chunks:
            return np.zeros(0, dtype=np.int32), pa.array([], pa.string())
        codes = np.concatenate([chunk.indices.fill_null(-1).to_numpy().astype(np.int32) for chunk in values.chunks])
        distinct = values.chunk(0).dictionary
        texts = shown(distinct)
        if pa.types.is_integer(distinct.type) or (texts.equals(distinct) and pc.index(texts, "").as_py() < 0):
            return codes, texts
        read_alike = texts.dictionary_encode()
        texts = read_alike.dictionary
        there = np.array(pc.not_equal(texts, ""))
        number = np.where(there, np.cumsum(there) - 1, -1)[read_alike.indices.to_numpy()]
        return np.append(number, -1).astype(np.int32)[codes], texts.filter(pa.array(there))


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


def shown(values: Any) -> Any:
    """Arrow values as an Arrow array of the texts a person would see."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = values.type
    if pa.types.is_dictionary(kind):
        return shown(values.dictionary).take(values.indices).fill_null("")
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return pc.utf8_trim_whitespace(pc.utf8_normalize(values, form="NFC")).cast(pa.string()).fill_null("")
    if pa.types.is_integer(kind):
        return values.cast(pa.string()).fill_null("")
    if pa.types.is_float64(kind):
        known = pc.if_else(pc.is_nan(values), None, values)
        if _all_whole(known):
            return shown(known.cast(pa.int64()))
    return pa.array([as_text(value) for value in values.to_pylist()], pa.string())


def _is_hashed(kind: Any) -> bool:
    """Whether Arrow can number the distinct values of a type."""
    import pyarrow as pa

    return not (pa.types.is_nested(kind) or pa.types.is_null(kind))


def _all_whole(values: Any) -> bool:
    import numpy as np

    numbers = values.drop_null().to_numpy()
    return bool((np.abs(numbers) < _WHOLE_IN_A_FLOAT).all() and (numbers == np.floor(numbers)).all())


def as_text(value: object) -> str:
    """One value as a person would see it: a whole number loses its point, a blank is empty."""
    if value is None or value != value:  # noqa: PLR0124 - what differs from itself is NaN or pandas' NaT
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return plain(value) if math.isfinite(value) else repr(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    return unicodedata.normalize("NFC", str(value)).strip()
