"""The ledger's rows and events."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from nudge.store.changes import change, change_free
from nudge.store.halts import is_halted
from nudge.store.in_force import arm_in_force
from nudge.store.lease import at_work, forget_ended
from nudge.store.locks import side_by_side
from nudge.store.opt_outs import is_opted_out
from nudge.store.people import columns_from_json
from nudge.store.rows import insert_rows, only_tested
from nudge.store.suppressions import is_suppressed, why_suppressed
from nudge.store.tables import (
    allocations,
    bodies,
    contacts,
    links,
    locks,
    opt_outs,
    people,
    send_events,
    sends,
    trials,
)  # fmt: skip
from nudge.trial.records.delivery import OPEN, Asked, DueSend, LedgerCount, PlannedSend, Status, Step, Trace

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from nudge.store.vault import Vault


_REAL = sends.c.template != ""
"""Messages, and not the virtual rows of units whose arm sends nothing."""


# Writing the plan


def write_plan(connection: Connection, trial: str, planned: Iterable[PlannedSend], now: datetime) -> int:
    """Write a trial's rows at launch; a row that is there already stays as it is. Returns new rows."""
    known = set(connection.scalars(sa.select(sends.c.id).where(sends.c.trial == trial)))
    fresh = [row for row in planned if row.id not in known]
    insert_rows(connection, sends, (_send_row(trial, row, now) for row in fresh))
    insert_rows(
        connection, send_events,
        ({"send": row.id, "at": now, "status": Status.PLANNED, "attempt": 0, "detail": "written at launch"}
         for row in fresh),
    )  # fmt: skip
    return len(fresh)


def _send_row(trial: str, row: PlannedSend, now: datetime) -> dict[str, object]:
    return {
        "id": row.id, "trial": trial, "unit": row.unit, "person": row.person, "arm": row.arm,
        "message": row.message, "template": row.template, "channel": row.channel, "via": row.via,
        "planned_at": row.due_at, "due_at": row.due_at, "not_after": row.not_after, "position": row.position,
        "status": Status.PLANNED, "attempt": 0, "touched_at": now,
    }  # fmt: skip


# What stands open


def make_ready(connection: Connection, now: datetime, sites: Collection[str] = ()) -> None:
    """Bring the ledger up to this moment before anything is sent.

    Rows a dispatcher left `claimed` become `unknown`; rows past their time expire; planned
    rows whose time has come are due. sites: see `is_opted_out`.
    """
    forget_ended(connection, now)
    left = sa.and_(sends.c.status == Status.CLAIMED, sends.c.holder.not_in(at_work()))
    change(connection, left, Status.UNKNOWN, now, "the dispatcher ended before an answer was recorded")
    cancel_opted_out(connection, now, sites)
    late = sa.and_(sends.c.status.in_(OPEN), sends.c.not_after < now, _running())
    change(connection, late, Status.EXPIRED, now, "could not be sent in time")
    come = sa.and_(sends.c.status.in_([Status.PLANNED, Status.WITHHELD]), sends.c.due_at <= now, _running())
    change(connection, come, Status.DUE, now)


def cancel_opted_out(connection: Connection, now: datetime, sites: Collection[str]) -> int:
    """Cancel what has not gone out to families that asked for an end, in every trial; returns how many messages."""
    if connection.scalar(sa.select(sa.func.count()).select_from(opt_outs).where(opt_outs.c.lifted_at.is_(None))) == 0:
        return 0
    open_rows = sa.and_(only_tested(sends.c.status).in_(OPEN), is_opted_out(sites))
    return _cancel(connection, open_rows, now, "the family asked for no more messages")


def _cancel(connection: Connection, rows: sa.ColumnElement[bool], now: datetime, why: str) -> int:
    """Cancel open rows; returns how many of them were messages."""
    change(connection, sa.and_(rows, sa.not_(_REAL)), Status.CANCELLED, now, why)
    return change(connection, sa.and_(rows, _REAL), Status.CANCELLED, now, why)


def _running() -> sa.ColumnElement[bool]:
    """Rows of trials that are launched and neither paused, stopped nor closed, and of arms not halted."""
    running = sa.select(trials.c.name).where(trials.c.state == "launched")
    return sa.and_(sends.c.trial.in_(running), sa.not_(is_halted()))


def due_rows(connection: Connection, holder: str, now: datetime, limit: int, vault: Vault) -> list[DueSend]:
    """Rows to try now, in order, each with today's columns and contact point; none that another takes care of."""
    free = sa.or_(sends.c.holder.is_(None), sends.c.holder == holder, sends.c.holder.not_in(at_work()))
    query = (
        sa.select(
            sends, people.c.columns, people.c.language, contacts.c.sealed_address, contacts.c.safe,
            contacts.c.reserved, bodies.c.sealed_words, allocations.c.arm.label("drawn"), allocations.c.step,
            why_suppressed().label("suppressed"),
        )
        .join(allocations, sa.and_(allocations.c.trial == sends.c.trial, allocations.c.unit == sends.c.unit))
        .outerjoin(people, sa.and_(people.c.trial == sends.c.trial, people.c.person == sends.c.person))
        .outerjoin(contacts, _own_contact())
        .outerjoin(bodies, bodies.c.send == sends.c.id)
        .where(sends.c.status == Status.DUE, only_tested(sends.c.due_at) <= now, _running())
        .order_by(sends.c.planned_at, sends.c.position)
        .limit(limit)
    )  # fmt: skip
    if side_by_side(connection):
        query = query.where(free).with_for_update(of=sends, skip_locked=True)
    found = connection.execute(query).mappings().all()
    of = {row["trial"] for row in found}
    types = {trial: _column_types(connection, trial) for trial in of}
    rules = {trial: arm_in_force(connection, trial) for trial in of}
    return [
        _due(dict(row), vault, types[row["trial"]], rules[row["trial"]](row["drawn"], row["step"], row["planned_at"]))
        for row in found
    ]


def take_up(connection: Connection, rows: Sequence[DueSend], holder: str) -> None:
    """Keep rows from other dispatchers for as long as this one's lease runs."""
    if side_by_side(connection):
        connection.execute(sends.update().where(sends.c.id.in_([row.id for row in rows])).values(holder=holder))


def _own_contact() -> sa.ColumnElement[bool]:
    """Today's contact point of a row's person and channel."""
    return sa.and_(
        contacts.c.trial == sends.c.trial,
        contacts.c.person == sends.c.person,
        contacts.c.channel == sends.c.channel,
    )


def _column_types(connection: Connection, trial: str) -> dict[str, str]:
    query = sa.select(locks.c.definition).where(locks.c.trial == trial).order_by(locks.c.number.desc()).limit(1)
    population: dict[str, Any] = connection.execute(query).scalar_one().get("population", {})
    return dict(population.get("columns", {}))


def _due(row: Mapping[str, Any], vault: Vault, types: Mapping[str, str], arm_allocated: str) -> DueSend:
    sealed, words = row["sealed_address"], row["sealed_words"]
    return DueSend(
        id=row["id"], trial=row["trial"], unit=row["unit"], person=row["person"], arm=row["arm"],
        arm_allocated=arm_allocated, message=row["message"], template=row["template"],
        channel=row["channel"], via=row["via"], attempt=row["attempt"], not_after=row["not_after"],
        columns=columns_from_json(row["columns"] or {}, types),
        language=row["language"] or "en",
        address=vault.open(sealed).decode() if sealed else None, safe=bool(row["safe"]),
        reserved=bool(row["reserved"]), body=vault.open(words).decode() if words else None,
        suppressed=row["suppressed"] or "",
    )  # fmt: skip


def record_steps(connection: Connection, steps: Mapping[str, Step], now: datetime, holder: str | None = None) -> None:
    """Write the next state of each row; rows that take the same step are written together.

    holder: only of rows that this dispatcher was the last to take. That a provider took a message is
    true whoever has the row by now.
    """
    alike: defaultdict[tuple[Status, datetime | None, str], list[str]] = defaultdict(list)
    for row, step in steps.items():
        alike[step.status, step.due_at, step.reason].append(row)
    for (status, due_at, reason), rows in alike.items():
        named: sa.ColumnElement[bool] = sends.c.id.in_(rows)
        if holder is not None and status is not Status.ACCEPTED:
            named = sa.and_(named, sends.c.holder == holder)
        change(connection, named, status, now, reason, **_when(Step(status, due_at)))


def record_provider_ids(connection: Connection, provider_ids: Mapping[str, str], holder: str | None = None) -> None:
    """Keep what the provider calls each message; holder: see `record_steps`."""
    if provider_ids:
        theirs = sa.true() if holder is None else sends.c.holder == holder
        connection.execute(
            sends.update().where(sends.c.id == sa.bindparam("row"), theirs).values(provider_id=sa.bindparam("theirs")),
            [{"row": row, "theirs": theirs} for row, theirs in provider_ids.items()],
        )


@dataclass(frozen=True, slots=True)
class Intent:
    """A message about to be sent: its words sealed, their hash, the variant and its segments."""

    id: str
    sealed_words: bytes
    words_sha256: str
    template: str
    segments: int
    links: tuple[tuple[str, str, str], ...] = ()
    """Each link's identifier, name and target."""


def claim(connection: Connection, intents: Sequence[Intent], holder: str, now: datetime) -> set[str]:
    """Write intents to send; returns the ids that may be sent.

    A row that is no longer due, whose trial was paused or stopped meanwhile, whose contact point
    is not used any more, or that another dispatcher has taken up since, is left alone.
    """
    if not intents:
        return set()
    wanted = sends.c.id.in_([intent.id for intent in intents])
    free = sa.and_(wanted, _running(), sa.not_(is_suppressed()))
    if side_by_side(connection):
        free = sa.and_(free, sends.c.holder == holder)
    change_free(connection, free, Status.CLAIMED, now, holder=holder, attempt=sends.c.attempt + 1)
    claimed = sa.select(sends.c.id, bodies.c.send).outerjoin(bodies, bodies.c.send == sends.c.id)
    has_words = {
        row.id: row.send is not None
        for row in connection.execute(
            claimed.where(wanted, sends.c.status == Status.CLAIMED, sends.c.touched_at == now, sends.c.holder == holder)
        )
    }
    first_time = [intent for intent in intents if has_words.get(intent.id) is False]
    insert_rows(connection, bodies, ({"send": one.id, "sealed_words": one.sealed_words} for one in first_time))
    insert_rows(
        connection, links,
        ({"identifier": identifier, "send": one.id, "name": name, "target": target, "at": now}
         for one in first_time for identifier, name, target in one.links),
    )  # fmt: skip
    if first_time:
        connection.execute(
            sends.update()
            .where(sends.c.id == sa.bindparam("row"))
            .values(
                words_sha256=sa.bindparam("sha"), words_template=sa.bindparam("variant"),
                segments=sa.bindparam("parts"),
            ),
            [{"row": one.id, "sha": one.words_sha256, "variant": one.template, "parts": one.segments}
             for one in first_time],
        )  # fmt: skip
    return set(has_words)


def unknown_rows(connection: Connection, via: str, vault: Vault) -> list[Asked]:
    """The unknown rows of one way of sending, as a provider is asked about them."""
    return asked_rows(connection, sa.and_(sends.c.status == Status.UNKNOWN, sends.c.via == via), vault)


def asked_rows(connection: Connection, rows: sa.ColumnElement[bool], vault: Vault) -> list[Asked]:
    """Rows with what a provider can find them by: number, words, and when they were about to go."""
    claimed = (
        sa.select(send_events.c.send, sa.func.max(send_events.c.at).label("claimed_at"))
        .where(send_events.c.status == Status.CLAIMED)
        .group_by(send_events.c.send)
        .subquery()
    )
    query = (
        sa.select(
            sends.c.id, sends.c.touched_at, sends.c.provider_id, claimed.c.claimed_at, contacts.c.sealed_address,
            bodies.c.sealed_words,
        )
        .join(claimed, claimed.c.send == sends.c.id)
        .outerjoin(bodies, bodies.c.send == sends.c.id)
        .outerjoin(contacts, _own_contact())
        .where(rows)
    )  # fmt: skip
    return [
        Asked(
            row.id, vault.open(row.sealed_address).decode() if row.sealed_address else "",
            json.loads(vault.open(row.sealed_words))["text"] if row.sealed_words else "",
            row.claimed_at, row.touched_at, row.provider_id or "",
        )
        for row in connection.execute(query)
    ]  # fmt: skip


def asked_by_way(connection: Connection, rows: sa.ColumnElement[bool], vault: Vault) -> dict[str, list[Asked]]:
    """The same, by the way they went."""
    ways = connection.scalars(sa.select(sends.c.via).where(rows).distinct()).all()
    return {via: asked_rows(connection, sa.and_(rows, sends.c.via == via), vault) for via in sorted(ways)}


def settle(connection: Connection, found: Mapping[str, tuple[Step, Trace]], now: datetime) -> Counter[Status]:
    """Write what asking has shown; a message the provider lists belongs to one row only."""
    named = {trace.provider_id for _, trace in found.values() if trace.provider_id}
    query = sa.select(sends.c.provider_id).where(sends.c.provider_id.in_(named))
    taken = set(connection.scalars(query))
    reached: Counter[Status] = Counter()
    for row, (step, trace) in sorted(found.items()):
        if trace.provider_id in taken:
            continue
        moved = change(connection, sends.c.id == row, step.status, now, step.reason, **_when(step))
        reached[step.status] += moved
        if moved and trace.provider_id:
            taken.add(trace.provider_id)
            record_provider_ids(connection, {row: trace.provider_id})
    return reached


def _when(step: Step) -> dict[str, object]:
    return {} if step.due_at is None else {"due_at": step.due_at}


def ways_to_ask(connection: Connection) -> list[str]:
    """The ways of sending whose provider is to be asked about a message."""
    unsettled = sends.c.status.in_([Status.UNKNOWN, Status.CLAIMED])
    return sorted(connection.scalars(sa.select(sends.c.via).where(unsettled).distinct()))


def ways_in_use(connection: Connection) -> list[str]:
    """The ways of sending that open or unknown rows need."""
    wanted = sa.or_(sa.and_(sends.c.status.in_(OPEN), _running()), sends.c.status.in_([Status.UNKNOWN, Status.CLAIMED]))
    return sorted(connection.scalars(sa.select(sends.c.via).where(wanted, _REAL).distinct()))


def cancel_open(connection: Connection, trial: str, now: datetime, reason: str) -> int:
    """Cancel everything of a trial that has not gone out; returns how many messages."""
    return _cancel(connection, sends.c.trial == trial, now, reason)


def cancel_unit(connection: Connection, trial: str, unit: str, now: datetime, why: str) -> int:
    """Cancel everything that has not gone out to one unit."""
    return _cancel(connection, sa.and_(sends.c.trial == trial, sends.c.unit == unit), now, why)


# Reading


_SHOWN = sa.case((_REAL, sends.c.status), else_=str(Status.VIRTUAL)).label("shown")
"""A row without a message is told from the others wherever it stands."""


def next_due(connection: Connection) -> datetime | None:
    """The earliest moment at which something open becomes due, virtual rows among it."""
    earliest: datetime | None = connection.scalar(_earliest().where(_running()))
    return earliest


def next_message(connection: Connection, trial: str) -> datetime | None:
    """The earliest moment at which a message of a trial may go."""
    earliest: datetime | None = connection.scalar(_earliest().where(_running(), _REAL, sends.c.trial == trial))
    return earliest


def waits_halted(connection: Connection, trial: str) -> bool:
    """Whether messages of a trial wait that only a halt holds back."""
    query = _earliest().where(is_halted(), _REAL, sends.c.trial == trial)
    return connection.scalar(query) is not None


def _earliest() -> sa.Select[Any]:
    return sa.select(sa.func.min(sends.c.due_at)).where(sends.c.status.in_(OPEN))


def ledger_counts(connection: Connection, trial: str) -> list[LedgerCount]:
    """Rows and units by arm, channel and state."""
    query = (
        sa.select(
            sends.c.arm, sends.c.channel, _SHOWN, sa.func.count(),
            sa.func.count(sends.c.unit.distinct()),
        )
        .where(sends.c.trial == trial)
        .group_by(sends.c.arm, sends.c.channel, "shown")
        .order_by(sends.c.arm, sends.c.channel, "shown")
    )  # fmt: skip
    return [
        LedgerCount(arm, channel, Status(status), rows, units)
        for arm, channel, status, rows, units in connection.execute(query)
    ]


def states_by_unit(connection: Connection, trial: str) -> dict[str, set[Status]]:
    """The states of every unit's rows."""
    return _states(connection, trial, sends.c.unit)


def states_by_person(connection: Connection, trial: str) -> dict[str, set[Status]]:
    """The states of every person's own rows, where messages go to people of a site and not to a household."""
    return _states(connection, trial, sends.c.person)


def _states(connection: Connection, trial: str, whose: sa.Column[str]) -> dict[str, set[Status]]:
    found: defaultdict[str, set[Status]] = defaultdict(set)
    for one, status in connection.execute(sa.select(whose, _SHOWN).where(sends.c.trial == trial).distinct()):
        found[one].add(Status(status))
    return dict(found)
