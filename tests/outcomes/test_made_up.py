"""Made-up records of any outcome: by a stated process, with a truth that can be counted."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
import pytest

from nudge.outcomes.made_up import Measure, Taking, made_values, records
from nudge.trial.errors import Refused
from nudge.trial.parts.outcomes import Outcome
from nudge.trial.records.people import Person
from tests.outcomes.records import LONDON

OPENS = datetime(2027, 1, 11, 10, tzinfo=LONDON)
PEOPLE = [Person(f"P{i}", f"H{i}", i, {}, "en", ()) for i in range(4000)]
ARM_OF = {person.id: ("usual", "plan")[i % 2] for i, person in enumerate(PEOPLE)}


def measure(kind: str, value: str, level: float, effect: float, known: float = 1.0, name: str = "out") -> Measure:
    source: dict[str, Any] = {"csv_file": "out.csv", "id": "ref", "date": "day", "value": value, "covers": "all",
                              "no_record": "did_not_happen" if value == "present" else "missing"}  # fmt: skip
    outcome = Outcome.model_validate({"role": "primary", "kind": kind, "better": "higher", "source": source})
    return Measure(name, outcome, level, 2.0, {"usual": 0.0, "plan": effect}, known)


def taking(*names: str) -> Taking:
    return Taking(PEOPLE, ARM_OF, {name: dict.fromkeys((one.id for one in PEOPLE), OPENS) for name in names})


@pytest.mark.parametrize(
    ("kind", "value", "level", "effect", "exactly"),
    [
        ("binary", "present", 0.4, 0.1, 0.03), ("count", "present", 2.0, 0.5, 0.05),
        ("continuous", "score", 10.0, 0.7, 1e-9),
    ],
)  # fmt: skip
def test_the_truth_is_the_effect_put_in(kind: str, value: str, level: float, effect: float, exactly: float) -> None:
    made = made_values(measure(kind, value, level, effect), len(PEOPLE), seed=5)
    assert made.true_effect("plan", "usual") == pytest.approx(effect, abs=exactly)
    assert made.true_effect("usual", "plan") == -made.true_effect("plan", "usual")
    assert float(made.by_arm["usual"].mean()) == pytest.approx(level, rel=0.05)


def test_fewer_is_better_turns_the_truth_round() -> None:
    one = measure("continuous", "score", 10.0, -0.7)
    lower = Measure(
        one.name, one.outcome.model_copy(update={"better": "lower"}), one.level, one.spread, one.effects, 1.0
    )
    assert made_values(lower, 100, 1).true_effect("plan", "usual") == pytest.approx(0.7)


def test_events_have_a_row_each_dated_in_the_window() -> None:
    made = made_values(measure("binary", "present", 0.4, 0.1), len(PEOPLE), seed=5)
    rows = records([made], taking("out"), 1, "person_ref")
    came = {one.id for i, one in enumerate(PEOPLE) if made.by_arm[ARM_OF[one.id]][i]}
    assert {row["ref"] for row in rows} == came
    assert {row["day"] for row in rows} <= {f"2027-01-{day}" for day in range(12, 18)}


def test_counts_of_events_have_as_many_rows() -> None:
    made = made_values(measure("count", "present", 2.0, 0.5), len(PEOPLE), seed=5)
    rows = records([made], taking("out"), 1, "person_ref")
    total = sum(made.by_arm[ARM_OF[one.id]][i] for i, one in enumerate(PEOPLE))
    assert len(rows) == total


def test_values_of_one_file_stand_in_one_row_and_unknown_ones_are_blank() -> None:
    first = made_values(measure("continuous", "score", 10.0, 0.5, known=0.8, name="a"), len(PEOPLE), seed=5)
    second = made_values(measure("binary", "passed", 0.5, 0.0, name="b"), len(PEOPLE), seed=6)
    rows = records([first, second], taking("a", "b"), 1, "person_ref")
    assert len(rows) == len(PEOPLE)
    assert {row["passed"] for row in rows} == {"yes", "no"}
    assert sum(row["score"] == "" for row in rows) == int((~first.known).sum())
    assert np.isclose(first.known.mean(), 0.8, atol=0.03)


def test_events_and_values_in_one_file_are_refused() -> None:
    events = made_values(measure("binary", "present", 0.4, 0.1), 10, 1)
    both = [events, made_values(measure("continuous", "score", 1, 0), 10, 2)]
    with pytest.raises(Refused, match="events and values together"):
        records(both, taking("out"), 1, "person_ref")


@pytest.mark.parametrize("kind", ["ordinal", "time_to_event"])
def test_answers_in_an_order_and_times_are_not_made_up(kind: str) -> None:
    with pytest.raises(Refused, match=f"is a {kind.replace('_', ' ')} outcome, which cannot be made up"):
        made_values(measure(kind, "present", 1.0, 0.1), 10, seed=5)
