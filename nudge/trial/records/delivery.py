"""The sending: what is planned, what was tried, what is known."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from nudge.trial.records.people import Value


class Status(enum.StrEnum):
    """Where a row of the ledger stands."""

    PLANNED = "planned"
    DUE = "due"
    CLAIMED = "claimed"
    WITHHELD = "withheld"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    DELIVERED = "delivered"
    FAILED = "failed"
    VIRTUAL = "virtual"
    """The moment at which a unit whose arm sends nothing would have been written to."""


OPEN = (Status.PLANNED, Status.DUE, Status.WITHHELD)
"""States from which a message may still go out."""

FOLLOWS: dict[Status, tuple[Status, ...]] = {
    Status.DUE: (Status.PLANNED, Status.WITHHELD, Status.CLAIMED, Status.UNKNOWN),
    Status.WITHHELD: (Status.DUE,),
    Status.CLAIMED: (Status.DUE,),
    Status.ACCEPTED: (
        Status.CLAIMED, Status.UNKNOWN, Status.DUE, Status.WITHHELD, Status.EXPIRED, Status.CANCELLED, Status.REJECTED,
    ),
    Status.REJECTED: (Status.CLAIMED,),
    Status.UNKNOWN: (Status.CLAIMED,),
    Status.EXPIRED: (*OPEN, Status.CLAIMED, Status.UNKNOWN),
    Status.CANCELLED: OPEN,
    Status.DELIVERED: (Status.ACCEPTED, Status.FAILED),
    Status.FAILED: (Status.ACCEPTED,),
}  # fmt: skip
"""Each state, with those it may follow; `planned` and `virtual` are written at launch.

`claimed` is followed by `due` where the message was surely not taken and may be tried again;
`unknown` by `due` only where the channel was asked and has never seen it. A provider's word
that it has a message is true whatever the ledger held, and a delivery may overtake a failure.
"""


TAKEN_BACK = "taken back before it arrived"
"""Why an accepted message failed that we asked back; no failure of the words or of the address."""


class Reply(enum.StrEnum):
    """What a provider's answer means."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    """Permanent: never tried again."""
    TEMPORARY = "temporary"
    """Surely not taken: may be tried again."""
    UNKNOWN = "unknown"
    """Perhaps taken: never tried again by itself."""
    BLOCKED = "blocked"
    """Surely not taken, nor would any other be until a person mends the settings."""


class Fate(enum.StrEnum):
    """What a provider's later word on an accepted message means."""

    UNDER_WAY = "under way"
    DELIVERED = "delivered"
    PERMANENT = "permanent"
    """The address cannot be reached."""
    TEMPORARY = "temporary"
    """It was not reached this time; the provider has given up."""
    UNRECOGNISED = "unrecognised"
    """A code that is in no table of ours: a person is shown it."""


@dataclass(frozen=True, slots=True)
class Capability:
    """What a way of sending can do beside sending."""

    asked: bool = False
    """Tells by our reference whether a message was ever taken, and can be believed when it says no."""
    listed: bool = False
    """Shows what it sent to a number, so that a message may be found, but never be ruled out."""
    cancel: bool = False
    """Takes an accepted message back that has not arrived."""
    expire: bool = False
    """Drops a message that waits beyond its time."""
    receipts: bool = False
    """Says later what became of a message."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A message a provider is asked about."""

    reference: str
    address: str
    text: str
    claimed_at: datetime
    """When it was last about to be sent."""
    touched_at: datetime
    provider_id: str = ""


@dataclass(frozen=True, slots=True)
class Trace:
    """What a provider answers about one message."""

    taken: bool
    provider_id: str = ""
    fate: Fate = Fate.UNDER_WAY
    code: str = ""


@dataclass(frozen=True, slots=True)
class PlannedSend:
    """One row of the ledger as written at launch."""

    id: str
    """Opaque, and the reference the provider is given."""
    unit: str
    person: str
    """Whose columns and contact point are used; empty for a virtual row of a household."""
    arm: str
    message: str
    """`plan.1`: the arm's first message."""
    template: str
    channel: str
    via: str
    """The channel's file name, as the lock has it; empty for a virtual row."""
    due_at: datetime
    not_after: datetime
    position: int
    """Random place among sends due at the same moment, so that arms are interleaved."""
    virtual: bool


@dataclass(frozen=True, slots=True)
class DueSend:
    """A row ready to be tried, with what is needed to render it now."""

    id: str
    trial: str
    unit: str
    person: str
    arm: str
    arm_allocated: str
    """The arm its unit was in when it was planned."""
    message: str
    template: str
    channel: str
    via: str
    attempt: int
    not_after: datetime
    columns: Mapping[str, Value]
    language: str
    address: str | None
    """Today's contact point; None when there is none any more."""
    safe: bool
    reserved: bool
    body: str | None
    """The words of an earlier attempt, which a retry sends again."""
    suppressed: str = ""
    """Why the contact point is not used any more, if it is not."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message as a channel is asked to send it."""

    id: str
    address: str
    sender: str
    subject: str
    text: str
    at: datetime
    not_after: datetime
    html: str = ""
    """An email's HTML part; empty where there is none."""
    return_path: str = ""
    """Where a bounce of this email goes: an address that names the message."""
    unsubscribe_url: str = ""
    """Where one click ends the messages."""
    answers: str = ""
    """The Message-ID of the family's email that this one answers."""


@dataclass(frozen=True, slots=True)
class SendResult:
    """What a channel says of one message."""

    reply: Reply
    code: str = ""
    detail: str = ""
    provider_id: str = ""
    retry_after: float = 0.0
    """Seconds the provider asks for before the next try."""
    recognised: bool = True
    """Whether the code is in the channel's table; a person is shown one that is not."""
    opted_out: bool = False
    """Whether the family has asked the provider itself for no more messages."""
    unusable: bool = False
    """Whether it was the address itself that was refused for good."""


@dataclass(frozen=True, slots=True)
class Step:
    """The next state of a row, when it may be tried again, and why."""

    status: Status
    due_at: datetime | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class LedgerCount:
    """How many rows of an arm stand where."""

    arm: str
    channel: str
    status: Status
    rows: int
    units: int
