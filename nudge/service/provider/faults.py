"""How the stand-in misbehaves: shares of requests, drawn in order from a seed."""

from __future__ import annotations

import random
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(ge=0, le=1)]


class Fault(StrEnum):
    """What happens to one request to send."""

    NONE = "none"
    RESET = "reset"
    """The connection is reset and nothing was taken."""
    TOO_MANY = "too_many"
    """429 with Retry-After; nothing was taken."""
    ERROR = "error"
    """500; nothing was taken, which the caller cannot know."""
    DROP = "drop"
    """The message is taken and the connection closed without an answer."""
    ERROR_AFTER = "error_after"
    """The message is taken and the answer is 500."""
    SILENCE = "silence"
    """The message is taken and the answer comes after `silence_seconds`."""


class Faults(BaseModel):
    """Shares of requests that meet each fault; what is left over is answered well.

    Callbacks: each status goes out `callback_delay` seconds after the last; `callbacks_lost`,
    `_twice` and `_shuffled` are shares of messages.
    """

    model_config = ConfigDict(extra="forbid")

    seed: int = 0
    delay: float = Field(default=0.0, ge=0)
    """Seconds before every answer."""
    silence_seconds: float = Field(default=60.0, ge=0)
    retry_after: float = Field(default=1.0, ge=0)
    reset: Share = 0.0
    too_many: Share = 0.0
    error: Share = 0.0
    drop: Share = 0.0
    error_after: Share = 0.0
    silence: Share = 0.0
    callback_delay: float = Field(default=0.05, ge=0)
    callbacks_lost: Share = 0.0
    callbacks_twice: Share = 0.0
    callbacks_shuffled: Share = 0.0


class Chance:
    """Draws one fault a request; the same seed and order of requests give the same faults."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self._random = random.Random(faults.seed)  # noqa: S311 - repeatable on purpose

    def draw(self) -> Fault:
        """The fault of the next request."""
        left = self._random.random()
        for fault in Fault:
            share: float = 0.0 if fault is Fault.NONE else getattr(self.faults, fault)
            if left < share:
                return fault
            left -= share
        return Fault.NONE

    def happens(self, share: float) -> bool:
        """Whether something of this share happens now."""
        return self._random.random() < share

    def shuffle(self, items: list[str]) -> list[str]:
        """The same items in another order."""
        shuffled = [*items]
        self._random.shuffle(shuffled)
        return shuffled
