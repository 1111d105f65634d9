"""Replies: understood, acted on at once where they ask for an end, kept for a person, answered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from nudge.delivery.hours import duty_hours
from nudge.delivery.replies import Meaning, Priority, understood
from nudge.people.contacts import UnusableAddress, normalised
from nudge.store.audit import record_action
from nudge.store.engine import reading
from nudge.store.events import (
    Event,
    add_notice,
    add_reply,
    mark_alerted,
    open_notices,
    overdue_replies,
    read_reply,
    reply_rows,
    row_of,
    see_notices,
)
from nudge.store.ledger import cancel_opted_out
from nudge.store.locks import hold_ledger
from nudge.store.opt_outs import Owner, add_opt_out, lift_opt_outs, lift_unit, owners
from nudge.store.people import is_unit, language_of
from nudge.store.suppressions import COMPLAINT, lift_suppressions
from nudge.store.trials import current_lock
from nudge.trial.errors import InputError, Refused
from nudge.trial.grammar import duration
from nudge.workflow.dispatching.limiting import site_trials
from nudge.workflow.hearing.answering import AGAIN_AFTER, Duty, answer_to, unless_told
from nudge.workflow.hearing.objecting import wrong_recipient

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.engine import Connection

    from nudge.workflow.desk import Desk

_PROMISED = timedelta(hours=4)
"""Where a message belongs to no trial, nobody has promised anything else."""


def hear(connection: Connection, desk: Desk, number: int, at: datetime, event: Event) -> str:
    """Understand one message of a family and act on it; returns what was understood.

    An end takes effect in this transaction, on every trial, also for messages already due.
    """
    at = _said_at(event, at)
    address, text = _address(event.content.get("From", "")), str(event.content.get("Body", ""))
    lookup = desk.vault.lookup(address)
    owner = _owner(connection, event, lookup)
    duty = _duty(connection, owner.trial)
    said = understood(text, duty.keywords)
    now = desk.clock.now()
    if said.meaning is Meaning.STOP:
        add_opt_out(connection, now, "reply", "family", lookup=lookup, trial=owner.trial, unit=owner.unit)
        cancel_opted_out(connection, now, site_trials(connection))
    elif said.meaning is Meaning.START:
        lift_opt_outs(connection, now, lookup)
        lift_suppressions(connection, now, lookup, COMPLAINT)
    if said.wrong_recipient:
        wrong_recipient(connection, now, owner, lookup, "family")
    # A provider that keeps its own list of numbers has answered these words itself (`OptOutType`), and a text
    # that is heard of only hours later is not answered by a machine.
    answered = bool(event.content.get("OptOutType")) or now - at > AGAIN_AFTER
    language = language_of(connection, owner.trial, owner.person)
    answer = "" if answered else unless_told(connection, lookup, answer_to(said, duty, language, at), at)
    reads_from = at if said.priority is Priority.URGENT else duty.hours.next_open(at)
    add_reply(
        connection,
        {
            "at": at, "event": number, "lookup": lookup, "sealed_address": desk.vault.seal(address.encode()),
            "sealed_text": desk.vault.seal(text.encode()), "trial": owner.trial, "unit": owner.unit,
            "person": owner.person, "meaning": said.meaning, "keyword": said.keyword, "priority": int(said.priority),
            "answer": answer, "answer_via": _answered_by(connection, event),
            "escalate_at": reads_from + duty.promised, "read_at": None if said.to_read else now,
            "read_by": None if said.to_read else "understood",
        },
    )  # fmt: skip
    if said.priority is Priority.URGENT:
        text = f"a reply of {at:%d %B %H:%M} UTC holds a safeguarding word; read it now: nudge inbox"
        add_notice(connection, now, owner.trial, "urgent reply", text)
    return str(Meaning.WRONG if said.wrong_recipient else said.meaning)


def _said_at(event: Event, heard: datetime) -> datetime:
    """When it was said, where it was fetched and not posted; never later than it was heard."""
    said = event.content.get("At")
    if not said:
        return heard
    moment = datetime.fromisoformat(str(said))
    return min(heard, moment if moment.tzinfo else moment.replace(tzinfo=UTC))  # Notify's times are UTC


def _owner(connection: Connection, event: Event, lookup: str) -> Owner:
    """Whose answer it is: by the message it answers, where the provider tells which, else by contact point."""
    row = row_of(connection, event.reference, "") if event.reference else None
    if row is not None:
        return Owner(row["trial"], row["unit"], row["person"])
    found = owners(connection, lookup)
    return found[0] if found else Owner("", "", "")


def _answered_by(connection: Connection, event: Event) -> str:
    """The way an answer goes as a message of its own; none where the provider takes it with the callback."""
    if event.provider == "notify":
        return "govuk_notify"
    row = row_of(connection, event.reference, "") if event.provider == "email" and event.reference else None
    return str(row["via"]) if row is not None else ""


def _address(sender: str) -> str:
    number = sender.rpartition(":")[2]
    try:
        return normalised("email" if "@" in number else "sms", number)
    except UnusableAddress:
        return number


def _duty(connection: Connection, trial: str) -> Duty:
    """What the lock in force says of replies."""
    found = current_lock(connection, trial) if trial else None
    definition: Mapping[str, Any] = found[0].definition if found else {}
    guard = definition.get("safeguarding") or {}
    promised = duration(str(guard["escalate_within"])).delta() if "escalate_within" in guard else _PROMISED
    said = str(guard.get("hours", ""))
    zone = ZoneInfo(definition.get("timezone", "Europe/London"))
    return Duty(duty_hours(said, zone), said or "in office hours", promised, definition.get("replies") or {})


def raise_alerts(desk: Desk) -> int:
    """Say which replies are unread beyond the hour the trial file promises; returns how many."""
    now = desk.clock.now()
    with desk.store.begin() as connection:
        hold_ledger(connection)
        overdue = overdue_replies(connection, now)
        for row in overdue:
            text = f"reply {row['id']} of {row['at']:%d %B %H:%M} UTC is unread beyond the promised time"
            add_notice(connection, now, row["trial"], "unread reply", text)
        mark_alerted(connection, [row["id"] for row in overdue], now)
    return len(overdue)


@dataclass(frozen=True, slots=True)
class InboxLine:
    """A reply as the duty team reads it."""

    number: int
    at: datetime
    trial: str
    unit: str
    person: str
    meaning: str
    keyword: str
    priority: int
    text: str
    answer: str
    read_by: str


def inbox(desk: Desk, trial: str | None, *, unread: bool = True) -> tuple[list[InboxLine], list[str]]:
    """Replies with their words, the most urgent first; and what else a person must see."""
    with reading(desk.store).begin() as connection:
        lines = [
            InboxLine(
                row["id"], row["at"], row["trial"], row["unit"], row["person"], row["meaning"], row["keyword"],
                row["priority"], desk.vault.open(row["sealed_text"]).decode(), row["answer"], row["read_by"] or "",
            )
            for row in reply_rows(connection, trial, unread=unread)
        ]  # fmt: skip
        seen = [f"{row['trial'] or 'all trials'}: {row['text']}" for row in open_notices(connection)]
    return lines, seen


def mark_read(desk: Desk, number: int) -> None:
    """A person has read a reply. Raises InputError where there is none of that number unread."""
    with desk.store.begin() as connection:
        now = desk.clock.now()
        if not read_reply(connection, number, now, desk.settings.actor):
            raise InputError(f"there is no unread reply {number}", "list them: nudge inbox")
        record_action(connection, now, desk.settings.actor, "read reply", "", reply=number)


def see_all_notices(desk: Desk) -> int:
    """A person has seen what the system had to say; returns how many notices."""
    with desk.store.begin() as connection:
        return see_notices(connection, desk.clock.now(), desk.settings.actor)


def opt_out(
    desk: Desk, *, address: str = "", trial: str = "", unit: str = "", lift: bool = False, complained: bool = False
) -> int:
    """Staff stop a family at once, in every trial; returns how many messages were cancelled.

    complained: the family did not only ask for an end; harm rules count it as a complaint.
    Raises InputError where the address is none, Refused where nobody has it and no unit is named.
    """
    lookup = ""
    if address:
        try:
            lookup = desk.vault.lookup(normalised("email" if "@" in address else "sms", address))
        except UnusableAddress as error:
            raise InputError(f"`{address}` {error}") from None
    with desk.store.begin() as connection:
        hold_ledger(connection)
        now = desk.clock.now()
        if unit and not is_unit(connection, trial, unit):
            raise InputError(f"no unit `{unit}` takes part in {trial}", "see nudge ledger TRIAL --unit UNIT")
        if unit and trial in site_trials(connection):
            raise Refused(f"`{unit}` is a site with many families", "name the family: --address")
        if lookup and not unit:
            found = owners(connection, lookup)
            trial, unit = (found[0].trial, found[0].unit) if found else ("", "")
        record_action(connection, now, desk.settings.actor, "lift opt-out" if lift else "opt out", trial, unit=unit)
        if lift:
            lifted = lift_unit(connection, now, trial, unit) if unit else lift_opt_outs(connection, now, lookup)
            if not lifted:
                raise Refused("no opt-out of theirs is in force", "nothing was changed")
            return 0
        add_opt_out(
            connection,
            now,
            COMPLAINT if complained else "staff",
            desk.settings.actor,
            lookup=lookup,
            trial=trial,
            unit=unit,
        )
        return cancel_opted_out(connection, now, site_trials(connection))
