"""Every table. Pseudonyms everywhere; contact details only in `contacts` and `bodies`, encrypted."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa

from nudge.trial.clock import aware

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect


class Moment(sa.types.TypeDecorator[datetime]):
    """A moment in UTC; one without a zone is refused at the door."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's own shape
        """Into the database: always UTC."""
        return None if value is None else aware(value).astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - the same
        """Out of it: SQLite forgets the zone."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


metadata = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


def _trial() -> sa.Column[str]:
    return sa.Column("trial", sa.String(80), sa.ForeignKey("trials.name"), primary_key=True)


trials = sa.Table(
    "trials", metadata,
    sa.Column("name", sa.String(80), primary_key=True),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("demonstration", sa.Boolean, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("allocated_at", Moment),
    sa.Column("launched_at", Moment),
    sa.Column("closed_at", Moment),
)  # fmt: skip

locks = sa.Table(
    "locks", metadata,
    _trial(),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("locked_at", Moment, nullable=False),
    sa.Column("locked_by", sa.String(200), nullable=False),
    sa.Column("fingerprint", sa.String(64), nullable=False),
    sa.Column("definition", sa.JSON, nullable=False),
    sa.Column("templates", sa.JSON, nullable=False),
    sa.Column("roll_digest", sa.String(64), nullable=False),
    sa.Column("roll_file", sa.Text, nullable=False),
    sa.Column("law", sa.JSON, nullable=False),
    sa.Column("seed_commitment", sa.String(64), nullable=False),
    sa.Column("decisions", sa.JSON, nullable=False),
    sa.Column("reason", sa.Text),
    sa.Column("amendment", sa.String(10)),
    sa.Column("changes", sa.JSON, nullable=False, server_default="[]"),
)  # fmt: skip

approvals = sa.Table(
    "approvals", metadata,
    _trial(),
    sa.Column("fingerprint", sa.String(64), primary_key=True),
    sa.Column("approver", sa.String(200), primary_key=True),
    sa.Column("at", Moment, nullable=False),
)  # fmt: skip

seeds = sa.Table(
    "seeds", metadata,
    _trial(),
    sa.Column("sealed_value", sa.LargeBinary, nullable=False),
    sa.Column("sealed_salt", sa.LargeBinary, nullable=False),
    sa.Column("published", sa.Boolean, nullable=False),
    sa.Column("revealed", sa.String(64)),
)  # fmt: skip

people = sa.Table(
    "people", metadata,
    _trial(),
    sa.Column("person", sa.String(200), primary_key=True),
    sa.Column("unit", sa.String(200), nullable=False),
    sa.Column("roll_row", sa.Integer, nullable=False),
    sa.Column("columns", sa.JSON, nullable=False),
    sa.Column("language", sa.String(20), nullable=False),
    sa.Index("ix_people_unit", "trial", "unit"),
)  # fmt: skip

contacts = sa.Table(
    "contacts", metadata,
    _trial(),
    sa.Column("person", sa.String(200), primary_key=True),
    sa.Column("channel", sa.String(10), primary_key=True),
    sa.Column("sealed_address", sa.LargeBinary, nullable=False),
    sa.Column("lookup", sa.String(64), nullable=False, index=True),
    sa.Column("safe", sa.Boolean, nullable=False),
    sa.Column("reserved", sa.Boolean, nullable=False),
)  # fmt: skip

units = sa.Table(
    "units", metadata,
    _trial(),
    sa.Column("unit", sa.String(200), primary_key=True),
    sa.Column("block", sa.JSON, nullable=False),
    sa.Column("enrolled_at", Moment),
)  # fmt: skip

roll_counts = sa.Table(
    "roll_counts", metadata,
    _trial(),
    sa.Column("assessed_people", sa.Integer, nullable=False),
    sa.Column("assessed_units", sa.Integer, nullable=False),
    sa.Column("merged_units", sa.Integer, nullable=False),
)  # fmt: skip

exclusions = sa.Table(
    "exclusions", metadata,
    _trial(),
    sa.Column("person", sa.String(200), primary_key=True),
    sa.Column("unit", sa.String(200), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("whole_unit", sa.Boolean, nullable=False),
)  # fmt: skip

allocations = sa.Table(
    "allocations", metadata,
    _trial(),
    sa.Column("unit", sa.String(200), primary_key=True),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("block", sa.JSON, nullable=False),
    sa.Column("arm", sa.String(80), nullable=False),
    sa.Column("probability", sa.Float),
    sa.Column("step", sa.Integer),
    sa.Column("group_number", sa.Integer),
    sa.Column("columns", sa.JSON, nullable=False, server_default="{}"),
    sa.Column("position", sa.Integer, nullable=False, server_default="0"),
)  # fmt: skip

batches = sa.Table(
    "batches", metadata,
    _trial(),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("opened_at", Moment, nullable=False),
    sa.Column("chances", sa.JSON, nullable=False),
    sa.Column("successes", sa.JSON, nullable=False),
    sa.Column("matured", sa.JSON, nullable=False),
)  # fmt: skip

draws = sa.Table(
    "draws", metadata,
    _trial(),
    sa.Column("facts", sa.JSON, nullable=False),
)  # fmt: skip

superseded_draws = sa.Table(
    "superseded_draws", metadata,
    _trial(),
    sa.Column("lock_number", sa.Integer, primary_key=True),
    sa.Column("drawn_at", Moment, nullable=False),
    sa.Column("counts", sa.JSON, nullable=False),
    sa.Column("rows", sa.JSON, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
)  # fmt: skip

sends = sa.Table(
    "sends", metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("trial", sa.String(80), sa.ForeignKey("trials.name"), nullable=False),
    sa.Column("unit", sa.String(200), nullable=False),
    sa.Column("person", sa.String(200), nullable=False),
    sa.Column("arm", sa.String(80), nullable=False),
    sa.Column("message", sa.String(100), nullable=False),
    sa.Column("template", sa.String(200), nullable=False),
    sa.Column("channel", sa.String(10), nullable=False),
    sa.Column("via", sa.String(40), nullable=False),
    sa.Column("planned_at", Moment, nullable=False),
    sa.Column("due_at", Moment, nullable=False),
    sa.Column("not_after", Moment, nullable=False),
    sa.Column("position", sa.BigInteger, nullable=False),
    sa.Column("status", sa.String(12), nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("touched_at", Moment, nullable=False),
    sa.Column("holder", sa.String(200)),
    sa.Column("words_sha256", sa.String(64)),
    sa.Column("words_template", sa.String(220)),
    sa.Column("segments", sa.Integer),
    sa.Column("reason", sa.Text),
    sa.Column("provider_id", sa.String(200)),
    sa.UniqueConstraint("trial", "unit", "message", "person", "channel"),
    sa.Index("ix_sends_open", "status", "due_at", "position"),
    sa.Index("ix_sends_trial", "trial", "status"),
    sa.Index("ix_sends_person", "trial", "person"),
    sa.Index("ix_sends_late", "status", "not_after"),
    sa.Index("ix_sends_turn", "status", "planned_at", "position"),
)  # fmt: skip

bodies = sa.Table(
    "bodies", metadata,
    sa.Column("send", sa.String(64), sa.ForeignKey("sends.id"), primary_key=True),
    sa.Column("sealed_words", sa.LargeBinary, nullable=False),
)  # fmt: skip

links = sa.Table(
    "links", metadata,
    sa.Column("identifier", sa.String(13), primary_key=True),
    sa.Column("send", sa.String(64), sa.ForeignKey("sends.id"), nullable=False, index=True),
    sa.Column("name", sa.String(80), nullable=False),
    sa.Column("target", sa.Text, nullable=False),
    sa.Column("at", Moment, nullable=False),
)  # fmt: skip

link_opens = sa.Table(
    "link_opens", metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("at", Moment, nullable=False),
    sa.Column("identifier", sa.String(13), sa.ForeignKey("links.identifier"), nullable=False, index=True),
    sa.Column("method", sa.String(8), nullable=False),
    sa.Column("agent", sa.String(200), nullable=False),
    sa.Column("flag", sa.Text, nullable=False),
)  # fmt: skip

send_events = sa.Table(
    "send_events", metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("send", sa.String(64), sa.ForeignKey("sends.id"), nullable=False, index=True),
    sa.Column("at", Moment, nullable=False),
    sa.Column("status", sa.String(12), nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("detail", sa.Text, nullable=False),
)  # fmt: skip

leases = sa.Table(
    "leases", metadata,
    sa.Column("name", sa.String(40), primary_key=True),
    sa.Column("holder", sa.String(200), nullable=False),
    sa.Column("until", Moment, nullable=False),
)  # fmt: skip

provider_events = sa.Table(
    "provider_events", metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("received_at", Moment, nullable=False),
    sa.Column("provider", sa.String(20), nullable=False),
    sa.Column("kind", sa.String(10), nullable=False),
    sa.Column("digest", sa.String(64), nullable=False, unique=True),
    sa.Column("reference", sa.String(64), nullable=False),
    sa.Column("provider_id", sa.String(200), nullable=False),
    sa.Column("code", sa.String(60), nullable=False),
    sa.Column("sealed_content", sa.LargeBinary, nullable=False),
    sa.Column("applied_at", Moment),
    sa.Column("note", sa.Text, nullable=False),
)  # fmt: skip

opt_outs = sa.Table(
    "opt_outs", metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("at", Moment, nullable=False),
    sa.Column("lookup", sa.String(64), nullable=False, index=True),
    sa.Column("trial", sa.String(80), nullable=False),
    sa.Column("unit", sa.String(200), nullable=False),
    sa.Column("how", sa.String(20), nullable=False),
    sa.Column("actor", sa.String(200), nullable=False),
    sa.Column("lifted_at", Moment),
)  # fmt: skip

suppressions = sa.Table(
    "suppressions", metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("at", Moment, nullable=False),
    sa.Column("lookup", sa.String(64), nullable=False, index=True),
    sa.Column("trial", sa.String(80), nullable=False),
    sa.Column("unit", sa.String(200), nullable=False),
    sa.Column("why", sa.String(40), nullable=False),
    sa.Column("actor", sa.String(200), nullable=False),
    sa.Column("lifted_at", Moment),
)  # fmt: skip

replies = sa.Table(
    "replies", metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("at", Moment, nullable=False),
    sa.Column("event", sa.Integer, sa.ForeignKey("provider_events.id"), nullable=False, unique=True),
    sa.Column("lookup", sa.String(64), nullable=False, index=True),
    sa.Column("sealed_address", sa.LargeBinary, nullable=False),
    sa.Column("sealed_text", sa.LargeBinary, nullable=False),
    sa.Column("trial", sa.String(80), nullable=False),
    sa.Column("unit", sa.String(200), nullable=False),
    sa.Column("person", sa.String(200), nullable=False),
    sa.Column("meaning", sa.String(20), nullable=False),
    sa.Column("keyword", sa.String(80), nullable=False),
    sa.Column("priority", sa.Integer, nullable=False),
    sa.Column("answer", sa.Text, nullable=False),
    sa.Column("answer_via", sa.String(40), nullable=False, server_default=""),
    sa.Column("answered_at", Moment),
    sa.Column("answer_said", sa.Text, nullable=False, server_default=""),
    sa.Column("escalate_at", Moment, nullable=False),
    sa.Column("alerted_at", Moment),
    sa.Column("read_at", Moment),
    sa.Column("read_by", sa.String(200)),
)  # fmt: skip

notices = sa.Table(
    "notices", metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("at", Moment, nullable=False),
    sa.Column("trial", sa.String(80), nullable=False),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("seen_at", Moment),
    sa.Column("seen_by", sa.String(200)),
)  # fmt: skip

halts = sa.Table(
    "halts", metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("trial", sa.String(80), nullable=False),
    sa.Column("arm", sa.String(80), nullable=False),
    sa.Column("since", Moment, nullable=False),
    sa.Column("actor", sa.String(200), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("lifted_at", Moment),
)  # fmt: skip

sender_rates = sa.Table(
    "sender_rates", metadata,
    sa.Column("sender", sa.String(200), primary_key=True),
    sa.Column("free_at", Moment, nullable=False),
)  # fmt: skip

task_results = sa.Table(
    "task_results", metadata,
    sa.Column("send", sa.String(64), sa.ForeignKey("sends.id"), primary_key=True),
    sa.Column("at", Moment, nullable=False),
    sa.Column("actor", sa.String(200), nullable=False),
    sa.Column("result", sa.String(20), nullable=False),
    sa.Column("minutes", sa.Float, nullable=False),
)  # fmt: skip

outcome_loads = sa.Table(
    "outcome_loads", metadata,
    _trial(),
    sa.Column("outcome", sa.String(80), primary_key=True),
    sa.Column("loaded_at", Moment, nullable=False),
    sa.Column("complete_to", Moment, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("counts", sa.JSON, nullable=False),
)  # fmt: skip

outcome_rows = sa.Table(
    "outcome_rows", metadata,
    _trial(),
    sa.Column("outcome", sa.String(80), primary_key=True),
    sa.Column("person", sa.String(200), primary_key=True),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("value", sa.Float),
)  # fmt: skip

results = sa.Table(
    "results", metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("trial", sa.String(80), sa.ForeignKey("trials.name"), nullable=False, index=True),
    sa.Column("made_at", Moment, nullable=False),
    sa.Column("fingerprint", sa.String(64), nullable=False),
    sa.Column("content", sa.JSON, nullable=False),
)  # fmt: skip

audit = sa.Table(
    "audit", metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("at", Moment, nullable=False),
    sa.Column("actor", sa.String(200), nullable=False),
    sa.Column("action", sa.String(80), nullable=False),
    sa.Column("trial", sa.String(80), nullable=False),
    sa.Column("detail", sa.JSON, nullable=False),
    sa.Column("previous", sa.String(64), nullable=False),
    sa.Column("digest", sa.String(64), nullable=False, unique=True),
)  # fmt: skip
