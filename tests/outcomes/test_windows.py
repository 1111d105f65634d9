"""Windows from the file and the roll alone: equal whichever arm a unit is in."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from nudge.outcomes.windows import NO_WINDOW, windows
from nudge.trial.grammar import window
from nudge.trial.records.people import Person, Unit, Value
from tests.outcomes.records import LONDON

ALLOCATED = datetime(2026, 10, 20, 14, 30, tzinfo=UTC)  # 15:30 in London
PLANNED = datetime(2026, 10, 22, 9, 0, tzinfo=UTC)  # 10:00 in London


def unit(*dates: date | None) -> Unit:
    people = [Person(f"P{i}", "H", i, {"due_date": day}, "en", ()) for i, day in enumerate(dates)]
    return Unit("H", tuple(people), ())


def opened(text: str, one: Unit, planned: datetime | None = PLANNED) -> list[tuple[str, str] | None]:
    """Each person's window, in London's own time."""
    found = windows(window(text), [one], lambda _: planned, ALLOCATED, LONDON)
    return [
        (f"{where.opens:%d %b %H:%M}", f"{where.closes:%d %b %H:%M}") if where.opens and where.closes else None
        for where in (found[person.id] for person in one.people)
    ]


@pytest.mark.parametrize(
    ("text", "opens", "closes"),
    [
        # clocks go back on 25 October 2026: days keep the time on the wall, hours do not
        ("56 days from allocation", "20 Oct 15:30", "15 Dec 15:30"),
        ("1344 hours from allocation", "20 Oct 15:30", "15 Dec 14:30"),
        ("56 days from first_planned_send", "22 Oct 10:00", "17 Dec 10:00"),
        ("56 days from due_date", "02 Nov 00:00", "28 Dec 00:00"),
        ("56 days from due_date - 14 days", "19 Oct 00:00", "14 Dec 00:00"),
        ("1 week from due_date + 1 day", "03 Nov 00:00", "10 Nov 00:00"),
        ("7 days from 2027-03-26", "26 Mar 00:00", "02 Apr 00:00"),
    ],
)
def test_a_window_counts_from_its_anchor_on_the_clock_of_the_trial(text: str, opens: str, closes: str) -> None:
    assert opened(text, unit(date(2026, 11, 2))) == [(opens, closes)]


def test_each_person_has_a_window_from_their_own_date() -> None:
    twins = unit(date(2026, 11, 2), date(2026, 11, 9), None)
    assert opened("7 days from due_date", twins) == [
        ("02 Nov 00:00", "09 Nov 00:00"),
        ("09 Nov 00:00", "16 Nov 00:00"),
        None,
    ]


def test_everyone_in_a_unit_shares_the_first_planned_send() -> None:
    twins = unit(date(2026, 11, 2), None)
    assert opened("7 days from first_planned_send", twins) == [("22 Oct 10:00", "29 Oct 10:00")] * 2


def test_without_a_planned_send_there_is_no_window_to_count_from_it() -> None:
    assert opened("7 days from first_planned_send", unit(date(2026, 11, 2)), None) == [None]


def test_the_plan_is_only_asked_where_the_window_counts_from_it() -> None:
    def asked(_: Unit) -> datetime | None:
        raise AssertionError("nothing hangs on the plan")

    found = windows(window("7 days from due_date"), [unit(None)], asked, ALLOCATED, LONDON)
    assert found == {"P0": NO_WINDOW}


def test_an_outcome_without_a_window_gives_nobody_one() -> None:
    assert windows(None, [unit(date(2026, 11, 2))], lambda _: PLANNED, ALLOCATED, LONDON) == {}


def test_a_column_that_holds_no_day_gives_no_window() -> None:
    columns: dict[str, Value] = {"due_date": "soon"}
    one = Unit("H", (Person("P0", "H", 1, columns, "en", ()),), ())
    assert windows(window("7 days from due_date"), [one], lambda _: PLANNED, ALLOCATED, LONDON) == {"P0": NO_WINDOW}
