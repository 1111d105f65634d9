"""When the clusters of a stepped wedge cross: the days of the file as moments, and where a moment falls.

A step begins at the start of its day. A crossing is complete when its transition is over, or at
once where the file declares none. Whoever is anchored in between belongs to neither condition.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from nudge.trial.quantities import shifted

if TYPE_CHECKING:
    from nudge.trial.model import Trial


@dataclass(frozen=True, slots=True)
class Crossings:
    """The steps in order, numbered from 1: when each begins, and when its crossing is complete."""

    begins: tuple[datetime, ...]
    completes: tuple[datetime, ...]

    def begun(self, moment: datetime) -> int:
        """How many steps have begun: the period of a moment, from 0."""
        return bisect_right(self.begins, moment)

    def complete(self, moment: datetime) -> int:
        """How many crossings are complete."""
        return bisect_right(self.completes, moment)

    def has_crossed(self, step: int, moment: datetime) -> bool:
        """Whether clusters of that step are past their crossing."""
        return moment >= self.completes[step - 1]

    @property
    def shortest(self) -> timedelta | None:
        """The shortest time from one step to the next; None where there is only one."""
        return min((later - earlier for earlier, later in pairwise(self.begins)), default=None)


def crossings_of(trial: Trial) -> Crossings | None:
    """The crossings of a stepped wedge drawn here; None of any other trial."""
    randomise = trial.randomise
    if randomise is None or randomise.method != "stepped_wedge" or not randomise.steps:
        return None
    zone = ZoneInfo(trial.timezone)
    begins = tuple(datetime.combine(day, time.min, zone) for day in randomise.steps)
    takes = randomise.transition
    return Crossings(begins, begins if takes is None else tuple(shifted(one, takes) for one in begins))


def condition(trial: Trial, crossings: Crossings, step: int, moment: datetime | None) -> str:
    """The arm in force for a cluster of that step when somebody is anchored; "" in its transition, or undated."""
    if moment is None or trial.control is None:
        return ""
    if crossings.has_crossed(step, moment):
        return next(arm for arm in trial.arms if arm != trial.control)
    return "" if crossings.begun(moment) >= step else trial.control
