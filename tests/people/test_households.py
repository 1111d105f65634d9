"""Units: households as the roll has them, joined where they share a phone or an email, equal in their blocks."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nudge.people.units import block_of, shared_contacts
from nudge.trial.records.people import ContactPoint, Person
from tests.people.rolls import family, people, roll


def test_people_of_one_household_are_one_unit() -> None:
    made, problems = roll([family(0), family(1, household="H0"), family(2)])
    assert [(unit.id, [person.id for person in unit.people]) for unit in made.units] == [
        ("H0", ["C0", "C1"]),
        ("H2", ["C2"]),
    ]
    assert (made.assessed_people, made.assessed_units, made.merged_units) == (3, 2, 0)
    assert problems == []


def test_units_come_in_the_order_of_their_names_and_not_of_the_rows() -> None:
    forward, _ = roll([family(i) for i in (1, 2, 3)])
    backward, _ = roll([family(i) for i in (3, 2, 1)])
    assert [unit.id for unit in forward.units] == [unit.id for unit in backward.units] == ["H1", "H2", "H3"]


def test_households_that_share_a_phone_become_one_unit() -> None:
    made, _ = roll([family(0), family(1, mobile="+44 (0)7700 900000"), family(2)])
    assert [(unit.id, [person.id for person in unit.people]) for unit in made.units] == [
        ("H0", ["C0", "C1"]),
        ("H2", ["C2"]),
    ]
    assert all(person.unit == unit.id for unit in made.units for person in unit.people)
    assert (made.assessed_people, made.assessed_units, made.merged_units) == (3, 2, 1)


def test_households_that_share_an_email_become_one_unit_whatever_its_capitals() -> None:
    made, _ = roll([family(0), family(1, email="Family0@EXAMPLE.org")])
    assert [unit.id for unit in made.units] == ["H0"]


def test_sharing_is_passed_on_from_one_household_to_the_next() -> None:
    rows = [family(3), family(1, mobile="07700 900002"), family(2, email="family3@example.org")]
    made, _ = roll(rows)
    assert [unit.id for unit in made.units] == ["H1"], "the first name of the group leads it"
    assert made.merged_units == 2


def test_a_phone_that_is_not_safe_to_use_joins_households_all_the_same() -> None:
    made, _ = roll([family(0, text_ok="no"), family(1, mobile="07700 900000", text_ok="no")])
    assert [unit.id for unit in made.units] == ["H0"]


def test_every_join_is_told_with_both_rows() -> None:
    _, problems = roll([family(0), family(1, mobile="07700 900000", email="family0@example.org")])
    assert problems == [
        "roll.csv:3:1: phone: unit `H1` has the phone of unit `H0` (row 2), so the two are one household from here; "
        "correct the row if they are two families"
    ]


AT_HOME = {"sms": "mobile", "email": "email", "address": "home"}


def test_households_at_one_address_become_one_unit_however_it_is_written() -> None:
    homes = ["Flat 2, 14 Elm Road, E1 6AN", "flat 2 14 ELM ROAD E1 6AN", "Flat 3, 14 Elm Road, E1 6AN", "", ""]
    made, problems = roll([family(i, home=home) for i, home in enumerate(homes)], contact=AT_HOME)
    assert [unit.id for unit in made.units] == ["H0", "H2", "H3", "H4"], "a blank address joins nobody"
    assert "unit `H1` has the address of unit `H0` (row 2)" in problems[0]


def test_an_address_is_no_route_to_a_family() -> None:
    made, _ = roll([family(0, home="14 Elm Road", mobile="", email="")], contact=AT_HOME)
    assert made.units == ()
    assert [out.reason for out in made.exclusions] == ["no safe route to reach the family"]


def test_an_address_of_many_households_is_questioned() -> None:
    _, problems = roll([family(i, home="14 Elm Road") for i in range(5)], contact=AT_HOME)
    assert (
        "roll.csv:2:1: address: the address of this row joins 5 units; "
        "for a hostel, or flats without their numbers, leave the address blank"
    ) in problems


def test_blank_contacts_join_nobody() -> None:
    made, _ = roll([family(i, mobile="", email="") for i in range(3)], needs_contact=False)
    assert len(made.units) == 3


def test_sites_are_not_joined_by_a_shared_phone() -> None:
    made, _ = roll([family(0), family(1, mobile="07700 900000")], sites=True)
    assert [unit.id for unit in made.units] == ["H0", "H1"]
    assert made.merged_units == 0


def person(unit: int, *addresses: int) -> Person:
    points = tuple(ContactPoint("email", f"{address}@example.org", safe=True, reserved=True) for address in addresses)
    return Person(str(unit), f"U{unit:02}", 0, {}, "en", points)


GROUPS = st.lists(st.tuples(st.integers(0, 12), st.lists(st.integers(0, 12), max_size=3)), max_size=25)


@given(GROUPS)
@settings(deadline=None)
def test_units_are_joined_exactly_where_a_chain_of_shared_contacts_leads(rows: list[tuple[int, list[int]]]) -> None:
    everyone = [person(unit, *addresses) for unit, addresses in rows]
    leaders, _ = shared_contacts(everyone)
    # the same by walking: spread the lowest name along shared addresses until nothing changes
    lowest = {one.unit: one.unit for one in everyone}
    for _ in everyone:
        for one in everyone:
            for other in everyone:
                if one.unit == other.unit or set(one.contacts) & set(other.contacts):
                    lowest[one.unit] = lowest[other.unit] = min(lowest[one.unit], lowest[other.unit])
    assert {unit: leaders.get(unit, unit) for unit in lowest} == lowest
    assert all(leaders[unit] != unit for unit in leaders)


def test_a_chain_of_thousands_is_joined_without_running_out_of_stack() -> None:
    leaders, _ = shared_contacts([person(i, i, i + 1) for i in range(5_000)])
    assert set(leaders.values()) == {"U00"}
    assert len(leaders) == 4_999


def test_a_units_blocks_are_its_peoples_values_as_text() -> None:
    made, _ = roll([family(0, refuge="yes"), family(1, hub="", refuge="")], blocks=["hub", "refuge"])
    assert [unit.block for unit in made.units] == [("north", "yes"), ("(blank)", "(blank)")]


def test_a_number_in_a_block_has_no_needless_point() -> None:
    found, _ = people([family(0, age="24")])
    assert block_of(found[0], ["age"]) == ("24",)


def test_blocks_that_differ_within_a_unit_are_told_with_their_rows() -> None:
    rows = [family(0), family(1), family(2, household="H0", hub="south"), family(3, household="H0", hub="")]
    _, problems = roll(rows, blocks=["hub"])
    assert problems == [
        "roll.csv:2:1: hub: unit `H0` (rows 2, 4 and 5) is in blocks (blank), north and south; "
        "everyone in a unit needs the same value; correct the rows"
    ]


def test_where_a_shared_phone_joined_them_the_sentence_says_so() -> None:
    _, problems = roll([family(0), family(1, mobile="07700 900000", hub="south")], blocks=["hub"])
    assert [problem for problem in problems if "blocks" in problem] == [
        "roll.csv:2:1: hub: unit `H0` (rows 2 and 3), joined by a shared phone, email or address, is in blocks north "
        "and south; everyone in a unit needs the same value; correct the rows"
    ]


@pytest.mark.parametrize("blocks", [["hub"], ["refuge"], ["hub", "refuge"]])
def test_each_block_column_that_differs_is_told(blocks: list[str]) -> None:
    _, problems = roll([family(0), family(1, household="H0", hub="south", refuge="yes")], blocks=blocks)
    assert [problem.split(": ")[1] for problem in problems] == blocks
