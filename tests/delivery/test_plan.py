from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from nudge.delivery.plan import Planner, unplanned
from nudge.design.seed import PublishedSeed
from nudge.trial.model import Trial
from nudge.trial.records.delivery import PlannedSend
from nudge.trial.records.people import ContactPoint, Person, Unit
from tests.support.trials import trial_values

ALLOCATED = datetime(2027, 1, 11, 9, tzinfo=UTC)
SEED = PublishedSeed("plan").new()
BOTH = {"visit": {"sms", "email"}}


def person(name: str, day: date | None, *contacts: ContactPoint, unit: str = "H1") -> Person:
    return Person(name, unit, 2, {"area": "north", "visit": day, "refuge": False}, "en", contacts)


def sms(number: int, *, safe: bool = True) -> ContactPoint:
    return ContactPoint("sms", f"+447700900{number:03d}", safe, reserved=True)


def mail(name: str, *, safe: bool = True) -> ContactPoint:
    return ContactPoint("email", f"{name}@example.org", safe, reserved=True)


def unit(*people: Person) -> Unit:
    return Unit("H1", people, ("north",))


def planner(**changes: object) -> Planner:
    return Planner(Trial.model_validate(trial_values(**changes)), BOTH, ALLOCATED, SEED)


def test_the_preferred_safe_route_with_words_is_used() -> None:
    both = person("a", date(2027, 1, 25), sms(1), mail("a"))
    unsafe = person("a", date(2027, 1, 25), sms(1, safe=False), mail("a"))
    assert [row.channel for row in planner().sends(unit(both), "reminder")] == ["sms"]
    assert [row.channel for row in planner().sends(unit(unsafe), "reminder")] == ["email"]
    only_email = Planner(Trial.model_validate(trial_values()), {"visit": {"email"}}, ALLOCATED, SEED)
    assert [row.channel for row in only_email.sends(unit(both), "reminder")] == ["email"]


def test_a_message_may_name_the_channels_it_goes_by() -> None:
    message = {"template": "visit", "send": "7 days before visit at 10:00", "by": "email"}
    plan = planner(arms={"usual": {"control": "true", "receives": "the letter"}, "reminder": {"messages": [message]}})
    both = person("a", date(2027, 1, 25), sms(1), mail("a"))
    assert [row.channel for row in plan.sends(unit(both), "reminder")] == ["email"]
    assert list(plan.sends(unit(person("a", date(2027, 1, 25), sms(1))), "reminder")) == []


def test_siblings_who_share_a_phone_get_one_message_about_the_first_date() -> None:
    older = person("b", date(2027, 2, 8), sms(1))
    younger = person("a", date(2027, 1, 25), sms(1))
    rows = list(planner().sends(unit(older, younger), "reminder"))
    assert [(row.person, row.due_at) for row in rows] == [("a", datetime(2027, 1, 18, 10, tzinfo=UTC))]


def test_separated_parents_each_get_their_own() -> None:
    rows = planner().sends(
        unit(person("a", date(2027, 1, 25), sms(1)), person("b", date(2027, 1, 26), sms(2))), "reminder"
    )
    assert sorted(row.person for row in rows) == ["a", "b"]


def test_for_each_person_sends_one_per_child() -> None:
    arms = {
        "usual": {"control": "true", "receives": "the letter"},
        "reminder": {"messages": [{"template": "visit", "send": "7 days before visit at 10:00", "for_each": "person"}]},
    }
    two = unit(person("a", date(2027, 1, 25), sms(1)), person("b", date(2027, 2, 8), sms(1)))
    assert [row.person for row in planner(arms=arms).sends(two, "reminder")] == ["a", "b"]


def test_a_unit_whose_arm_sends_nothing_gets_the_other_arms_moments() -> None:
    one = unit(person("a", date(2027, 1, 25), sms(1)))
    virtual, real = list(planner().sends(one, "usual")), list(planner().sends(one, "reminder"))
    assert [(row.virtual, row.person, row.template, row.via) for row in virtual] == [(True, "", "", "")]
    assert [row.due_at for row in virtual] == [row.due_at for row in real]


def test_a_message_follows_when_the_earlier_one_is_planned_by_the_clock_on_the_wall() -> None:
    """The clocks go forward on 28 March 2027: the week from Monday to Monday is an hour short."""
    messages = [
        {"name": "first", "template": "visit", "send": "1 day before visit at 10:00"},
        {"name": "second", "template": "visit", "send": "7 days after first at 12:30", "only_if": "not answered"},
        {"template": "visit", "send": "48 hours after second"},
    ]
    arms = {"usual": {"control": "true", "receives": "the letter"}, "reminder": {"messages": messages}}
    plan = planner(arms=arms)
    one = unit(person("a", date(2027, 3, 23), sms(1)))
    dues = [datetime(2027, 3, 22, 10, tzinfo=UTC), datetime(2027, 3, 29, 11, 30, tzinfo=UTC),
            datetime(2027, 3, 31, 11, 30, tzinfo=UTC)]  # fmt: skip
    assert [row.due_at for row in plan.sends(one, "reminder")] == dues
    virtual = list(plan.sends(one, "usual"))
    assert [row.due_at for row in virtual] == dues, "conditions or not, the arms' moments are the same"
    assert [row.message for row in virtual] == ["virtual.1", "virtual.2", "virtual.3"]
    assert plan.last_planned(one) == dues[-1]
    assert list(plan.sends(unit(person("a", None, sms(1))), "reminder")) == [], "nothing follows what has no date"


def test_the_moments_of_one_message_are_named_as_one() -> None:
    """Two adults with days of their own: for limits, the household would have had one message."""
    two = unit(person("a", date(2027, 1, 25), sms(1)), person("b", date(2027, 1, 26), sms(2)))
    assert [row.message for row in planner().sends(two, "usual")] == ["virtual.1", "virtual.1.2"]


def test_the_first_planned_send_does_not_depend_on_the_arm() -> None:
    arms = {
        "usual": {"control": "true", "receives": "the letter"},
        "early": {"messages": [{"template": "visit", "send": "10 days before visit at 10:00"}]},
        "late": {"messages": [{"template": "visit", "send": "2 days before visit at 10:00"}]},
    }
    one = unit(person("a", date(2027, 1, 25), sms(1)))
    plan = planner(arms=arms, analysis={"comparisons": ["early - usual"]})
    assert plan.first_planned(one) == datetime(2027, 1, 15, 10, tzinfo=UTC)
    assert plan.last_planned(one) == datetime(2027, 1, 23, 10, tzinfo=UTC)


@pytest.mark.parametrize("someone", [person("a", None, sms(1)), person("a", date(2027, 1, 25), sms(1, safe=False))])
def test_without_a_date_or_a_safe_route_nothing_is_planned_and_that_is_counted(someone: Person) -> None:
    one = unit(someone)
    assert list(planner().sends(one, "reminder")) == []
    assert unplanned(planner(), [one], {"H1": "reminder"}) == ["H1"]
    assert unplanned(planner(), [one], {"H1": "usual"}) == []


def test_a_row_may_not_go_out_long_after_its_time() -> None:
    row = next(planner().sends(unit(person("a", date(2027, 1, 25), sms(1))), "reminder"))
    assert row.not_after == datetime(2027, 1, 20, 10, tzinfo=UTC)


def test_identifiers_are_opaque_repeatable_and_secret() -> None:
    one = unit(person("a", date(2027, 1, 25), sms(1)))
    first, again = (next(planner().sends(one, "reminder")) for _ in range(2))
    other_seed = Planner(Trial.model_validate(trial_values()), BOTH, ALLOCATED, PublishedSeed("another").new())
    assert first == again
    assert first.id != next(other_seed.sends(one, "reminder")).id
    assert len(first.id) == 32


def test_arms_are_interleaved_in_a_random_order() -> None:
    arms = {
        "usual": {"control": "true", "messages": [{"template": "visit", "send": "7 days before visit at 10:00"}]},
        "reminder": {"messages": [{"template": "visit", "send": "7 days before visit at 10:00"}]},
    }
    plan = planner(arms=arms)
    rows: list[PlannedSend] = []
    for i in range(400):
        someone = Person(
            f"p{i}", f"H{i}", i, {"area": "north", "visit": date(2027, 1, 25), "refuge": False}, "en", (sms(i),)
        )
        rows += plan.sends(Unit(f"H{i}", (someone,), ("north",)), "usual" if i < 200 else "reminder")
    first_half = sorted(rows, key=lambda row: row.position)[:200]
    # 200 drawn from 400 of which half are `usual`: mean 100, standard deviation 5.0 (hypergeometric).
    assert 75 <= sum(row.arm == "usual" for row in first_half) <= 125
