"""Time passed in: always with a zone, simulated time never back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from nudge.trial.clock import Clock, SimulatedClock, SystemClock, aware
from nudge.trial.errors import InputError

START = datetime(2027, 1, 11, 9, 0, tzinfo=UTC)


def test_the_machines_clock_tells_utc_and_is_not_simulated() -> None:
    clock: Clock = SystemClock()
    before = datetime.now(UTC)
    assert before <= clock.now() <= datetime.now(UTC)
    assert clock.now().tzinfo is UTC
    assert not clock.simulated


def test_a_simulated_clock_stands_until_it_is_moved() -> None:
    clock = SimulatedClock(START)
    assert clock.now() == clock.now() == START
    clock.advance_to(START + timedelta(hours=1))
    assert clock.now() == START + timedelta(hours=1)
    assert clock.simulated


def test_a_simulated_clock_never_goes_back() -> None:
    clock = SimulatedClock(START)
    clock.advance_to(START - timedelta(days=1))
    assert clock.now() == START


def test_a_simulated_clock_tells_utc_whatever_zone_it_is_given() -> None:
    clock = SimulatedClock(datetime(2027, 7, 1, 10, 0, tzinfo=ZoneInfo("Europe/London")))
    assert clock.now() == datetime(2027, 7, 1, 9, 0, tzinfo=UTC)
    assert clock.now().tzinfo is UTC


def test_a_time_without_a_zone_is_refused_at_the_door() -> None:
    naive = datetime(2027, 1, 11, 9, 0)  # noqa: DTZ001 - what is to be refused
    sentence = "the time 2027-01-11T09:00:00 has no time zone; add one, such as +00:00"
    for use in (aware, SimulatedClock, SimulatedClock(START).advance_to):
        with pytest.raises(InputError) as caught:
            use(naive)
        assert str(caught.value) == sentence
