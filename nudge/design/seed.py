"""Where a trial's randomness comes from, and how it is committed before it is used."""

from __future__ import annotations

import hashlib
import secrets
from typing import Protocol

from nudge.trial.records.design import Seed

_BYTES = 32


class SeedSource(Protocol):
    """Gives a trial its seed; `published` sources mark whatever they touch."""

    published: bool

    def new(self) -> Seed:
        """A seed for one trial."""
        ...


class SystemSeed:
    """The system's own randomness: the only source of a real trial."""

    published = False

    def new(self) -> Seed:
        """A fresh secret seed and salt."""
        return Seed(secrets.token_bytes(_BYTES), secrets.token_bytes(_BYTES))


class PublishedSeed:
    """A seed anyone can know, for demonstrations that must give the same result each time."""

    published = True

    def __init__(self, phrase: str) -> None:
        self.phrase = phrase

    def new(self) -> Seed:
        """The seed and salt made from the phrase."""
        value, salt = (hashlib.sha256(f"{part}\0{self.phrase}".encode()).digest() for part in ("seed", "salt"))
        return Seed(value, salt, published=True)


def commitment(seed: Seed) -> str:
    """What the lock shows of the seed: its hash, from which nothing can be drawn."""
    return hashlib.sha256(b"nudge-seed-1\0" + seed.value).hexdigest()
