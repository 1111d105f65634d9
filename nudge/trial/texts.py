"""A column of a file as a person would see it, kept as Arrow has it: text is made only where somebody looks."""

from __future__ import annotations

import math
import unicodedata
from array import array
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from itertools import accumulate
from typing import TYPE_CHECKING, Any, overload

from nudge.trial.quantities import plain

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_WHOLE_IN_A_FLOAT = 2.0**53
_PIECE = 1 << 20
"""Texts in one Arrow array, which holds 2 GB at most."""


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

        whole = list(texts)
        pieces = [text_array(whole[at : at + _PIECE]) for at in range(0, len(whole), _PIECE)]
        return cls(pa.chunked_array(pieces, pa.string()))

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
        return Texts(self.values.filter(yes_no_array(kept)))

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
            return np.zeros(0, dtype=np.int32), text_array([])
        codes = np.concatenate([as_numbers(_known(chunk.indices, -1)) for chunk in values.chunks]).astype(
            np.int32, copy=False
        )
        distinct = values.chunk(0).dictionary
        texts = shown(distinct)
        there = as_numbers(pc.binary_length(texts)) > 0
        if pa.types.is_integer(distinct.type) or (texts.equals(distinct) and there.all()):
            return codes, texts
        read_alike = texts.dictionary_encode()
        texts = read_alike.dictionary
        there = as_numbers(pc.binary_length(texts)) > 0
        number = np.where(there, np.cumsum(there) - 1, -1)[as_numbers(read_alike.indices)]
        return np.append(number, -1).astype(np.int32)[codes], texts.filter(yes_no_array(there))


def shown(values: Any) -> Any:
    """Arrow values as an Arrow array of the texts a person would see."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = values.type
    if pa.types.is_dictionary(kind):
        return _known(shown(values.dictionary).take(values.indices), "")
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _known(pc.utf8_trim_whitespace(pc.utf8_normalize(values, form="NFC")).cast(pa.string()), "")
    if pa.types.is_integer(kind):
        return _known(values.cast(pa.string()), "")
    if pa.types.is_float64(kind):
        known = pc.if_else(pc.is_nan(values), None, values)
        if _all_whole(known):
            return shown(known.cast(pa.int64()))
    return text_array([as_text(value) for value in values.to_pylist()])


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


# What follows keeps to what does not make Arrow import pandas, which takes longer than reading a roll:
# `pyarrow.array`, `to_numpy`, and Python's own values as arguments all do.


def text_array(texts: Sequence[str]) -> Any:
    """Texts as an Arrow array."""
    import pyarrow as pa

    encoded = [text.encode() for text in texts]
    ends = array("i", accumulate(map(len, encoded), initial=0))
    return pa.StringArray.from_buffers(len(encoded), pa.py_buffer(ends), pa.py_buffer(b"".join(encoded)))


def yes_no_array(values: NDArray[np.bool_]) -> Any:
    """Which rows, as an Arrow array."""
    import numpy as np
    import pyarrow as pa

    bits = pa.py_buffer(np.packbits(values, bitorder="little"))
    return pa.Array.from_buffers(pa.bool_(), values.size, [None, bits])


def as_numbers(values: Any) -> NDArray[Any]:
    """Arrow's whole numbers, none of them null, as an array of numpy's."""
    import numpy as np

    return np.from_dlpack(values)


def _known(values: Any, instead: object) -> Any:
    """The values with something in place of what is null."""
    return values.fill_null(instead) if values.null_count else values
