"""What providers told us, word for word and sealed, and the replies and notices that came of it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from nudge.store.rows import insert_once
from nudge.store.tables import contacts, notices, people, provider_events, replies, sends
from nudge.trial.records.delivery import Status
from nudge.trial.records.outcomes import KeywordReply

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from nudge.store.vault import Vault


@dataclass(frozen=True, slots=True)
class Event:
    """One word of a provider."""

    provider: str
    kind: str
    """`status`, `inbound`, `complaint`, `automatic`, `unreadable` or, of our asking, `recall`."""
    reference: str
    provider_id: str
    code: str
    content: Mapping[str, Any]

    @property
    def digest(self) -> str:
        """Equal for the same word told twice."""
        told = json.dumps([self.provider, self.kind, self.reference, self.provider_id, self.code])
        return hashlib.sha256(told.encode()).hexdigest()


def keep_event(connection: Connection, event: Event, now: datetime, vault: Vault) -> bool:
    """Keep a provider's word; False where the same word was kept before."""
    row = {
        "received_at": now, "provider": event.provider, "kind": event.kind, "digest": event.digest,
        "reference": event.reference, "provider_id": event.provider_id, "code": event.code,
        "sealed_content": vault.seal(json.dumps(dict(event.content)).encode()), "note": "",
    }  # fmt: skip
    return insert_once(connection, provider_events, row)


def waiting_events(connection: Connection, vault: Vault) -> list[tuple[int, datetime, Event]]:
    """Kept and not yet applied, oldest first: a crash came between."""
    query = sa.select(provider_events).where(provider_events.c.applied_at.is_(None)).order_by(provider_events.c.id)
    return [
        (row.id, row.received_at, Event(row.provider, row.kind, row.reference, row.provider_id, row.code,
                                        json.loads(vault.open(row.sealed_content))))
        for row in connection.execute(query)
    ]  # fmt: skip


def kept_event(connection: Connection, number: int, vault: Vault) -> Event | None:
    """A word as it was kept; None where there is none of that number."""
    row = connection.execute(sa.select(provider_events).where(provider_events.c.id == number)).first()
    if row is None:
        return None
    content = json.loads(vault.open(row.sealed_content))
    return Event(row.provider, row.kind, row.reference, row.provider_id, row.code, content)


def mark_applied(connection: Connection, number: int, now: datetime, note: str) -> bool:
    """Note what came of an event; False where another process was first."""
    marked = connection.execute(
        provider_events.update()
        .where(provider_events.c.id == number, provider_events.c.applied_at.is_(None))
        .values(applied_at=now, note=note)
    )
    return marked.rowcount == 1


def row_of(connection: Connection, reference: str, provider_id: str) -> Mapping[str, Any] | None:
    """The ledger's row of a message: by our reference, else by what the provider calls it."""
    for column, value in ((sends.c.id, reference), (sends.c.provider_id, provider_id)):
        if value:
            found = connection.execute(sa.select(sends).where(column == value)).mappings().first()
            if found is not None:
                return dict(found)
    return None


def without_receipt(before: datetime) -> sa.ColumnElement[bool]:
    """Accepted rows of which nothing was heard since."""
    return sa.and_(sends.c.status == Status.ACCEPTED, sends.c.provider_id.is_not(None), sends.c.touched_at < before)


def add_notice(connection: Connection, now: datetime, trial: str, kind: str, text: str) -> None:
    """Something a person must see; the same unseen words are not said twice."""
    same = sa.and_(notices.c.trial == trial, notices.c.text == text, notices.c.seen_at.is_(None))
    if connection.execute(sa.select(notices.c.id).where(same)).first() is None:
        connection.execute(notices.insert().values(at=now, trial=trial, kind=kind, text=text))


def open_notices(connection: Connection) -> list[Mapping[str, Any]]:
    """What nobody has seen yet."""
    query = sa.select(notices).where(notices.c.seen_at.is_(None)).order_by(notices.c.id)
    return [dict(row) for row in connection.execute(query).mappings()]


def see_notices(connection: Connection, now: datetime, actor: str) -> int:
    """A person has seen them all."""
    seen = connection.execute(
        notices.update().where(notices.c.seen_at.is_(None)).values(seen_at=now, seen_by=actor)
    )  # fmt: skip
    return seen.rowcount


def add_reply(connection: Connection, row: Mapping[str, Any]) -> None:
    """Keep what a family wrote."""
    connection.execute(replies.insert().values(**row))


def answer_of(connection: Connection, digest: str) -> str:
    """What a message was answered; the same words when a provider tells it again."""
    query = (
        sa.select(replies.c.answer)
        .join(provider_events, provider_events.c.id == replies.c.event)
        .where(provider_events.c.digest == digest)
    )
    return connection.scalar(query) or ""


def reply_rows(connection: Connection, trial: str | None, *, unread: bool) -> list[Mapping[str, Any]]:
    """Replies, the most urgent and then the oldest first."""
    query = sa.select(replies).order_by(replies.c.priority.desc(), replies.c.id)
    if trial is not None:
        query = query.where(replies.c.trial == trial)
    if unread:
        query = query.where(replies.c.read_at.is_(None))
    return [dict(row) for row in connection.execute(query).mappings()]


def keyword_replies(connection: Connection, trial: str) -> list[KeywordReply]:
    """The trial's own words as families said them: once for each of the family whose contact point it is."""
    shares = sa.and_(
        contacts.c.trial == replies.c.trial, contacts.c.lookup == replies.c.lookup, people.c.unit == replies.c.unit
    )
    shared = (
        sa.select(contacts.c.person, replies.c.at, replies.c.keyword)
        .join(people, sa.and_(people.c.trial == contacts.c.trial, people.c.person == contacts.c.person))
        .join(replies, shares)
    )
    own = sa.select(replies.c.person, replies.c.at, replies.c.keyword)
    found = connection.execute(
        sa.union(*(query.where(replies.c.trial == trial, replies.c.keyword != "") for query in (shared, own)))
    )
    return [KeywordReply(person, at, keyword) for person, at, keyword in found]


def reply_of(connection: Connection, number: int) -> Mapping[str, Any] | None:
    """One reply, read or not."""
    row = connection.execute(sa.select(replies).where(replies.c.id == number)).mappings().first()
    return dict(row) if row is not None else None


def read_reply(connection: Connection, number: int, now: datetime, actor: str) -> bool:
    """A person has read it; False where there is no such reply unread."""
    read = connection.execute(
        replies.update().where(replies.c.id == number, replies.c.read_at.is_(None)).values(read_at=now, read_by=actor)
    )
    return read.rowcount == 1


def overdue_replies(connection: Connection, now: datetime) -> list[Mapping[str, Any]]:
    """Unread beyond the hour the trial file promises, and not yet said so."""
    query = sa.select(replies).where(
        replies.c.read_at.is_(None), replies.c.alerted_at.is_(None), replies.c.escalate_at <= now
    )
    return [dict(row) for row in connection.execute(query).mappings()]


def mark_alerted(connection: Connection, numbers: list[int], now: datetime) -> None:
    """The alert has gone to the notices."""
    connection.execute(replies.update().where(replies.c.id.in_(numbers)).values(alerted_at=now))
