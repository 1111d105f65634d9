"""What comes back: a provider's word is kept as it came, then applied, once, in whatever order words come."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from nudge.delivery import status_codes
from nudge.delivery.receipts import after_receipt
from nudge.delivery.replies import Meaning
from nudge.store.answers import note_answer
from nudge.store.changes import change_row
from nudge.store.events import Event, add_notice, answer_of, keep_event, mark_applied, row_of, waiting_events
from nudge.store.ledger import record_provider_ids
from nudge.store.locks import hold_ledger
from nudge.store.suppressions import COMPLAINT
from nudge.trial.records.delivery import Fate, Status
from nudge.workflow.dispatching.watching import watch_harm
from nudge.workflow.hearing.answering import REFERENCE
from nudge.workflow.hearing.objecting import apply_complaint, bounced
from nudge.workflow.hearing.replying import hear

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from nudge.workflow.desk import Desk


@dataclass(frozen=True, slots=True)
class Heard:
    """What became of one word of a provider."""

    new: bool
    """Whether it had not been told before."""
    answer: str = ""
    """What the family is answered, where the provider takes an answer."""


def twilio_status(reference: str, form: Mapping[str, str]) -> Event:
    """Twilio's status callback; our identifier stands in its address."""
    code = f"{form.get('MessageStatus', '')} {form.get('ErrorCode', '')}".rstrip()
    return Event("twilio", "status", reference, form.get("MessageSid", ""), code, form)


def twilio_inbound(form: Mapping[str, str]) -> Event:
    """A message to one of our Twilio numbers."""
    return Event("twilio", "inbound", "", form.get("MessageSid", ""), "", form)


def notify_status(content: Mapping[str, Any]) -> Event:
    """GOV.UK Notify's delivery receipt."""
    reference, number = str(content.get("reference") or ""), str(content.get("id", ""))
    return Event("notify", "status", reference, number, str(content.get("status", "")), content)


def notify_inbound(content: Mapping[str, Any]) -> Event:
    """A text to the service's GOV.UK Notify number, in the words Twilio uses for it."""
    said = {
        "From": f"+{str(content.get('source_number', '')).lstrip('+')}", "Body": str(content.get("message", "")),
        "To": str(content.get("destination_number", "")),
    }  # fmt: skip
    return Event("notify", "inbound", "", str(content.get("id", "")), "", said)


def fetch_texts(desk: Desk) -> int:
    """Hear the texts that GOV.UK Notify received and could not post; returns how many were new.

    Nothing is asked where no key is set. A text keeps the moment at which it came.
    """
    if not desk.settings.notify_api_key.get_secret_value():
        return 0
    from nudge.delivery.channels.govuk_notify import received_texts

    new = 0
    for text in reversed(received_texts(desk.settings)):
        said = {"id": text["id"], "source_number": text["user_number"], "destination_number": text["notify_number"],
                "message": text["content"]}  # fmt: skip
        event = notify_inbound(said)
        new += receive(desk, replace(event, content={**event.content, "At": str(text["created_at"])})).new
    return new


def receive(desk: Desk, event: Event) -> Heard:
    """Keep a provider's word and commit it; then apply it. Told again, it changes nothing."""
    now = desk.clock.now()
    with desk.store.begin() as connection:
        new = keep_event(connection, event, now, desk.vault)
    if _HARMFUL & set(_apply_all(desk)):
        watch_harm(desk)
    if event.kind != "inbound":
        return Heard(new)
    with desk.store.begin() as connection:
        return Heard(new, answer_of(connection, event.digest))


def apply_waiting(desk: Desk) -> int:
    """Apply every word that was kept and not yet applied; returns how many."""
    return len(_apply_all(desk))


def _apply_all(desk: Desk) -> list[str]:
    """The same; gives what each was understood as."""
    notes: list[str] = []
    with desk.store.begin() as connection:
        hold_ledger(connection)
        for number, at, event in waiting_events(connection, desk.vault):
            notes.append(_APPLY[event.kind](connection, desk, number, at, event))
            mark_applied(connection, number, desk.clock.now(), notes[-1])
    return notes


def _apply_status(connection: Connection, desk: Desk, _number: int, _at: datetime, event: Event) -> str:
    row = row_of(connection, event.reference, event.provider_id)
    now = desk.clock.now()
    means = fate_of(event.provider, event.code)
    if row is None and _is_of_an_answer(connection, event, means):
        return f"{means}, of an answer"
    if row is None:
        said = f"{event.provider} speaks of a message that is not in this ledger ({event.provider_id})"
        add_notice(connection, now, "", "unknown message", said)
        return "no message of ours"
    if means is Fate.UNRECOGNISED:
        said = f"{event.provider} says `{event.code}` of {row['id']}, which is in no table of ours"
        add_notice(connection, now, row["trial"], "unknown code", said)
    for status in after_receipt(means, Status(row["status"])):
        change_row(connection, row["id"], status, now, f"{event.provider}: {event.code} ({means})")
    if not row["provider_id"] and event.provider_id:
        record_provider_ids(connection, {row["id"]: event.provider_id})
    if means is Fate.PERMANENT:
        _heed_failure(connection, desk, row, event)
    return str(means)


def _heed_failure(connection: Connection, desk: Desk, row: Mapping[str, Any], event: Event) -> None:
    """An address that is gone is used no more; a server that refuses our mail as such is a matter for a person."""
    if address_is_gone(event.provider, event.code):
        recipient = str(event.content.get("To") or event.content.get("to") or "")
        bounced(connection, desk, row, recipient, event.provider)
    elif event.provider == "email":
        text = f"a mail server refused {row['id']} with `{event.code}`, which is about our mail and not the address"
        add_notice(connection, desk.clock.now(), row["trial"], "refused mail", text)


def _is_of_an_answer(connection: Connection, event: Event, means: Fate) -> bool:
    """Whether a status speaks of an automatic answer, which stands with its reply and not in the ledger."""
    number = event.reference.removeprefix(REFERENCE)
    if number == event.reference or not number.isdigit():
        return False
    return note_answer(connection, int(number), f"{event.provider}: {event.code} ({means})")


def _apply_automatic(_connection: Connection, _desk: Desk, _number: int, _at: datetime, _event: Event) -> str:
    """An out-of-office note: kept, and nobody need read it."""
    return "an automatic answer"


def _apply_unreadable(connection: Connection, desk: Desk, number: int, _at: datetime, event: Event) -> str:
    """What no table of ours can read is shown to a person."""
    row = row_of(connection, event.reference, "")
    about = f" about {row['id']}" if row else ""
    text = f"mail{about} came back that only a person can read: nudge bounces --show {number}"
    add_notice(connection, desk.clock.now(), row["trial"] if row else "", "unreadable mail", text)
    return "shown to a person"


def _apply_recall(_connection: Connection, _desk: Desk, _number: int, _at: datetime, _event: Event) -> str:
    """A message was asked back and the answer never written: a crash came between."""
    return "what became of that is not known"


_APPLY = {
    "status": _apply_status, "inbound": hear, "complaint": apply_complaint, "automatic": _apply_automatic,
    "unreadable": _apply_unreadable, "recall": _apply_recall,
}  # fmt: skip
_HARMFUL = {COMPLAINT, str(Meaning.WRONG)}
"""After these the harm rules are looked at before anything else is sent."""


def fate_of(provider: str, code: str) -> Fate:
    """What a provider's code means, by that channel's own table."""
    if provider == "twilio":
        from nudge.delivery.twilio import fate

        status, _, number = code.partition(" ")
        return fate(status, number)
    if provider == "email":
        return status_codes.fate(code)
    from nudge.delivery.channels.govuk_notify import fate as notify_fate

    return notify_fate(code)


def address_is_gone(provider: str, code: str) -> bool:
    """Whether a permanent failure says that nobody can be reached there, by that channel's own table."""
    if provider == "twilio":
        from nudge.delivery.twilio import is_gone

        return is_gone(code.rpartition(" ")[2])
    if provider == "email":
        return status_codes.is_of_the_address(code.rpartition(" ")[2])
    return code == "permanent-failure"
