"""Made-up outcomes: by a stated process, the same from the same seed, with a truth that can be counted."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
import pytest

from nudge.outcomes.synthetic import Process, chances, complaint_records, potential_outcomes, review_records
from nudge.trial.records.people import Person
from tests.outcomes.records import LONDON

OPENS = datetime(2027, 1, 11, 10, tzinfo=LONDON)
EFFECTS = {"usual": 0.0, "reminder": 0.05, "plan": 0.1}
PROCESS = Process(base=0.6, effects=EFFECTS, seed=3)
PEOPLE = [
    Person(f"C{i}", f"H{i}", i, {"hub": ("east", "north", "west")[i % 3], "imd_quintile": str(i % 5 + 1)}, "en", ())
    for i in range(3000)
]
ARM_OF = {person.unit: ("usual", "reminder", "plan")[i % 3] for i, person in enumerate(PEOPLE)}
WHEN = dict.fromkeys((person.id for person in PEOPLE), OPENS)


def test_chances_are_the_base_on_average_and_differ_by_hub_and_deprivation() -> None:
    found = chances(PEOPLE, PROCESS)
    assert found.mean() == pytest.approx(0.6, abs=1e-9)
    # hubs 0.04 below, at and above the base; a step of 0.025 for each of the quintiles 1 to 5
    assert sorted(np.unique(found.round(9))) == pytest.approx(
        sorted({round(0.6 + hub + step * 0.025, 9) for hub in (-0.04, 0, 0.04) for step in (-2, -1, 0, 1, 2)})
    )


def test_the_true_effect_is_counted_among_these_very_children() -> None:
    potential = potential_outcomes(PEOPLE, PROCESS)
    # the standard error of a share of 3,000 is below 0.009; the arms share each child's luck, so it is far less
    for arm in ("reminder", "plan"):
        assert potential.true_effect(arm, "usual") == pytest.approx(EFFECTS[arm], abs=0.02)
    assert potential.true_effect("usual", "plan") == -potential.true_effect("plan", "usual")
    assert (potential.by_arm["plan"] >= potential.by_arm["usual"]).all(), "who comes without a plan comes with one"


def test_the_same_seed_gives_the_same_records() -> None:
    assert list(review_records(PEOPLE, ARM_OF, WHEN, PROCESS)) == list(review_records(PEOPLE, ARM_OF, WHEN, PROCESS))
    other = Process(base=0.6, effects=EFFECTS, seed=4)
    assert list(review_records(PEOPLE, ARM_OF, WHEN, other)) != list(review_records(PEOPLE, ARM_OF, WHEN, PROCESS))


def test_a_record_is_of_a_child_who_came_under_its_own_arm_within_the_window() -> None:
    potential = potential_outcomes(PEOPLE, PROCESS)
    came = {person.id for i, person in enumerate(PEOPLE) if potential.by_arm[ARM_OF[person.unit]][i]}
    records = list(review_records(PEOPLE, ARM_OF, WHEN, PROCESS))
    assert [record["child_ref"] for record in records] == [person.id for person in PEOPLE if person.id in came]
    days = [date.fromisoformat(record["review_date"]) - OPENS.date() for record in records]
    assert timedelta(days=3) <= min(days) <= max(days) < timedelta(days=56)


def test_complaints_are_rare_and_know_nothing_of_arms() -> None:
    often = Process(base=0.6, effects=EFFECTS, seed=3, complaint=0.1)
    records = list(complaint_records(PEOPLE, WHEN, often))
    assert 230 < len(records) < 370  # 300 expected; four standard errors are 66
    assert {record["received_on"] for record in records} == {"2027-01-18"}
    assert list(complaint_records(PEOPLE, WHEN, Process(0.6, {}, seed=3, complaint=0.0))) == []
