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
    public_url: str = ""
    """Where providers reach this service with callbacks: https://nudge.example.gov.uk."""
    link_base_url: str = ""
    """What `{{ link('…') }}` addresses begin with: https://go.example.gov.uk. As short as can be: it is paid for."""
    bounce_address: str = ""
    """A mailbox that takes bounces, with `+` and what follows: bounces@mail.example.gov.uk."""
    mail_bearer: SecretStr = SecretStr("")
    """The token a mail server shows when it posts what came back."""
    trusted_proxies: str = ""
    """Addresses or networks of proxies whose X-Forwarded headers are believed, separated by commas."""
    provider_connections: int = Field(default=16, ge=1, le=64)
    twilio_base_url: str = "https://api.twilio.com"
    twilio_account_sid: str = ""
    twilio_auth_token: SecretStr = SecretStr("")
    twilio_from: str = ""
    twilio_whatsapp_from: str = ""
    twilio_whatsapp_content: str = ""
    notify_base_url: str = "https://api.notifications.service.gov.uk"
    notify_api_key: SecretStr = SecretStr("")
    notify_sms_template: str = ""
    notify_email_template: str = ""
    notify_bearer: SecretStr = SecretStr("")
    """The token GOV.UK Notify puts on its callbacks."""
    sending_hours: str = "09:00-19:00"
    """When families are written to, by their own clock; 00:00-24:00 is always."""
    send_every_day: bool = False
    """Whether also on Sundays and bank holidays."""
    messages_per_week: int = Field(default=1, ge=1)
    messages_per_month: int = Field(default=3, ge=1)
    """Per household, across all trials of the database."""
    sender_rates: str = ""
    """Messages a second by way of sending, shared by all workers: twilio_sms=10,govuk_notify=50."""
    intent_group: int = Field(default=16, ge=1, le=1000)
    lease_seconds: float = Field(default=30, gt=0)
    test_recipients: str = ""
    """Addresses that may receive test messages, separated by commas."""
    api_token: SecretStr | None = None
    """What a machine must show to write through the API; without one nothing can be written there."""
    actor: str = Field(default_factory=getpass.getuser)
    """Who is acting, for the audit log."""
