"""Arms that take nobody for a while: a rolling draw goes on among the others (statistics.md 23).

The law's parameter `closed` lists spells as [arm, first, end]: nobody whose place in the order of enrolment, from 0,
is at least `first` and below `end` (null while it lasts) is given the arm. Others keep their shares of one another.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from nudge.design.independent import shares

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nudge.trial.records.design import Law


def has_closed(law: Law) -> bool:
    """Whether any arm was ever closed."""
    return bool(law.parameters.get("closed"))


def closed_at(law: Law, place: int) -> frozenset[int]:
    """The arms, by position, that take nobody at this place in the order of enrolment."""
    return frozenset(
        law.arms.index(arm)
        for arm, first, end in law.parameters.get("closed", ())
        if first <= place and (end is None or place < end)
    )


def among_open(chances: Sequence[Fraction], closed: frozenset[int]) -> tuple[Fraction, ...]:
    """Chances shared out among the arms that are open."""
    if not closed:
        return tuple(chances)
    left = [Fraction(0) if k in closed else chance for k, chance in enumerate(chances)]
    return tuple(chance / sum(left) for chance in left)


def shares_at(law: Law, place: int) -> tuple[Fraction, ...]:
    """The ratio as chances, at a place in the order of enrolment."""
    return among_open(shares(law.ratio), closed_at(law, place))
