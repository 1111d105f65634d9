"""Families who come one by one: who is there already, and the batches of an adaptive draw."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import sqlalchemy as sa

from nudge.store.tables import allocations, audit, batches, contacts, exclusions, outcome_rows, people, roll_counts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from nudge.trial.records.people import Person


def recount(connection: Connection, trial: str, merged: int) -> None:
    """Keep the flow's first box true: everyone who ever came, once, in the trial or left out."""
    inside = sa.select(people.c.person, people.c.unit).where(people.c.trial == trial)
    outside = sa.select(exclusions.c.person, exclusions.c.unit).where(exclusions.c.trial == trial)
    everyone = sa.union_all(inside, outside).subquery()
    count = sa.func.count
    counted = connection.execute(sa.select(count(), count(everyone.c.unit.distinct())).select_from(everyone)).one()
    connection.execute(
        roll_counts.update().where(roll_counts.c.trial == trial).values(
            assessed_people=counted[0], assessed_units=counted[1], merged_units=roll_counts.c.merged_units + merged,
        )
    )  # fmt: skip


def known_people(connection: Connection, trial: str) -> dict[str, str]:
    """Everyone in the trial: person → unit."""
    query = sa.select(people.c.person, people.c.unit).where(people.c.trial == trial)
    return {row.person: row.unit for row in connection.execute(query)}


def units_by_lookup(connection: Connection, trial: str) -> dict[tuple[str, str], str]:
    """Which unit has which contact point, by channel and keyed hash."""
    query = (
        sa.select(contacts.c.channel, contacts.c.lookup, people.c.unit)
        .join(people, sa.and_(people.c.trial == contacts.c.trial, people.c.person == contacts.c.person))
        .where(contacts.c.trial == trial)
    )
    return {(row.channel, row.lookup): row.unit for row in connection.execute(query)}


def no_longer_left_out(connection: Connection, trial: str, members: Iterable[Person]) -> None:
    """Forget why people were left out who now take part; others of their units are no longer left out whole."""
    here = exclusions.c.trial == trial
    for person in members:
        connection.execute(exclusions.delete().where(here, exclusions.c.person == person.id))
        connection.execute(exclusions.update().where(here, exclusions.c.unit == person.unit).values(whole_unit=False))


@dataclass(frozen=True, slots=True)
class Matured:
    """What is known so far, by arm: outcomes that can no longer change, and how many of them were good."""

    successes: tuple[int, ...]
    matured: tuple[int, ...]


def matured_outcomes(connection: Connection, trial: str, outcome: str, arms: Sequence[str], good: float) -> Matured:
    """Matured outcomes of everyone enrolled; `good` is the value that counts as a success."""
    query = (
        sa.select(allocations.c.arm, outcome_rows.c.value, sa.func.count())
        .join(people, sa.and_(people.c.trial == outcome_rows.c.trial, people.c.person == outcome_rows.c.person))
        .join(allocations, sa.and_(allocations.c.trial == people.c.trial, allocations.c.unit == people.c.unit))
        .where(outcome_rows.c.trial == trial, outcome_rows.c.outcome == outcome, outcome_rows.c.value.is_not(None))
        .group_by(allocations.c.arm, outcome_rows.c.value)
    )
    successes, matured = dict.fromkeys(arms, 0), dict.fromkeys(arms, 0)
    for arm, value, number in connection.execute(query):
        matured[arm] += number
        successes[arm] += number if value == good else 0
    return Matured(tuple(successes.values()), tuple(matured.values()))


def open_batch(
    connection: Connection, trial: str, number: int, at: datetime, chances: Sequence[float], known: Matured
) -> None:
    """Log a batch's chances before anyone is drawn by them."""
    connection.execute(
        batches.insert().values(
            trial=trial, number=number, opened_at=at, chances=list(chances), successes=list(known.successes),
            matured=list(known.matured),
        )
    )  # fmt: skip


def batch_chances(connection: Connection, trial: str) -> list[list[float]]:
    """The logged chances of batches 2, 3 …, in order."""
    query = sa.select(batches.c.chances).where(batches.c.trial == trial).order_by(batches.c.number)
    return [list(chances) for chances in connection.scalars(query)]


def enrolled(connection: Connection, trial: str) -> int:
    """Units that have an arm."""
    query = sa.select(sa.func.count()).select_from(allocations).where(allocations.c.trial == trial)
    return connection.scalar(query) or 0


@dataclass(frozen=True, slots=True)
class Spell:
    """An arm that took nobody for a while: places in the order of enrolment, from 0; `end` is None while it lasts."""

    arm: str
    first: int
    end: int | None
    since: datetime
    until: datetime | None
    because: str


def closed_spells(connection: Connection, trial: str) -> list[Spell]:
    """When arms of a trial that takes units one by one took nobody: from the audit log, which nothing rewrites.

    A halt of an arm says there how many units had been enrolled when it began, and when it was lifted.
    """
    query = sa.select(audit.c.at, audit.c.action, audit.c.detail).order_by(audit.c.number)
    found: list[Spell] = []
    for at, action, detail in connection.execute(
        query.where(audit.c.trial == trial, audit.c.action.in_(["halt", "lift halt"]))
    ):
        arm, place = detail.get("arm"), detail.get("enrolled")
        if not arm or place is None:
            continue
        lasting = [i for i, one in enumerate(found) if one.arm == arm and one.end is None]
        if action == "halt" and not lasting:
            because = detail.get("reason") or f"harm rule: {detail.get('rule')}"
            found.append(Spell(arm, place, None, at, None, because))
        for i in lasting if action == "lift halt" else ():
            found[i] = replace(found[i], end=place, until=at)
    return found
