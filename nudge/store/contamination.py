"""Families who could have met another arm's words: a phone or an email that units of several arms share."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

import sqlalchemy as sa

from nudge.store.tables import allocations, contacts, people

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection


def shared_across_arms(connection: Connection, trial: str) -> dict[str, int]:
    """Units by arm that share a contact point with a unit of another arm.

    Shared ones are joined before the draw; those found here came by a later correction.
    """
    held = (
        sa.select(contacts.c.lookup, allocations.c.unit, allocations.c.arm)
        .join(people, sa.and_(people.c.trial == contacts.c.trial, people.c.person == contacts.c.person))
        .join(allocations, sa.and_(allocations.c.trial == people.c.trial, allocations.c.unit == people.c.unit))
        .where(contacts.c.trial == trial)
        .distinct()
    )
    by_point: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
    for row in connection.execute(held):
        by_point[row.lookup].add((row.arm, row.unit))
    mixed = {one for held_by in by_point.values() if len({arm for arm, _ in held_by}) > 1 for one in held_by}
    return dict(Counter(arm for arm, _ in mixed))
