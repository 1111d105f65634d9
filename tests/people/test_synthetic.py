"""Made-up families: no real person in them, the same from the same seed, every reason for exclusion at work."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

from nudge.people.contacts import is_reserved, normalised
from nudge.people.synthetic import Families, review_roll, write_csv

FAMILIES = Families(2000, date(2027, 1, 25), date(2027, 3, 26), seed=7)


def test_the_same_seed_makes_the_same_families() -> None:
    assert list(review_roll(FAMILIES)) == list(review_roll(FAMILIES))
    other = Families(2000, FAMILIES.first_due, FAMILIES.last_due, seed=8)
    assert list(review_roll(other)) != list(review_roll(FAMILIES))


def test_nobody_in_them_can_be_reached() -> None:
    for row in review_roll(FAMILIES):
        assert row["child_ref"].startswith("SYNTHETIC-")
        assert is_reserved("email", normalised("email", row["email"]))
        if row["mobile"]:
            assert is_reserved("sms", normalised("sms", row["mobile"]))


def test_children_are_unique_households_may_have_two_and_mobiles_belong_to_one_household() -> None:
    rows = list(review_roll(FAMILIES))
    assert len({row["child_ref"] for row in rows}) == len(rows) > len({row["household_ref"] for row in rows}) == 2000
    owner = {row["mobile"]: row["household_ref"] for row in rows if row["mobile"]}
    assert all(owner[row["mobile"]] == row["household_ref"] for row in rows if row["mobile"])
    assert len(owner) == 900


def test_every_reason_to_leave_a_family_out_is_among_them() -> None:
    rows = list(review_roll(FAMILIES))
    assert {row["protected_address"] for row in rows} == {"yes", "no", ""}
    assert {row["refuge"] for row in rows} == {"yes", "no"}
    assert {row["age_months"] for row in rows} == {"23", "31"}
    assert any(row["safe_to_text"] != "yes" and row["safe_to_email"] == "no" for row in rows)


def test_reviews_are_due_on_weekdays_between_the_two_days() -> None:
    days = {date.fromisoformat(row["due_date"]) for row in review_roll(FAMILIES)}
    assert FAMILIES.first_due <= min(days) <= max(days) <= FAMILIES.last_due
    assert all(day.weekday() < 5 for day in days)


def test_rows_are_written_as_csv(tmp_path: Path) -> None:
    path = tmp_path / "people" / "roll.csv"
    rows = list(review_roll(Families(5, FAMILIES.first_due, FAMILIES.last_due, seed=1)))
    assert write_csv(iter(rows), path) == len(rows)
    with path.open(newline="", encoding="utf-8") as file:
        assert list(csv.DictReader(file)) == [{key: str(value) for key, value in row.items()} for row in rows]
