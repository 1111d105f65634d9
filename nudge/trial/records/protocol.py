"""What a protocol is written from beside the trial file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from nudge.trial.records.report import ArmSummary


@dataclass(frozen=True, slots=True)
class ScheduleRow:
    """One thing that happens to a family, and when. first, last: days over the roll, where there is one."""

    what: str
    arm: str
    when: str
    first: str = ""
    last: str = ""


@dataclass(frozen=True, slots=True)
class ProtocolFacts:
    """Words, counts, lock and draw of one trial, as they stand when its protocol is written.

    label: draft, locked, or differs from its lock; said: that label in a sentence. units, people,
    assessed: of the roll, None where there is none. decisions: for each comparison its estimator, variance
    and why, from the lock. prior: what effects of this kind have been, in words. collected: whether
    outcomes have been read already. rolling: whether units are enrolled one by one.
    """

    label: str
    said: str
    made_at: str
    version: str
    arms: tuple[ArmSummary, ...]
    schedule: tuple[ScheduleRow, ...]
    prior: str
    fingerprint: str | None = None
    locked_at: str | None = None
    locked_by: str | None = None
    seed_commitment: str | None = None
    assessed: int | None = None
    units: int | None = None
    people: int | None = None
    allocated: Mapping[str, int] = field(default_factory=dict)
    decisions: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    collected: bool = False
    rolling: bool = False
