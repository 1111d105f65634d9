"""Made-up families: a roll from a seed, for demonstrations, examples and tests.

No real person is in it. Mobiles come from the range Ofcom keeps for drama (07700 900000
to 900999), emails end in example.org, and every reference says SYNTHETIC.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

HUBS = ("Elm Road", "Harbour", "Mill Lane", "Northfield", "Station Street", "West Park")
_MOBILES = 900
_WELSH_SHARE = 0.08
_SIBLING_SHARE = 0.02
_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Families:
    """What to make: so many families, each due on a weekday between two days."""

    number: int
    first_due: date
    last_due: date
    seed: int


def review_roll(families: Families) -> Iterator[dict[str, str]]:
    """Rows of a roll for the two-year review, one per child; a few households have twins.

    About one family in fifty is left out on purpose: a protected address, a refuge, a blank
    flag, no safe route or an age outside the range, so that every exclusion is seen at work.
    """
    rng = np.random.default_rng(families.seed)
    mobiles = iter(rng.permutation(1000)[:_MOBILES])
    wants_mobile = rng.permutation(families.number) < _MOBILES
    span = (families.last_due - families.first_due).days
    days = [day for i in range(span + 1) if (day := families.first_due + timedelta(days=i)).weekday() < _SATURDAY]
    for i in range(families.number):
        household = f"SYNTHETIC-H{i + 1:05d}"
        hub = HUBS[int(rng.choice(len(HUBS), p=[0.26, 0.2, 0.18, 0.15, 0.12, 0.09]))]
        welsh = rng.random() < _WELSH_SHARE
        due = days[int(rng.integers(len(days)))]
        mobile = f"07700 900{next(mobiles):03d}" if wants_mobile[i] else ""
        shared = {
            "household_ref": household, "hub": hub, "language": "cy" if welsh else "en",
            "imd_quintile": str(int(rng.choice([1, 2, 3, 4, 5], p=[0.28, 0.22, 0.2, 0.16, 0.14]))),
            "mobile": mobile, "email": f"family{i + 1:05d}@example.org",
            "safe_to_text": "yes" if mobile else "", "safe_to_email": "yes",
            "protected_address": "no", "refuge": "no",
        }  # fmt: skip
        shared |= _reason_to_leave_out(rng.random())
        children = 2 if rng.random() < _SIBLING_SHARE else 1
        first_child = "yes" if rng.random() < 0.45 else "no"  # noqa: PLR2004 - a plausible share
        age = 23 if shared.pop("age", "") == "" else 31
        for child in range(children):
            yield {
                "child_ref": f"SYNTHETIC-C{i + 1:05d}{'AB'[child]}", **shared, "age_months": str(age),
                "due_date": due.isoformat(), "first_child": first_child,
            }  # fmt: skip


def _reason_to_leave_out(chance: float) -> dict[str, str]:
    reasons = (
        {"protected_address": "yes"},
        {"refuge": "yes"},
        {"protected_address": ""},
        {"safe_to_text": "no", "safe_to_email": "no"},
        {"age": "31"},
    )
    for i, reason in enumerate(reasons):
        if chance < 0.004 * (i + 1):
            return reason
    return {}


def write_csv(rows: Iterator[Mapping[str, str]], path: Path, columns: Sequence[str] = ()) -> int:
    """Write rows as CSV; returns how many. columns: the header, for where there may be no row at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    number = 0
    with path.open("w", newline="", encoding="utf-8") as file:
        writer: csv.DictWriter[str] | None = None
        if columns:
            writer = csv.DictWriter(file, columns)
            writer.writeheader()
        for row in rows:
            if writer is None:
                writer = csv.DictWriter(file, list(row))
                writer.writeheader()
            writer.writerow(row)
            number += 1
    return number
