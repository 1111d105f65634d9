"""Days and times as families read them: `Tuesday 4 June, 10am`, `Dydd Mawrth 4 Mehefin, 10yb`.

English times follow the GOV.UK style guide (5:30pm, midday, midnight). Welsh ones follow
CLDR's parts of the day for `cy`: y bore until 12, y prynhawn until 18, then yr hwyr.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel.dates import format_date

_CLOCK = re.compile(r"([01]?\d|2[0-3])[:.]([0-5]\d)(?::[0-5]\d)?")
_NAMED = {"en": ("midnight", "midday"), "cy": ("canol nos", "canol dydd")}
_NOON, _EVENING = 12, 18


class Day(str):
    """A day as it is read, with the day itself for those who want to add a time."""

    __slots__ = ("day",)
    day: date


@lru_cache(maxsize=4096)
def written_day(day: date, language: str) -> Day:
    """`Tuesday 4 June`; in languages without words of ours, English."""
    made = Day(format_date(day, "EEEE d MMMM", locale="cy" if language == "cy" else "en_GB"))
    made.day = day
    return made


def written_time(moment: time, language: str) -> str:
    """`10am`, `5:30pm`, `midday`; in Welsh `10yb`, `5:30yp`, `canol dydd`."""
    welsh = language == "cy"
    if moment.minute == 0 and moment.hour in {0, _NOON}:
        return _NAMED["cy" if welsh else "en"][moment.hour == _NOON]
    half = ("yb", "yp", "yh")[(moment.hour >= _NOON) + (moment.hour >= _EVENING)] if welsh else f"{moment:%p}".lower()
    minutes = f":{moment.minute:02d}" if moment.minute else ""
    return f"{moment.hour % _NOON or _NOON}{minutes}{half}"


def read_time(value: object, zone: ZoneInfo) -> tuple[date | None, time]:
    """The day, where there is one, and the time by the clocks of a zone.

    value: `10:00`, or a day and time as ISO 8601 writes them; one with an offset (`Z`, `+01:00`)
    is turned into the zone's own clock. Raises ValueError where it is neither.
    """
    text = str(value).strip()
    clock = _CLOCK.fullmatch(text)
    if clock:
        return None, time(int(clock[1]), int(clock[2]))
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or _CLOCK.search(text) is None:
        raise ValueError(f"`{text}` is no time: write it as 10:00 or 2027-06-04T10:00")
    local = moment.astimezone(zone) if moment.tzinfo else moment
    return local.date(), local.time()


def day_filter(value: object, language: str, zone: ZoneInfo) -> Day:
    """`{{ visit | day }}`: the day of a date column, or of a text that holds a day and time."""
    if isinstance(value, Day):
        return value
    try:
        found = date.fromisoformat(str(value).strip())
    except ValueError:
        found = read_time(value, zone)[0]  # type: ignore[assignment]  # told apart on the next line
    if found is None:
        raise ValueError(f"`{value}` is a time without a day")
    return written_day(found, language)


def time_filter(value: object, language: str, zone: ZoneInfo) -> str:
    """`{{ starts | time }}`."""
    return written_time(read_time(value, zone)[1], language)


def day_and_time_filter(value: object, language: str, zone: ZoneInfo, at: object = None) -> str:
    """`{{ visit | day_and_time(starts) }}`, or of one text that holds both."""
    return f"{day_filter(value, language, zone)}, {time_filter(value if at is None else at, language, zone)}"
