"""Where a trial stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class TrialState:
    """Where a trial stands."""

    name: str
    state: str
    """locked, allocated, launched, paused, stopped or closed."""
    demonstration: bool
    created_at: datetime
    allocated_at: datetime | None
    launched_at: datetime | None
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Approval:
    """A second person's signature on a lock's fingerprint."""

    approver: str
    at: datetime
