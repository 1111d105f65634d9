"""What the stand-in received, in a SQLite file of its own."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from threading import Lock
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.pool import StaticPool

if TYPE_CHECKING:
    from pathlib import Path

_received = sa.Table(
    "received", sa.MetaData(),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("provider", sa.String(10), nullable=False),
    sa.Column("id", sa.String(40), nullable=False, unique=True),
    sa.Column("reference", sa.String(200), nullable=False, index=True),
    sa.Column("kind", sa.String(10), nullable=False),
    sa.Column("recipient", sa.String(200), nullable=False, index=True),
    sa.Column("sender", sa.String(200), nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("status", sa.String(30), nullable=False),
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("callback", sa.Text, nullable=False),
    sa.Column("expires_in", sa.Integer),
    sa.Column("unsubscribe", sa.Text, nullable=False),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Received:
    """One message that was taken."""

    provider: str
    id: str
    reference: str
    """Notify's `reference`; for Twilio, which has none, the last part of its status callback."""
    kind: str
    recipient: str
    sender: str
    subject: str
    body: str
    status: str
    at: float
    """Seconds since 1970."""
    callback: str = ""
    expires_in: int | None = None
    unsubscribe: str = ""
    """Where one click ends the messages, for an email that says so."""

    @property
    def moment(self) -> datetime:
        """When it was taken."""
        return datetime.fromtimestamp(self.at, UTC)


class ProviderLedger:
    """One connection, used by one thread at a time."""

    def __init__(self, file: Path | None = None) -> None:
        """file: where it is kept; in memory without one."""
        url = f"sqlite:///{file}" if file else "sqlite://"
        self._engine = sa.create_engine(url, poolclass=StaticPool, connect_args={"check_same_thread": False})
        self._lock = Lock()
        _received.metadata.create_all(self._engine)

    def take(self, message: Received) -> None:
        """Keep a message."""
        with self._lock, self._engine.begin() as connection:
            connection.execute(_received.insert().values(asdict(message)))

    def set_status(self, message_id: str, status: str) -> None:
        """What became of a message."""
        with self._lock, self._engine.begin() as connection:
            connection.execute(_received.update().where(_received.c.id == message_id).values(status=status))

    def find(self, **wanted: str) -> list[Received]:
        """Messages whose columns are as given, newest first."""
        query = sa.select(_received).order_by(_received.c.number.desc())
        for column, value in wanted.items():
            query = query.where(_received.c[column] == value)
        with self._lock, self._engine.begin() as connection:
            rows: list[dict[str, Any]] = [dict(row) for row in connection.execute(query).mappings()]
        return [Received(**{key: value for key, value in row.items() if key != "number"}) for row in rows]

    def forget(self) -> None:
        """Begin anew, for another test."""
        with self._lock, self._engine.begin() as connection:
            connection.execute(_received.delete())

    def close(self) -> None:
        """Let go of the file."""
        self._engine.dispose()
