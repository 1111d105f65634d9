"""A folder as outbox: every message a file that a person can open, and nothing leaves the machine.

A file is named by the message's reference and written whole or not at all, so that asking
for a reference is asking for a file.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Self

from nudge.delivery.email import as_email
from nudge.trial.records.delivery import Capability, Reply, SendResult, Trace

if TYPE_CHECKING:
    from pathlib import Path

    from nudge.delivery.channels import ChannelSettings
    from nudge.trial.records.delivery import Asked, Outgoing

CARRIES = frozenset({"sms", "email"})


class Outbox:
    """Writes messages into a folder."""

    live = False
    can = Capability(asked=True, expire=True)  # nothing waits here
    timeout = 5.0

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def __aenter__(self) -> Self:
        """Make the folder."""
        self.folder.mkdir(parents=True, exist_ok=True)
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Nothing to close."""

    async def send(self, message: Outgoing) -> SendResult:
        """Write the file; one that is there already is the same message, taken before."""
        if "@" in message.address:
            name, content = f"{message.id}.eml", as_email(message).as_bytes()
        else:
            text = f"To: {message.address}\nFrom: {message.sender}\n\n{message.text}\n"
            name, content = f"{message.id}.txt", text.encode()
        partial = self.folder / f".{name}.{os.getpid()}"
        try:
            with partial.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            # A file of this name is the same message, taken before: replacing it changes nothing.
            partial.replace(self.folder / name)
        except OSError as error:
            partial.unlink(missing_ok=True)
            return SendResult(Reply.TEMPORARY, code=f"errno {error.errno}", detail=str(error.strerror))
        return SendResult(Reply.ACCEPTED, provider_id=name)

    async def find(self, asked: Asked) -> Trace:
        """Whether the file is there."""
        files = (f"{asked.reference}{ending}" for ending in (".txt", ".eml"))
        found = next((name for name in files if (self.folder / name).exists()), "")
        return Trace(bool(found), found)

    async def take_back(self, asked: Asked) -> bool:  # noqa: ARG002 - every channel is asked alike
        """What lies in the outbox has arrived."""
        return False


def open_channel(settings: ChannelSettings) -> Outbox:
    """The outbox folder of this database."""
    return Outbox(settings.outbox)
