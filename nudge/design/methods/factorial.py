"""Factorial: every arm is a crossing of the factors' levels, drawn in fixed numbers within blocks.

The draw is version 1, over the arms as they stand in the file; `levels` says which level of
each factor an arm has, and every crossing must be an arm.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import product
from typing import TYPE_CHECKING, Final

from nudge.design.draw import draw_within_blocks as draw
from nudge.design.fixed_numbers import every_draw, options, probabilities, redraws, refuse
from nudge.design.methods import Flaw
from nudge.trial.problems import listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nudge.trial.records.design import Law

UNITS: Final = "either"
BLOCKS: Final = "optional"
ENROLMENT: Final = "at_once"
PARAMETERS: Final = frozenset({"levels"})
REQUIRED: Final = frozenset({"levels"})

_TWO = 2

__all__ = [
    "BLOCKS", "ENROLMENT", "PARAMETERS", "REQUIRED", "UNITS",
    "draw", "every_draw", "flaws", "options", "probabilities", "redraws", "refuse",
]  # fmt: skip


def factors(law: Law) -> dict[str, tuple[str, ...]]:
    """The factors and their levels, in the order of the file."""
    found: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for levels in law.parameters.get("levels", {}).values():
        for factor, level in levels.items():
            found[factor][level] = None
    return {factor: tuple(levels) for factor, levels in found.items()}


def flaws(law: Law) -> Iterator[Flaw]:
    """Every arm names a level of every factor, and every crossing is one arm."""
    given, crossed = law.parameters.get("levels", {}), factors(law)
    if len(crossed) < _TWO:
        yield Flaw(("arms",), "cross fewer than two factors", "give every arm `levels: {FACTOR: LEVEL, …}`")
        return
    incomplete = False
    for arm in law.arms:
        for factor in crossed:
            if factor not in given.get(arm, {}):
                incomplete = True
                yield Flaw(
                    ("arms", arm, "levels"), f"names no level of `{factor}`",
                    f"add `{factor}:` {listed(crossed[factor], 'or')}",
                )  # fmt: skip
    for factor, levels in crossed.items():
        if len(levels) < _TWO:
            yield Flaw(("arms",), f"`{factor}` has one level only, `{levels[0]}`", "give it another, or leave it out")
    if not incomplete:
        yield from _crossings(law, crossed)


def _crossings(law: Law, crossed: dict[str, tuple[str, ...]]) -> Iterator[Flaw]:
    arm_of: dict[tuple[str, ...], str] = {}
    for arm in law.arms:
        levels = law.parameters["levels"][arm]
        crossing = tuple(levels[factor] for factor in crossed)
        if crossing in arm_of:
            yield Flaw(
                ("arms", arm, "levels"), f"is the same crossing as {arm_of[crossing]}: {' and '.join(crossing)}",
                "change one of the two, or drop it",
            )  # fmt: skip
        arm_of.setdefault(crossing, arm)
    absent = [crossing for crossing in product(*crossed.values()) if crossing not in arm_of]
    if absent:
        shown = listed((" and ".join(crossing) for crossing in absent), "nor")
        yield Flaw(("arms",), f"no arm has {shown}", "add the arm, or draw without factors: `method: blocked`")
