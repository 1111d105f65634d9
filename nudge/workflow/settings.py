"""Settings from the environment (`NUDGE_…`) and the command line."""

from __future__ import annotations

import getpass
from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Where things are, and what the world outside allows."""

    model_config = SettingsConfigDict(env_prefix="NUDGE_", env_ignore_empty=True, frozen=True)

    database_url: str = "sqlite:///nudge.sqlite3"
    keys_file: Path | None = None
    outbox: Path = Path("outbox")
    smtp_url: str | None = None
    smtp_connections: int = Field(default=16, ge=1, le=64)
    intent_group: int = Field(default=16, ge=1, le=1000)
    lease_seconds: float = Field(default=30, gt=0)
    test_recipients: str = ""
    """Addresses that may receive test messages, separated by commas."""
    api_token: SecretStr | None = None
    """What a machine must show to write through the API; without one nothing can be written there."""
    actor: str = Field(default_factory=getpass.getuser)
    """Who is acting, for the audit log."""
