"""An email as RFC 5322 has it, with our identifier in its Message-ID."""

from __future__ import annotations

from email.message import EmailMessage
from email.policy import SMTP
from email.utils import parseaddr
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nudge.trial.records.delivery import Outgoing


def message_id(reference: str, sender: str) -> str:
    """The Message-ID a bounce will quote."""
    domain = parseaddr(sender)[1].rpartition("@")[2] or "nudge.invalid"
    return f"<{reference}@{domain}>"


def as_email(message: Outgoing) -> EmailMessage:
    """A plain-text email ready to be sent or kept."""
    email = EmailMessage(policy=SMTP)
    email["From"] = message.sender
    email["To"] = message.address
    email["Subject"] = message.subject
    email["Date"] = message.at
    email["Message-ID"] = message_id(message.id, message.sender)
    email["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers
    email.set_content(message.text, charset="utf-8", cte="quoted-printable")
    return email
