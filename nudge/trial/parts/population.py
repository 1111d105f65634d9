"""Who could take part, and where rows come from."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator

from nudge.trial.parts.fields import Channel, Column, ColumnType, Name, Part, Text, as_list


class Package(Part):
    """A table that a Python package carries."""

    name: Literal["causaldata"]
    table: Name


class DataSource(Part):
    """Where rows come from: exactly one of the three."""

    csv_file: Text | None = None
    parquet_file: Text | None = None
    package: Package | None = None


def people_source(given: object) -> object:
    """`people: roll.csv` is short for `people: {csv_file: roll.csv}`."""
    return {"csv_file": given} if isinstance(given, str) else given


class Contact(Part):
    """Columns that hold contact details, and the order in which routes are tried.

    staff: what a member of staff needs to call, write or visit: a number or an address. address:
    where the family lives; it joins units before allocation, and is never written to.
    """

    sms: Column | None = None
    email: Column | None = None
    staff: Column | None = None
    address: Column | None = None
    language: Column | None = None
    prefer: Annotated[tuple[Channel, ...], BeforeValidator(as_list)] = ("sms", "email")

    def column_of(self, channel: str) -> str | None:
        """The column of a channel's address."""
        return {"sms": self.sms, "email": self.email, "staff": self.staff}[channel]


class Nouns(Part):
    """What reports call a row and a randomised unit."""

    people: Text = "people"
    units: Text = "units"


class Population(Part):
    """Who could take part, and which of them must not."""

    called: Nouns = Nouns()

    people: Annotated[DataSource | None, BeforeValidator(people_source)] = None
    id: Column = "row"
    unit: Column | None = None
    site: Column | None = None
    columns: dict[Name, ColumnType] = {}
    contact: Contact = Contact()
    safe_to_contact: dict[Channel, Column] = {}
    eligible: str | None = None
    exclude: str | None = None
