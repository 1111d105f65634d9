"""Randomisation tests beside scipy.stats.permutation_test, in one run: 10,000 draws of 100,000 units.

    OMP_NUM_THREADS=1 python benchmarks/randomisation_test.py

Ours is studentised (a t for every draw), scipy's here the plain difference in means, vectorised; it
has neither blocks nor clusters. scipy is given a twentieth of the draws and its time is multiplied.
Targets (statistics.md 15): binary complete or blocked and totals of 10,000 clusters within 2 s,
continuous within 5 s.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import permutation_test

from nudge.analysis.comparison import Pair
from nudge.analysis.randomisation import exact_events_test
from nudge.analysis.studentised import studentised_test

if TYPE_CHECKING:
    from nudge.trial.records.analysis import Floats, Ints

N, DRAWS, PART = 100_000, 10_000, 20


def made(y: Floats, unit: Ints | None = None, block: Ints | None = None) -> Pair:
    """Half the units of every block to the arm."""
    n = y.size
    unit = np.arange(n) if unit is None else unit
    block = np.zeros(n, dtype=np.int64) if block is None else block
    return Pair(y, unit % 2 == 0, unit, block, np.full(n, np.nan), {})


def difference(one: Floats, other: Floats, axis: int) -> Floats:
    """What scipy draws again."""
    found: Floats = one.mean(axis=axis) - other.mean(axis=axis)
    return found


def scipys(y: Floats) -> float:
    """The same by scipy, a twentieth of the draws."""
    return float(
        permutation_test(
            (y[::2], y[1::2]), difference, n_resamples=DRAWS // PART, vectorized=True, batch=25,
            rng=np.random.default_rng(1),
        ).pvalue
    )  # fmt: skip


def timed(what: str, how: Callable[[], float], times: int = 1) -> None:
    """Print how long it took."""
    start = time.perf_counter()
    p = how()
    print(f"{what:52} {(time.perf_counter() - start) * times:8.3f} s   p {p:.4f}", flush=True)


if __name__ == "__main__":
    rng = np.random.default_rng(20_271_102)
    events = (rng.random(N) < 0.3).astype(float)
    amounts = rng.normal(size=N)
    blocks = rng.integers(0, 50, N)
    clusters = rng.integers(0, 10_000, N)
    small = made(amounts[:100])
    studentised_test(small)
    timed("binary, complete, exact", lambda: exact_events_test(made(events)).p_value)
    timed("binary, 50 blocks, exact by convolution", lambda: exact_events_test(made(events, block=blocks)).p_value)
    timed("binary, complete, t", lambda: studentised_test(made(events)).p_value)
    timed("binary, 50 blocks, t", lambda: studentised_test(made(events, block=blocks)).p_value)
    timed("continuous, complete, t", lambda: studentised_test(made(amounts)).p_value)
    timed("continuous, 50 blocks, t", lambda: studentised_test(made(amounts, block=blocks)).p_value)
    timed("10,000 clusters of unequal size, t (CR2)", lambda: studentised_test(made(amounts, unit=clusters)).p_value)
    timed(f"scipy, continuous, a {PART}th of the draws × {PART}", lambda: scipys(amounts), PART)
