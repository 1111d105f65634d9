"""A made-up roll for any trial file: rows that its own columns, conditions and contacts ask for.

No real person is in it: mobiles come from the range Ofcom keeps for drama, emails end in
example.org, every reference says SYNTHETIC. Values that the conditions name are tried first, so
that families are eligible; a row that no try makes eligible is refused with the condition.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

from nudge.trial.conditions import Condition, condition
from nudge.trial.errors import Refused
from nudge.trial.tables import typed

if TYPE_CHECKING:
    from nudge.trial.parts.population import Population

_MOBILES = 900
_TRIES = 500
_FIRST_DAY, _LAST_DAY = 28, 60
_SATURDAY = 5
_LEVELS = ("1", "2", "3", "4", "5")
_AREAS = ("Elm Road", "Harbour", "Mill Lane", "Northfield", "Station Street", "West Park")


@dataclass(frozen=True, slots=True)
class MadeUp:
    """What to make: people in each unit, dates from four weeks after `start`, and a seed.

    sites: people of a unit are strangers, with values and contacts of their own; those of a
    household share them. blocks: columns that are equal within a unit all the same; so are
    dates, since a site's windows open together.
    """

    people: Sequence[int]
    start: date
    seed: int
    sites: bool = False
    blocks: tuple[str, ...] = ()


def made_up_roll(population: Population, wanted: MadeUp) -> Iterator[dict[str, str]]:
    """Rows of a roll, one per person. Raises Refused where no made-up row is eligible."""
    rng = np.random.default_rng(wanted.seed)
    texts = [text for text in (population.eligible, population.exclude) if text]
    makers = {
        name: ("en",) if population.contact.language == name else _pool(name, kind, texts, wanted.start)
        for name, kind in population.columns.items()
    }
    keep = condition(population.eligible, population.columns) if population.eligible else None
    drop = condition(population.exclude, population.columns) if population.exclude else None
    same = {*wanted.blocks, *(name for name, kind in population.columns.items() if kind == "date")}
    number = 0
    for i, people in enumerate(wanted.people):
        base = _row(makers, population, keep, drop, rng)
        pools = makers | {name: (base[name],) for name in base if name in same}
        for person in range(people):
            own = _row(pools, population, keep, drop, rng) if wanted.sites and person > 0 else base
            contacts = _contacts(population, number if wanted.sites else i)
            number += 1
            name = {population.id: f"SYNTHETIC-P{number:06d}"} if population.id != "row" else {}
            yield own | contacts | _references(population, i) | name


def _row(
    makers: dict[str, tuple[str, ...]], population: Population, keep: Condition | None, drop: Condition | None,
    rng: np.random.Generator,
) -> dict[str, str]:  # fmt: skip
    for _ in range(_TRIES):
        row = {name: pool[int(rng.integers(len(pool)))] for name, pool in makers.items()}
        values = {name: typed(text, population.columns[name]) for name, text in row.items()}
        if (keep is None or keep.holds(values) is True) and (drop is None or drop.holds(values) is False):
            return row
    raise Refused(
        "no made-up family fits `eligible` and `exclude`",
        "put a roll with made-up people at `population.people`, and it will be used",
    )


def _pool(name: str, kind: str, conditions: Sequence[str], start: date) -> tuple[str, ...]:
    """Values to draw from: what conditions compare with, and what is usual for the type."""
    if kind == "yes_no":
        return ("yes", "no")
    if kind == "date":
        days = (start + timedelta(days=i) for i in range(_FIRST_DAY, _LAST_DAY))
        return tuple(day.isoformat() for day in days if day.weekday() < _SATURDAY)
    named = [text for text in conditions if re.search(rf"\b{re.escape(name)}\b", text)]
    if kind == "number":
        found = [float(one) for text in named for one in re.findall(r"(?<![\w.])\d+(?:\.\d+)?", text)]
        around = {value + step for value in found for step in (-1, 0, 1)} or set(map(float, range(1, 6)))
        return tuple(f"{value:g}" for value in sorted(around))
    quoted = [one for text in named for one in re.findall(r"['\"]([^'\"]+)['\"]", text)]
    if kind == "text":
        return ("Alex", "Sam", "Kit", *quoted)
    usual = _LEVELS if re.search(r"imd|quintile|decile|band|year", name) else _AREAS
    return (*usual, *quoted)


def _contacts(population: Population, number: int) -> dict[str, str]:
    contact = population.contact
    row: dict[str, str] = {}
    if contact.sms:
        row[contact.sms] = f"07700 900{number:03d}" if number < _MOBILES else ""
    if contact.email:
        row[contact.email] = f"family{number + 1:06d}@example.org"
    if contact.address:
        row[contact.address] = f"{number + 1} Synthetic Road"
    for column in population.safe_to_contact.values():
        row[column] = "yes"
    return row


def _references(population: Population, unit: int) -> dict[str, str]:
    named = {population.unit, population.site} - {None, population.id} - set(population.columns)
    return {str(column): f"SYNTHETIC-U{unit + 1:06d}" for column in named}
