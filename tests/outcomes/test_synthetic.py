"""Made-up outcomes: by a stated process, the same from the same seed, with a truth that can be counted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta

import numpy as np
import pytest

from nudge.outcomes.synthetic import Process, chances, in_one_file, potential_outcomes, record_columns, records
from nudge.trial.errors import Refused
from nudge.trial.parts.outcomes import Outcome
from nudge.trial.records.outcomes import OutcomeWindow
from nudge.trial.records.people import Person
from tests.outcomes.records import LONDON

OPENS = datetime(2027, 1, 11, 10, tzinfo=LONDON)
EFFECTS = {"usual": 0.0, "reminder": 0.05, "plan": 0.1}
PROCESS = Process(base=0.6, effects=EFFECTS, seed=3, groups={"hub": 0.04}, slopes={"imd_quintile": 0.025})
PEOPLE = [
    Person(f"C{i}", f"H{i}", i, {"hub": ("east", "north", "west")[i % 3], "imd_quintile": str(i % 5 + 1)}, "en", ())
    for i in range(3000)
]
ARM_OF = {person.id: ("usual", "reminder", "plan")[i % 3] for i, person in enumerate(PEOPLE)}
WHEN = {person.id: OutcomeWindow(OPENS, OPENS + timedelta(days=56)) for person in PEOPLE}
CAME = Outcome.model_validate({
    "role": "primary", "kind": "binary",
    "source": {"csv_file": "came.csv", "id": "child", "date": "day", "value": "present"},
})  # fmt: skip


def made(process: Process, outcome: Outcome = CAME, people: Iterable[Person] = PEOPLE) -> list[dict[str, str]]:
    """The rows of an outcome's file."""
    listed = list(people)
    potential = potential_outcomes(listed, process, list(EFFECTS))
    return list(records(outcome, listed, ARM_OF, WHEN, process, potential, "child_ref"))


def test_chances_are_the_base_on_average_and_differ_by_group_and_column() -> None:
    found = chances(PEOPLE, PROCESS)
    assert found.mean() == pytest.approx(0.6, abs=1e-9)
    # hubs 0.04 below, at and above the base; a step of 0.025 for each of the quintiles 1 to 5
    assert sorted(np.unique(found.round(9))) == pytest.approx(
        sorted({round(0.6 + hub + step * 0.025, 9) for hub in (-0.04, 0, 0.04) for step in (-2, -1, 0, 1, 2)})
    )


def test_the_true_effect_is_counted_among_these_very_people() -> None:
    potential = potential_outcomes(PEOPLE, PROCESS)
    # the standard error of a share of 3,000 is below 0.009; the arms share each child's luck, so it is far less
    for arm in ("reminder", "plan"):
        assert potential.true_effect(arm, "usual") == pytest.approx(EFFECTS[arm], abs=0.02)
    assert potential.true_effect("usual", "plan") == -potential.true_effect("plan", "usual")
    assert (potential.by_arm["plan"] >= potential.by_arm["usual"]).all(), "who comes without a plan comes with one"


def test_an_arm_not_named_adds_nothing() -> None:
    potential = potential_outcomes(PEOPLE, Process(0.3, {}, seed=1), ["usual", "plan"])
    assert potential.true_effect("plan", "usual") == 0


def test_people_of_one_unit_are_as_alike_as_stated() -> None:
    pairs = [replace(person, unit=f"H{i // 2}") for i, person in enumerate(PEOPLE * 4)]
    alike = potential_outcomes(pairs, Process(0.3, {}, seed=5, icc=0.4), ["usual"]).by_arm["usual"].astype(float)
    apart = potential_outcomes(pairs, Process(0.3, {}, seed=5), ["usual"]).by_arm["usual"].astype(float)
    # 6,000 pairs: the standard error of a correlation is at most 1/sqrt(6000) = 0.013
    assert np.corrcoef(alike[::2], alike[1::2])[0, 1] == pytest.approx(0.4, abs=0.05)
    assert np.corrcoef(apart[::2], apart[1::2])[0, 1] == pytest.approx(0.0, abs=0.05)


def test_amounts_keep_their_law_and_their_likeness_to_what_was_before() -> None:
    mean, sd = 13.0, 12.0
    rng = np.random.default_rng(1)
    earlier = rng.gamma((mean / sd) ** 2, sd**2 / mean, 40_000)
    people = [Person(f"C{i}", f"H{i}", i, {"earlier": float(x)}, "en", ()) for i, x in enumerate(earlier)]
    process = Process(mean, {"told": -0.5}, seed=8, sd=sd, before="earlier", likeness=0.7)
    potential = potential_outcomes(people, process, ["usual", "told"])
    found = potential.by_arm["usual"]
    # standard errors with 40,000: of the mean 0.06, of the standard deviation about 0.08, of the correlation below 0.01
    assert found.mean() == pytest.approx(mean, abs=0.25)
    assert found.astype(float).std() == pytest.approx(sd, abs=0.4)
    assert np.corrcoef(earlier, found)[0, 1] == pytest.approx(0.7, abs=0.04)
    assert potential.true_effect("told", "usual") == pytest.approx(-0.5, abs=0.02)
    assert min(potential.by_arm["told"]) >= 0, "nobody is absent for less than no time"


def test_the_same_seed_gives_the_same_records() -> None:
    assert made(PROCESS) == made(PROCESS)
    assert made(replace(PROCESS, seed=4)) != made(PROCESS)


def test_a_record_is_of_a_person_to_whom_it_happened_under_their_arm_within_the_window() -> None:
    potential = potential_outcomes(PEOPLE, PROCESS)
    came = {person.id for i, person in enumerate(PEOPLE) if potential.by_arm[ARM_OF[person.id]][i]}
    rows = made(PROCESS)
    assert [row["child"] for row in rows] == [person.id for person in PEOPLE if person.id in came]
    days = [date.fromisoformat(row["day"]) - OPENS.date() for row in rows]
    assert timedelta(0) <= min(days) <= max(days) < timedelta(days=56)


def test_a_record_has_the_shape_its_source_says() -> None:
    source = {"csv_file": "days.csv", "date": "recorded", "value": "days"}
    amount = Outcome.model_validate({"role": "primary", "kind": "continuous", "unit": "days", "source": source})
    process = Process(13.0, {}, seed=3, sd=12.0, known=0.9)
    rows = made(process, amount)
    assert record_columns(amount, "child_ref") == ["child_ref", "recorded", "days"] == list(rows[0])
    assert 2600 < len(rows) < 2800  # 2,700 of 3,000 known; four standard errors are 66
    assert {row["recorded"] for row in rows} == {"2027-03-07"}, "an amount is recorded on the window's last day"
    yes_or_no = Outcome.model_validate({"role": "primary", "kind": "binary", "source": source})
    assert {row["days"] for row in made(PROCESS, yes_or_no)} == {"yes", "no"}
    assert record_columns(CAME, "child_ref") == ["child", "day"]


def test_rare_events_know_nothing_of_arms() -> None:
    rows = made(Process(0.1, {}, seed=3))
    assert 230 < len(rows) < 370  # 300 expected; four standard errors are 66
    assert made(Process(0.0, {}, seed=3)) == []


@pytest.mark.parametrize(
    ("process", "exactly"),
    [
        (Process(0.4, {"plan": 0.1}, 5), 0.03), (Process(2.0, {"plan": 0.5}, 5, counted=True), 0.06),
        (Process(10.0, {"plan": 0.7}, 5, sd=1.0), 0.01),
    ],
    ids=["yes or no", "number of events", "amount"],
)  # fmt: skip
def test_the_truth_is_the_effect_put_in_and_the_level_that_was_stated(process: Process, exactly: float) -> None:
    potential = potential_outcomes(PEOPLE, process, ["usual", "plan"])
    assert potential.true_effect("plan", "usual") == pytest.approx(process.effects["plan"], abs=exactly)
    assert float(potential.by_arm["usual"].mean()) == pytest.approx(process.base, rel=0.06)


def test_counts_of_events_have_as_many_rows() -> None:
    process = Process(2.0, {"plan": 0.5}, 5, counted=True)
    potential = potential_outcomes(PEOPLE, process, list(EFFECTS))
    total = sum(potential.by_arm[ARM_OF[one.id]][i] for i, one in enumerate(PEOPLE))
    assert len(made(process, CAME.model_copy(update={"kind": "count"}))) == total


def measured(kind: str, value: str) -> Outcome:
    source = {"csv_file": "out.csv", "id": "ref", "date": "day", "value": value}
    return Outcome.model_validate({"role": "primary", "kind": kind, "source": source})


def test_values_of_one_file_stand_in_one_row_and_unknown_ones_are_blank() -> None:
    score, passed = measured("continuous", "score"), measured("binary", "passed")
    rows = [made(Process(10.0, {}, 5, sd=1.0, known=0.8), score), made(Process(0.5, {}, 6), passed)]
    joined = in_one_file([score, passed], rows, "child_ref")
    assert len(joined) == len(PEOPLE)
    assert {row["passed"] for row in joined} == {"yes", "no"}
    assert sum(row["score"] == "" for row in joined) == len(PEOPLE) - len(rows[0])
    assert all(list(row) == ["ref", "day", "score", "passed"] for row in joined)


def test_events_and_values_in_one_file_are_refused() -> None:
    with pytest.raises(Refused, match="cannot be made up"):
        in_one_file([measured("binary", "present"), measured("continuous", "score")], [[], []], "child_ref")


def test_an_outcome_without_a_window_is_recorded_where_no_date_is_asked() -> None:
    source = {"csv_file": "out.csv", "id": "ref", "value": "score"}
    undated = Outcome.model_validate({"role": "primary", "kind": "continuous", "source": source})
    process = Process(10.0, {}, 5, sd=1.0)
    potential = potential_outcomes(PEOPLE, process, list(EFFECTS))
    assert len(list(records(undated, PEOPLE, ARM_OF, {}, process, potential, "child_ref"))) == len(PEOPLE)
    assert list(records(measured("continuous", "score"), PEOPLE, ARM_OF, {}, process, potential, "child_ref")) == []
