"""What comes back: a provider's word is kept as it came, then applied, once, in whatever order words come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nudge.delivery.receipts import after_receipt
from nudge.store.changes import change_row
from nudge.store.events import Event, add_notice, answer_of, keep_event, mark_applied, row_of, waiting_events
from nudge.store.ledger import record_provider_ids
from nudge.store.locks import hold_ledger
from nudge.trial.records.delivery import Fate, Status
from nudge.workflow.replying import hear

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


def receive(desk: Desk, event: Event) -> Heard:
    """Keep a provider's word and commit it; then apply it. Told again, it changes nothing."""
    now = desk.clock.now()
    with desk.store.begin() as connection:
        new = keep_event(connection, event, now, desk.vault)
    apply_waiting(desk)
    if event.kind != "inbound":
        return Heard(new)
    with desk.store.begin() as connection:
        return Heard(new, answer_of(connection, event.digest))


def apply_waiting(desk: Desk) -> int:
    """Apply every word that was kept and not yet applied; returns how many."""
    with desk.store.begin() as connection:
        hold_ledger(connection)
        waiting = waiting_events(connection, desk.vault)
        for number, at, event in waiting:
            apply = _apply_status if event.kind == "status" else hear
            note = apply(connection, desk, number, at, event)
            mark_applied(connection, number, desk.clock.now(), note)
    return len(waiting)


def _apply_status(connection: Connection, desk: Desk, _number: int, _at: datetime, event: Event) -> str:
    row = row_of(connection, event.reference, event.provider_id)
    now = desk.clock.now()
    if row is None:
        said = f"{event.provider} speaks of a message that is not in this ledger ({event.provider_id})"
        add_notice(connection, now, "", "unknown message", said)
        return "no message of ours"
    means = fate_of(event.provider, event.code)
    if means is Fate.UNRECOGNISED:
        said = f"{event.provider} says `{event.code}` of {row['id']}, which is in no table of ours"
        add_notice(connection, now, row["trial"], "unknown code", said)
    for status in after_receipt(means, Status(row["status"])):
        change_row(connection, row["id"], status, now, f"{event.provider}: {event.code} ({means})")
    if not row["provider_id"] and event.provider_id:
        record_provider_ids(connection, {row["id"]: event.provider_id})
    return str(means)


def fate_of(provider: str, code: str) -> Fate:
    """What a provider's code means, by that channel's own table."""
    if provider == "twilio":
        from nudge.delivery.twilio import fate

        status, _, number = code.partition(" ")
        return fate(status, number)
    from nudge.delivery.channels.govuk_notify import fate as notify_fate

    return notify_fate(code)
