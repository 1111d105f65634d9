"""Writes the made-up rows that R and the product are both given: python tests/reference/made_rows.py.

A trial of 30 sites in three blocks with an outcome of every kind; no number in it is of a person.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

FILE = Path(__file__).with_suffix(".csv")
SITES, LAST_DAY = 30, 56


def rows() -> list[dict[str, object]]:
    rng = np.random.default_rng(20_270_301)
    found: list[dict[str, object]] = []
    for site in range(SITES):
        block, arm = site // 10, int(site % 10 < (5 if site // 10 < 2 else 4))
        alike = rng.normal(0, 0.3)
        for _ in range(int(rng.integers(4, 16))):
            x = round(float(rng.normal()), 2)
            push = 0.5 * arm + 0.4 * x + alike + 0.2 * block
            days = float(np.ceil(rng.exponential(40 * np.exp(-push))))
            known = float(min(LAST_DAY, rng.integers(20, 90)))
            exposure = round(float(rng.uniform(0.5, 3)), 1)
            found.append(
                {
                    "site": site, "block": block, "arm": arm, "x": x,
                    "yes": int(rng.random() < 1 / (1 + np.exp(0.4 - push))),
                    "exposure": exposure,
                    "count": int(rng.negative_binomial(1.5, 1.5 / (1.5 + exposure * np.exp(push - 0.2)))),
                    "days": int(min(days, known)), "event": int(days <= known),
                    "level": int(np.searchsorted([-1.0, 0.0, 0.7, 1.6], push + rng.logistic()) + 1),
                }
            )  # fmt: skip
    return found


if __name__ == "__main__":
    made = rows()
    with FILE.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(made[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(made)
