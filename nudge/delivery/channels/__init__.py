"""Ways of sending, one file each, named in `channels:` by file name.

A channel module offers

    CARRIES: frozenset of `sms`, `email`, `staff`
    open_channel(settings) -> Channel
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING, Protocol, Self, cast

from nudge.trial.errors import InputError
from nudge.trial.problems import listed, nearest

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic import SecretStr

    from nudge.trial.records.delivery import Asked, Capability, Outgoing, SendResult, Trace


class ChannelSettings(Protocol):
    """What channels may be told about the world outside."""

    @property
    def outbox(self) -> Path:
        """The folder that serves as outbox."""
        ...

    @property
    def smtp_url(self) -> str | None:
        """Where email goes: smtp://user:password@host:port."""
        ...

    @property
    def smtp_connections(self) -> int:
        """How many connections are held open."""
        ...

    @property
    def public_url(self) -> str:
        """Where providers reach this service with callbacks; empty where they cannot."""
        ...

    @property
    def twilio_base_url(self) -> str:
        """Twilio's API, or a stand-in for it."""
        ...

    @property
    def twilio_account_sid(self) -> str:
        """The account that sends."""
        ...

    @property
    def twilio_auth_token(self) -> SecretStr:
        """Its token, which also signs callbacks."""
        ...

    @property
    def twilio_from(self) -> str:
        """A number or messaging service in place of the template's sender, so that families can answer."""
        ...

    @property
    def twilio_whatsapp_from(self) -> str:
        """The WhatsApp sender's number."""
        ...

    @property
    def twilio_whatsapp_content(self) -> str:
        """The approved content template whose first variable is the message."""
        ...

    @property
    def notify_base_url(self) -> str:
        """GOV.UK Notify's API, or a stand-in for it."""
        ...

    @property
    def notify_api_key(self) -> SecretStr:
        """The service's key."""
        ...

    @property
    def notify_sms_template(self) -> str:
        """A template of the service that reads `((message))`."""
        ...

    @property
    def notify_email_template(self) -> str:
        """A template whose subject is `((subject))` and whose body is `((message))`."""
        ...

    @property
    def provider_connections(self) -> int:
        """How many requests to a provider are under way at once."""
        ...


class Channel(Protocol):
    """Sends messages, and says what became of them."""

    live: bool
    """Whether it can reach real people."""
    can: Capability
    timeout: float
    """Seconds after which a request is given up."""

    async def __aenter__(self) -> Self:
        """Open connections."""
        ...

    async def __aexit__(self, *exc: object) -> None:
        """Close them."""
        ...

    async def send(self, message: Outgoing) -> SendResult:
        """Send one message; never raises for what a provider or network does."""
        ...

    async def find(self, asked: Asked) -> Trace | None:
        """What the provider knows of a message; None where it cannot be told."""
        ...

    async def take_back(self, asked: Asked) -> bool:
        """Ask that an accepted message not arrive; False where it is too late, or cannot be asked."""
        ...


class ChannelModule(Protocol):
    """What a channel's file offers."""

    CARRIES: frozenset[str]

    def open_channel(self, settings: ChannelSettings) -> Channel:
        """The channel, not yet connected. Raises InputError where a setting is missing."""
        ...


def channel_names() -> list[str]:
    """The channels there are."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def channel_module(name: str) -> ChannelModule:
    """The channel of that name. Raises InputError with the nearest right one."""
    names = channel_names()
    if name not in names:
        guess = nearest(name, names)
        remedy = f"did you mean `{guess}`?" if guess else f"use {listed(names, 'or')}"
        raise InputError(f"`{name}` is not a channel", remedy)
    return cast("ChannelModule", importlib.import_module(f"{__name__}.{name}"))
