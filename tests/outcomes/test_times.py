"""Days until it happened, the day the window opens being the first; and days followed where it has not."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from nudge.trial.records.outcomes import OutcomeWindow
from tests.outcomes.records import LONDON, WINDOW, linked, outcome, person, states, table

ADA = person("ada")
TIMED = outcome("time_to_event", no_record="did_not_happen", covers="all clinics")
# WINDOW runs from 10:00 on 11 January to 10:00 on 8 February: 29 days are touched.


def day(text: str, name: str = "ada") -> dict[str, str]:
    return {"ref": name, "day": text}


@pytest.mark.parametrize(
    ("text", "days"), [("2027-01-11", 1.0), ("2027-01-12", 2.0), ("2027-02-07", 28.0), ("2027-02-08", 29.0)]
)
def test_the_day_of_the_record_counted_from_the_window(text: str, days: float) -> None:
    found, problems = linked(TIMED, table(day(text)), [ADA])
    assert (states(found), problems) == ({"ada": ("event", days)}, [])


def test_the_first_of_several_is_when_it_happened() -> None:
    found, problems = linked(TIMED, table(day("2027-01-20"), day("2027-01-14"), day("2027-01-02")), [ADA])
    assert (states(found), problems) == ({"ada": ("event", 4.0)}, [])


def test_silence_is_followed_to_the_end_of_the_window() -> None:
    found, _ = linked(TIMED, table(), [ADA])
    assert states(found) == {"ada": ("no_record", 29.0)}
    whole = OutcomeWindow(datetime(2027, 1, 11, tzinfo=LONDON), datetime(2027, 2, 8, tzinfo=LONDON))
    found, _ = linked(TIMED, table(), [ADA], windows={"ada": whole})
    assert states(found) == {"ada": ("no_record", 28.0)}


def test_an_open_window_is_followed_as_far_as_the_records_go() -> None:
    upto = datetime(2027, 1, 20, tzinfo=LONDON)
    found, _ = linked(TIMED, table(day("2027-01-13", "bo")), [ADA, person("bo")], complete_to=upto)
    assert states(found) == {"ada": ("not_yet", 9.0), "bo": ("event", 3.0)}


def test_a_window_that_has_not_opened_tells_nothing() -> None:
    found, _ = linked(TIMED, table(), [ADA], complete_to=datetime(2027, 1, 5, tzinfo=LONDON))
    assert states(found) == {"ada": ("not_yet", None)}


def test_records_beyond_what_is_complete_are_not_yet_known() -> None:
    found, _ = linked(TIMED, table(day("2027-01-25")), [ADA], complete_to=datetime(2027, 1, 20, tzinfo=LONDON))
    assert states(found) == {"ada": ("not_yet", 9.0)}


def test_where_silence_is_missing_only_events_have_a_time() -> None:
    found, _ = linked(outcome("time_to_event"), table(day("2027-01-13")), [ADA, person("bo")])
    assert states(found) == {"ada": ("event", 3.0), "bo": ("no_record", None)}


def test_no_window_no_time() -> None:
    found, _ = linked(TIMED, table(), [ADA], windows={"ada": OutcomeWindow(None, None)})
    assert states(found) == {"ada": ("undated", None)}


def test_nobody_is_followed_longer_than_their_window() -> None:
    assert WINDOW.opens is not None
    for later in range(60):
        found, _ = linked(TIMED, table(), [ADA], complete_to=WINDOW.opens + timedelta(days=later, hours=1))
        assert (found.rows[0].value or 0) <= 29
