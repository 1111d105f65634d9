"""The quantities and times of a trial file as frozen values; `str()` of each is its canonical form."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from zoneinfo import ZoneInfo


class GrammarError(ValueError):
    """A quantity or time that cannot be read, and how to write it."""

    def __init__(self, what: str, remedy: str) -> None:
        self.what = what
        self.remedy = remedy
        super().__init__(f"{what}; {remedy}")


@dataclass(frozen=True, slots=True)
class Difference:
    """A difference in an outcome: percentage points (as a proportion) or its own unit."""

    value: float
    unit: str

    def __str__(self) -> str:
        """`5 points`."""
        if self.unit != "points":
            return f"{plain(self.value)} {self.unit}"
        shown = plain(Decimal(repr(self.value)) * 100)
        return f"{shown} point" if shown == "1" else f"{shown} points"

    @property
    def as_estimated(self) -> float:
        """The size as estimates have it: of `1.2 times` the natural logarithm, either way."""
        return abs(math.log(self.value)) if self.unit == "times" else self.value


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time as people say it."""

    amount: float
    unit: str

    def __str__(self) -> str:
        """`56 days`."""
        return f"{plain(self.amount)} {self.unit.removesuffix('s') if self.amount == 1 else self.unit}"

    def delta(self) -> timedelta:
        """The length as calendar time; months have none, since they differ."""
        if self.unit == "months":
            raise GrammarError("`months` differ in length", "write days or weeks")
        return timedelta(**{self.unit: self.amount})


@dataclass(frozen=True, slots=True)
class Count:
    """So many of something: `200 sends`, `5 events`."""

    number: int
    of: str

    def __str__(self) -> str:
        """`200 sends`."""
        return f"{self.number} {self.of.removesuffix('s') if self.number == 1 else self.of}"


@dataclass(frozen=True, slots=True)
class Anchor:
    """The moment a window or a send is counted from, fixed before allocation.

    `kind` is `allocation`, `first_planned_send`, `column` (a date of the roll), `date` (a
    day in the calendar) or `message` (an earlier one of the arm, when it is planned, whether
    or not it went); `name` is the column, the message, or the day as text.
    """

    kind: Literal["allocation", "first_planned_send", "column", "date", "message"]
    name: str = ""
    send: SendTime | None = None
    """When the earlier message is planned."""

    def __str__(self) -> str:
        """`due_date`."""
        return self.name or self.kind


@dataclass(frozen=True, slots=True)
class Window:
    """When an outcome counts: `length` from `anchor`, which may be shifted."""

    length: Duration
    anchor: Anchor
    shift: Duration | None = None
    back: bool = False

    def __str__(self) -> str:
        """`56 days from due_date - 14 days`."""
        shift = f" {'-' if self.back else '+'} {self.shift}" if self.shift else ""
        return f"{self.length} from {self.anchor}{shift}"

    def opens(self, anchored: datetime) -> datetime:
        """The first moment that counts, given the anchor's own moment."""
        if self.shift is None:
            return anchored
        return shifted(anchored, self.shift, back=self.back)

    def closes(self, anchored: datetime) -> datetime:
        """The first moment that no longer counts."""
        return shifted(self.opens(anchored), self.length)


@dataclass(frozen=True, slots=True)
class SendTime:
    """When a message is due: `offset` before or after `anchor`, at a time of day."""

    anchor: Anchor
    offset: Duration | None = None
    back: bool = False
    at: time | None = None

    def __str__(self) -> str:
        """`14 days before due_date at 10:00`."""
        side = "before" if self.back else "after"
        offset = f"{self.offset} {side} " if self.offset else ""
        at = f" at {self.at:%H:%M}" if self.at else ""
        return f"{offset}{self.anchor}{at}"

    @property
    def root(self) -> Anchor:
        """What it hangs on in the end, where it follows an earlier message."""
        return self.anchor if self.anchor.send is None else self.anchor.send.root

    def due(self, dates: Mapping[str, date | None], allocated: datetime, zone: ZoneInfo) -> datetime | None:
        """When the message is due (UTC), or None where the date it hangs on is blank.

        dates: the roll's date columns of one person. allocated: when arms were drawn.
        """
        base = self._base(dates, allocated, zone)
        if base is None:
            return None
        if self.offset is not None:
            base = shifted(base, self.offset, back=self.back)
        if self.at is not None:
            base = datetime.combine(base.date(), self.at, zone)
        return base.astimezone(UTC)

    def _base(self, dates: Mapping[str, date | None], allocated: datetime, zone: ZoneInfo) -> datetime | None:
        anchor = self.anchor
        if anchor.kind == "allocation":
            return allocated.astimezone(zone)
        if anchor.send is not None:
            before = anchor.send.due(dates, allocated, zone)
            return None if before is None else before.astimezone(zone)
        day = date.fromisoformat(anchor.name) if anchor.kind == "date" else dates[anchor.name]
        return None if day is None else datetime.combine(day, time.min, zone)


@dataclass(frozen=True, slots=True)
class OnlyIf:
    """What must hold of a family's answers at the moment of sending: `not answered`, `answered coming`.

    `keyword` is one of the trial's `replies`; without one any reply counts.
    """

    answered: bool
    keyword: str = ""

    def __str__(self) -> str:
        """`not answered coming`."""
        return " ".join(filter(None, ("" if self.answered else "not", "answered", self.keyword)))

    def holds(self, answers: Collection[str]) -> bool:
        """Whether it holds of these answers, each a keyword, or empty where no keyword was meant."""
        found = self.keyword in answers if self.keyword else bool(answers)
        return found is self.answered

    @property
    def broken(self) -> str:
        """Why a message is not sent where it does not hold."""
        what = f"answered `{self.keyword}`" if self.keyword else "answered"
        return f"the family has not {what}" if self.answered else f"the family has {what}"


@dataclass(frozen=True, slots=True)
class Comparison:
    """One arm against another: `plan - reminder`."""

    arm: str
    control: str

    def __str__(self) -> str:
        """`plan - reminder`."""
        return f"{self.arm} - {self.control}"


def shifted(moment: datetime, by: Duration, *, back: bool = False) -> datetime:
    """`moment` moved by a duration on the clock of its own zone.

    Days and weeks keep the time of day across a change of the clocks; hours and
    minutes are elapsed time.
    """
    delta = -by.delta() if back else by.delta()
    if by.unit in {"days", "weeks"}:
        return moment + delta
    return (moment.astimezone(UTC) + delta).astimezone(moment.tzinfo)


def plain(value: float | Decimal) -> str:
    """A number as people write it: no exponent, no needless zeros, every digit that tells it from others."""
    if value == 0:
        return "0"
    text = f"{Decimal(repr(value)) if isinstance(value, float) else value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
