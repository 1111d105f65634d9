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
            known = float(min(LAST_DAY, int(rng.integers(20, 90))))
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


def decisions() -> list[dict[str, object]]:
    """A micro-randomised trial: 24 people asked up to 12 times whether a suggestion may come."""
    rng = np.random.default_rng(20_270_302)
    found: list[dict[str, object]] = []
    for person in range(24):
        alike = rng.normal(0, 0.5)
        for slot in range(12):
            mood = round(float(rng.normal() + alike), 2)
            available = bool(rng.random() < 0.8)
            chance = 0.6 if mood > 0 else 0.3
            sent = available and bool(rng.random() < chance)
            own = (chance if sent else 1 - chance) if available else ""
            steps = round(float(5 + mood + 0.6 * sent + alike + rng.normal()), 2)
            found.append(
                {
                    "person": person, "slot": slot, "available": "yes" if available else "no", "sent": int(sent),
                    "chance": own, "mood": mood, "steps": steps,
                }
            )  # fmt: skip
    return found


def write(path: Path, made: list[dict[str, object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(made[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(made)


if __name__ == "__main__":
    write(FILE, rows())
    write(FILE.with_name("made_decisions.csv"), decisions())
