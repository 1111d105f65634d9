"""Who gets what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nudge.trial.records.people import Value


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
class Prior:
    """A normal prior of an effect on a proportion."""

    name: str
    mean: float
    sd: float
    because: str


@dataclass(frozen=True, slots=True)
class Law:
    """How arms are drawn; what variance, weights and randomisation inference read.

    parameters: what only some methods take, as plain JSON values under the file's own names
    (`balance_on`, `accept`, `probability`, `sizes`, `steps`, `batch`, `floor`, and `levels` by
    arm); for a replay also `batches`, the chances logged for batches 2, 3 …, and `closed`, the spells in
    which an arm took nobody. control: the arm
    others are compared with, where one is marked.
    """

    trial: str
    method: str
    arms: tuple[str, ...]
    ratio: tuple[int, ...]
    blocks: tuple[str, ...]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    control: str | None = None
    version: int = 1

    def probability(self, arm: str) -> float:
        """The chance of a unit to be given this arm, before the draw."""
        return self.ratio[self.arms.index(arm)] / sum(self.ratio)

    def as_json(self) -> dict[str, Any]:
        """The law as plain values."""
        return {
            "trial": self.trial, "method": self.method, "arms": list(self.arms), "ratio": list(self.ratio),
            "blocks": list(self.blocks), "parameters": dict(self.parameters), "control": self.control,
            "version": self.version,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class DrawUnit:
    """What the draw may know of a unit: its identifier, its block and the design columns.

    columns: the values of `balance_on`, numbers as means over the unit's people. For rolling
    methods units stand in the logged order of enrolment. standing: the unit's place in the order that
    identifiers give, where a draw is made again without them.
    """

    id: str
    block: tuple[str, ...] = ()
    columns: Mapping[str, Value] = field(default_factory=dict)
    standing: int | None = None


@dataclass(frozen=True, slots=True)
class Allocated:
    """One unit's arm.

    probability: the chance it had of this arm, in a stepped wedge of this step; NaN where only
    simulation could tell (minimisation).
    arm: in a stepped wedge, the arm the cluster crosses to.
    step: the number of the step at which it crosses, from 1: clusters of a stepped wedge, units of
    a waiting arm.
    group: what was drawn together inside a block: a matched pair, a batch. Permuted blocks stay
    hidden, and have none.
    """

    unit: str
    digest: str
    block: tuple[str, ...]
    arm: str
    probability: float
    step: int | None = None
    group: int | None = None


@dataclass(frozen=True, slots=True)
class Allocation:
    """The arms as drawn: in the order of the units' identifiers, or of enrolment where it is rolling.

    facts: what the draw has to tell beside the arms, such as how many attempts were drawn and accepted.
    """

    law: Law
    rows: tuple[Allocated, ...]
    facts: Mapping[str, Any] = field(default_factory=dict)


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
