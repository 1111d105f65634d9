"""Mail that comes back: bounces (RFC 3464), complaints (RFC 5965), automatic notes and answers.

Pure: bytes to what they say. Nothing that a stranger can write makes it fail; what cannot be
read is said to be so, and a person reads it.
"""

from __future__ import annotations

import email
import enum
import re
from dataclasses import dataclass
from email.message import Message
from email.utils import getaddresses
from html.parser import HTMLParser
from typing import TYPE_CHECKING

from nudge.delivery.status_codes import status_in

if TYPE_CHECKING:
    from collections.abc import Iterable

_ACTIONS = {"failed", "delayed", "delivered", "relayed", "expanded"}
# Printable ASCII without <, > and, on the left, @ (RFC 5322 3.6.4).
_MESSAGE_ID = re.compile(r"<([!-;=?A-~]{1,200})@[!-;=?-~]{1,250}>")
_TYPE = re.compile(r"[a-z][a-z-]{0,39}")
_SENT_TO = ("Delivered-To", "X-Original-To", "Envelope-To", "To")
_MACHINES = ("mailer-daemon", "postmaster", "mail-daemon")
_BEFORE_QUOTE = re.compile(
    r"^(?:-{2,}[ \t]*(?:Original Message|Neges Wreiddiol)[ \t]*-{2,}"
    r"|On\b[^\n]{5,200}(?:\n[^\n]{0,200})?\bwrote:"
    r"|Ar\b[^\n]{5,200}(?:\n[^\n]{0,200})?\bysgrifennodd[^\n]{0,200}"
    r"|_{20,})[ \t]*$",
    re.MULTILINE | re.IGNORECASE,
)


class Kind(enum.StrEnum):
    """What a piece of returned mail is."""

    BOUNCE = "bounce"
    COMPLAINT = "complaint"
    ANSWER = "answer"
    """A family wrote back."""
    AUTOMATIC = "automatic"
    """A machine wrote back: an out-of-office note."""
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Returned:
    """One piece of mail, and what it says of which message."""

    kind: Kind
    code: str = ""
    """`failed 5.1.1` of a bounce, `abuse` of a complaint."""
    addresses: tuple[str, ...] = ()
    """Addresses in which our mark may stand."""
    references: tuple[str, ...] = ()
    """Left halves of the Message-IDs it speaks of."""
    message_id: str = ""
    """Its own Message-ID, in angle brackets."""
    sender: str = ""
    subject: str = ""
    recipient: str = ""
    """Whom a bounce says could not be reached."""
    text: str = ""
    """What a family wrote, without what it quotes; of other mail the diagnosis."""


def read_returned(content: bytes) -> Returned:
    """What one piece of returned mail says."""
    mail = email.message_from_bytes(content)
    parts = {part.get_content_type(): part for part in reversed(list(mail.walk()))}
    sent_to = _addresses(mail, _SENT_TO)
    own_id = _MESSAGE_ID.search(_header(mail, "Message-ID"))
    sender = next(iter(_addresses(mail, ("From",))), "")
    common = {
        "message_id": own_id[0] if own_id else "", "sender": sender,
        "subject": " ".join(_header(mail, "Subject").split())[:300],
    }  # fmt: skip
    original = _original(parts)
    about = _ids(original, ("Message-ID",)) if original else ()
    if "message/feedback-report" in parts:
        code, marked = _feedback(parts["message/feedback-report"])
        kind = Kind.COMPLAINT if code else Kind.UNREADABLE
        return Returned(kind, code, (*marked, *sent_to), about, **common)
    if "message/delivery-status" in parts:
        code, diagnosis, recipient = _delivery_status(parts["message/delivery-status"])
        kind = Kind.BOUNCE if code else Kind.UNREADABLE
        return Returned(kind, code, sent_to, about, recipient=recipient, text=diagnosis, **common)
    about = _ids(mail, ("In-Reply-To", "References"))
    return Returned(_without_report(mail, sender), "", sent_to, about, text=_written(mail), **common)


def _without_report(mail: Message, sender: str) -> Kind:
    """Mail without a report: from a person, or from a machine that writes no report we know."""
    from_nobody = _header(mail, "Return-Path").strip() == "<>" and _auto_submitted(mail) != "auto-replied"
    if from_nobody or sender.partition("@")[0].lower() in _MACHINES:
        return Kind.UNREADABLE
    precedence = _header(mail, "Precedence").strip().lower()
    if _auto_submitted(mail) != "no" or precedence in {"auto_reply", "bulk", "junk", "list"}:
        return Kind.AUTOMATIC
    return Kind.ANSWER if sender else Kind.UNREADABLE


def _auto_submitted(mail: Message) -> str:
    """RFC 3834 5; without the header a person wrote."""
    said = _header(mail, "Auto-Submitted").partition(";")[0].strip().lower()
    return said or "no"


def _delivery_status(part: Message) -> tuple[str, str, str]:
    """Action and status of the worst-off recipient, the diagnosis, and who that is (RFC 3464 2)."""
    worst, diagnosis, recipient = "", "", ""
    for fields in _blocks(part):
        said = _header(fields, "Diagnostic-Code").strip()
        action = _header(fields, "Action").strip().lower().partition(" ")[0]
        status = status_in(_header(fields, "Status")) or status_in(said)
        if not action and status:
            action = "failed" if status.startswith("5") else "delayed"
        code = f"{action} {status}".strip()
        if action in _ACTIONS and (status or action != "failed") and (not worst or action == "failed"):
            worst, diagnosis = code, " ".join(said.split())[:300]
            # The first is the one we wrote to, where the mail was forwarded (RFC 3464 2.3.1).
            recipient = next(iter(_addresses(fields, ("Original-Recipient", "Final-Recipient"))), "")
    return worst, diagnosis, recipient


def _feedback(part: Message) -> tuple[str, tuple[str, ...]]:
    """The type of a feedback report, and the envelope's sender in it (RFC 5965 3)."""
    kind = ""
    marked: tuple[str, ...] = ()
    for fields in _blocks(part):
        found = _TYPE.match(_header(fields, "Feedback-Type").strip().lower())
        kind = kind or (found[0] if found else "")
        marked = marked or _addresses(fields, ("Original-Mail-From",))
    return kind, marked


def _blocks(part: Message) -> Iterable[Message]:
    """The groups of fields of a report, whether the parser took them apart or a server sent them as text."""
    payload = part.get_payload()
    if isinstance(payload, list):
        blocks = [one for one in payload if isinstance(one, Message)]
        nested = [email.message_from_string(_plain(one)) for one in blocks if not one.keys()]
        return [*blocks, *nested]
    return [email.message_from_string(block) for block in re.split(r"\n\s*\n", _plain(part).strip())]


def _original(parts: dict[str, Message]) -> Message | None:
    """The message that a report is about, or its headers."""
    whole = parts.get("message/rfc822")
    if whole is not None:
        payload = whole.get_payload()
        return payload[0] if isinstance(payload, list) and payload and isinstance(payload[0], Message) else None
    headers = parts.get("text/rfc822-headers") or parts.get("message/rfc822-headers")
    return email.message_from_string(_plain(headers).lstrip()) if headers is not None else None


def _header(mail: Message, name: str) -> str:
    """A header as text; empty where there is none. A header that is no ASCII comes as an object."""
    return str(mail.get(name, "") or "")


def _addresses(mail: Message, names: Iterable[str]) -> tuple[str, ...]:
    given = [value.rpartition(";")[2] for name in names for value in map(str, mail.get_all(name, []))]
    return tuple(dict.fromkeys(address for _, address in getaddresses(given) if "@" in address))


def _ids(mail: Message, names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one for name in names for one in _MESSAGE_ID.findall(_header(mail, name))))


def _written(mail: Message) -> str:
    """The words of a mail without those it quotes; its subject where there are no words."""
    texts = {part.get_content_type(): part for part in reversed(list(mail.walk())) if not part.is_multipart()}
    if "text/plain" in texts:
        text = _plain(texts["text/plain"])
    elif "text/html" in texts:
        text = _without_tags(_plain(texts["text/html"]))
    else:
        text = ""
    return _own_words(text)[:5000] or _header(mail, "Subject").strip()[:300]


def _own_words(text: str) -> str:
    """Without quoted lines (RFC 3676 4.5), and without what mail programs put below or above an answer."""
    lines = text.replace("\r\n", "\n").split("\n")
    left = "\n".join(line for line in lines if not line.startswith(">"))
    line = _BEFORE_QUOTE.search(left)
    if line is None:
        return left.strip()
    return left[: line.start()].strip() or left[line.end() :].strip()


def _plain(part: Message) -> str:
    """The text of a part, by the character set it names or, where that is none, as it can be read."""
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return ""
    try:
        return payload.decode(part.get_content_charset() or "utf-8", errors="replace")
    except LookupError:
        return payload.decode("utf-8", errors="replace")


class _Words(HTMLParser):
    """The words between tags."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    def handle_data(self, data: str) -> None:
        """A piece of text."""
        self.said.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - its own shape
        """A new line where a reader sees one."""
        if tag in {"br", "p", "div", "blockquote"}:
            self.said.append("\n")


def _without_tags(html: str) -> str:
    words = _Words()
    words.feed(html)
    return "".join(words.said)
