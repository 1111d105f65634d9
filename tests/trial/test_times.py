"""Windows and send times: how they are written, and the moments they mean, also when the clocks change.

Clock changes are the United Kingdom's own (Summer Time Order 2002): on 2026-10-25 at 02:00 BST
clocks go back to 01:00 GMT; on 2027-03-28 at 01:00 GMT they go forward to 02:00 BST.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nudge.trial import grammar
from nudge.trial.grammar import send_time, window
from nudge.trial.quantities import Anchor, Duration, GrammarError, SendTime, Window, shifted

LONDON = ZoneInfo("Europe/London")
ALLOCATED = datetime(2026, 10, 20, 14, 30, tzinfo=UTC)  # 15:30 in London
DAYS56 = Duration(56, "days")


def refused(parse: object, text: str) -> str:
    with pytest.raises(GrammarError) as caught:
        parse(text)  # type: ignore[operator]
    return str(caught.value)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("56 days from first_planned_send", Window(DAYS56, Anchor("first_planned_send"))),
        ("56 days from allocation", Window(DAYS56, Anchor("allocation"))),
        ("56 days from due_date", Window(DAYS56, Anchor("column", "due_date"))),
        ("56 days from 2027-01-11", Window(DAYS56, Anchor("date", "2027-01-11"))),
        ("56 days from due_date - 14 days",
         Window(DAYS56, Anchor("column", "due_date"), Duration(14, "days"), back=True)),
        ("8 weeks from visit + 1 day", Window(Duration(8, "weeks"), Anchor("column", "visit"), Duration(1, "days"))),
        ("36 hours from allocation", Window(Duration(36, "hours"), Anchor("allocation"))),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_a_window_is_a_length_from_an_anchor(written: str, value: Window) -> None:
    assert window(written) == value
    assert str(value) == written


HOW = "write `56 days from first_planned_send` or `56 days from due_date - 14 days`"
ANCHOR = "write a date column's name, `allocation`, or a day as 2027-01-11"
WINDOWS = {
    "56 days": f"`56 days` is not a window; {HOW}",
    "from allocation": f"`from allocation` is not a window; {HOW}",
    "56 days after allocation": f"`56 days after allocation` is not a window; {HOW}",
    "56 days from due_date - 14": f"`56 days from due_date - 14` is not a window; {HOW}",
    "2 months from allocation": "`months` differ in length; write days or weeks",
    "56 days from due_date - 1 month": "`months` differ in length; write days or weeks",
    "0 days from allocation": "`0 days from allocation` is over before it begins; "
                              "say how long the outcome counts, such as `56 days`",
    "56 dais from allocation": "`dais` is not a unit of time; did you mean `days`?",
    "56 days from Due_date": f"`Due_date` is neither a column nor a day; {ANCHOR}",
    "56 days from 2027-02-30": f"`2027-02-30` is neither a column nor a day; {ANCHOR}",
    "56 days from 11/01/2027": f"`11/01/2027` is neither a column nor a day; {ANCHOR}",
    "56 days from 20270111": f"`20270111` is neither a column nor a day; {ANCHOR}",
    "56 days from 9999-12-31": f"`9999-12-31` is not a day of these times; {ANCHOR}",
}  # fmt: skip


@pytest.mark.parametrize(("written", "sentence"), WINDOWS.items(), ids=WINDOWS)
def test_what_is_no_window_is_refused(written: str, sentence: str) -> None:
    assert refused(window, written) == sentence


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("14 days before due_date at 10:00",
         SendTime(Anchor("column", "due_date"), Duration(14, "days"), back=True, at=time(10))),
        ("2 days after allocation at 09:30", SendTime(Anchor("allocation"), Duration(2, "days"), at=time(9, 30))),
        ("due_date at 00:00", SendTime(Anchor("column", "due_date"), at=time(0))),
        ("2027-01-11 at 17:45", SendTime(Anchor("date", "2027-01-11"), at=time(17, 45))),
        ("allocation", SendTime(Anchor("allocation"))),
        ("2 days after allocation", SendTime(Anchor("allocation"), Duration(2, "days"))),
        ("36 hours before due_date", SendTime(Anchor("column", "due_date"), Duration(36, "hours"), back=True)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_a_send_time_is_an_offset_from_an_anchor_at_a_time_of_day(written: str, value: SendTime) -> None:
    assert send_time(written) == value
    assert str(value) == written


def test_a_day_may_have_on_before_it_and_an_hour_one_digit() -> None:
    assert str(send_time("on 2027-01-11 at 9:05")) == "2027-01-11 at 09:05"


EXAMPLES = "write `14 days before due_date at 10:00`, `2 days after allocation at 10:00` or `2027-01-11 at 10:00`"
SENDS = {
    "": f"`` is not a time to send; {EXAMPLES}",
    "14 days due_date at 10:00": f"`14 days due_date at 10:00` is not a time to send; {EXAMPLES}",
    "14 days before due_date": "`14 days before due_date` does not say the time of day; "
                               "write `14 days before due_date at 10:00`",
    "2027-01-11": "`2027-01-11` does not say the time of day; write `2027-01-11 at 10:00`",
    "2 hours before due_date at 10:00": "`2 hours before due_date at 10:00` counts in hours or minutes and names a "
                                        "time of day; keep one of the two",
    "14 days before first_planned_send at 10:00": "a send cannot hang on `first_planned_send`, which is made of "
                                                  "sends; count from `allocation`, a date column or a day",
    "1 month before due_date at 10:00": "`months` differ in length; write days or weeks",
    "due_date at 25:00": "`25:00` is not a time of day; write it as 10:00 or 17:30",
    "due_date at 10:60": "`10:60` is not a time of day; write it as 10:00 or 17:30",
    "due_date at 10am": "`10am` is not a time of day; write it as 10:00 or 17:30",
    "Monday at 10:00": f"`Monday` is neither a column nor a day; {ANCHOR}",
}  # fmt: skip


@pytest.mark.parametrize(("written", "sentence"), SENDS.items(), ids=repr)
def test_what_is_no_send_time_is_refused(written: str, sentence: str) -> None:
    assert refused(send_time, written) == sentence


def due(written: str, visit: date | None = None) -> datetime | None:
    return send_time(written).due({"visit": visit}, ALLOCATED, LONDON)


@pytest.mark.parametrize(
    ("written", "visit", "moment"),
    [
        # the Sunday the clocks go back: 10:00 is GMT, the day before it is BST
        ("0 days before visit at 10:00", date(2026, 10, 25), datetime(2026, 10, 25, 10, 0, tzinfo=UTC)),
        ("1 day before visit at 10:00", date(2026, 10, 25), datetime(2026, 10, 24, 9, 0, tzinfo=UTC)),
        # fourteen days before a GMT day is a BST day: the time on the wall stays 10:00
        ("14 days before visit at 10:00", date(2026, 11, 2), datetime(2026, 10, 19, 9, 0, tzinfo=UTC)),
        # and the other way round in spring
        ("14 days before visit at 10:00", date(2027, 4, 5), datetime(2027, 3, 22, 10, 0, tzinfo=UTC)),
        ("visit at 10:00", date(2027, 3, 28), datetime(2027, 3, 28, 9, 0, tzinfo=UTC)),
        # hours and minutes are elapsed time: 26 hours before midnight BST ending a day of 25 hours
        ("26 hours before visit", date(2026, 10, 26), datetime(2026, 10, 24, 22, 0, tzinfo=UTC)),
        ("26 hours before visit", date(2027, 3, 29), datetime(2027, 3, 27, 21, 0, tzinfo=UTC)),
    ],
)
def test_a_time_of_day_is_the_familys_own_whatever_the_clocks_did(written: str, visit: date, moment: datetime) -> None:
    assert due(written, visit) == moment


def test_a_time_that_happens_twice_is_the_first_of_the_two() -> None:
    # 01:30 on 2026-10-25 is first 00:30 UTC (BST), then 01:30 UTC (GMT)
    assert due("visit at 01:30", date(2026, 10, 25)) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_a_time_that_never_happens_is_an_hour_later_on_the_wall() -> None:
    # 01:30 on 2027-03-28 does not exist; 01:30 GMT is 02:30 BST
    assert due("visit at 01:30", date(2027, 3, 28)) == datetime(2027, 3, 28, 1, 30, tzinfo=UTC)


def test_from_allocation_the_clock_on_the_wall_is_kept_too() -> None:
    assert due("allocation") == ALLOCATED
    assert due("7 days after allocation") == datetime(2026, 10, 27, 15, 30, tzinfo=UTC)
    assert due("168 hours after allocation") == datetime(2026, 10, 27, 14, 30, tzinfo=UTC)
    assert due("7 days after allocation at 10:00") == datetime(2026, 10, 27, 10, 0, tzinfo=UTC)


def test_a_day_of_the_calendar_is_the_same_for_everyone() -> None:
    assert due("2027-03-28 at 10:00") == datetime(2027, 3, 28, 9, 0, tzinfo=UTC)
    assert due("1 day before 2027-03-28 at 10:00") == datetime(2027, 3, 27, 10, 0, tzinfo=UTC)


def test_a_blank_date_gives_no_time_to_send() -> None:
    assert due("14 days before visit at 10:00", None) is None


def test_a_window_of_days_closes_at_the_same_time_of_day() -> None:
    opens = datetime(2026, 10, 20, 10, 0, tzinfo=LONDON)
    counting = window("56 days from first_planned_send")
    assert counting.opens(opens) == opens
    assert counting.closes(opens) == datetime(2026, 12, 15, 10, 0, tzinfo=LONDON)
    assert counting.closes(opens) - opens.astimezone(UTC) == timedelta(days=56, hours=1)


def test_a_window_may_open_before_or_after_its_anchor() -> None:
    anchor = datetime(2027, 4, 5, 0, 0, tzinfo=LONDON)
    early = window("56 days from due_date - 14 days")
    assert early.opens(anchor) == datetime(2027, 3, 22, 0, 0, tzinfo=LONDON)
    assert early.closes(anchor) == datetime(2027, 5, 17, 0, 0, tzinfo=LONDON)
    assert window("1 day from due_date + 2 weeks").opens(anchor) == datetime(2027, 4, 19, 0, 0, tzinfo=LONDON)


def test_a_window_of_hours_is_elapsed_time() -> None:
    opens = datetime(2027, 3, 27, 12, 0, tzinfo=LONDON)
    assert window("24 hours from allocation").closes(opens) == datetime(2027, 3, 28, 13, 0, tzinfo=LONDON)
    assert window("1 day from allocation").closes(opens) == datetime(2027, 3, 28, 12, 0, tzinfo=LONDON)


@given(
    moment=st.datetimes(datetime(2026, 10, 1), datetime(2027, 4, 30), timezones=st.just(LONDON)),  # noqa: DTZ001 - bounds
    days=st.integers(0, 200),
    back=st.booleans(),
)
@settings(deadline=None)
def test_days_keep_the_clock_on_the_wall_and_hours_keep_what_has_passed(
    moment: datetime,
    days: int,
    back: bool,  # noqa: FBT001 - hypothesis gives it by name
) -> None:
    sign = -1 if back else 1
    by_days = shifted(moment, Duration(days, "days"), back=back)
    assert by_days.replace(tzinfo=None) - moment.replace(tzinfo=None) == sign * timedelta(days=days)
    by_hours = shifted(moment, Duration(24 * days, "hours"), back=back)
    assert by_hours.astimezone(UTC) - moment.astimezone(UTC) == sign * timedelta(days=days)


LENGTHS = st.builds(
    "{} {}".format,
    st.integers(1, 400) | st.sampled_from([0.5, 2.25]),
    st.sampled_from(["minutes", "hours", "days", "weeks"]),
)
ANCHORS = st.sampled_from(["allocation", "due_date", "visit2", "2027-01-11", "1999-12-31"])


@given(LENGTHS, ANCHORS | st.just("first_planned_send"), st.none() | st.tuples(st.sampled_from("+-"), LENGTHS))
def test_a_window_as_it_is_shown_is_the_same_window(length: str, anchor: str, shift: tuple[str, str] | None) -> None:
    parsed = window(f"{length} from {anchor}" + (f" {shift[0]} {shift[1]}" if shift else ""))
    assert window(str(parsed)) == window(parsed) == parsed


DATED = st.builds("{} {} {} at {:%H:%M}".format, LENGTHS, st.sampled_from(["before", "after"]), ANCHORS, st.times())
ELAPSED = st.builds("{} hours {} {}".format, st.integers(1, 400), st.sampled_from(["before", "after"]), ANCHORS)


@given(DATED.filter(lambda text: "hours" not in text and "minutes" not in text) | ELAPSED)
def test_a_send_time_as_it_is_shown_is_the_same_time(written: str) -> None:
    parsed = send_time(written)
    assert send_time(str(parsed)) == send_time(parsed) == parsed


@given(st.dates(date(grammar.FIRST_YEAR, 1, 1), date(grammar.LAST_YEAR, 12, 31)), st.integers(0, 36_525))
def test_no_day_and_no_length_that_are_taken_run_out_of_the_calendar(day: date, days: int) -> None:
    for side in ("before", "after"):
        assert send_time(f"{days} days {side} {day.isoformat()} at 10:00").due({}, ALLOCATED, LONDON) is not None
