"""Rows in groups, by code: counted and looked up in tables, sorted only where codes are few in a wide range.

Rows are read in runs, so that beside what is given back there is a table as long as the largest code and no more.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nudge.trial.records.analysis import Bools, Floats, Ints

_WIDE = 32
"""Codes in a range up to this many times the rows are looked up in a table: sorting takes longer than so long a one."""
_RUN = 1 << 16
"""Rows read at a time."""


def runs(number: int, table: int = 0) -> Iterator[slice]:
    """Rows some at a time, more of them where each time a table as long as this is gone through."""
    step = max(_RUN, 4 * table)
    for start in range(0, number, step):
        yield slice(start, min(start + step, number))


def looked_up(table: NDArray[Any], codes: NDArray[np.integer]) -> NDArray[Any]:
    """The table's value of each row's code, (n,); a code below 0 counts from the table's end."""
    found = np.empty(codes.size, dtype=table.dtype)
    for here in runs(codes.size):
        found[here] = table[codes[here]]
    return found


def numbered(values: Ints) -> tuple[Ints, Ints]:
    """Codes from 0 in the order of the values, (n,); and the value of each, (k,)."""
    low, seen = _seen(values)
    if seen is None:
        kept, codes = np.unique(values, return_inverse=True)
        return codes.astype(np.int64), kept
    return _compacted(values, low, seen), np.flatnonzero(seen) + low


def compact(values: Ints) -> Ints:
    """Codes from 0 in the order of the values, none of them left out, (n,): the values themselves if they are such."""
    low, seen = _seen(values)
    return numbered(values)[0] if seen is None else _compacted(values, low, seen)


def distinct(codes: Ints) -> int:
    """How many codes there are."""
    _, seen = _seen(codes)
    return numbered(codes)[1].size if seen is None else int(np.count_nonzero(seen))


def _seen(values: Ints) -> tuple[int, Bools | None]:
    """The least value and, for it and every one above, whether it occurs; None where the range is too wide to tell."""
    if not values.size:
        return 0, np.zeros(0, dtype=bool)
    low, high = int(values.min()), int(values.max())
    if high - low > _WIDE * values.size:
        return low, None
    seen = np.zeros(high - low + 1, dtype=bool)
    for here in runs(values.size):
        seen[values[here] - low if low else values[here]] = True
    return low, seen


def _compacted(values: Ints, low: int, seen: Bools) -> Ints:
    if seen.all():
        return values - low if low else values
    places = np.cumsum(seen, dtype=np.int32) - np.int32(1)
    return looked_up(places, values - low if low else values).astype(np.int64)


def by_side(codes: Ints | None, sides: Bools, values: Floats | None = None) -> Floats:
    """Rows of each code on either side, or the sums of their values: (k, 2), of those not on a side first.

    codes: from 0, k the largest and one more; None where all rows have the same. sides: (n,).
    """
    size = 2 if codes is None else 2 * (int(codes.max(initial=-1)) + 1)
    found = np.zeros(size)
    for here in runs(sides.size, size):
        place = sides[here] if codes is None else codes[here] * 2 + sides[here]
        found += np.bincount(place, None if values is None else values[here], minlength=size)
    return found.reshape(-1, 2)


def alike(values: NDArray[Any], some: Bools) -> bool:
    """Whether some of the values are all the same."""
    first: NDArray[Any] | None = None
    for run in runs(values.size):
        here = values[run][some[run]]
        if here.size and first is None:
            first = here[:1]
        if first is not None and (here != first).any():
            return False
    return True


def first_rows(codes: Ints) -> Ints:
    """The first row of every code, in the order of the codes; codes from 0, not all of which need occur."""
    rows = np.full(int(codes.max(initial=-1)) + 1, -1, dtype=np.int64)
    for run in reversed(list(runs(codes.size))):
        rows[codes[run][::-1]] = np.arange(run.stop - 1, run.start - 1, -1)  # of those given to a place, the last stays
    return rows[rows >= 0]


def rows_by_code(codes: Ints) -> list[NDArray[np.intp]]:
    """The rows of every code in order; codes from 0, all of which occur."""
    order = np.argsort(codes, kind="stable")
    return np.split(order, np.cumsum(np.bincount(codes))[:-1])


def rows_unlike(codes: Ints, values: NDArray[Any]) -> Ints:
    """The rows whose value is not that of another row of their code; none where codes settle values. nan is like nan.

    codes: (n,) from 0. Which of a code's rows the others are held against is not said.
    """
    table = np.zeros(int(codes.max(initial=-1)) + 1, dtype=values.dtype)
    for here in runs(codes.size):
        table[codes[here]] = values[here]
    found = [np.empty(0, dtype=np.int64)]
    for here in runs(codes.size):
        mine, theirs = values[here], table[codes[here]]
        unlike = mine != theirs
        if unlike.any() and values.dtype.kind == "f":
            unlike &= ~(np.isnan(mine) & np.isnan(theirs))
        if unlike.any():
            found.append(np.flatnonzero(unlike) + here.start)
    return np.concatenate(found)
