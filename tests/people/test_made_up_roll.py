"""Made-up rolls for any file: eligible, reserved, and the same from the same seed."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nudge.people.contacts import is_reserved, normalised
from nudge.people.made_up import MadeUp, made_up_roll
from nudge.trial.errors import Refused
from nudge.trial.parts.population import Population

START = date(2027, 1, 4)


def population(**changes: Any) -> Population:
    values: dict[str, Any] = {
        "people": "roll.csv", "id": "ref", "unit": "house",
        "columns": {"age": "number", "due": "date", "hub": "category", "own": "yes_no", "name": "text",
                    "language": "category"},
        "contact": {"sms": "mobile", "email": "email", "language": "language"},
        "safe_to_contact": {"sms": "safe_sms"}, "eligible": "age >= 22 and age <= 26 and hub != 'Harbour'",
        "exclude": "own",
    }  # fmt: skip
    return Population.model_validate(values | changes)


def test_people_of_a_site_are_strangers_in_the_same_block() -> None:
    made = list(made_up_roll(population(), MadeUp([30, 20], START, 1, sites=True, blocks=("hub",))))
    for site in (made[:30], made[30:]):
        assert len({row["house"] for row in site}) == len({row["hub"] for row in site}) == 1
        assert len({row["due"] for row in site}) == 1, "windows of a site open together"
        assert len({row["age"] for row in site}) > 2
    assert len({row["mobile"] for row in made}) == 50
    assert all(22 <= float(row["age"]) <= 26 for row in made)


def rows(people: list[int], seed: int = 1, **changes: Any) -> list[dict[str, str]]:
    return list(made_up_roll(population(**changes), MadeUp(people, START, seed)))


@settings(max_examples=20)
@given(st.integers(0, 10_000))
def test_everyone_is_eligible_and_reachable_by_nobody(seed: int) -> None:
    for row in rows([1, 2, 1], seed):
        assert 22 <= float(row["age"]) <= 26
        assert row["own"] == "no"
        assert row["hub"] != "Harbour"
        assert date.fromisoformat(row["due"]) > START
        assert is_reserved("sms", normalised("sms", row["mobile"]))
        assert is_reserved("email", normalised("email", row["email"]))
        assert row["ref"].startswith("SYNTHETIC")
        assert (row["language"], row["safe_sms"]) == ("en", "yes")


def test_people_of_a_unit_share_it_and_have_names_of_their_own() -> None:
    made = rows([2, 3])
    assert [row["house"] for row in made] == ["SYNTHETIC-U000001"] * 2 + ["SYNTHETIC-U000002"] * 3
    assert len({row["ref"] for row in made}) == 5
    assert len({row["hub"] for row in made[:2]}) == 1, "what a unit is drawn by is the same in it"


def test_the_same_seed_gives_the_same_roll() -> None:
    assert rows([1] * 20) == rows([1] * 20)
    assert rows([1] * 20, seed=2) != rows([1] * 20)


def test_no_two_families_share_a_phone() -> None:
    made = rows([1] * 950)
    mobiles = [row["mobile"] for row in made if row["mobile"]]
    assert len(mobiles) == len(set(mobiles)) == 900


def test_conditions_that_nobody_meets_are_refused() -> None:
    with pytest.raises(Refused, match="no made-up family fits `eligible` and `exclude`"):
        rows([1], eligible="age >= 22 and age <= 3")
