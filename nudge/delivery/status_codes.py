"""What mail systems' status codes say of a message and of its address (RFC 3463, RFC 5321)."""

from __future__ import annotations

import re

from nudge.trial.records.delivery import Fate

_ENHANCED = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_BASIC = re.compile(r"(?<!\d)([245])\d\d(?!\d)")
# RFC 3463 3: 0 other, 1 address, 2 mailbox, 4 network and routing. The others (3 mail system, 5 protocol,
# 6 content, 7 security and policy) speak of the servers or of our message, not of who lives at the address.
_OF_THE_ADDRESS = {"0", "1", "2", "4"}
# RFC 5321 4.2.3: mailbox unavailable, user not local, mailbox name not allowed.
_MAILBOX_REFUSED = {"550", "551", "553"}


def enhanced(text: str) -> str:
    """The first `5.1.1` in a text; empty where there is none."""
    found = _ENHANCED.search(text)
    return found[0] if found else ""


def status_in(text: str) -> str:
    """The enhanced status in a text, or `5.0.0` for a bare `550`; empty where there is neither."""
    basic = _BASIC.search(text)
    return enhanced(text) or (f"{basic[1]}.0.0" if basic else "")


def is_of_the_address(status: str) -> bool:
    """Whether a permanent status says that this address cannot be written to."""
    parts = status.split(".")
    return parts[0] == "5" and len(parts) > 1 and parts[1] in _OF_THE_ADDRESS


def recipient_refused(code: int, message: str) -> bool:
    """Whether a server's answer to RCPT refuses the address itself, for good."""
    status = enhanced(message)
    return is_of_the_address(status) if status else str(code) in _MAILBOX_REFUSED


def fate(code: str) -> Fate:
    """What `failed 5.1.1` means for an accepted message: the action of RFC 3464 2.3.3, then the status."""
    action, _, status = code.partition(" ")
    if action == "failed":
        return {"5": Fate.PERMANENT, "4": Fate.TEMPORARY}.get(status[:1], Fate.UNRECOGNISED)
    return {
        "delivered": Fate.DELIVERED, "delayed": Fate.UNDER_WAY, "relayed": Fate.UNDER_WAY, "expanded": Fate.UNDER_WAY,
    }.get(action, Fate.UNRECOGNISED)  # fmt: skip
