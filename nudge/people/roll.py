"""From the rows of a roll to people: typed columns, usable contact points, one problem per flaw."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from typing import TYPE_CHECKING

from nudge.people.contacts import HOME, UnusableAddress, is_reserved, normalised
from nudge.trial.problems import Level, Problem
from nudge.trial.records.people import ContactPoint, Person
from nudge.trial.tables import YES, field_problem, need_columns, shortened, typed_column

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nudge.trial.parts.population import Population
    from nudge.trial.problems import Problems
    from nudge.trial.records.people import Value
    from nudge.trial.records.tables import Table


def named_columns(population: Population) -> list[str]:
    """Every column of the roll that the trial file names, once each."""
    contact = population.contact
    names = [
        population.id, population.unit, *population.columns, contact.sms, contact.email, contact.staff,
        contact.address, contact.language, *population.safe_to_contact.values(),
    ]  # fmt: skip
    return [name for name in dict.fromkeys(names) if name and name != "row"]


def read_people(table: Table, population: Population, problems: Problems) -> list[Person]:
    """People from the rows of a roll; every row's flaws go to `problems`.

    A field that cannot be read is an error; an address that cannot be used closes that
    route for the person and is advice, since other routes may stand.
    """
    if not need_columns(table, named_columns(population), problems):
        return []
    ids = _identifiers(table, population, problems)
    units = _units(table, population, ids, problems)
    names = list(population.columns)
    values = [typed_column(table, name, population.columns[name], problems) for name in names]
    contacts = _contacts(table, population, problems)
    languages = table.columns[population.contact.language] if population.contact.language else [""] * len(table)
    return [
        Person(
            id=ids[i], unit=units[i], row=table.lines[i], columns=dict(zip(names, row, strict=True)),
            language=languages[i].lower() or "en", contacts=contacts[i],
        )
        for i, row in enumerate(_transposed(values, len(table)))
    ]  # fmt: skip


def _transposed(columns: list[list[Value]], n: int) -> list[tuple[Value, ...]]:
    return list(zip(*columns, strict=True)) if columns else [()] * n


def roll_digest(table: Table, population: Population) -> str:
    """SHA-256 of the sorted rows of the columns the file names: the order of either does not matter.

    Where a row's number is what identifies it, the number is part of the row.
    """
    names = sorted(name for name in named_columns(population) if name in table.columns)
    columns: list[Sequence[str]] = [table.columns[name] for name in names]
    if "row" in {population.id, population.unit}:
        columns.append([f"{i + 1:09}" for i in range(len(table))])
    rows = sorted(zip(*columns, strict=True))
    text = json.dumps([names, rows], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _identifiers(table: Table, population: Population, problems: Problems) -> list[str]:
    if population.id == "row":
        return _row_numbers(table)
    ids = list(table.columns[population.id])
    times = Counter(ids)
    for i, identifier in enumerate(ids):
        if not identifier:
            problems.add(field_problem(table, i, population.id, "is blank", "give every person an identifier"))
        elif times[identifier] > 1:
            problems.add(
                field_problem(
                    table, i, population.id, f"`{shortened(identifier)}` stands {times[identifier]} times",
                    "keep one row per person",
                )
            )  # fmt: skip
    return ids


def _row_numbers(table: Table) -> list[str]:
    return [str(i + 1) for i in range(len(table))]


def _units(table: Table, population: Population, ids: list[str], problems: Problems) -> list[str]:
    if population.unit is None or population.unit == population.id:
        return ids
    if population.unit == "row":
        return _row_numbers(table)
    units = list(table.columns[population.unit])
    for i, unit in enumerate(units):
        if not unit:
            problems.add(field_problem(table, i, population.unit, "is blank", "say which unit this person belongs to"))
    return units


def _contacts(table: Table, population: Population, problems: Problems) -> list[tuple[ContactPoint, ...]]:
    found: list[list[ContactPoint]] = [[] for _ in range(len(table))]
    for channel in population.contact.prefer:
        column = population.contact.column_of(channel)
        if column is None:
            continue
        addresses = _addresses(table, column, channel, problems)
        safe = [text.lower() in YES for text in table.columns[population.safe_to_contact[channel]]]
        unsafe = {address.lower() for address, yes in zip(addresses, safe, strict=True) if address and not yes}
        for i, address in enumerate(addresses):
            if not address:
                continue
            if safe[i] and address.lower() in unsafe:
                problems.add(
                    field_problem(
                        table, i, column, f"`{shortened(address)}` is said to be safe here and unsafe on another "
                        "row, so this route is closed", "make the rows agree", Level.ADVICE,
                    )
                )  # fmt: skip
            found[i].append(
                ContactPoint(channel, address, address.lower() not in unsafe, is_reserved(channel, address))
            )
    if population.contact.address:
        for i, text in enumerate(table.columns[population.contact.address]):
            home = normalised(HOME, text)
            if home:
                found[i].append(ContactPoint(HOME, home, safe=False, reserved=False))
    return [tuple(points) for points in found]


def _addresses(table: Table, column: str, channel: str, problems: Problems) -> list[str]:
    """Each row's address as it will be used; empty where there is none that can be."""
    addresses: list[str] = []
    for i, text in enumerate(table.columns[column]):
        try:
            addresses.append(normalised(channel, text) if text else "")
        except UnusableAddress as error:
            problems.add(_unusable(table, i, column, text, str(error)))
            addresses.append("")
    return addresses


def _unusable(table: Table, row: int, column: str, text: str, error: str) -> Problem:
    what, _, remedy = error.partition("; ")
    return field_problem(
        table, row, column, f"`{shortened(text)}` {what}, so this route is closed", remedy, Level.ADVICE
    )
