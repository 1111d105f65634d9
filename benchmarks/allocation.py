"""How long a draw takes, against two plain ways in the same run.

    python benchmarks/allocation.py [households]

Blocks of about 100 households, three arms at 2:1:1. `pandas`: shuffle within blocks by a
NumPy generator, as stochatreat does (groupby and a random order), which nobody can check from
a published seed. `hmac`: the two digests per household that the draw is made of, and nothing
else, which is the least that a draw by keyed digests can cost.
"""

from __future__ import annotations

import hashlib
import hmac
import sys
import time
from collections.abc import Callable

import numpy as np
import pandas as pd

from nudge.design.draw import draw_within_blocks
from nudge.design.fixed_numbers import redraws
from nudge.trial.records.design import DrawUnit, Law, Seed

LAW = Law("benchmark", "blocked", ("usual", "reminder", "plan"), (2, 1, 1), ("hub",))
SEED = Seed(b"s" * 32, b"t" * 32)
TIMES = 3


def seconds(run: Callable[[], object]) -> float:
    """The best of some runs."""
    found = []
    for _ in range(TIMES):
        start = time.perf_counter()
        run()
        found.append(time.perf_counter() - start)
    return min(found)


def digests(names: list[str]) -> None:
    """Two HMAC-SHA256 per household, by the standard library's own function."""
    for name in names:
        digest = hmac.digest(SEED.salt, name.encode(), hashlib.sha256).hex()
        hmac.digest(SEED.value, f"benchmark\0{digest}".encode(), hashlib.sha256)


def by_pandas(frame: pd.DataFrame) -> pd.Series[int]:
    """Arms by position in a random order within each block, the remainder at random too."""
    rng = np.random.default_rng(1)
    order = frame.assign(mark=rng.random(len(frame))).sort_values(["hub", "mark"])
    place = order.groupby("hub").cumcount()
    size = order.groupby("hub")["hub"].transform("size")
    shift = pd.Series(rng.integers(4, size=frame["hub"].nunique()), index=np.sort(frame["hub"].unique()))
    arm = (place * 4 // size.clip(lower=4) + order["hub"].map(shift) * (size % 4 > 0)) % 4
    return arm.map({0: 0, 1: 0, 2: 1, 3: 2}).sort_index()


def main() -> None:
    """Print times and ratios."""
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    names = [f"H{i:08d}" for i in range(n)]
    hubs = np.random.default_rng(0).integers(max(1, n // 100), size=n)
    units = [DrawUnit(name, (f"hub {hub}",)) for name, hub in zip(names, hubs, strict=True)]
    frame = pd.DataFrame({"unit": names, "hub": hubs})
    ours = seconds(lambda: draw_within_blocks(units, LAW, SEED))
    plain, table = seconds(lambda: digests(names)), seconds(lambda: by_pandas(frame))
    again = seconds(lambda: redraws(units, LAW, 10, np.random.default_rng(1)))
    print(f"{n:,} households in {len(set(hubs.tolist())):,} blocks, best of {TIMES}")
    print(f"the draw            {ours:7.2f} s")
    print(f"its digests alone   {plain:7.2f} s   the draw takes {ours / plain:.1f} times as long")
    print(f"pandas, unkeyed     {table:7.2f} s   the draw takes {ours / table:.1f} times as long")
    print(f"one re-draw of ten  {again / 10:7.2f} s   {ours * 10 / again:.0f} times as fast as a draw")


if __name__ == "__main__":
    main()
