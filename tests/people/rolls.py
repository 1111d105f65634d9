"""A small roll in memory, and the population block that reads it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nudge.people.roll import read_people, roll_digest
from nudge.people.units import form_units
from nudge.trial.parts.population import Population
from nudge.trial.problems import Problems
from nudge.trial.records.people import Person, Roll
from nudge.trial.records.tables import Table
from nudge.trial.texts import Texts

POPULATION: dict[str, Any] = {
    "id": "ref",
    "unit": "household",
    "columns": {"age": "number", "visit": "date", "hub": "category", "refuge": "yes_no"},
    "contact": {"sms": "mobile", "email": "email", "language": "language"},
    "safe_to_contact": {"sms": "text_ok", "email": "email_ok"},
}


def population(**changes: Any) -> Population:
    """The block as a trial file would give it; None takes a key out."""
    values = {key: value for key, value in (POPULATION | changes).items() if value is not None}
    return Population.model_validate(values)


def family(i: int, **changes: str) -> dict[str, str]:
    """One row: a family of one child with a drama mobile and an example email of its own."""
    row = {
        "ref": f"C{i}", "household": f"H{i}", "age": "24", "visit": "2027-01-25", "hub": "north", "refuge": "no",
        "mobile": f"07700 900{i:03d}", "email": f"family{i}@example.org", "text_ok": "yes", "email_ok": "yes",
        "language": "",
    }  # fmt: skip
    return row | changes


def table(rows: Sequence[dict[str, str]], name: str = "roll.csv") -> Table:
    """Rows as the reader of CSV files gives them: the first stands on line 2."""
    columns = {title: Texts.of(row[title] for row in rows) for title in (rows[0] if rows else family(0))}
    return Table(name, columns, range(2, len(rows) + 2), "")


def people(rows: Sequence[dict[str, str]], **changes: Any) -> tuple[list[Person], list[str]]:
    """People of these rows, and what is said of them."""
    problems = Problems()
    found = read_people(table(rows), population(**changes), problems)
    return found, [str(problem) for problem in problems]


def roll(
    rows: Sequence[dict[str, str]],
    *,
    blocks: Sequence[str] = (),
    sites: bool = False,
    needs_contact: bool = True,
    **changes: Any,
) -> tuple[Roll, list[str]]:
    """Units of these rows, and what is said of them."""
    problems = Problems()
    described = population(**changes)
    found = read_people(table(rows), described, problems)
    made = form_units(
        found, described, blocks, sites=sites, needs_contact=needs_contact,
        digest=roll_digest(table(rows), described), roll_name="roll.csv", problems=problems,
    )  # fmt: skip
    return made, [str(problem) for problem in problems]
