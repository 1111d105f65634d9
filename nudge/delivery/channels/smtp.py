"""Email by SMTP over a few connections held open.

What an answer means depends on how far the conversation had come: before DATA nothing was
taken and a failure may be tried again; an answer code after DATA settles it; a connection
lost or silent in DATA leaves the message unknown, and SMTP cannot be asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from email.utils import parseaddr
from typing import TYPE_CHECKING, Self
from urllib.parse import unquote, urlsplit

import aiosmtplib

from nudge.delivery.email import as_email
from nudge.delivery.loopback import on_this_machine
from nudge.delivery.status_codes import recipient_refused
from nudge.trial.errors import InputError
from nudge.trial.records.delivery import Capability, Reply, SendResult

if TYPE_CHECKING:
    from nudge.delivery.channels import ChannelSettings
    from nudge.trial.records.delivery import Asked, Outgoing

CARRIES = frozenset({"email"})
_SECONDS_PER_COMMAND = 10.0
_PERMANENT = 500
_PORTS = {"smtp": 25, "smtps": 465}


@dataclass(frozen=True, slots=True)
class Server:
    """Where email goes: `smtp://user:password@host:587?starttls=yes`, or `smtps://…`."""

    host: str
    port: int
    user: str | None
    password: str | None
    tls: bool
    starttls: bool


class Smtp:
    """A small pool of SMTP connections."""

    can = Capability()
    timeout = 45.0

    def __init__(self, server: Server, connections: int) -> None:
        self.server = server
        self.live = not on_this_machine(server.host, server.port)
        self.connections = connections
        self._free: asyncio.Queue[aiosmtplib.SMTP] = asyncio.Queue()

    async def __aenter__(self) -> Self:
        """Make room for the connections; each is opened when first used."""
        self._free = asyncio.Queue()
        for _ in range(self.connections):
            self._free.put_nowait(self._client())
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Say goodbye on every open connection."""
        while not self._free.empty():
            client = self._free.get_nowait()
            if client.is_connected:
                try:
                    await client.quit(timeout=1)
                except (aiosmtplib.SMTPException, OSError):
                    client.close()

    async def send(self, message: Outgoing) -> SendResult:
        """Send one email; never raises for what a server or network does."""
        sender = message.return_path or parseaddr(message.sender)[1]
        content = as_email(message).as_bytes()
        async with self._connection() as client:
            fresh = not client.is_connected
            refusal = await _envelope(client, sender, message.address)
            if refusal is not None and refusal.code == "" and not fresh:
                # A server may drop a connection that was idle; nothing was taken, so begin anew.
                refusal = await _envelope(client, sender, message.address)
            return refusal or await _content(client, content)

    async def find(self, asked: Asked) -> None:
        """SMTP keeps no memory one could ask."""

    async def take_back(self, asked: Asked) -> bool:  # noqa: ARG002 - every channel is asked alike
        """What SMTP has taken is gone."""
        return False

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[aiosmtplib.SMTP]:
        """A connection for one message; one that was interrupted half-way is replaced."""
        client = await self._free.get()
        try:
            yield client
        except BaseException:
            client.close()
            client = self._client()
            raise
        finally:
            self._free.put_nowait(client)

    def _client(self) -> aiosmtplib.SMTP:
        server = self.server
        return aiosmtplib.SMTP(
            hostname=server.host, port=server.port, username=server.user, password=server.password,
            use_tls=server.tls, start_tls=server.starttls, timeout=_SECONDS_PER_COMMAND,
        )  # fmt: skip


async def _envelope(client: aiosmtplib.SMTP, sender: str, recipient: str) -> SendResult | None:
    """Everything before DATA; None when the server is ready for the message."""
    try:
        if not client.is_connected:
            await client.connect()
        await client.mail(sender)
        await client.rcpt(recipient)
    except aiosmtplib.SMTPRecipientRefused as error:
        await _reset(client)
        return replace(_answered(error), unusable=recipient_refused(error.code, error.message))
    except aiosmtplib.SMTPResponseException as error:
        await _reset(client)
        return _answered(error)
    except (aiosmtplib.SMTPException, OSError) as error:
        client.close()
        return SendResult(Reply.TEMPORARY, detail=f"not connected: {error}")
    return None


async def _content(client: aiosmtplib.SMTP, content: bytes) -> SendResult:
    try:
        response = await client.data(content)
    except aiosmtplib.SMTPResponseException as error:
        await _reset(client)
        return _answered(error)
    except (aiosmtplib.SMTPException, OSError) as error:
        client.close()
        return SendResult(Reply.UNKNOWN, detail=f"the connection ended while the message was handed over: {error}")
    return SendResult(Reply.ACCEPTED, str(response.code))


def _answered(error: aiosmtplib.SMTPResponseException) -> SendResult:
    """RFC 5321, 4.2.1: 4yz may be tried again, 5yz not."""
    reply = Reply.REJECTED if error.code >= _PERMANENT else Reply.TEMPORARY
    return SendResult(reply, str(error.code), " ".join(error.message.split())[:200])


async def _reset(client: aiosmtplib.SMTP) -> None:
    """Forget the message that was refused, so that the connection serves the next."""
    try:
        await client.rset()
    except (aiosmtplib.SMTPException, OSError):
        client.close()


def read_server(url: str) -> Server:
    """The server of an address. Raises InputError where it cannot be one."""
    remedy = "write NUDGE_SMTP_URL as smtp://user:password@host:587?starttls=yes"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise InputError("NUDGE_SMTP_URL is not an address", remedy) from None
    if parts.scheme not in _PORTS or not parts.hostname:
        raise InputError("NUDGE_SMTP_URL is not an SMTP address", remedy)
    return Server(
        parts.hostname, port or _PORTS[parts.scheme], unquote(parts.username) if parts.username else None,
        unquote(parts.password) if parts.password else None, parts.scheme == "smtps",
        "starttls=yes" in parts.query,
    )  # fmt: skip


def open_channel(settings: ChannelSettings) -> Smtp:
    """The server that NUDGE_SMTP_URL names. Raises InputError where it names none."""
    if not settings.smtp_url:
        raise InputError("emails go by smtp and NUDGE_SMTP_URL is not set", "set it to smtp://user:password@host:587")
    return Smtp(read_server(settings.smtp_url), settings.smtp_connections)
