"""Decent hours of decent days, and not too often."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nudge.delivery.limits import SendingHours, hours_from, is_bank_holiday, next_by_cap, next_by_washout, until
from nudge.trial.errors import InputError
from nudge.trial.records.delivery import Status

LONDON = ZoneInfo("Europe/London")
HOURS = SendingHours(LONDON, "england")
NOW = datetime(2027, 1, 18, 10, tzinfo=UTC)


# gov.uk/bank-holidays: 2027
@pytest.mark.parametrize(
    ("day", "nations"),
    [(date(2027, 1, 1), {"england", "wales", "scotland", "northern_ireland"}),
     (date(2027, 1, 4), {"scotland"}),
     (date(2027, 3, 17), {"northern_ireland"}),
     (date(2027, 3, 26), {"england", "wales", "scotland", "northern_ireland"}),
     (date(2027, 3, 29), {"england", "wales", "northern_ireland"}),
     (date(2027, 7, 12), {"northern_ireland"}),
     (date(2027, 8, 2), {"scotland"}),
     (date(2027, 8, 30), {"england", "wales", "northern_ireland"}),
     (date(2027, 11, 30), {"scotland"}),
     (date(2027, 12, 27), {"england", "wales", "scotland", "northern_ireland"}),
     (date(2027, 1, 18), set())],
)  # fmt: skip
def test_bank_holidays_are_each_nation_s_own(day: date, nations: set[str]) -> None:
    assert {one for one in ("england", "wales", "scotland", "northern_ireland") if is_bank_holiday(day, one)} == nations


@pytest.mark.parametrize(
    ("local", "opens"),
    [("2027-01-18 10:00", "2027-01-18 10:00"),  # a Monday
     ("2027-01-18 08:59", "2027-01-18 09:00"),
     ("2027-01-18 19:00", "2027-01-19 09:00"),
     ("2027-01-16 18:59", "2027-01-16 18:59"),  # a Saturday
     ("2027-01-16 19:00", "2027-01-18 09:00"),
     ("2027-01-17 12:00", "2027-01-18 09:00"),  # a Sunday
     ("2027-03-25 20:00", "2027-03-27 09:00"),  # before Good Friday
     ("2027-03-27 20:00", "2027-03-30 09:00"),  # clocks go forward, Easter Monday follows
     ("2027-10-30 20:00", "2027-11-01 09:00"),  # clocks go back on Sunday
     ("2027-12-24 20:00", "2027-12-29 09:00")],  # Christmas at a weekend
)  # fmt: skip
def test_a_message_waits_for_a_decent_hour_by_the_clock_on_the_wall(local: str, opens: str) -> None:
    moment = datetime.fromisoformat(local).replace(tzinfo=LONDON)
    assert HOURS.next_open(moment).astimezone(LONDON) == datetime.fromisoformat(opens).replace(tzinfo=LONDON)


@given(st.datetimes(datetime(2026, 1, 1), datetime(2030, 1, 1)))  # noqa: DTZ001 - given its zone below
def test_what_is_found_is_open_not_before_and_the_first_such(moment: datetime) -> None:
    asked = moment.replace(tzinfo=UTC)
    found = HOURS.next_open(asked)
    assert HOURS.open_at(found)
    assert found >= asked
    if found > asked:
        assert not HOURS.open_at(asked)
        assert not HOURS.open_at(found - timedelta(seconds=1))
    assert HOURS.closes_at(found) > found


def test_a_provider_is_told_to_drop_what_waits_into_the_night() -> None:
    assert HOURS.closes_at(datetime(2027, 7, 5, 8, tzinfo=UTC)) == datetime(2027, 7, 5, 18, tzinfo=UTC)


def test_hours_are_written_as_people_write_them() -> None:
    assert hours_from("00:00-24:00") == (timedelta(0), timedelta(days=1))
    for wrong in ("9-19", "19:00-09:00", "", "10:00-25:00"):
        with pytest.raises(InputError, match="NUDGE_SENDING_HOURS"):
            hours_from(wrong)


def days(*ago: float) -> list[datetime]:
    return [NOW - timedelta(days=one) for one in ago]


@pytest.mark.parametrize(
    ("ago", "wait"),
    [([], 0), ([7], 0), ([6], 1), ([3, 1], 6), ([8, 15], 0), ([8, 15, 22], 8), ([1, 8, 15], 15), ([31, 40, 50], 0)],
)
def test_a_household_gets_one_a_week_and_three_in_thirty_days(ago: list[float], wait: int) -> None:
    """Whole days of the calendar: from its first minute on."""
    day = NOW.replace(hour=0) + timedelta(days=wait)
    assert next_by_cap(days(*ago), NOW, 1, 3, LONDON) == (day if wait else NOW)


def test_the_same_weekday_a_week_on_never_waits_for_minutes_nor_for_the_clocks() -> None:
    late, early = datetime(2027, 1, 11, 10, 40, tzinfo=LONDON), datetime(2027, 1, 18, 10, tzinfo=LONDON)
    assert next_by_cap([late], early, 1, 3, LONDON) == early
    before, after = datetime(2027, 3, 22, 10, tzinfo=LONDON), datetime(2027, 3, 29, 10, tzinfo=LONDON)
    assert after.astimezone(UTC) - before.astimezone(UTC) < timedelta(days=7), "an hour was lost on 28 March"
    assert next_by_cap([before], after, 1, 3, LONDON) == after


@given(st.lists(st.floats(0, 60), max_size=12), st.integers(1, 3), st.integers(3, 6))
def test_at_the_moment_found_both_caps_hold(ago: list[float], per_week: int, per_month: int) -> None:
    earlier = days(*ago)
    day = next_by_cap(earlier, NOW, per_week, per_month, LONDON).astimezone(LONDON).date()
    dates = [one.astimezone(LONDON).date() for one in earlier]
    assert sum(one > day - timedelta(days=7) for one in dates) < per_week
    assert sum(one > day - timedelta(days=30) for one in dates) < per_month


def test_a_washout_is_counted_from_the_latest_message_of_another_trial() -> None:
    month = timedelta(days=28)
    assert next_by_washout([], NOW, month, LONDON) == NOW
    assert next_by_washout(days(28), NOW, month, LONDON) == NOW
    assert next_by_washout(days(40, 27), NOW, month, LONDON) == NOW.replace(hour=0) + timedelta(days=1)
    assert next_by_washout(days(0), NOW, timedelta(0), LONDON) == NOW


def test_what_cannot_go_in_time_expires_with_its_reason() -> None:
    assert until(NOW, NOW, "later").status is Status.WITHHELD
    step = until(NOW + timedelta(seconds=1), NOW, "outside the hours for messages")
    assert (step.status, step.reason) == (Status.EXPIRED, "outside the hours for messages, and by then it is too late")
