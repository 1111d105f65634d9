"""What is published of a draw, so that a third party can make it again (docs/allocation.md).

`draw.json` names trial, method, arms, ratio and seed; the rows hold digests in place of
identifiers. docs/check_draw.py reads both.
"""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

from nudge.design.chance import block_label
from nudge.design.methods import method

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from nudge.trial.records.design import Allocation, Law, Seed

COLUMNS = ("digest", "block", "arm", "order", "step", "group")


def audit_rows(allocation: Allocation) -> Iterator[dict[str, str]]:
    """A row per unit, in the order of the allocation: of enrolment, where it is rolling.

    Draws all at once are ordered by digest, since the order of identifiers would tell of them.
    """
    rolling = method(allocation.law.method).ENROLMENT != "at_once"
    rows = allocation.rows if rolling else sorted(allocation.rows, key=lambda row: row.digest)
    for order, row in enumerate(rows, start=1):
        yield {
            "digest": row.digest, "block": block_label(row.block), "arm": row.arm, "order": str(order),
            "step": "" if row.step is None else str(row.step), "group": "" if row.group is None else str(row.group),
        }  # fmt: skip


def write_audit_file(path: Path, allocation: Allocation) -> None:
    """The draw as anyone may see it."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(audit_rows(allocation))


def audit_law(law: Law, seed: Seed) -> dict[str, Any]:
    """The other half: the law, and the seed as revealed at the close."""
    return law.as_json() | {"seed": seed.value.hex()}
