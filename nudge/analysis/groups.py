"""Rows in groups, by code: counted and looked up in tables, sorted only where codes are few in a wide range.

A table is as long as the largest code; beside it no function here holds more than two numbers a row.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nudge.trial.records.analysis import Bools, Floats, Ints

_WIDE = 4
"""Codes in a range up to this many times the rows are looked up in a table."""
_RUN = 1 << 16
"""Rows read at a time, where nothing a row need be kept."""


def numbered(values: Ints) -> tuple[Ints, Ints]:
    """Codes from 0 in the order of the values, (n,); and the value of each, (k,)."""
    low = int(values.min(initial=0))
    high = int(values.max(initial=-1))
    if high - low > _WIDE * values.size + 1:
        kept, codes = np.unique(values, return_inverse=True)
        return codes.astype(np.int64), kept
    place = values if low == 0 else values - low
    seen = np.zeros(high - low + 1, dtype=bool)
    seen[place] = True
    kept = np.flatnonzero(seen) + low
    if kept.size == seen.size:
        return place.astype(np.int64, copy=False), kept
    return (np.cumsum(seen) - 1)[place], kept


def compact(values: Ints) -> Ints:
    """Codes from 0 in the order of the values, none of them left out: (n,)."""
    return numbered(values)[0]


def distinct(codes: Ints) -> int:
    """How many codes there are."""
    size = int(codes.max(initial=-1)) + 1
    if size > _WIDE * codes.size + 1:
        return numbered(codes)[1].size
    seen = np.zeros(size, dtype=bool)
    seen[codes] = True
    return int(np.count_nonzero(seen))


def by_side(codes: Ints | None, sides: Bools, values: Floats | None = None) -> Floats:
    """Rows of each code on either side, or the sums of their values: (k, 2), of those not on a side first.

    codes: from 0, k the largest and one more; None where all rows have the same. sides: (n,).
    """
    size = 2 if codes is None else 2 * (int(codes.max(initial=-1)) + 1)
    found = np.zeros(size)
    step = max(_RUN, 4 * size)
    for start in range(0, sides.size, step):
        here = slice(start, start + step)
        place = sides[here] if codes is None else codes[here] * 2 + sides[here]
        found += np.bincount(place, None if values is None else values[here], minlength=size)
    return found.reshape(-1, 2)


def alike(values: Floats, some: Bools) -> bool:
    """Whether some of the values are all the same."""
    first: float | None = None
    for start in range(0, values.size, _RUN):
        here = values[start : start + _RUN][some[start : start + _RUN]]
        if here.size and first is None:
            first = float(here[0])
        if first is not None and not (here == first).all():
            return False
    return True


def first_rows(codes: Ints) -> Ints:
    """The first row of every code, in the order of the codes; codes from 0, not all of which need occur."""
    rows = np.full(int(codes.max(initial=-1)) + 1, -1, dtype=np.int64)
    rows[codes[::-1]] = np.arange(codes.size - 1, -1, -1)  # of those given to one place, the last stays
    return rows[rows >= 0]


def rows_by_code(codes: Ints) -> list[NDArray[np.intp]]:
    """The rows of every code in order; codes from 0, all of which occur."""
    order = np.argsort(codes, kind="stable")
    return np.split(order, np.cumsum(np.bincount(codes))[:-1])


def same_within(codes: Ints, values: NDArray[Any]) -> Bools:
    """(n,) whether a row's value is that of its code's first row; nan is like nan."""
    firsts = first_rows(codes)
    table = np.zeros(int(codes.max(initial=-1)) + 1, dtype=values.dtype)
    table[codes[firsts]] = values[firsts]
    expected = table[codes]
    same: Bools = values == expected
    if values.dtype.kind == "f" and not same.all():
        same |= np.isnan(values) & np.isnan(expected)
    return same
