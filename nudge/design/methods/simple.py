"""Simple randomisation: every unit by a draw of its own, whatever the others got.

The unit takes the first arm k with u < (r₁ + … + rₖ)/R, u being HMAC-SHA256(seed, trial ‖ 0 ‖
"simple" ‖ 0 ‖ digest(unit)) as a big-endian number over 2²⁵⁶. Numbers per arm vary; it does
not matter when a unit comes or who else does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from nudge.design.chance import chance, choose
from nudge.design.fixed_numbers import flaws, options, probabilities, refuse
from nudge.design.independent import as_matrix, every_independent_draw, independent_redraws, shares
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
        self.chances = shares(law.ratio)

    def enter(self, unit: DrawUnit) -> Allocated:
        """The arm of the next unit."""
        digest = self.entries.add(unit)
        arm = self.law.arms[choose(self.chances, chance(self.seed, self.law.trial, "simple", digest))]
        return Allocated(unit.id, digest, unit.block, arm, self.law.probability(arm))


register = SimpleRegister


def draw(units: Sequence[DrawUnit], law: Law, seed: Seed) -> Allocation:
    """All at once: the same arms as one by one, in the order of the identifiers."""
    book = register(law, seed)
    return Allocation(law, tuple(sorted(map(book.enter, units), key=lambda row: row.unit)))


def redraws(units: Sequence[DrawUnit], law: Law, number: int, rng: np.random.Generator) -> npt.NDArray[np.int8]:
    """Fresh draws, (number, n)."""
    return independent_redraws(as_matrix([shares(law.ratio)] * len(units)), number, rng)


def every_draw(units: Sequence[DrawUnit], law: Law) -> Iterator[tuple[tuple[int, ...], Fraction]]:
    """All K to the n of them."""
    return every_independent_draw([shares(law.ratio)] * len(units))
