"""Rows of a roll as people: identifiers, typed columns, routes that are open, and the roll's digest."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nudge.people.roll import named_columns, roll_digest
from nudge.trial.records.people import ContactPoint
from tests.people.rolls import POPULATION, family, people, population, table


def test_a_row_becomes_a_person() -> None:
    found, problems = people([family(0), family(1, language="CY", refuge="yes")])
    assert problems == []
    one, other = found
    assert (one.id, one.unit, one.row, one.language) == ("C0", "H0", 2, "en")
    assert one.columns == {"age": 24.0, "visit": date(2027, 1, 25), "hub": "north", "refuge": False}
    assert one.contacts == (
        ContactPoint("sms", "+447700900000", safe=True, reserved=True),
        ContactPoint("email", "family0@example.org", safe=True, reserved=True),
    )
    assert (other.language, other.columns["refuge"]) == ("cy", True)


def test_without_an_identifier_the_rows_number_is_one() -> None:
    found, _ = people([family(0), family(1)], id=None, unit=None)
    assert [(person.id, person.unit) for person in found] == [("1", "1"), ("2", "2")]


@pytest.mark.parametrize(
    ("unit", "units"), [(None, ["C0", "C1"]), ("ref", ["C0", "C1"]), ("household", ["H0", "H1"]), ("row", ["1", "2"])]
)
def test_the_unit_is_the_column_named_or_else_the_person(unit: str | None, units: list[str]) -> None:
    found, problems = people([family(0), family(1)], unit=unit)
    assert [person.unit for person in found] == units
    assert problems == []


def test_every_column_the_file_names_is_needed_and_the_nearest_is_suggested() -> None:
    rows = [{("mobil" if key == "mobile" else key): value for key, value in family(0).items() if key != "hub"}]
    found, problems = people(rows)
    assert found == []
    assert problems == [
        "roll.csv:1:1: has no column `hub`; it has ref, household, age, visit, refuge, mobil, email, text_ok, email_ok "
        "and language",
        "roll.csv:1:1: has no column `mobile`; did you mean `mobil`?",
    ]


def test_named_columns_are_those_the_trial_file_names_once_each() -> None:
    assert named_columns(population()) == [
        "ref", "household", "age", "visit", "hub", "refuge", "mobile", "email", "language", "text_ok", "email_ok",
    ]  # fmt: skip
    assert named_columns(population(id="row", unit="row", columns={}, contact={}, safe_to_contact={})) == []


def test_every_flaw_of_every_row_is_told_at_its_field() -> None:
    rows = [
        family(0),
        family(1, ref="", household=""),
        family(2, age="old", visit="30/02/2027", refuge="perhaps"),
        family(3, ref="C0"),
    ]
    _, problems = people(rows)
    assert problems == [
        "roll.csv:2:1: ref: `C0` stands 2 times; keep one row per person",
        "roll.csv:3:1: ref: is blank; give every person an identifier",
        "roll.csv:3:2: household: is blank; say which unit this person belongs to",
        "roll.csv:4:3: age: `old` is not a number; write digits, such as 12.5",
        "roll.csv:4:4: visit: `30/02/2027` is not a day; write 2027-01-31 or 31/01/2027",
        "roll.csv:4:6: refuge: `perhaps` is neither yes nor no; write yes or no",
        "roll.csv:5:1: ref: `C0` stands 2 times; keep one row per person",
    ]


def test_an_address_that_cannot_be_used_closes_that_route_and_is_advice() -> None:
    found, problems = people([family(0, mobile="020 7946 0000"), family(1, email="family1.example.org")])
    assert [[point.channel for point in person.contacts] for person in found] == [["email"], ["sms"]]
    assert problems == [
        "roll.csv:2:7: mobile: `020 7946 0000` is not a mobile, which texts need, so this route is closed; "
        "ask for a mobile or leave it blank",
        "roll.csv:3:8: email: `family1.example.org` is not an email address, so this route is closed; "
        "write name@domain",
    ]


@pytest.mark.parametrize("flag", ["yes", "Yes", "YES", "y", "true", "1"])
def test_yes_opens_a_route(flag: str) -> None:
    found, _ = people([family(0, text_ok=flag)])
    assert found[0].contacts[0].safe


@pytest.mark.parametrize("flag", ["", "no", "n", "0", "unknown", "yes?", "ask first", "not yet", "✓"])
def test_anything_but_yes_closes_it(flag: str) -> None:
    found, problems = people([family(0, text_ok=flag)])
    assert [(point.channel, point.safe) for point in found[0].contacts] == [("sms", False), ("email", True)]
    assert problems == []


def test_a_phone_that_is_unsafe_on_one_row_is_unsafe_on_all() -> None:
    rows = [family(0), family(1, household="H0", mobile="+44 7700 900000", text_ok="no"), family(2)]
    found, problems = people(rows)
    assert [person.contacts[0].safe for person in found] == [False, False, True]
    assert problems == [
        "roll.csv:2:7: mobile: `+447700900000` is said to be safe here and unsafe on another row, so this route is "
        "closed; make the rows agree"
    ]


def test_an_email_that_is_unsafe_on_one_row_is_unsafe_on_all_whatever_its_capitals() -> None:
    found, _ = people([family(0), family(1, email="FAMILY0@example.org", email_ok="")])
    assert [person.contacts[1].safe for person in found] == [False, False]


def test_a_blank_address_is_no_route_and_no_problem() -> None:
    found, problems = people([family(0, mobile="", email="")])
    assert found[0].contacts == ()
    assert problems == []


def test_only_routes_in_the_order_preferred_are_read() -> None:
    contact = {"sms": "mobile", "email": "email"}
    found, _ = people([family(0)], contact=contact | {"prefer": ["email", "sms"]})
    assert [point.channel for point in found[0].contacts] == ["email", "sms"]
    found, _ = people([family(0)], contact=contact | {"prefer": ["email"]})
    assert [point.channel for point in found[0].contacts] == ["email"]
    assert found[0].language == "en"
    found, _ = people([family(0)], contact={"email": "email", "prefer": ["sms", "email"]})
    assert [point.channel for point in found[0].contacts] == ["email"]


Rows = list[dict[str, str]]
ROWS = [family(i, hub="north" if i % 2 else "south") for i in range(8)]


def digest(rows: Rows, **changes: Any) -> str:
    return roll_digest(table(rows), population(**changes))


@given(st.randoms(use_true_random=False))
def test_the_digest_does_not_know_the_order_of_rows_or_columns(random: Random) -> None:
    rows = ROWS.copy()
    random.shuffle(rows)
    titles = list(ROWS[0])
    random.shuffle(titles)
    columns = dict(random.sample(sorted(POPULATION["columns"].items()), k=4))
    assert digest([{title: row[title] for title in titles} for row in rows], columns=columns) == digest(ROWS)


def test_the_digest_does_not_know_columns_that_the_file_does_not_name() -> None:
    assert digest([row | {"note": "x"} for row in ROWS]) == digest(ROWS)


CHANGES: dict[str, Callable[[], str]] = {
    "a row less": lambda: digest(ROWS[:-1]),
    "a row more": lambda: digest([*ROWS, family(9)]),
    "a field": lambda: digest([*ROWS[:-1], ROWS[-1] | {"hub": "west"}]),
    "a contact point": lambda: digest([*ROWS[:-1], ROWS[-1] | {"mobile": ""}]),
    "a flag": lambda: digest([*ROWS[:-1], ROWS[-1] | {"text_ok": "no"}]),
    "two fields exchanged": lambda: digest([*ROWS[:-2], ROWS[-1] | {"ref": "C6"}, ROWS[-2] | {"ref": "C7"}]),
    "a column less": lambda: digest(ROWS, columns={"age": "number"}),
}


@pytest.mark.parametrize("changed", CHANGES.values(), ids=CHANGES)
def test_the_digest_changes_with_anything_the_file_names(changed: Callable[[], str]) -> None:
    assert changed() != digest(ROWS)


def test_where_a_rows_number_is_its_name_the_order_of_rows_counts() -> None:
    assert digest(ROWS, id=None, unit=None) != digest(ROWS[::-1], id=None, unit=None)
    assert digest(ROWS, unit="row") != digest(ROWS[::-1], unit="row")
    bare: dict[str, Any] = {"id": None, "unit": None, "columns": {}, "contact": {}, "safe_to_contact": {}}
    assert digest(ROWS, **bare) != digest(ROWS[:-1], **bare)
