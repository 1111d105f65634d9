"""A real SMTP server on loopback that keeps its own record of every message it took."""

from __future__ import annotations

import asyncio
import email
import email.policy
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass
class Mailbox:
    """What the server took, and how it is to behave."""

    delay: float = 0.0
    """Seconds between taking a message and saying so."""
    refuse: dict[str, str] = field(default_factory=dict)
    """Answers to RCPT by address, such as `550 5.1.1 no such user`."""
    on_data: str | None = None
    """An answer to DATA in place of 250."""
    drop_after_data: bool = False
    """Take the message and close the connection without an answer."""
    taken: list[EmailMessage] = field(default_factory=list)
    senders: list[str] = field(default_factory=list)
    """The envelope's sender of each."""
    port: int = 0

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    @property
    def references(self) -> list[str]:
        """Our identifiers, out of the Message-IDs."""
        return [str(message["Message-ID"]).strip("<>").partition("@")[0] for message in self.taken]

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's own name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - the same
        if self.on_data is not None:
            return self.on_data
        content = envelope.original_content or b""
        message: Any = email.message_from_bytes(content, policy=email.policy.default)
        self.taken.append(message)
        self.senders.append(envelope.mail_from or "")
        if self.drop_after_data:
            transport = server.transport
            assert transport is not None
            transport.close()
            return ""
        await asyncio.sleep(self.delay)
        return "250 OK"


@contextmanager
def smtp_server(mailbox: Mailbox | None = None) -> Iterator[Mailbox]:
    """A server for as long as the block runs."""
    box = mailbox or Mailbox()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        box.port = probe.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", port=box.port)
    controller.start()
    try:
        yield box
    finally:
        controller.stop()
