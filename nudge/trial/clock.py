"""Time, passed in: the real clock, and a simulated one for demonstrations and tests."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Protocol

from nudge.trial.errors import InputError


class Clock(Protocol):
    """Tells the time in UTC; `simulated` clocks mark whatever they touch."""

    simulated: bool

    def now(self) -> datetime:
        """The moment, with its zone."""
        ...


class SystemClock:
    """The machine's clock."""

    simulated = False

    def now(self) -> datetime:
        """The moment in UTC."""
        return datetime.now(UTC)


class SimulatedClock:
    """A clock that moves only when told, and never back."""

    simulated = True

    def __init__(self, start: datetime) -> None:
        self._now = aware(start).astimezone(UTC)

    def now(self) -> datetime:
        """The simulated moment in UTC."""
        return self._now

    def advance_to(self, moment: datetime) -> None:
        """Move forward to `moment`; an earlier one changes nothing."""
        self._now = max(self._now, aware(moment).astimezone(UTC))


def aware(moment: datetime) -> datetime:
    """`moment` itself; raises InputError when it has no time zone."""
    if moment.tzinfo is None:
        raise InputError(f"the time {moment.isoformat()} has no time zone", "add one, such as +00:00")
    return moment
