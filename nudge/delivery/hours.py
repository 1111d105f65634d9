"""When the duty team reads: `Mon-Fri 09:00-17:00`, in the trial's time zone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_PART = re.compile(
    r"(?P<first>[a-z]{3})[a-z]*(?:\s*(?:-|\u2013|to)\s*(?P<last>[a-z]{3})[a-z]*)?\s+"
    r"(?P<opens>\d{1,2}[:.]\d\d)\s*(?:-|\u2013|to)\s*(?P<closes>\d{1,2}[:.]\d\d)"
)


@dataclass(frozen=True, slots=True)
class Opening:
    """One stretch of a week."""

    days: frozenset[int]
    opens: time
    closes: time


@dataclass(frozen=True, slots=True)
class DutyHours:
    """A team's week. Without any opening that could be read, it is always out of hours."""

    openings: tuple[Opening, ...]
    zone: ZoneInfo

    def open_at(self, moment: datetime) -> bool:
        """Whether somebody reads at that moment."""
        local = moment.astimezone(self.zone)
        return any(
            local.weekday() in part.days and part.opens <= local.time().replace(tzinfo=None) < part.closes
            for part in self.openings
        )

    def next_open(self, moment: datetime) -> datetime:
        """That moment, or the next at which somebody reads; that moment where nobody ever does."""
        if not self.openings or self.open_at(moment):
            return moment
        local = moment.astimezone(self.zone)
        starts = [
            datetime.combine(local.date() + timedelta(days=ahead), part.opens, self.zone)
            for ahead in range(8)
            for part in self.openings
            if (local.date() + timedelta(days=ahead)).weekday() in part.days
        ]
        return min((start for start in starts if start > local), default=moment).astimezone(moment.tzinfo)


def duty_hours(text: str, zone: ZoneInfo) -> DutyHours:
    """The hours a trial file names; parts that cannot be read are no opening."""
    found = [opening for match in _PART.finditer(text.lower()) if (opening := _opening(match)) is not None]
    return DutyHours(tuple(found), zone)


def _opening(match: re.Match[str]) -> Opening | None:
    first, last = match["first"], match["last"] or match["first"]
    if first not in _DAYS or last not in _DAYS:
        return None
    begin, end = _DAYS.index(first), _DAYS.index(last)
    days = {(begin + step) % 7 for step in range((end - begin) % 7 + 1)}
    try:
        opens, closes = (time.fromisoformat(match[name].replace(".", ":").zfill(5)) for name in ("opens", "closes"))
    except ValueError:
        return None
    return Opening(frozenset(days), opens, closes)
