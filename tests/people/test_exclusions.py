"""Who is left out before allocation, and why: everyone on the roll is either in a unit or has one reason."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nudge.trial.records.people import Exclusion, Roll
from tests.people.rolls import family, roll


def left_out(made: Roll) -> list[tuple[str, str, bool]]:
    return [(out.person, out.reason, out.whole_unit) for out in made.exclusions]


def taking_part(made: Roll) -> list[str]:
    return [person.id for unit in made.units for person in unit.people]


def test_a_flag_excludes() -> None:
    made, _ = roll([family(0), family(1, refuge="yes")], exclude="refuge")
    assert taking_part(made) == ["C0"]
    assert made.exclusions == (Exclusion("H1", "C1", "excluded: refuge", whole_unit=True),)


def test_a_blank_flag_excludes_too_and_the_reason_says_so() -> None:
    made, _ = roll([family(0, refuge="")], exclude="refuge")
    assert left_out(made) == [("C0", "not known whether to exclude: refuge", True)]


def test_a_reason_to_protect_one_protects_the_whole_unit_and_everyone_in_it_is_counted() -> None:
    made, _ = roll([family(0), family(1, household="H0", refuge="yes"), family(2)], exclude="refuge")
    assert taking_part(made) == ["C2"]
    assert left_out(made) == [("C0", "excluded: refuge", True), ("C1", "excluded: refuge", True)]


def test_it_reaches_a_household_joined_by_a_shared_phone() -> None:
    made, _ = roll([family(0), family(1, mobile="07700 900000", refuge="yes")], exclude="refuge")
    assert taking_part(made) == []
    assert [out.person for out in made.exclusions] == ["C0", "C1"]


def test_in_a_site_it_reaches_their_household_and_not_the_site() -> None:
    """Two of one school share a phone; the third shares nothing with them."""
    same = {"household": "S1", "mobile": "07700 900009"}
    rows = [family(0, **same), family(1, **same, refuge="yes"), family(2, household="S1")]
    made, _ = roll(rows, exclude="refuge", sites=True)
    assert taking_part(made) == ["C2"]
    assert left_out(made) == [("C0", "excluded: refuge", False), ("C1", "excluded: refuge", False)]
    alone, _ = roll(rows[:2], exclude="refuge", sites=True)
    assert left_out(alone) == [("C0", "excluded: refuge", True), ("C1", "excluded: refuge", True)]


@pytest.mark.parametrize("flags", [("yes", ""), ("", "yes")])
def test_what_is_known_is_the_reason_whichever_row_comes_first(flags: tuple[str, str]) -> None:
    rows = [family(i, household="H", refuge=flag) for i, flag in enumerate(flags)]
    made, _ = roll(rows, exclude="refuge")
    assert {out.reason for out in made.exclusions} == {"excluded: refuge"}


def test_only_those_who_are_eligible_take_part() -> None:
    made, _ = roll([family(0), family(1, age="30"), family(2, age="")], eligible="age <= 26")
    assert taking_part(made) == ["C0"]
    assert left_out(made) == [
        ("C1", "not eligible: age <= 26", True),
        ("C2", "eligibility not known: age <= 26", True),
    ]


def test_a_sibling_who_is_not_eligible_is_left_out_and_the_household_stays() -> None:
    made, _ = roll([family(0), family(1, household="H0", age="30")], eligible="age <= 26")
    assert taking_part(made) == ["C0"]
    assert left_out(made) == [("C1", "not eligible: age <= 26", False)]


def test_a_blank_that_the_condition_asks_about_may_be_eligible() -> None:
    made, _ = roll([family(0, age="")], eligible="age is missing or age <= 26")
    assert taking_part(made) == ["C0"]


CLOSED: dict[str, dict[str, str]] = {
    "no addresses": {"mobile": "", "email": ""},
    "not safe": {"text_ok": "no", "email_ok": ""},
    "not usable": {"mobile": "020 7946 0000", "email": "none"},
    "one not safe, one not usable": {"text_ok": "no", "email": "none"},
}


@pytest.mark.parametrize("changes", CLOSED.values(), ids=CLOSED)
def test_without_a_safe_route_a_household_is_left_out(changes: dict[str, str]) -> None:
    made, _ = roll([family(0, **changes), family(1)])
    assert taking_part(made) == ["C1"]
    assert left_out(made) == [("C0", "no safe route to reach the family", True)]


def test_where_nothing_is_sent_no_route_is_needed() -> None:
    made, _ = roll([family(0, mobile="", email="")], needs_contact=False)
    assert taking_part(made) == ["C0"]


def test_one_safe_route_into_a_household_is_enough() -> None:
    made, _ = roll([family(0, mobile="", email=""), family(1, household="H0", text_ok="no")])
    assert taking_part(made) == ["C0", "C1"]


def test_a_route_to_someone_who_is_not_eligible_is_none_and_each_keeps_the_reason() -> None:
    rows = [family(0, mobile="", email=""), family(1, household="H0", age="30")]
    made, _ = roll(rows, eligible="age <= 26")
    assert made.units == ()
    assert left_out(made) == [
        ("C1", "not eligible: age <= 26", False),
        ("C0", "no safe route to reach the family", True),
    ]


def test_exclusion_comes_before_eligibility() -> None:
    made, _ = roll([family(0, age="30", refuge="yes")], exclude="refuge", eligible="age <= 26")
    assert left_out(made) == [("C0", "excluded: refuge", True)]


FAMILIES = st.lists(
    st.fixed_dictionaries(
        {
            "household": st.sampled_from(["H1", "H2", "H3", "H4"]),
            "mobile": st.sampled_from(["", "07700 900001", "07700 900002", "07700 900003", "wrong"]),
            "email": st.just(""),
            "text_ok": st.sampled_from(["yes", "no", ""]),
            "refuge": st.sampled_from(["no", "no", "yes", ""]),
            "age": st.sampled_from(["24", "30", ""]),
        }
    ),
    max_size=12,
)


@given(FAMILIES, st.booleans())
@settings(deadline=None)
def test_nobody_is_lost_or_counted_twice(rows: list[dict[str, str]], sites: bool) -> None:  # noqa: FBT001 - hypothesis
    rules: dict[str, Any] = {"exclude": "refuge", "eligible": "age <= 26"}
    made, _ = roll([family(i, **changes) for i, changes in enumerate(rows)], sites=sites, **rules)
    everyone = Counter(taking_part(made)) + Counter(out.person for out in made.exclusions)
    assert everyone == Counter(f"C{i}" for i in range(len(rows)))
    assert made.assessed_people == len(rows)
    gone = {out.unit for out in made.exclusions if out.whole_unit}
    assert made.assessed_units == len(made.units) + len(gone)
    assert not gone & {unit.id for unit in made.units}
    for unit in made.units:
        assert all(person.columns["refuge"] is False for person in unit.people)
        assert any(point.safe for person in unit.people for point in person.contacts)
