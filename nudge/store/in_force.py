"""Which arm a unit is in at a moment: what it was drawn to, and in a stepped wedge the control until it has crossed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa

from nudge.store.tables import allocations, locks, sends
from nudge.trial.crossing import crossings_of
from nudge.trial.lock import trial_of

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

InForce = Callable[[str, int | None, datetime], str]
"""(arm drawn, step, moment at which a message was planned) → the arm whose message it must be."""


def arm_in_force(connection: Connection, trial: str) -> InForce:
    """The rule of one trial, by its newest lock."""
    query = sa.select(locks.c.definition).where(locks.c.trial == trial).order_by(locks.c.number.desc()).limit(1)
    definition = connection.execute(query).scalar_one()
    if (definition.get("randomise") or {}).get("method") != "stepped_wedge":
        return lambda arm, _step, _planned: arm
    locked = trial_of(definition)
    crossings, control = crossings_of(locked), locked.control

    def rule(arm: str, step: int | None, planned: datetime) -> str:
        if crossings is None or control is None or step is None or crossings.has_crossed(step, planned):
            return arm
        return control

    return rule


def strayed_rows(connection: Connection, trial: str) -> int:
    """Rows of the ledger whose arm is not the one their unit was in at the time."""
    rule = arm_in_force(connection, trial)
    query = (
        sa.select(sends.c.arm, sends.c.planned_at, allocations.c.arm.label("drawn"), allocations.c.step)
        .select_from(sends.join(allocations, sa.and_(
            allocations.c.trial == sends.c.trial, allocations.c.unit == sends.c.unit
        )))
        .where(sends.c.trial == trial, sa.or_(sends.c.arm != allocations.c.arm, allocations.c.step.is_not(None)))
    )  # fmt: skip
    return sum(rule(row.drawn, row.step, row.planned_at) != row.arm for row in connection.execute(query))
