"""What happened."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


class OutcomeState(enum.StrEnum):
    """What a person's records say of one outcome."""

    EVENT = "event"
    """It is recorded as having happened, or has a value."""
    NON_EVENT = "non_event"
    """It is recorded as not having happened."""
    NO_RECORD = "no_record"
    """Nothing is recorded; the source says what that means."""
    OUTSIDE = "outside"
    """The person is known to be outside what the source covers: missing."""
    NOT_YET = "not_yet"
    """The window had not closed when the records were taken: it may still happen."""

    UNDATED = "undated"
    """The date its window hangs on is blank: missing."""


@dataclass(frozen=True, slots=True)
class KeywordReply:
    """One of the trial's own words, said by a family: who they are here, when, and which word."""

    person: str
    at: datetime
    keyword: str


@dataclass(frozen=True, slots=True)
class OutcomeRow:
    """One person's outcome. `value` is None where it is missing or cannot be known yet."""

    person: str
    state: OutcomeState
    value: float | None


@dataclass(frozen=True, slots=True)
class OutcomeWindow:
    """When one person's outcome counts; None where the date it hangs on is blank."""

    opens: datetime | None
    closes: datetime | None


@dataclass(frozen=True, slots=True)
class Linkage:
    """One outcome for everyone allocated, and how well its records matched."""

    outcome: str
    rows: tuple[OutcomeRow, ...]
    records: int
    """Rows in the source."""
    matched: int
    """Rows about people of this trial."""
    outside_window: int
    """Matched rows dated before or after the person's window."""
    sha256: str
    source: str
    complete_to: datetime
    counts: Mapping[str, Mapping[str, int]]
    """Persons by arm and state."""
