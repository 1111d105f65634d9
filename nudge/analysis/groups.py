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
    return numbered(codes)[1].size


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


def by_value(values: Floats, codes: Ints) -> tuple[Ints, Floats]:
    """Codes by value, (n,), and the values in order; nan is one value, the last.

    codes: (n,) from 0, within which the values are expected to be the same; where they are not, they are sorted.
    """
    if not same_within(codes, values).all():
        kept, found = np.unique(values, return_inverse=True)
        return found.astype(np.int64), kept
    firsts = first_rows(codes)
    kept, place = np.unique(values[firsts], return_inverse=True)
    table = np.zeros(int(codes.max(initial=-1)) + 1, dtype=np.int64)
    table[codes[firsts]] = place
    return table[codes], kept
