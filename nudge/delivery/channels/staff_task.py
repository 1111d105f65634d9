"""A call, letter or visit by a person: the message is the script, the ledger is the work list.

A row stands on the work list from the moment its intent is committed, so there is nothing to
lose between the ledger and a provider: asked, the list always has it. What the person then
says (done, not reached, not done) is the receipt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from nudge.trial.records.delivery import Capability, Reply, SendResult, Trace

if TYPE_CHECKING:
    from nudge.delivery.channels import ChannelSettings
    from nudge.trial.records.delivery import Asked, Outgoing

CARRIES = frozenset({"staff"})


class StaffTask:
    """Puts messages on the work list: `nudge tasks`."""

    can = Capability(asked=True, cancel=True, receipts=True)
    live = False
    timeout = 5.0

    async def __aenter__(self) -> Self:
        """Nothing to open."""
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Nothing to close."""

    async def send(self, message: Outgoing) -> SendResult:
        """The committed intent is the task."""
        return SendResult(Reply.ACCEPTED, detail="on the work list", provider_id=f"task {message.id}")

    async def find(self, asked: Asked) -> Trace:
        """It stands there since it was claimed."""
        return Trace(taken=True, provider_id=f"task {asked.reference}")

    async def take_back(self, asked: Asked) -> bool:  # noqa: ARG002 - every channel is asked alike
        """A task that nobody has done yet leaves the list with its row."""
        return True


def open_channel(settings: ChannelSettings) -> StaffTask:  # noqa: ARG001 - every channel is opened alike
    """The work list."""
    return StaffTask()
