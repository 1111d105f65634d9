"""Who can take part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeAlias

Value: TypeAlias = float | str | bool | date | None


@dataclass(frozen=True, slots=True)
class ContactPoint:
    """One address of one adult: a phone in E.164 or an email, as it will be used."""

    channel: str
    address: str
    safe: bool
    """Whether the roll says yes to this route; anything else closes it."""
    reserved: bool
    """Set aside for drama and examples: no live provider may be asked to reach it."""


@dataclass(frozen=True, slots=True)
class Person:
    """One row of the roll."""

    id: str
    unit: str
    row: int
    columns: Mapping[str, Value]
    language: str
    contacts: tuple[ContactPoint, ...]


@dataclass(frozen=True, slots=True)
class Unit:
    """What is randomised: a person, a household or a site, with the people who take part."""

    id: str
    people: tuple[Person, ...]
    block: tuple[str, ...]
    """Values of the block columns, equal for everyone in it."""
    enrolled_at: datetime | None = None
    """When it was given its arm, where units come one by one; else the moment of the one draw."""


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A unit or person left out before allocation, blind to arm."""

    unit: str
    person: str
    reason: str
    whole_unit: bool


@dataclass(frozen=True, slots=True)
class Roll:
    """The people of a trial before allocation."""

    assessed_people: int
    assessed_units: int
    units: tuple[Unit, ...]
    exclusions: tuple[Exclusion, ...]
    merged_units: int
    """Units that were joined to another because they share a phone, an email or an address."""
    digest: str
    """SHA-256 of the sorted rows of the columns the file names."""
