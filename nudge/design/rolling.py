"""What every register of units that come one by one needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nudge.design.chance import twin_units, unit_digest
from nudge.trial.records.design import Allocation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nudge.design.methods import Register
    from nudge.trial.records.design import DrawUnit, Law, Seed


class Entries:
    """The units that have come so far, by digest; none comes twice."""

    def __init__(self, seed: Seed) -> None:
        self.seed = seed
        self.known: set[str] = set()

    def add(self, unit: DrawUnit) -> str:
        """The next unit's digest. Raises InputError where the unit has come before."""
        digest = unit_digest(self.seed, unit.id)
        if digest in self.known:
            raise twin_units(unit.id)
        self.known.add(digest)
        return digest


def draw_in_order(units: Sequence[DrawUnit], law: Law, register: Register) -> Allocation:
    """Enter units in the order given, which is that of enrolment."""
    return Allocation(law, tuple(register.enter(unit) for unit in units))
