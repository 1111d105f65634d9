"""Returned mail: from a mailbox or a mail server, by the message it speaks of, into the ledger."""

from __future__ import annotations

import hashlib
import mailbox
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nudge.delivery.returned import Kind, Returned, read_returned
from nudge.store.engine import reading
from nudge.store.events import Event, kept_event, row_of
from nudge.store.opt_outs import owners
from nudge.trial.errors import InputError
from nudge.workflow.dispatching.marking import bounced_reference
from nudge.workflow.hearing.answering import send_answers
from nudge.workflow.hearing.objecting import lookup_or_nothing
from nudge.workflow.hearing.receiving import receive

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from nudge.workflow.desk import Desk

_KINDS = {
    Kind.BOUNCE: "status", Kind.COMPLAINT: "complaint", Kind.ANSWER: "inbound", Kind.AUTOMATIC: "automatic",
    Kind.UNREADABLE: "unreadable",
}  # fmt: skip
_KEPT = 20_000
"""Characters of unreadable mail that a person can read again."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one piece of mail."""

    kind: str
    code: str
    new: bool
    known: bool
    """Whether it speaks of a message of ours."""


def take_mail(desk: Desk, content: bytes) -> Taken:
    """Keep one piece of returned mail and apply it; taken again, it changes nothing."""
    said = read_returned(content)
    reference, known = _about(desk, said)
    kind = said.kind
    if kind is Kind.ANSWER and not known and not _writes_to_us(desk, said.sender):
        kind = Kind.UNREADABLE
    heard = receive(desk, _event(kind, said, reference, content))
    return Taken(str(kind), said.code, heard.new, known)


def _about(desk: Desk, said: Returned) -> tuple[str, bool]:
    """The message it speaks of, by our signed mark or else by Message-ID, and whether the ledger has it."""
    marked = [one for address in said.addresses if (one := bounced_reference(address, desk.vault))]
    candidates = [*marked, *said.references]
    with reading(desk.store).begin() as connection:
        ours = next((one for one in candidates if row_of(connection, one[:64], "")), None)
    return (ours or next(iter(candidates), ""))[:64], ours is not None


def _writes_to_us(desk: Desk, sender: str) -> bool:
    """Whether the sender is a family of a trial, writing without answering."""
    lookup = lookup_or_nothing(desk, sender)
    with reading(desk.store).begin() as connection:
        return bool(lookup and owners(connection, lookup))


def _event(kind: Kind, said: Returned, reference: str, content: bytes) -> Event:
    """The word that is kept. Mail that names no message is told apart by its own bytes."""
    own = "" if kind in {Kind.BOUNCE, Kind.COMPLAINT} and reference else hashlib.sha256(content).hexdigest()
    told: dict[str, Any] = {"diagnosis": said.text, "To": said.recipient}
    if kind is Kind.ANSWER:
        told = {"From": said.sender, "Body": said.text, "Message-ID": said.message_id, "Subject": said.subject}
    elif kind is Kind.UNREADABLE:
        told = {"mail": content.decode("utf-8", errors="replace")[:_KEPT], "Message-ID": said.message_id}
    return Event("email", _KINDS[kind], reference, own, said.code[:60], told)


def take_mailbox(desk: Desk, path: Path) -> Counter[str]:
    """Take everything in an mbox file, a Maildir or one saved message; counts by what it was.

    The mailbox is only read; taken again, what was taken before counts as `taken before`.
    """
    counts: Counter[str] = Counter()
    for content in _messages(path):
        taken = take_mail(desk, content)
        what = f"{taken.kind} {taken.code}".rstrip()
        counts[what if taken.new else "taken before"] += 1
    send_answers(desk)
    return counts


def _messages(path: Path) -> Iterator[bytes]:
    if not path.exists():
        raise InputError(f"there is no mailbox at {path}", "name an mbox file, a Maildir or one saved message")
    if path.is_dir():
        if not (path / "cur").is_dir() and not (path / "new").is_dir():
            raise InputError(f"{path} is a folder, and no Maildir", "name the folder that holds `cur` and `new`")
        for folder in ("new", "cur"):
            for file in sorted((path / folder).glob("[!.]*")):
                yield file.read_bytes()
        return
    if not path.read_bytes().startswith(b"From "):
        yield path.read_bytes()
        return
    box = mailbox.mbox(path, create=False)
    try:
        for key in box.keys():  # noqa: SIM118 - a mailbox iterates over messages, not keys
            yield box.get_bytes(key)
    finally:
        box.close()


def unreadable_mail(desk: Desk, number: int) -> str:
    """A piece of mail that only a person can read. Raises InputError where there is none of that number."""
    with reading(desk.store).begin() as connection:
        event = kept_event(connection, number, desk.vault)
    if event is None or event.kind != "unreadable":
        raise InputError(f"no unreadable mail has the number {number}", "see the notices: nudge inbox")
    return str(event.content.get("mail", ""))
