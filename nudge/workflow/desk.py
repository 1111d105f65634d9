"""What every verb works with: the store, the keys, the time, the randomness and the person."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from nudge.design.seed import SeedSource, SystemSeed
from nudge.store.engine import open_store
from nudge.store.vault import Vault, read_keys
from nudge.trial.clock import Clock, SystemClock
from nudge.workflow.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine


@dataclass(frozen=True)
class Desk:
    """Opened on first use, so that a verb pays only for what it touches."""

    settings: Settings = field(default_factory=Settings)
    clock: Clock = field(default_factory=SystemClock)
    seeds: SeedSource = field(default_factory=SystemSeed)

    @cached_property
    def store(self) -> Engine:
        """The database, migrated."""
        return open_store(self.settings.database_url)

    @cached_property
    def vault(self) -> Vault:
        """The keys. Raises KeysMissing for a verb that needs them and has none."""
        return read_keys(self.settings.keys_file)

    @property
    def demonstration(self) -> bool:
        """Whether the time or the randomness is not real; marked in lock, ledger and report."""
        return self.clock.simulated or self.seeds.published
