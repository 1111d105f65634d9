"""An email as RFC 5322 has it, with the marks by which bounces, complaints and objections find it again.

Our identifier stands in the Message-ID, in the envelope's sender (a bounce goes there, RFC
5321 4.4) and in the address of one-click unsubscription (RFC 2369, RFC 8058).
"""

from __future__ import annotations

import re
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import parseaddr
from typing import TYPE_CHECKING

from nudge.trial.errors import InputError

if TYPE_CHECKING:
    from nudge.trial.records.delivery import Outgoing

_LOCAL_PART = 64  # octets, RFC 5321 4.5.3.1.1
_MARK = re.compile(r"(?P<reference>[0-9a-z]{8,64})-(?P<signature>[a-z2-7]{16})", re.IGNORECASE)
_MAILBOX = re.compile(r"(?P<local>[A-Za-z0-9._-]+)@(?P<domain>[A-Za-z0-9.-]+)")
_IN_ONE_PIECE = {"list-unsubscribe", "in-reply-to", "references"}


class _Policy(EmailPolicy):
    """Folding that leaves addresses and identifiers whole.

    Python encodes any long header that has no space to fold at, and an encoded address is none
    (RFC 2047 5). RFC 5322 2.1.1 allows 998 characters.
    """

    def fold(self, name: str, value: str) -> str:
        """A header as text."""
        return f"{name}: {value}{self.linesep}" if name.lower() in _IN_ONE_PIECE else super().fold(name, value)

    def fold_binary(self, name: str, value: str) -> bytes:
        """A header as it goes over the wire."""
        return self.fold(name, value).encode("ascii", "surrogateescape")


_POLICY = _Policy(linesep="\r\n")


def message_id(reference: str, sender: str) -> str:
    """The Message-ID a bounce will quote."""
    domain = parseaddr(sender)[1].rpartition("@")[2] or "nudge.invalid"
    return f"<{reference}@{domain}>"


def marked(reference: str, signature: str) -> str:
    """An identifier with its signature, as it stands in addresses."""
    return f"{reference}-{signature}"


def read_mark(text: str) -> tuple[str, str] | None:
    """Identifier and signature out of `REFERENCE-SIGNATURE`; None where it is no such mark."""
    found = _MARK.fullmatch(text.strip())
    return (found["reference"].lower(), found["signature"].lower()) if found else None


def return_path(mailbox: str, mark: str) -> str:
    """`bounces+MARK@…`: the envelope's sender of one message. Raises InputError where no mailbox can carry it."""
    parts = _MAILBOX.fullmatch(mailbox.strip())
    if parts is None:
        raise InputError(
            f"NUDGE_BOUNCE_ADDRESS is `{mailbox}`, which is no mailbox", "set it to bounces@mail.example.gov.uk"
        )
    local = f"{parts['local']}+{mark}"
    if len(local) > _LOCAL_PART:
        raise InputError(
            f"NUDGE_BOUNCE_ADDRESS leaves no room for a mark: an address may have {_LOCAL_PART} letters before the @",
            "use a shorter mailbox, such as bounces@",
        )
    return f"{local}@{parts['domain']}"


def mark_of(address: str) -> tuple[str, str] | None:
    """Identifier and signature out of `bounces+MARK@…`."""
    local, _, _ = address.rpartition("@")
    return read_mark(local.partition("+")[2])


def as_email(message: Outgoing) -> EmailMessage:
    """A plain-text email ready to be sent or kept."""
    email = EmailMessage(policy=_POLICY)
    email["From"] = message.sender
    email["To"] = message.address
    email["Subject"] = message.subject
    email["Date"] = message.at
    email["Message-ID"] = message_id(message.id, message.sender)
    # RFC 3834: no machine answers a machine, and no out-of-office note comes back.
    email["Auto-Submitted"] = "auto-replied" if message.answers else "auto-generated"
    if message.answers:
        email["In-Reply-To"] = email["References"] = message.answers
    if message.unsubscribe_url:
        email["List-Unsubscribe"] = f"<{message.unsubscribe_url}>"
        email["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    email.set_content(message.text, charset="utf-8", cte="quoted-printable")
    if message.html:
        email.add_alternative(message.html, subtype="html", charset="utf-8", cte="quoted-printable")
    return email
