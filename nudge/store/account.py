"""Questions to the ledger: one unit's account, an arm's harm, the staff's work list."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from nudge.store.suppressions import COMPLAINT, WRONG_RECIPIENT
from nudge.store.tables import (
    bodies,
    contacts,
    links,
    opt_outs,
    outcome_rows,
    people,
    provider_events,
    replies,
    send_events,
    sends,
    suppressions,
    task_results,
)
from nudge.trial.records.delivery import TAKEN_BACK, Status
from nudge.trial.records.outcomes import OutcomeState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.engine import Connection

    from nudge.store.vault import Vault

_TRIED = (Status.CLAIMED, Status.ACCEPTED, Status.UNKNOWN, Status.DELIVERED, Status.FAILED, Status.REJECTED)
_EXPOSED = (Status.ACCEPTED, Status.UNKNOWN, Status.DELIVERED, Status.FAILED)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a unit's account."""

    at: datetime
    what: str
    send: str = ""


def unit_account(connection: Connection, trial: str, unit: str) -> list[Entry]:
    """Everything that was intended, tried and known about one unit, in order."""
    rows = connection.execute(sa.select(sends).where(sends.c.trial == trial, sends.c.unit == unit)).mappings().all()
    names = {row["id"]: _named(dict(row)) for row in rows}
    events = sa.select(send_events).where(send_events.c.send.in_(names)).order_by(send_events.c.id)
    told = sa.select(provider_events).where(
        provider_events.c.kind != "inbound",
        sa.or_(
            provider_events.c.reference.in_(names),
            provider_events.c.provider_id.in_([row["provider_id"] for row in rows if row["provider_id"]]),
        ),
    )
    entries = [
        Entry(row.at, f"{names[row.send]}: {row.status}{_attempt(row.attempt)} {row.detail}".rstrip(), row.send)
        for row in connection.execute(events)
    ]
    entries += [Entry(row.received_at, _told(row), row.reference) for row in connection.execute(told)]
    for row in connection.execute(sa.select(replies).where(replies.c.trial == trial, replies.c.unit == unit)):
        entries.append(Entry(row.at, f"an answer came (reply {row.id}): {row.keyword or row.meaning}"))
        if row.answered_at is not None:
            entries.append(
                Entry(row.answered_at, f"reply {row.id} was answered by {row.answer_via}: {row.answer_said}")
            )
        if row.read_at is not None and row.read_at > row.at:
            entries.append(Entry(row.read_at, f"reply {row.id} was read ({row.read_by})"))
    for row in connection.execute(sa.select(opt_outs).where(opt_outs.c.trial == trial, opt_outs.c.unit == unit)):
        entries.append(Entry(row.at, f"no more messages, by {row.how} ({row.actor})"))
        if row.lifted_at is not None:
            entries.append(Entry(row.lifted_at, "messages again"))
    for row in connection.execute(
        sa.select(suppressions).where(suppressions.c.trial == trial, suppressions.c.unit == unit)
    ):
        entries.append(Entry(row.at, f"a contact point of theirs is used no more: {row.why} ({row.actor})"))
        if row.lifted_at is not None:
            entries.append(Entry(row.lifted_at, "that contact point is used again"))
    results = sa.select(task_results).where(task_results.c.send.in_(names))
    entries += [
        Entry(row.at, f"{row.actor}: {row.result}, {row.minutes:g} minutes", row.send)
        for row in connection.execute(results)
    ]
    entries += [
        Entry(row.at, f"{names[row.send]}: links to `{row.name}` as {row.identifier}", row.send)
        for row in connection.execute(sa.select(links).where(links.c.send.in_(names)))
    ]
    return sorted(entries, key=lambda entry: entry.at)


def _told(row: Any) -> str:
    """What a provider said, or answered when it was asked to take a message back."""
    note = row.note or "not yet applied"
    asked_back = f"{row.provider} was asked to take it back: {note}"
    return asked_back if row.kind == "recall" else f"{row.provider} said `{row.code}`: {note}"


def _named(row: Mapping[str, Any]) -> str:
    if not row["template"]:
        return f"{row['message']} (nothing to send), planned for {row['planned_at']:%d %B %Y %H:%M} UTC"
    return f"{row['message']} by {row['via']}, planned for {row['planned_at']:%d %B %Y %H:%M} UTC"


def _attempt(number: int) -> str:
    return f" (try {number})" if number > 1 else ""


@dataclass(frozen=True, slots=True)
class Exposure:
    """An arm's messages, and the units (of a site, people) that asked for an end or came to harm."""

    units: int
    sends: int
    failures: int
    opted_out: int
    complained: int
    wrong_recipients: int
    events: Mapping[str, int]
    """Units with each harm outcome."""


def exposures(connection: Connection, trial: str, harms: list[str], *, sites: bool = False) -> dict[str, Exposure]:
    """By arm, over units that were written to; in trials of schools or clinics over the people written to."""
    who = sends.c.person if sites else sends.c.unit
    tried = sa.select(sends.c.arm, who, sends.c.status, sends.c.reason).where(
        sends.c.trial == trial, sends.c.status.in_(_TRIED)
    )
    written_to: dict[str, set[str]] = {}
    counts: dict[str, list[int]] = {}
    for arm, one, status, reason in connection.execute(tried):
        tally = counts.setdefault(arm, [0, 0])
        tally[0] += 1
        tally[1] += status in {Status.FAILED, Status.REJECTED} and reason != TAKEN_BACK
        if status in _EXPOSED:
            written_to.setdefault(arm, set()).add(one)
    ended = _who(connection, trial, opt_outs, sa.true(), sites=sites)
    complained = _who(connection, trial, opt_outs, opt_outs.c.how == COMPLAINT, sites=sites)
    strangers = _who(connection, trial, suppressions, suppressions.c.why == WRONG_RECIPIENT, sites=sites)
    hurt = {name: _hurt(connection, trial, name, sites=sites) for name in harms}
    if COMPLAINT in hurt:
        hurt[COMPLAINT] |= complained
    return {
        arm: Exposure(
            len(own := written_to.get(arm, set())), tally[0], tally[1], len(own & ended), len(own & complained),
            len(own & strangers), {name: len(own & found) for name, found in hurt.items()},
        )
        for arm, tally in counts.items()
    }  # fmt: skip


def _who(
    connection: Connection, trial: str, table: sa.Table, meant: sa.ColumnElement[bool], *, sites: bool
) -> set[str]:
    """Units with a row in a table of contact points; at a site, the people whose contact point it is."""
    if not sites:
        return set(connection.scalars(sa.select(table.c.unit).where(table.c.trial == trial, meant))) - {""}
    same = sa.and_(table.c.trial == contacts.c.trial, table.c.lookup == contacts.c.lookup)
    query = sa.select(contacts.c.person).join(table, same).where(contacts.c.trial == trial, meant)
    return set(connection.scalars(query))


def _hurt(connection: Connection, trial: str, outcome: str, *, sites: bool) -> set[str]:
    same = sa.and_(people.c.trial == outcome_rows.c.trial, people.c.person == outcome_rows.c.person)
    query = (
        sa.select(people.c.person if sites else people.c.unit)
        .join(outcome_rows, same)
        .where(
            outcome_rows.c.trial == trial, outcome_rows.c.outcome == outcome,
            outcome_rows.c.state == OutcomeState.EVENT, outcome_rows.c.value > 0,
        )
    )  # fmt: skip
    return set(connection.scalars(query))


@dataclass(frozen=True, slots=True)
class Task:
    """A piece of work for a member of staff."""

    id: str
    trial: str
    unit: str
    person: str
    due_at: datetime
    not_after: datetime
    script: str


def open_tasks(connection: Connection, trial: str | None, vault: Vault) -> list[Task]:
    """What stands on the work list, the earliest first; a row stands there from its intent on."""
    standing = (Status.CLAIMED, Status.UNKNOWN, Status.ACCEPTED)
    query = (
        sa.select(sends, bodies.c.sealed_words)
        .join(bodies, bodies.c.send == sends.c.id)
        .where(sends.c.via == "staff_task", sends.c.status.in_(standing))
        .order_by(sends.c.planned_at, sends.c.position)
    )
    if trial is not None:
        query = query.where(sends.c.trial == trial)
    return [
        Task(row.id, row.trial, row.unit, row.person, row.planned_at, row.not_after,
             json.loads(vault.open(row.sealed_words))["text"])
        for row in connection.execute(query)
    ]  # fmt: skip


def add_task_result(connection: Connection, send: str, at: datetime, actor: str, result: str, minutes: float) -> None:
    """What became of a task."""
    connection.execute(task_results.insert().values(send=send, at=at, actor=actor, result=result, minutes=minutes))


def task_minutes(connection: Connection, trial: str) -> dict[str, float]:
    """Minutes of staff by arm."""
    query = (
        sa.select(sends.c.arm, sa.func.sum(task_results.c.minutes))
        .join(task_results, task_results.c.send == sends.c.id)
        .where(sends.c.trial == trial)
        .group_by(sends.c.arm)
    )
    return {row[0]: float(row[1]) for row in connection.execute(query)}
