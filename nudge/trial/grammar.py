"""The small grammar of quantities and times in a trial file.

`62%`, `5 points`, `3 per 1000`, `56 days`, `200 sends`, `plan - reminder`,
`56 days from first_planned_send`, `14 days before due_date at 10:00`.

Each parser takes the text and returns a frozen value; it raises GrammarError with what is
wrong and an example of what is right.
"""

from __future__ import annotations

import re
from datetime import date, time
from decimal import Decimal

from nudge.trial.problems import nearest
from nudge.trial.quantities import (
    Anchor,
    Comparison,
    Count,
    Difference,
    Duration,
    GrammarError,
    SendTime,
    Window,
)

NAME = r"[a-z][a-z0-9_]*"
_NUMBER = r"[0-9]{1,15}(?:\.[0-9]+)?"
_UNITS = {"minute": "minutes", "hour": "hours", "day": "days", "week": "weeks", "month": "months"}
_DAYS = {"minutes": 1 / 1440, "hours": 1 / 24, "days": 1, "weeks": 7, "months": 30}
_DURATION = rf"({_NUMBER})\s+([a-z]+)"
_CENTURY = 36_525  # days
FIRST_YEAR, LAST_YEAR = 1900, 2199
"""Days outside are marks of spreadsheets for "not known", and no calendar can add 100 years to 9999-12-31."""
POINTS = frozenset({"point", "points", "percentage points", "pp"})


def number(text: str) -> Decimal:
    """A plain decimal number."""
    if re.fullmatch(rf"-?{_NUMBER}", text) is None:
        raise GrammarError(f"`{text}` is not a number", "write digits, such as 12 or 0.5")
    return Decimal(text)


def iso_day(text: str) -> date:
    """`2027-01-11`, and no other way to write a day. Raises ValueError."""
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) is None:
        raise ValueError(text)
    return date.fromisoformat(text)


def day(given: object) -> date:
    """`2027-01-11`."""
    if isinstance(given, date):
        return given
    text = str(given).strip()
    try:
        found = iso_day(text)
    except ValueError:
        raise GrammarError(f"`{text}` is not a day", "write it as `2027-01-11`") from None
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise GrammarError(f"`{text}` is not a day of these times", "check the year")
    return found


def web_address(given: object) -> str:
    """`https://example.org/book`."""
    text = str(given).strip()
    parts = text.removeprefix("https://")
    if parts == text or not parts.strip("/") or any(char.isspace() or char in "<>\"'" for char in text):
        raise GrammarError(f"`{text}` is not a web address", "write it whole, as `https://example.org/book`")
    return text


def month(given: object) -> str:
    """`2026-03`."""
    text = str(given).strip()
    if re.fullmatch(r"(?:19|20|21)[0-9]{2}-(?:0[1-9]|1[0-2])", text) is None:
        raise GrammarError(f"`{text}` is not a month", "write it as `2026-03`")
    return text


def proportion(given: object) -> float:
    """`62%` as 0.62; JSON may give 0.62 itself."""
    if isinstance(given, int | float) and not isinstance(given, bool):
        value = float(given)
    else:
        text = str(given).strip()
        if not text.endswith("%"):
            raise GrammarError(f"`{text}` is not a percentage", "write it with its sign, such as `62%`")
        value = float(number(text[:-1].strip()) / 100)
    if not 0 <= value <= 1:
        raise GrammarError(f"`{given}` is not between 0% and 100%", "check the figure")
    return value


def rate(given: object) -> float:
    """`3 per 1000` or `2%` as a proportion."""
    match = re.fullmatch(rf"({_NUMBER})\s+per\s+([0-9]{{1,15}})", str(given).strip())
    if match is None:
        try:
            return proportion(given)
        except GrammarError:
            raise GrammarError(f"`{given}` is not a rate", "write `3 per 1000` or `2%`") from None
    if int(match[2]) == 0:
        raise GrammarError(f"`{given}` is a rate per nothing", "write `3 per 1000` or `2%`")
    value = float(Decimal(match[1]) / Decimal(match[2]))
    if value > 1:
        raise GrammarError(f"`{given}` is more than one each", "write `3 per 1000` or `2%`")
    return value


def difference(given: object) -> Difference:
    """`5 points` (percentage points), or a number with the outcome's own unit."""
    if isinstance(given, Difference):
        return given
    text = str(given).strip()
    match = re.fullmatch(rf"({_NUMBER})\s*(\S.*)?", text)
    if match is None or not match[2]:
        raise GrammarError(
            f"`{text}` does not say what it is a number of",
            "write `5 points` for percentage points, or the outcome's own unit, such as `0.5 days`",
        )
    unit = match[2].strip()
    if unit == "%":
        raise GrammarError(
            f"`{text}` could be relative or absolute", f"write `{match[1]} points` for percentage points"
        )
    if unit in POINTS:
        value = float(Decimal(match[1]) / 100)
        if value > 1:
            raise GrammarError(f"`{text}` is more than 100 percentage points", "check the figure")
        return Difference(value, "points")
    return Difference(float(Decimal(match[1])), unit)


def duration(given: object) -> Duration:
    """`56 days`."""
    if isinstance(given, Duration):
        return given
    text = str(given).strip()
    match = re.fullmatch(_DURATION, text)
    if match is None:
        raise GrammarError(f"`{text}` is not a length of time", "write a number and a unit, such as `56 days`")
    return _duration(match[1], match[2])


def fixed_duration(given: object) -> Duration:
    """`2 days`: a length that can be added to a moment, so no months."""
    length = duration(given)
    length.delta()
    return length


def _duration(amount: str, unit: str) -> Duration:
    plural = unit if unit in _UNITS.values() else _UNITS.get(unit, "")
    if not plural:
        guess = nearest(unit, [*_UNITS, *_UNITS.values()])
        raise GrammarError(
            f"`{unit}` is not a unit of time",
            f"did you mean `{guess}`?" if guess else "use minutes, hours, days, weeks or months",
        )
    if float(amount) * _DAYS[plural] > _CENTURY:
        raise GrammarError(f"`{amount} {unit}` is more than 100 years", "check the figure")
    return Duration(float(amount), plural)


def count(given: object) -> Count:
    """`200 sends`."""
    if isinstance(given, Count):
        return given
    match = re.fullmatch(r"([0-9]{1,15})\s+(send|event)s?", str(given).strip())
    if match is None:
        raise GrammarError(f"`{given}` is not a count", "write `200 sends` or `5 events`")
    return Count(int(match[1]), f"{match[2]}s")


def comparison(given: object) -> Comparison:
    """`plan - reminder`."""
    if isinstance(given, Comparison):
        return given
    match = re.fullmatch(rf"({NAME})\s*-\s*({NAME})", str(given).strip())
    if match is None:
        raise GrammarError(f"`{given}` is not a comparison", "write two arms, such as `plan - reminder`")
    if match[1] == match[2]:
        raise GrammarError(f"`{given}` compares an arm with itself", "name two different arms")
    return Comparison(match[1], match[2])


def window(given: object) -> Window:
    """`56 days from first_planned_send`, `56 days from due_date - 14 days`."""
    if isinstance(given, Window):
        return given
    text = str(given).strip()
    match = re.fullmatch(rf"{_DURATION}\s+from\s+(\S+)(?:\s+([+-])\s+{_DURATION})?", text)
    if match is None:
        raise GrammarError(
            f"`{text}` is not a window", "write `56 days from first_planned_send` or `56 days from due_date - 14 days`"
        )
    length = fixed_duration(f"{match[1]} {match[2]}")
    if not length.amount:
        raise GrammarError(f"`{text}` is over before it begins", "say how long the outcome counts, such as `56 days`")
    shift = fixed_duration(f"{match[5]} {match[6]}") if match[4] else None
    return Window(length, _anchor(match[3], sends=False), shift, back=match[4] == "-")


def send_time(given: object) -> SendTime:
    """`14 days before due_date at 10:00`, `2027-01-11 at 09:30`, `2 days after allocation`."""
    if isinstance(given, SendTime):
        return given
    text = str(given).strip()
    match = re.fullmatch(rf"(?:{_DURATION}\s+(before|after)\s+)?(?:on\s+)?(\S+)(?:\s+at\s+(\S+))?", text)
    if match is None:
        raise GrammarError(
            f"`{text}` is not a time to send",
            "write `14 days before due_date at 10:00`, `2 days after allocation at 10:00` or `2027-01-11 at 10:00`",
        )
    offset = _duration(match[1], match[2]) if match[1] else None
    anchor = _anchor(match[4], sends=True)
    at = _time_of_day(match[5]) if match[5] else None
    _needs_time_of_day(text, offset, anchor, at)
    return SendTime(anchor, offset, match[3] == "before", at)


def _needs_time_of_day(text: str, offset: Duration | None, anchor: Anchor, at: time | None) -> None:
    if offset is not None:
        offset.delta()
    counted_in_hours = offset is not None and offset.unit in {"hours", "minutes"}
    if at is None and anchor.kind in {"column", "date"} and not counted_in_hours:
        raise GrammarError(f"`{text}` does not say the time of day", f"write `{text} at 10:00`")
    if at is not None and counted_in_hours:
        raise GrammarError(f"`{text}` counts in hours or minutes and names a time of day", "keep one of the two")


def _anchor(word: str, *, sends: bool) -> Anchor:
    if word == "allocation":
        return Anchor("allocation")
    if word == "first_planned_send":
        if sends:
            raise GrammarError(
                "a send cannot hang on `first_planned_send`, which is made of sends",
                "count from `allocation`, a date column or a day",
            )
        return Anchor("first_planned_send")
    if re.fullmatch(NAME, word):
        return Anchor("column", word)
    remedy = "write a date column's name, `allocation`, or a day as 2027-01-11"
    try:
        day = iso_day(word)
    except ValueError:
        raise GrammarError(f"`{word}` is neither a column nor a day", remedy) from None
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise GrammarError(f"`{word}` is not a day of these times", remedy)
    return Anchor("date", word)


def _time_of_day(text: str) -> time:
    match = re.fullmatch(r"([0-9]{1,2}):([0-9]{2})", text)
    if match is None or int(match[1]) > 23 or int(match[2]) > 59:  # noqa: PLR2004 - hours and minutes of a day
        raise GrammarError(f"`{text}` is not a time of day", "write it as 10:00 or 17:30")
    return time(int(match[1]), int(match[2]))
