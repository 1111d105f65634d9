"""Who gets what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Seed:
    """The randomness of one trial.

    `value` is committed at the lock and revealed at the close. `salt` hides the units'
    identifiers behind their digests and is never revealed, so that nobody with the
    published seed can test whether a child was in the trial.
    """

    value: bytes
    salt: bytes
    published: bool = False


@dataclass(frozen=True, slots=True)
class Law:
    """How arms are drawn; what variance, weights and randomisation inference read."""

    trial: str
    method: str
    arms: tuple[str, ...]
    ratio: tuple[int, ...]
    blocks: tuple[str, ...]
    version: int = 1

    def probability(self, arm: str) -> float:
        """The chance of a unit to be given this arm, before the draw."""
        return self.ratio[self.arms.index(arm)] / sum(self.ratio)

    def as_json(self) -> dict[str, Any]:
        """The law as plain values."""
        return {
            "trial": self.trial, "method": self.method, "arms": list(self.arms),
            "ratio": list(self.ratio), "blocks": list(self.blocks), "version": self.version,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class DrawUnit:
    """What the draw may know of a unit: its identifier and its block."""

    id: str
    block: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Allocated:
    """One unit's arm."""

    unit: str
    digest: str
    block: tuple[str, ...]
    arm: str
    probability: float


@dataclass(frozen=True, slots=True)
class Allocation:
    """The arms as drawn, in the order of the units' identifiers."""

    law: Law
    rows: tuple[Allocated, ...]


@dataclass(frozen=True, slots=True)
class BalanceRow:
    """One baseline characteristic in two arms, as a standardised difference."""

    column: str
    level: str
    arm: str
    control: str
    mean_arm: float
    mean_control: float
    standardised_difference: float
