"""Ways of sending, one file each, named in `channels:` by file name.

A channel module offers

    CARRIES: frozenset of `sms`, `email`
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

    from nudge.trial.records.delivery import Outgoing, SendResult


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


class Channel(Protocol):
    """Sends messages, and says what became of them."""

    live: bool
    """Whether it can reach real people."""
    askable: bool
    """Whether `find` can tell if a message was ever taken."""
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

    async def find(self, reference: str) -> bool | None:
        """Whether a message with this reference was taken; None where it cannot be told."""
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
