"""Made-up outcomes by a stated process, so that a demonstration knows the truth it should find.

The process is fixed before any arm is drawn: every child has a chance of the outcome that
depends on household and deprivation; an arm adds its stated effect to that chance. What a
child would have done under each arm is settled by one uniform number per child, so the
true effect among these very children can be counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nudge.trial.records.people import Person

_HUB_SPREAD = 0.04
_DEPRIVATION_STEP = 0.025


@dataclass(frozen=True, slots=True)
class Process:
    """The stated process: base rate, what each arm adds, complaints per message, and a seed."""

    base: float
    effects: Mapping[str, float]
    seed: int
    complaint: float = 0.001


def chances(people: Sequence[Person], process: Process) -> NDArray[np.float64]:
    """(n,) each child's chance of the outcome with no message, by hub and deprivation."""
    hubs = sorted({str(person.columns["hub"]) for person in people})
    shift = dict(zip(hubs, np.linspace(-_HUB_SPREAD, _HUB_SPREAD, len(hubs)), strict=True))
    quintile = np.array([float(str(person.columns["imd_quintile"])) for person in people])
    own = np.array([shift[str(person.columns["hub"])] for person in people])
    base: NDArray[np.float64] = process.base + own + _DEPRIVATION_STEP * (quintile - quintile.mean())
    return base


@dataclass(frozen=True, slots=True)
class Potential:
    """What each child would do under each arm: (n,) of bool by arm."""

    by_arm: Mapping[str, NDArray[np.bool_]]

    def true_effect(self, arm: str, control: str) -> float:
        """The effect among these very children."""
        return float(self.by_arm[arm].mean() - self.by_arm[control].mean())


def potential_outcomes(people: Sequence[Person], process: Process) -> Potential:
    """Settle every child's outcome under every arm."""
    luck = np.random.default_rng(process.seed).random(len(people))
    base = chances(people, process)
    return Potential({arm: luck < base + effect for arm, effect in process.effects.items()})


def review_records(
    people: Sequence[Person],
    arm_of: Mapping[str, str],
    opens: Mapping[str, datetime],
    process: Process,
) -> Iterator[dict[str, str]]:
    """Rows of the review records: one per child whose review took place, within its window.

    arm_of: arm by unit. opens: when each child's window opens.
    """
    potential = potential_outcomes(people, process)
    rng = np.random.default_rng(process.seed + 1)
    delays = rng.integers(3, 50, len(people))
    for i, person in enumerate(people):
        if potential.by_arm[arm_of[person.unit]][i]:
            day = (opens[person.id] + timedelta(days=int(delays[i]))).date()
            yield {"child_ref": person.id, "review_date": day.isoformat()}


def complaint_records(
    people: Sequence[Person], opens: Mapping[str, datetime], process: Process
) -> Iterator[dict[str, str]]:
    """Rows of the complaints log: rare, and the same in every arm."""
    rng = np.random.default_rng(process.seed + 2)
    for person, chance in zip(people, rng.random(len(people)), strict=True):
        if chance < process.complaint:
            day = (opens[person.id] + timedelta(days=7)).date()
            yield {"child_ref": person.id, "received_on": day.isoformat()}
