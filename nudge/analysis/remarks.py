"""What does not stand beside a verdict, and why: a sentence instead of silence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nudge.trial.records.analysis import Check

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Remark:
    """A line that an outcome does not have. what: the line. why: the reason, without a full stop."""

    outcome: str
    what: str
    why: str


def as_checks(remarks: Iterable[Remark]) -> tuple[Check, ...]:
    """Each said once, however many comparisons it is true of."""
    return tuple(Check("not shown", "note", f"{one.outcome}, {one.what}: {one.why}") for one in dict.fromkeys(remarks))
