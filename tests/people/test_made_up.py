"""Rolls made by a recipe: no real person in them, the same from the same seed, with the stated shares."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest

from nudge.people.contacts import is_reserved, normalised
from nudge.people.recipes import MOBILES, Choice, Days, HalfDays, Later, Recipe, WholeDays, made_up_roll

RECIPE = Recipe(
    person="visit_ref", unit="child_ref", marks=("V", "C"), seed=1,
    shared={"clinic": Choice(("east", "west"), (0.75, 0.25)), "visit": Days(date(2027, 5, 3), date(2027, 5, 28)),
            "missed": WholeDays(5.0)},
    own={"absent": HalfDays(13.0, 12.0)}, flags=("refuge", "risk"), rows=(0.6, 0.4),
    later={"session": Later("visit", 16)}, repeated=Later("visit", 28),
)  # fmt: skip
ROWS = list(made_up_roll(RECIPE, 4000, seed=7))


def test_the_same_seed_makes_the_same_rows() -> None:
    assert list(made_up_roll(RECIPE, 4000, seed=7)) == ROWS
    assert list(made_up_roll(RECIPE, 4000, seed=8)) != ROWS


def test_nobody_in_them_can_be_reached() -> None:
    for row in ROWS:
        assert row["visit_ref"].startswith("SYNTHETIC-V")
        assert row["child_ref"].startswith("SYNTHETIC-C")
        assert is_reserved("email", normalised("email", row["email"]))
        assert not row["mobile"] or is_reserved("sms", normalised("sms", row["mobile"]))


def test_references_are_unique_and_a_mobile_belongs_to_one_unit() -> None:
    assert len({row["visit_ref"] for row in ROWS}) == len(ROWS)
    owners = {(row["mobile"], row["child_ref"]) for row in ROWS if row["mobile"]}
    assert len(owners) == len({mobile for mobile, _ in owners}) == MOBILES
    assert len({row["child_ref"] for row in ROWS}) == 4000


def test_values_have_the_stated_shares_and_stand_still_within_a_unit() -> None:
    clinics = {row["child_ref"]: row["clinic"] for row in ROWS}
    assert {(row["child_ref"], row["clinic"]) for row in ROWS} == set(clinics.items())
    # standard errors with 4,000: of a share below 0.008, of the mean of 5,600 absences 0.16, of 4,000 counts 0.03
    assert Counter(clinics.values())["east"] / 4000 == pytest.approx(0.75, abs=0.03)
    assert len(ROWS) / 4000 == pytest.approx(1.4, abs=0.03)
    absent = [float(row["absent"]) for row in ROWS]
    assert sum(absent) / len(absent) == pytest.approx(13.0, abs=0.65)
    assert {amount % 0.5 for amount in absent} == {0.0}
    missed = [int(row["missed"]) for row in ROWS]
    assert min(missed) >= 1
    assert sum(missed) / len(missed) == pytest.approx(5.0, abs=0.15)


def test_days_are_weekdays_and_others_follow_them() -> None:
    for row in ROWS:
        assert date.fromisoformat(row["visit"]).weekday() < 5
        assert (date.fromisoformat(row["session"]) - date.fromisoformat(row["visit"])).days in {16, 16 - 28}
    twice = [row for row in ROWS if sum(other["child_ref"] == row["child_ref"] for other in ROWS[:50]) == 2][:20]
    first = {row["child_ref"]: date.fromisoformat(row["visit"]) for row in reversed(twice)}
    later = {row["child_ref"]: date.fromisoformat(row["visit"]) for row in twice}
    assert twice
    assert {(later[child] - first[child]).days for child in first} == {28}


def test_every_reason_to_be_left_out_is_among_them_and_rare() -> None:
    for flag in ("refuge", "risk"):
        assert 0 < sum(row[flag] == "yes" for row in ROWS) / len(ROWS) < 0.01
    assert 0 < sum(row["refuge"] == "" for row in ROWS) / len(ROWS) < 0.01
    assert 0 < sum(row["safe_to_email"] == "no" for row in ROWS) / len(ROWS) < 0.01
