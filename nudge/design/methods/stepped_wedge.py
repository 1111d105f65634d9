"""Stepped wedge: every site begins without and crosses over at a step; which step is drawn.

Version 1 of the draw within blocks, with the steps "1", "2" … in place of the arms and equal
shares: numbers of sites per step are as equal as can be, and which steps get one more is drawn
without favour. An allocated row's `arm` is the arm the site crosses to, `step` the number of
the step at which it does, and `probability` the chance it had of that step. Re-draws, every
draw and probabilities are over steps.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from nudge.design import fixed_numbers
from nudge.design.draw import draw_within_blocks
from nudge.design.methods import Flaw
from nudge.trial.errors import InputError
from nudge.trial.grammar import fixed_duration
from nudge.trial.records.design import Allocation, DrawUnit, Law, Seed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from fractions import Fraction

    import numpy as np
    import numpy.typing as npt

UNITS: Final = "sites"
BLOCKS: Final = "optional"
ENROLMENT: Final = "at_once"
PARAMETERS: Final = frozenset({"steps", "transition"})
REQUIRED: Final = frozenset({"steps"})

_TWO = 2

__all__ = [
    "BLOCKS", "ENROLMENT", "PARAMETERS", "REQUIRED", "UNITS",
    "draw", "every_draw", "flaws", "options", "probabilities", "redraws", "refuse",
]  # fmt: skip


def flaws(law: Law) -> Iterator[Flaw]:
    """Two arms, one of them the control; two steps or more, in order; no ratio."""
    if len(law.arms) != _TWO or law.control is None:
        yield Flaw(
            ("arms",), "a stepped wedge has two arms, what sites have before and what they cross to",
            "keep two, and mark the first `control: true`",
        )  # fmt: skip
    if len(set(law.ratio)) > 1:
        yield Flaw(
            ("randomise", "ratio"), "does not apply: every site crosses, at steps of equal share", "leave it out"
        )
    steps = list(law.parameters.get("steps", ()))
    path = ("randomise", "steps")
    if len(steps) < _TWO:
        yield Flaw(path, "has fewer than two steps, so all sites cross at once", "name the days on which sites cross")
    elif len(set(steps)) < len(steps):
        yield Flaw(path, "names a day twice", "give every step a day of its own")
    elif steps != sorted(steps):
        yield Flaw(path, "is not in order", "write the days from the first to the last")
    elif takes := law.parameters.get("transition"):
        days = [date.fromisoformat(step) for step in steps]
        shortest = min(later - earlier for earlier, later in pairwise(days))
        if fixed_duration(takes).delta() > shortest:
            yield Flaw(
                ("randomise", "transition"),
                f"is longer than the {shortest.days} days between two steps, so one crossing runs into the next",
                "shorten it, or put the steps further apart",
            )  # fmt: skip


def options(law: Law) -> tuple[str, ...]:
    """The steps, by number from 1."""
    return tuple(str(number) for number in range(1, len(law.parameters["steps"]) + 1))


def over_steps(law: Law) -> Law:
    """The law of the steps, as fixed numbers draw them."""
    steps = options(law)
    return replace(law, arms=steps, ratio=(1,) * len(steps))


def refuse(units: Sequence[DrawUnit], law: Law) -> None:
    """A site for every step: a step at which none crosses is no step."""
    steps = len(options(law))
    if min(fixed_numbers.fewest(units, over_steps(law))) < 1:
        raise InputError(
            f"{len(units)} sites in their blocks can leave one of {steps} steps without a site",
            "name fewer steps, join blocks, or add sites",
        )


def draw(units: Sequence[DrawUnit], law: Law, seed: Seed) -> Allocation:
    """Each site's step."""
    refuse(units, law)
    crosses_to = next(arm for arm in law.arms if arm != law.control)
    rows = draw_within_blocks(units, over_steps(law), seed).rows
    return Allocation(law, tuple(replace(row, arm=crosses_to, step=int(row.arm)) for row in rows))


def probabilities(units: Sequence[DrawUnit], law: Law) -> npt.NDArray[np.float64]:
    """Each site's chance of each step, (n, steps)."""
    return fixed_numbers.probabilities(units, over_steps(law))


def redraws(units: Sequence[DrawUnit], law: Law, number: int, rng: np.random.Generator) -> npt.NDArray[np.int8]:
    """Fresh schedules, (number, n): steps by position, from 0."""
    return fixed_numbers.redraws(units, over_steps(law), number, rng)


def every_draw(units: Sequence[DrawUnit], law: Law) -> Iterator[tuple[tuple[int, ...], Fraction]]:
    """Every schedule. Raises TooMany above ENUMERATION_LIMIT."""
    return fixed_numbers.every_draw(units, over_steps(law))
