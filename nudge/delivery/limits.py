"""When a family may be written to: decent hours of decent days, and not too often."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from nudge.trial.errors import InputError
from nudge.trial.records.delivery import Status, Step

_SUNDAY = 6
_FARTHEST = 30
_SUBDIVISIONS = {"england": "ENG", "wales": "WLS", "scotland": "SCT", "northern_ireland": "NIR"}
_HOURS = re.compile(r"(\d\d):(\d\d)-(\d\d):(\d\d)")
_WEEK, _MONTH = timedelta(days=7), timedelta(days=30)


@dataclass(frozen=True, slots=True)
class SendingHours:
    """Hours of the day by the family's own clock, on days that are neither Sunday nor bank holiday."""

    zone: ZoneInfo
    nation: str
    opens: timedelta = timedelta(hours=9)
    closes: timedelta = timedelta(hours=19)
    every_day: bool = False

    def open_at(self, moment: datetime) -> bool:
        """Whether a message may go at that moment."""
        local = moment.astimezone(self.zone)
        at = timedelta(hours=local.hour, minutes=local.minute, seconds=local.second)
        return self._decent(local.date()) and self.opens <= at < self.closes

    def next_open(self, moment: datetime) -> datetime:
        """That moment, or the first after it at which a message may go."""
        if self.open_at(moment):
            return moment
        today = moment.astimezone(self.zone).date()
        for ahead in range(_FARTHEST):
            day = today + timedelta(days=ahead)
            start = self._at(day, self.opens)
            if self._decent(day) and start > moment:
                return start
        raise AssertionError("no month is all holidays")

    def closes_at(self, moment: datetime) -> datetime:
        """When the hours around that moment end, so that nothing waits at a provider into the night."""
        return self._at(moment.astimezone(self.zone).date(), self.closes)

    def ends_within(self, moment: datetime, time_left: timedelta) -> bool:
        """Whether the hours around that moment end so soon; hours that go round the clock do not end."""
        round_the_clock = self.every_day and self.closes - self.opens == timedelta(days=1)
        return not round_the_clock and self.closes_at(moment) - moment < time_left

    def _decent(self, day: date) -> bool:
        return self.every_day or not (day.weekday() == _SUNDAY or is_bank_holiday(day, self.nation))

    def _at(self, day: date, since_midnight: timedelta) -> datetime:
        """A time on the wall of that day, in UTC: the clock may have changed since midnight."""
        wall = datetime.combine(day, time()) + since_midnight
        return wall.replace(tzinfo=self.zone).astimezone(ZoneInfo("UTC"))


def is_bank_holiday(day: date, nation: str) -> bool:
    """Whether a day is a bank holiday in a nation of the United Kingdom (`holidays` package)."""
    return day in _holidays(nation, day.year)


@lru_cache(maxsize=64)
def _holidays(nation: str, year: int) -> frozenset[date]:
    import holidays

    return frozenset(holidays.country_holidays("GB", subdiv=_SUBDIVISIONS[nation], years=year))


def hours_from(text: str) -> tuple[timedelta, timedelta]:
    """`09:00-19:00` as two times since midnight. Raises InputError where it is none."""
    match = _HOURS.fullmatch(text.strip())
    if match is None:
        raise InputError(f"NUDGE_SENDING_HOURS is `{text}`", "write it as 09:00-19:00")
    numbers = [int(part) for part in match.groups()]
    opens, closes = (timedelta(hours=numbers[i], minutes=numbers[i + 1]) for i in (0, 2))
    if not timedelta(0) <= opens < closes <= timedelta(days=1):
        raise InputError(f"NUDGE_SENDING_HOURS ends before it begins: `{text}`", "write it as 09:00-19:00")
    return opens, closes


def next_by_cap(earlier: Sequence[datetime], now: datetime, per_week: int, per_month: int) -> datetime:
    """The first moment from now on at which a household has had fewer messages than both caps allow.

    earlier: when it was, or would have been, written to.
    """
    moment = now
    for number, length in ((per_week, _WEEK), (per_month, _MONTH)):
        within = sorted((one for one in earlier if one > now - length), reverse=True)
        if len(within) >= number:
            moment = max(moment, within[number - 1] + length)
    return moment


def until(moment: datetime, not_after: datetime, reason: str) -> Step:
    """Wait until a moment, or expire where that is too late."""
    if moment > not_after:
        return Step(Status.EXPIRED, reason=f"{reason}, and by then it is too late")
    return Step(Status.WITHHELD, due_at=moment, reason=reason)
