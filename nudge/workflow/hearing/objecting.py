"""Ends to messages that come by other ways than a reply: one click, a complaint, the wrong recipient."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nudge.delivery.receipts import after_receipt
from nudge.people.contacts import UnusableAddress, normalised
from nudge.store.audit import record_action
from nudge.store.changes import change_row
from nudge.store.events import Event, add_notice, read_reply, reply_of, row_of
from nudge.store.ledger import cancel_opted_out
from nudge.store.opt_outs import Owner, add_opt_out, owners
from nudge.store.people import language_of
from nudge.store.suppressions import (
    BOUNCED,
    COMPLAINT,
    WRONG_RECIPIENT,
    lift_suppressions,
    lookup_of,
    suppress,
    suppressed_points,
)
from nudge.store.trials import current_lock
from nudge.trial.errors import InputError, Refused
from nudge.trial.records.delivery import Fate, Status
from nudge.workflow.dispatching.limiting import site_trials
from nudge.workflow.dispatching.marking import unsubscribed_reference
from nudge.workflow.dispatching.watching import watch_harm

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from nudge.workflow.desk import Desk

_NOT_A_COMPLAINT = "not-spam"  # RFC 6430: somebody took a message out of the junk folder


def unsubscribe_language(desk: Desk, token: str) -> str | None:
    """The language of the family whose address of unsubscription this is; None where it is not ours."""
    with desk.store.begin() as connection:
        row = _row_of_token(connection, desk, token)
        return language_of(connection, row["trial"], row["person"]) if row else None


def unsubscribe(desk: Desk, token: str) -> str | None:
    """End the messages to a household in every trial; gives the family's language, None where the token is not ours.

    Asked again it changes nothing.
    """
    with desk.store.begin() as connection:
        row = _row_of_token(connection, desk, token)
        if row is None:
            return None
        now = desk.clock.now()
        lookup = lookup_of(connection, row)
        add_opt_out(connection, now, "link", "family", lookup=lookup, trial=row["trial"], unit=row["unit"])
        cancel_opted_out(connection, now, site_trials(connection))
        return language_of(connection, row["trial"], row["person"])


def _row_of_token(connection: Connection, desk: Desk, token: str) -> Mapping[str, Any] | None:
    reference = unsubscribed_reference(token, desk.vault)
    return row_of(connection, reference, "") if reference else None


def apply_complaint(connection: Connection, desk: Desk, _number: int, _at: datetime, event: Event) -> str:
    """A family told its mail provider that our message was unwanted: an end, at once and everywhere."""
    now = desk.clock.now()
    row = row_of(connection, event.reference, event.provider_id)
    if row is None:
        text = f"{event.provider} tells of a complaint about a message that is not in this ledger"
        add_notice(connection, now, "", "unknown message", text)
        return "no message of ours"
    if event.code == _NOT_A_COMPLAINT:
        return "no complaint"
    for status in after_receipt(Fate.DELIVERED, Status(row["status"])):
        change_row(connection, row["id"], status, now, f"{event.provider}: complained of, so it arrived")
    lookup = lookup_of(connection, row)
    if lookup:
        suppress(
            connection, now, COMPLAINT, event.provider, lookup=lookup, trial=row["trial"], unit=row["unit"]
        )  # fmt: skip
    add_opt_out(connection, now, COMPLAINT, "family", lookup=lookup, trial=row["trial"], unit=row["unit"])
    cancel_opted_out(connection, now, site_trials(connection))
    text = f"unit {row['unit']} complained of {row['message']} ({event.code}); it gets no more messages"
    add_notice(connection, now, row["trial"], COMPLAINT, text)
    return COMPLAINT


def bounced(connection: Connection, desk: Desk, row: Mapping[str, Any], recipient: str, by: str) -> None:
    """Use a bounced address no more: the one the provider names, else the one the message went to."""
    lookup = lookup_or_nothing(desk, recipient) if recipient else lookup_of(connection, row)
    if lookup:
        suppress(
            connection, desk.clock.now(), BOUNCED, by, lookup=lookup, trial=row["trial"], unit=row["unit"]
        )  # fmt: skip


def wrong_recipient(connection: Connection, now: datetime, owner: Owner, lookup: str, actor: str) -> None:
    """Somebody else has this contact point: use it no more, tell the owner of the trial, write it down."""
    new = suppress(
        connection, now, WRONG_RECIPIENT, actor, lookup=lookup, trial=owner.trial, unit=owner.unit
    )  # fmt: skip
    if not new:
        return
    found = current_lock(connection, owner.trial) if owner.trial else None
    told = ((found[0].definition.get("decision") or {}).get("owner") if found else None) or "the duty team"
    whose = f"unit {owner.unit}" if owner.unit else "nobody we know"
    text = f"somebody else reads the messages to {whose}; that contact point is used no more, and {told} must know"
    add_notice(connection, now, owner.trial, WRONG_RECIPIENT, text)
    record_action(connection, now, actor, WRONG_RECIPIENT, owner.trial, unit=owner.unit)


@dataclass(frozen=True, slots=True)
class Reported:
    """What a report of a wrong recipient did."""

    trial: str
    unit: str
    paused: tuple[str, ...]
    """Arms that a harm rule paused because of it."""


def report_wrong_recipient(desk: Desk, *, address: str = "", reply: int | None = None) -> Reported:
    """Staff say that somebody else has a contact point: by its address, or by the reply that came from it.

    Raises InputError where the address is none or there is no such reply.
    """
    with desk.store.begin() as connection:
        now, actor = desk.clock.now(), desk.settings.actor
        if reply is None:
            lookup = _checked_lookup(desk, address)
            found = owners(connection, lookup)
            owner = found[0] if found else Owner("", "", "")
        else:
            row = reply_of(connection, reply)
            if row is None:
                raise InputError(f"there is no reply {reply}", "list them: nudge inbox --all")
            lookup, owner = row["lookup"], Owner(row["trial"], row["unit"], row["person"])
            read_reply(connection, reply, now, actor)
        wrong_recipient(connection, now, owner, lookup, actor)
    return Reported(owner.trial, owner.unit, tuple(watch_harm(desk)))


def use_again(desk: Desk, address: str) -> None:
    """Staff have made sure of a contact point. Raises Refused where nothing was held against it."""
    with desk.store.begin() as connection:
        now = desk.clock.now()
        if not lift_suppressions(connection, now, _checked_lookup(desk, address)):
            raise Refused("nothing is held against that contact point", "nothing was changed")
        record_action(connection, now, desk.settings.actor, "use contact point again", "")


def unused_points(desk: Desk, trial: str | None) -> list[Mapping[str, Any]]:
    """Contact points that are used no more, by trial and unit, and why."""
    with desk.store.begin() as connection:
        return [
            {"at": row["at"], "trial": row["trial"], "unit": row["unit"], "why": row["why"], "by": row["actor"]}
            for row in suppressed_points(connection, trial)
        ]


def _checked_lookup(desk: Desk, address: str) -> str:
    try:
        return desk.vault.lookup(normalised("email" if "@" in address else "sms", address))
    except UnusableAddress as error:
        raise InputError(f"`{address}` {error}") from None


def lookup_or_nothing(desk: Desk, address: str) -> str:
    """The look-up key of an address as a provider writes it; empty where it is none."""
    try:
        return _checked_lookup(desk, address.rpartition(":")[2])
    except InputError:
        return ""
