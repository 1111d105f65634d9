"""People, their contact points, exclusions and arms."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from math import isnan, nan
from typing import TYPE_CHECKING, Any, TypeVar

import sqlalchemy as sa

from nudge.store.rows import insert_rows
from nudge.store.tables import (
    allocations,
    contacts,
    draws,
    exclusions,
    people,
    roll_counts,
    superseded_draws,
    units,
)  # fmt: skip
from nudge.trial.records.design import Allocated, Allocation, DrawUnit, Law
from nudge.trial.records.people import ContactPoint, Exclusion, Person, Roll, Unit, Value

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from nudge.store.vault import Vault

T = TypeVar("T")


def save_roll(connection: Connection, trial: str, roll: Roll, vault: Vault) -> None:
    """Replace a trial's people by those of a roll; contact details go sealed into their own table."""
    for table in (contacts, people, units, exclusions, roll_counts):
        connection.execute(table.delete().where(table.c.trial == trial))
    add_units(connection, trial, roll.units, vault)
    add_exclusions(connection, trial, roll.exclusions)
    connection.execute(
        roll_counts.insert().values(
            trial=trial, assessed_people=roll.assessed_people, assessed_units=roll.assessed_units,
            merged_units=roll.merged_units,
        )
    )  # fmt: skip


def load_roll(connection: Connection, trial: str, types: Mapping[str, str], vault: Vault | None = None) -> Roll:
    """The people of a trial as they were locked; without a vault their contact points are left out.

    types: the columns' types, as the trial file declares them.
    """
    points = _contact_points(connection, trial, vault) if vault else {}
    members: defaultdict[str, list[Person]] = defaultdict(list)
    for row in connection.execute(sa.select(people).where(people.c.trial == trial).order_by(people.c.person)):
        members[row.unit].append(
            Person(
                row.person, row.unit, row.roll_row, columns_from_json(row.columns, types), row.language,
                tuple(points.get(row.person, ())),
            )
        )  # fmt: skip
    stored = connection.execute(sa.select(units).where(units.c.trial == trial).order_by(units.c.unit))
    counts = connection.execute(sa.select(roll_counts).where(roll_counts.c.trial == trial)).one()
    return Roll(
        counts.assessed_people, counts.assessed_units,
        tuple(Unit(row.unit, tuple(members[row.unit]), tuple(row.block), row.enrolled_at) for row in stored),
        tuple(_exclusions(connection, trial)), counts.merged_units, "",
    )  # fmt: skip


def _exclusions(connection: Connection, trial: str) -> Iterator[Exclusion]:
    query = sa.select(exclusions).where(exclusions.c.trial == trial).order_by(exclusions.c.person)
    for row in connection.execute(query):
        yield Exclusion(row.unit, row.person, row.reason, row.whole_unit)


def save_allocation(
    connection: Connection, trial: str, allocation: Allocation, drawn: Iterable[DrawUnit], already: int = 0
) -> None:
    """Write a draw, or what comes after `already` units. The primary key refuses a second arm for a unit.

    drawn: the units as the draw saw them, kept so that it can be replayed.
    """
    columns_of = {unit.id: columns_to_json(unit.columns) for unit in drawn}
    insert_rows(
        connection, allocations,
        (_allocated_row(trial, i, row, columns_of[row.unit]) for i, row in enumerate(allocation.rows, already + 1)),
    )  # fmt: skip
    if not already:
        connection.execute(draws.delete().where(draws.c.trial == trial))
        connection.execute(draws.insert().values(trial=trial, facts=dict(allocation.facts)))


def _allocated_row(trial: str, position: int, row: Allocated, columns: Mapping[str, object]) -> dict[str, object]:
    """position: the place in the order of enrolment, or in the standing order. A NaN is stored as NULL."""
    return {
        "trial": trial, "unit": row.unit, "digest": row.digest, "block": list(row.block), "arm": row.arm,
        "probability": None if isnan(row.probability) else row.probability,
        "step": row.step, "group_number": row.group, "position": position, "columns": columns,
    }  # fmt: skip


def load_draw_units(connection: Connection, trial: str) -> list[DrawUnit]:
    """The units as the draw saw them, in its order."""
    query = sa.select(allocations.c.unit, allocations.c.block, allocations.c.columns)
    ordered = query.where(allocations.c.trial == trial).order_by(allocations.c.position)
    return [DrawUnit(row.unit, tuple(row.block), row.columns) for row in connection.execute(ordered)]


def load_allocation(connection: Connection, trial: str, law: Law) -> Allocation:
    """The draw of a trial, in the standing order of its units, or of enrolment where it is rolling."""
    stored = connection.execute(sa.select(allocations).where(allocations.c.trial == trial))
    rows = (
        Allocated(
            row.unit, row.digest, tuple(row.block), row.arm, nan if row.probability is None else row.probability,
            row.step, row.group_number,
        )
        for row in sorted(stored, key=lambda row: (row.position, row.unit))
    )  # fmt: skip
    facts = connection.scalar(sa.select(draws.c.facts).where(draws.c.trial == trial))
    return Allocation(law, tuple(rows), facts or {})


def supersede_draw(connection: Connection, trial: str, lock_number: int, at: datetime, reason: str) -> None:
    """Set a draw aside because its lock was replaced before launch; the report shows both."""
    query = sa.select(allocations.c.digest, allocations.c.arm, allocations.c.step).where(allocations.c.trial == trial)
    rows = [[row.digest, row.arm, row.step] for row in connection.execute(query)]
    counts: dict[str, int] = {}
    for _, arm, _ in rows:
        counts[arm] = counts.get(arm, 0) + 1
    connection.execute(
        superseded_draws.insert().values(
            trial=trial, lock_number=lock_number, drawn_at=at, counts=counts, rows=rows, reason=reason
        )
    )
    for table in (allocations, draws):
        connection.execute(table.delete().where(table.c.trial == trial))


def add_units(connection: Connection, trial: str, new: Sequence[Unit], vault: Vault) -> None:
    """Units that enrol, with their people and contact points."""
    members = [person for unit in new for person in unit.people]
    insert_rows(
        connection, units,
        ({"trial": trial, "unit": unit.id, "block": list(unit.block), "enrolled_at": unit.enrolled_at} for unit in new),
    )  # fmt: skip
    add_people(connection, trial, members, vault)


def add_people(connection: Connection, trial: str, members: Sequence[Person], vault: Vault) -> None:
    """People of units that are there."""
    insert_rows(connection, people, (_person_row(trial, person) for person in members))
    insert_rows(connection, contacts, (row for person in members for row in _contact_rows(trial, person, vault)))


def add_exclusions(connection: Connection, trial: str, out: Sequence[Exclusion]) -> None:
    """People who were left out; someone left out before stays as they stand."""
    known = set(connection.scalars(sa.select(exclusions.c.person).where(exclusions.c.trial == trial)))
    insert_rows(
        connection, exclusions,
        ({"trial": trial, "person": one.person, "unit": one.unit, "reason": one.reason, "whole_unit": one.whole_unit}
         for one in out if one.person not in known),
    )  # fmt: skip


def earlier_draws(connection: Connection, trial: str) -> list[Mapping[str, Any]]:
    """Draws that were set aside: lock number, counts by arm, and why."""
    table = superseded_draws
    query = sa.select(table.c.lock_number, table.c.drawn_at, table.c.counts, table.c.reason)
    return [dict(row) for row in connection.execute(query.where(table.c.trial == trial)).mappings()]


def columns_to_json(columns: Mapping[str, Value]) -> dict[str, object]:
    """Baseline values as JSON; days become text."""
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in columns.items()}


def columns_from_json(stored: Mapping[str, Any], types: Mapping[str, str]) -> dict[str, Value]:
    """The same values back, days as days."""
    return {
        name: date.fromisoformat(value) if value is not None and types.get(name) == "date" else value
        for name, value in stored.items()
    }


def _person_row(trial: str, person: Person) -> dict[str, object]:
    return {
        "trial": trial, "person": person.id, "unit": person.unit, "roll_row": person.row,
        "columns": columns_to_json(person.columns), "language": person.language,
    }  # fmt: skip


def _contact_rows(trial: str, person: Person, vault: Vault) -> Iterator[dict[str, object]]:
    for point in person.contacts:
        yield {
            "trial": trial, "person": person.id, "channel": point.channel,
            "sealed_address": vault.seal(point.address.encode()), "lookup": vault.lookup(point.address),
            "safe": point.safe, "reserved": point.reserved,
        }  # fmt: skip


def _contact_points(connection: Connection, trial: str, vault: Vault) -> dict[str, list[ContactPoint]]:
    found: defaultdict[str, list[ContactPoint]] = defaultdict(list)
    for row in connection.execute(sa.select(contacts).where(contacts.c.trial == trial)):
        address = vault.open(row.sealed_address).decode()
        found[row.person].append(ContactPoint(row.channel, address, row.safe, row.reserved))
    return found


def allocation_counts(connection: Connection, trial: str) -> dict[str, int]:
    """Units by arm."""
    query = sa.select(allocations.c.arm, sa.func.count()).where(allocations.c.trial == trial)
    return {row[0]: row[1] for row in connection.execute(query.group_by(allocations.c.arm))}


def step_counts(connection: Connection, trial: str) -> dict[int, int]:
    """Units by the step at which they cross."""
    query = sa.select(allocations.c.step, sa.func.count()).where(allocations.c.trial == trial)
    found = connection.execute(query.where(allocations.c.step.is_not(None)).group_by(allocations.c.step))
    return {row[0]: row[1] for row in found}


def language_of(connection: Connection, trial: str, person: str) -> str:
    """The language a person reads; English where it is not known."""
    query = sa.select(people.c.language).where(people.c.trial == trial, people.c.person == person)
    return connection.scalar(query) or "en"


def is_unit(connection: Connection, trial: str, unit: str) -> bool:
    """Whether a trial has this unit."""
    query = sa.select(units.c.unit).where(units.c.trial == trial, units.c.unit == unit)
    return connection.execute(query).first() is not None


def replace_contacts(connection: Connection, trial: str, corrected: Sequence[Person], vault: Vault) -> None:
    """New contact points and languages for people who take part already."""
    for person in corrected:
        theirs = sa.and_(contacts.c.trial == trial, contacts.c.person == person.id)
        connection.execute(contacts.delete().where(theirs))
        mine = sa.and_(people.c.trial == trial, people.c.person == person.id)
        connection.execute(people.update().where(mine).values(language=person.language))
    insert_rows(connection, contacts, (row for person in corrected for row in _contact_rows(trial, person, vault)))
