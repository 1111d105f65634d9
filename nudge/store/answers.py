"""Answers to families that go out as messages of their own, each at most once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from nudge.store.tables import bodies, provider_events, replies

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from nudge.store.vault import Vault

_UNDER_WAY = "it was about to go; no more is known"


@dataclass(frozen=True, slots=True)
class WaitingAnswer:
    """An answer that has not gone out, and the message it answers as the provider told it."""

    reply: int
    via: str
    address: str
    text: str
    reference: str
    """The message of ours that the family answered, where that is known."""
    heard: Mapping[str, Any]


def waiting_answers(connection: Connection, vault: Vault) -> list[WaitingAnswer]:
    """Answers that nobody has tried to send, the oldest first."""
    query = (
        sa.select(replies, provider_events.c.reference, provider_events.c.sealed_content)
        .join(provider_events, provider_events.c.id == replies.c.event)
        .where(replies.c.answer != "", replies.c.answer_via != "", replies.c.answered_at.is_(None))
        .order_by(replies.c.id)
    )
    return [
        WaitingAnswer(
            row["id"], row["answer_via"], vault.open(row["sealed_address"]).decode(), row["answer"], row["reference"],
            json.loads(vault.open(row["sealed_content"])),
        )
        for row in connection.execute(query).mappings()
    ]  # fmt: skip


def claim_answer(connection: Connection, reply: int, now: datetime) -> bool:
    """Write that an answer is about to go; False where another process was first."""
    claimed = connection.execute(
        replies.update()
        .where(replies.c.id == reply, replies.c.answered_at.is_(None))
        .values(answered_at=now, answer_said=_UNDER_WAY)
    )
    return claimed.rowcount == 1


def note_answer(connection: Connection, reply: int, said: str) -> bool:
    """What became of an answer; False where there is no such reply."""
    return connection.execute(replies.update().where(replies.c.id == reply).values(answer_said=said)).rowcount == 1


def answered_lately(connection: Connection, lookup: str, answer: str, since: datetime) -> bool:
    """Whether this contact point was told the same a short while ago."""
    query = sa.select(replies.c.id).where(replies.c.lookup == lookup, replies.c.answer == answer, replies.c.at > since)
    return connection.execute(query).first() is not None


def sealed_words_of(connection: Connection, send: str) -> bytes | None:
    """The words of a message as they were kept, while they are."""
    sealed: bytes | None = connection.scalar(sa.select(bodies.c.sealed_words).where(bodies.c.send == send))
    return sealed
