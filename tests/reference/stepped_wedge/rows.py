"""Makes rows.csv, on which reference.R fits what tests/reference/test_stepped_wedge.py is held to.

    python tests/reference/stepped_wedge/rows.py

Made-up families of nine sites of unequal size, which cross at three steps thirty days apart; an
effect that grows, drift, sites and periods alike. `crossed` and `since` are worked out here from
the days alone, `settling` marks the first ten days after a site's step.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

FILE = Path(__file__).with_name("rows.csv")
STEPS, GAP, TRANSITION = 3, 30, 10


def rows() -> list[dict[str, object]]:
    """One row per family, in no particular order of time."""
    rng = np.random.default_rng(20_270_317)
    made: list[dict[str, object]] = []
    for site in range(9):
        step, level = site % STEPS + 1, rng.normal(0, 1)
        for _ in range(int(rng.integers(12, 40))):
            day = int(rng.integers(-GAP, STEPS * GAP))
            period = max(0, day // GAP + 1)
            crossed, since = period >= step, max(0, period - step + 1)
            need = int(rng.integers(1, 6))
            mean = 10 + level + 0.4 * period + 0.5 * since + 0.3 * need + rng.normal(0, 0.2)
            made.append({
                "site": site, "step": step, "day": day, "period": period, "crossed": int(crossed), "since": since,
                "settling": int(crossed and day - (step - 1) * GAP < TRANSITION), "need": need,
                "score": round(float(mean + rng.normal(0, 2)), 3), "came": int(rng.random() < 0.05 * mean),
            })  # fmt: skip
    return made


if __name__ == "__main__":
    with FILE.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows()[0]))
        writer.writeheader()
        writer.writerows(rows())
