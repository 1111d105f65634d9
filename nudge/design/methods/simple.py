"""Simple randomisation: every unit by a draw of its own, whatever the others got.

The unit takes the first arm k with u < (r₁ + … + rₖ)/R, u being HMAC-SHA256(seed, trial ‖ 0 ‖
"simple" ‖ 0 ‖ digest(unit)) as a big-endian number over 2²⁵⁶. Numbers per arm vary; it does
not matter when a unit comes or who else does, but that rₖ counts as 0 while arm k is closed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from nudge.design.chance import chance, choose
from nudge.design.closed import shares_at
from nudge.design.fixed_numbers import flaws, options, refuse
from nudge.design.independent import as_matrix, every_independent_draw, independent_redraws
from nudge.design.rolling import Entries
from nudge.trial.records.design import Allocated, Allocation, DrawUnit, Law, Seed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from fractions import Fraction

    import numpy as np
    import numpy.typing as npt

UNITS: Final = "people"
BLOCKS: Final = "never"
ENROLMENT: Final = "either"
PARAMETERS: Final[frozenset[str]] = frozenset()
REQUIRED: Final[frozenset[str]] = frozenset()

__all__ = [
    "BLOCKS", "ENROLMENT", "PARAMETERS", "REQUIRED", "UNITS",
    "draw", "every_draw", "flaws", "options", "probabilities", "redraws", "refuse", "register",
]  # fmt: skip


class SimpleRegister:
    """Units as they come; nothing but their names is remembered."""

    def __init__(self, law: Law, seed: Seed) -> None:
        self.law, self.seed = law, seed
        self.entries = Entries(seed)

    def enter(self, unit: DrawUnit) -> Allocated:
        """The arm of the next unit."""
        chances = shares_at(self.law, len(self.entries.known))
        digest = self.entries.add(unit)
        k = choose(chances, chance(self.seed, self.law.trial, "simple", digest))
        return Allocated(unit.id, digest, unit.block, self.law.arms[k], float(chances[k]))


register = SimpleRegister


def draw(units: Sequence[DrawUnit], law: Law, seed: Seed) -> Allocation:
    """All at once: the same arms as one by one, in the order of the identifiers."""
    book = register(law, seed)
    return Allocation(law, tuple(sorted(map(book.enter, units), key=lambda row: row.unit)))


def probabilities(units: Sequence[DrawUnit], law: Law) -> npt.NDArray[np.float64]:
    """Each unit's chance of each arm, (n, K): its share among those open."""
    return as_matrix([shares_at(law, place) for place in range(len(units))]).reshape(len(units), len(law.arms))


def redraws(units: Sequence[DrawUnit], law: Law, number: int, rng: np.random.Generator) -> npt.NDArray[np.int8]:
    """Fresh draws, (number, n)."""
    return independent_redraws(probabilities(units, law), number, rng)


def every_draw(units: Sequence[DrawUnit], law: Law) -> Iterator[tuple[tuple[int, ...], Fraction]]:
    """All K to the n of them."""
    return every_independent_draw([shares_at(law, place) for place in range(len(units))])
