"""Waiting list: fixed numbers now or later; the control arm receives when the wait ends.

Version 1 of the draw within blocks. `steps` names one day, on which the waiting arm crosses;
rows of that arm have `step` 1, the others none.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from nudge.design.draw import draw_within_blocks
from nudge.design.fixed_numbers import every_draw, options, probabilities, redraws, refuse
from nudge.design.methods import Flaw
from nudge.trial.records.design import Allocation, DrawUnit, Law, Seed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

UNITS: Final = "either"
BLOCKS: Final = "optional"
ENROLMENT: Final = "at_once"
PARAMETERS: Final = frozenset({"steps"})
REQUIRED: Final = frozenset({"steps"})

__all__ = [
    "BLOCKS", "ENROLMENT", "PARAMETERS", "REQUIRED", "UNITS",
    "draw", "every_draw", "flaws", "options", "probabilities", "redraws", "refuse",
]  # fmt: skip


def flaws(law: Law) -> Iterator[Flaw]:
    """One arm waits, until one day."""
    if law.control is None:
        yield Flaw(("arms",), "no arm waits", "add `control: true` to the arm that receives later")
    if len(law.parameters.get("steps", ())) > 1:
        yield Flaw(
            ("randomise", "steps"), "has several days, and a waiting list ends once",
            "keep the day on which the waiting arm receives, or use `method: stepped_wedge`",
        )  # fmt: skip


def draw(units: Sequence[DrawUnit], law: Law, seed: Seed) -> Allocation:
    """Who receives now, and who waits."""
    rows = draw_within_blocks(units, law, seed).rows
    return Allocation(law, tuple(replace(row, step=1) if row.arm == law.control else row for row in rows))
