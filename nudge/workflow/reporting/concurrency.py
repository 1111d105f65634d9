"""Who was enrolled while an arm took nobody: nobody of them compares with that arm (statistics.md 23)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nudge.trial.problems import listed
from nudge.trial.records.analysis import Check

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from nudge.store.enrolment import Spell
    from nudge.trial.model import Trial
    from nudge.trial.records.analysis import Bools
    from nudge.trial.records.design import Allocation

_BY_RATIO = {"simple", "permuted_blocks"}


def closed_to(spells: Sequence[Spell], allocation: Allocation, units: Sequence[str]) -> Mapping[str, Bools] | None:
    """By arm, which rows belong to units enrolled while it took nobody; None where no arm was ever closed.

    units: of the rows.
    """
    place = {row.unit: i for i, row in enumerate(allocation.rows)}
    places = np.array([place[unit] for unit in units], dtype=np.int64)
    found: dict[str, Bools] = {}
    for one in spells:
        inside = (places >= one.first) & (places < (len(place) if one.end is None else one.end))
        found[one.arm] = found.get(one.arm, np.zeros(places.size, dtype=bool)) | inside
    return {arm: rows for arm, rows in found.items() if rows.any()} or None


def chances(allocation: Allocation, spells: Sequence[Spell]) -> dict[str, float]:
    """Each unit's chance of its own arm, by unit; where an arm was closed, the chance had all been open.

    Two arms that are both open keep their shares of one another whichever others are, so within a comparison
    nothing hangs on what else was open.
    """
    law = allocation.law
    by_ratio = bool(spells) and law.method in _BY_RATIO
    return {row.unit: law.probability(row.arm) if by_ratio else row.probability for row in allocation.rows}


def closed_arms(trial: Trial, spells: Sequence[Spell], allocation: Allocation) -> Iterator[Check]:
    """A sentence for every spell: from when to when, why, and whom it concerns."""
    units = trial.population.called.units
    for one in spells:
        until = "since" if one.until is None else "from"
        end = "" if one.until is None else f" to {one.until:%d %B %Y}"
        number = (len(allocation.rows) if one.end is None else one.end) - one.first
        others = listed(arm for arm in trial.arms if arm != one.arm)
        yield Check(
            "closed arm", "note",
            f"{one.arm} took no new {units} {until} {one.since:%d %B %Y}{end} ({one.because}); the {number:,} that "
            f"came meanwhile were drawn among {others}, and {one.arm} is compared only with {units} enrolled while it "
            "was open",
        )  # fmt: skip
