"""Rows in stretches, which the processors there are share.

Where stretches begin and end depends on the rows alone, and what is found in them is handed back in
their order: numbers never depend on how many processors there are.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import pairwise
from typing import TypeVar

STRETCH = 1 << 17
"""Rows worth starting a thread for."""
_MOST = 16

Part = TypeVar("Part")
Found = TypeVar("Found")


def stretches(rows: int, numbers: int = 0) -> list[slice]:
    """Rows cut into parts of one length.

    numbers: how many each part holds at the end; all together hold no more than two for every row.
    """
    parts = 1
    while 2 * parts <= min(_MOST, rows // STRETCH, 2 * rows // max(1, numbers)):
        parts *= 2  # an even share for two processors, or four
    edges = [rows * part // parts for part in range(parts + 1)]
    return [slice(start, end) for start, end in pairwise(edges)]


def shared(work: Callable[[Part], Found], parts: Sequence[Part]) -> Iterator[Found]:
    """What the work finds in each part, in their order, and no more of it at once than there are threads and one.

    Threads, as the work is numpy's and scipy's compiled code.
    """
    threads = min(len(parts), processors())
    if threads <= 1:
        yield from map(work, parts)
        return
    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[Future[Found]] = deque()
        for part in parts:
            waiting.append(pool.submit(work, part))
            if len(waiting) > threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def processors() -> int:
    """How many this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
