"""Who could take part, and where rows come from."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator

from nudge.trial.parts.fields import Channel, Column, ColumnType, Name, Part, Text, as_list
from nudge.trial.quantities import GrammarError


class Package(Part):
    """A table that a Python package carries.

    name: the package; table: the table in it.
    """

    name: Literal["causaldata"]
    table: Name


def no_address(given: object) -> object:
    """Where a database is, as given; an address is refused, since it may hold a password."""
    if isinstance(given, str) and "://" in given:
        raise GrammarError(
            "is an address, and one with a password must not stand in this file",
            "put it into an environment variable and write its name, such as `$COUNCIL_RECORDS`",
        )
    return given


class Database(Part):
    """A table of a database, which is only read.

    at: an SQLite file, its path relative to the trial file, or `$NAME`, the environment variable that holds the
    address of a PostgreSQL database; table: the table or view in it, as `schema.table` where it has one.
    """

    at: Annotated[Text, BeforeValidator(no_address)]
    table: Text


class DataSource(Part):
    """Where rows come from: exactly one of the four.

    csv_file: a CSV file, its path relative to the trial file; parquet_file: a Parquet file;
    package: a table that a Python package carries; database: a table of a database.
    """

    csv_file: Text | None = None
    parquet_file: Text | None = None
    package: Package | None = None
    database: Database | None = None


def people_source(given: object) -> object:
    """`people: roll.csv` is short for `people: {csv_file: roll.csv}`."""
    return {"csv_file": given} if isinstance(given, str) else given


RowsFrom = Annotated[DataSource | None, BeforeValidator(people_source, json_schema_input_type=Text | DataSource | None)]


class Contact(Part):
    """Columns that hold contact details, and the order in which routes are tried.

    sms: the column of mobile numbers; email: the column of emails; language: the column of the
    language families read; prefer: the order in which routes are tried.
    staff: what a member of staff needs to call, write or visit, a number or an address;
    address: where the family lives; it joins units before allocation, and is never written to;
    recipient: whose phone and email these are; unless said otherwise an adult with parental
    responsibility.
    """

    sms: Column | None = None
    email: Column | None = None
    staff: Column | None = None
    address: Column | None = None
    language: Column | None = None
    prefer: Annotated[
        tuple[Channel, ...], BeforeValidator(as_list, json_schema_input_type=Channel | tuple[Channel, ...])
    ] = ("sms", "email")
    recipient: Literal["adult", "aged_16_17", "under_16"] = "adult"

    def column_of(self, channel: str) -> str | None:
        """The column of a channel's address."""
        return {"sms": self.sms, "email": self.email, "staff": self.staff}[channel]


class Nouns(Part):
    """What reports call a row and a randomised unit.

    people: what a row is, such as children; units: what is randomised, such as households.
    """

    people: Text = "people"
    units: Text = "units"


class Population(Part):
    """Who could take part, and which of them must not.

    called: what reports call a row and a unit; people: the roll, a row per person; id: the column
    of the pseudonymous identifier; unit: the column of what is randomised, where it is not the
    person; site: the column of the school, clinic or hub; columns: what is known before the draw,
    each with its type; contact: columns with contact details; safe_to_contact: columns that say
    whether a route is safe, and anything but yes closes it; eligible: a condition on the columns
    for taking part; exclude: a condition that keeps a unit out, before the draw.
    """

    called: Nouns = Nouns()

    people: RowsFrom = None
    id: Column = "row"
    unit: Column | None = None
    site: Column | None = None
    columns: dict[Name, ColumnType] = {}
    contact: Contact = Contact()
    safe_to_contact: dict[Channel, Column] = {}
    eligible: str | None = None
    exclude: str | None = None
