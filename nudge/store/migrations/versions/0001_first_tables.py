"""The first tables.

Revision: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.Column("action", sa.String(length=80), nullable=False),
        sa.Column("trial", sa.String(length=80), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_audit")),
        sa.UniqueConstraint("digest", name=op.f("uq_audit_digest")),
    )
    op.create_table(
        "leases",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("holder", sa.String(length=200), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_leases")),
    )
    op.create_table(
        "trials",
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("demonstration", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("allocated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("launched_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_trials")),
    )
    op.create_table(
        "allocations",
        sa.Column("trial", sa.String(length=80), nullable=False),
        sa.Column("unit", sa.String(length=200), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("block", sa.JSON(), nullable=False),
        sa.Column("arm", sa.String(length=80), nullable=False),
        sa.Column("probability", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["trial"], ["trials.name"], name=op.f("fk_allocations_trial")),
        sa.PrimaryKeyConstraint("trial", "unit", name=op.f("pk_allocations")),
    )
    op.create_table(
        "contacts",
        sa.Column("trial", sa.String(length=80), nullable=False),
        sa.Column("person", sa.String(length=200), nullable=False),
        sa.Column("channel", sa.String(length=10), nullable=False),
        sa.Column("sealed_address", sa.LargeBinary(), nullable=False),
        sa.Column("lookup", sa.String(length=64), nullable=False),
        sa.Column("safe", sa.Boolean(), nullable=False),
        sa.Column("reserved", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["trial"], ["trials.name"], name=op.f("fk_contacts_trial")),
        sa.PrimaryKeyConstraint("trial", "person", "channel", name=op.f("pk_contacts")),
    )
    op.create_index(op.f("ix_contacts_lookup"), "contacts", ["lookup"], unique=False)
    op.create_table(
        "exclusions",
        sa.Column("trial", sa.String(length=80), nullable=False),
        sa.Column("person", sa.String(length=200), nullable=False),
        sa.Column("unit", sa.String(length=200), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("whole_unit", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["trial"], ["trials.name"], name=op.f("fk_exclusions_trial")),
        sa.PrimaryKeyConstraint("trial", "person", name=op.f("pk_exclusions")),
    )
    op.create_table(
        "locks",
        sa.Column("trial", sa.String(length=80), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("locked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("locked_by", sa.String(length=200), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("definition", sa.JSON(), nullable=False),
        sa.Column("templates", sa.JSON(), nullable=False),
        sa.Column("roll_digest", sa.String(length=64), nullable=False),
        sa.Column("roll_file", sa.Text(), nullable=False),
        sa.Column("law", sa.JSON(), nullable=False),
        sa.Column("seed_commitment", sa.String(length=64), nullable=False),
        sa.Column("decisions", sa.JSON(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["trial"], ["trials.name"], name=op.f("fk_locks_trial")),
        sa.PrimaryKeyConstraint("trial", "number", name=op.f("pk_locks")),
    )
    op.create_table(
        "outcome_loads",
        sa.Column("trial", sa.String(length=80), nullable=False),
        sa.Column("outcome", sa.String(length=80), nullable=False),
        sa.Column("loaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("complete_to", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["trial"], ["trials.name"], name=op.f("fk_outcome_loads_trial")),
        sa.PrimaryKeyConstraint("trial", "outcome", name=op.f("pk_outcome_loads")),
    )
    op.create_table(
        "outcome_rows",
        sa.Column("trial", sa.String(length=80), nullable=False),
        sa.Column("outcome", sa.String(length=80), nullable=False),
        sa.Column("person", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("value", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(["trial"], ["trials.name"], name=op.f("fk_outcome_rows_trial")),
        sa.PrimaryKeyConstraint("trial", "outcome", "person", name=op.f("pk_outcome_rows")),
    )
    op.create_table(
        "people",
        sa.Column("trial", sa.String(length=80), nullable=False),
        sa.Column("person", sa.String(length=200), nullable=False),
        sa.Column("unit", sa.String(length=200), nullable=False),
        sa.Column("roll_row", sa.Integer(), nullable=False),
        sa.Column("columns", sa.JSON(), nullable=False),
        sa.Column("language", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(["trial"], ["trials.name"], name=op.f("fk_people_trial")),
        sa.PrimaryKeyConstraint("trial", "person", name=op.f("pk_people")),
    )
    op.create_table(
        "results",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("trial", sa.String(length=80), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["trial"], ["trials.name"], name=op.f("fk_results_trial")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_results")),
    )
    op.create_index(op.f("ix_results_trial"), "results", ["trial"], unique=False)
    op.create_table(
        "roll_counts",
        sa.Column("trial", sa.String(length=80), nullable=False),
        sa.Column("assessed_people", sa.Integer(), nullable=False),
        sa.Column("assessed_units", sa.Integer(), nullable=False),
        sa.Column("merged_units", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["trial"], ["trials.name"], name=op.f("fk_roll_counts_trial")),
        sa.PrimaryKeyConstraint("trial", name=op.f("pk_roll_counts")),
    )
    op.create_table(
        "seeds",
        sa.Column("trial", sa.String(length=80), nullable=False),
        sa.Column("sealed_value", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_salt", sa.LargeBinary(), nullable=False),
        sa.Column("published", sa.Boolean(), nullable=False),
        sa.Column("revealed", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["trial"], ["trials.name"], name=op.f("fk_seeds_trial")),
        sa.PrimaryKeyConstraint("trial", name=op.f("pk_seeds")),
    )
    op.create_table(
        "sends",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("trial", sa.String(length=80), nullable=False),
        sa.Column("unit", sa.String(length=200), nullable=False),
        sa.Column("person", sa.String(length=200), nullable=False),
        sa.Column("arm", sa.String(length=80), nullable=False),
        sa.Column("message", sa.String(length=100), nullable=False),
        sa.Column("template", sa.String(length=200), nullable=False),
        sa.Column("channel", sa.String(length=10), nullable=False),
        sa.Column("via", sa.String(length=40), nullable=False),
        sa.Column("planned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("not_after", sa.DateTime(timezone=True), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("touched_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("holder", sa.String(length=200), nullable=True),
        sa.Column("words_sha256", sa.String(length=64), nullable=True),
        sa.Column("words_template", sa.String(length=220), nullable=True),
        sa.Column("segments", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("provider_id", sa.String(length=200), nullable=True),
        sa.ForeignKeyConstraint(["trial"], ["trials.name"], name=op.f("fk_sends_trial")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sends")),
        sa.UniqueConstraint("trial", "unit", "message", "person", "channel", name=op.f("uq_sends_trial")),
    )
    op.create_index("ix_sends_open", "sends", ["status", "due_at", "position"], unique=False)
    op.create_index("ix_sends_trial", "sends", ["trial", "status"], unique=False)
    op.create_table(
        "superseded_draws",
        sa.Column("trial", sa.String(length=80), nullable=False),
        sa.Column("lock_number", sa.Integer(), nullable=False),
        sa.Column("drawn_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("rows", sa.JSON(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["trial"], ["trials.name"], name=op.f("fk_superseded_draws_trial")),
        sa.PrimaryKeyConstraint("trial", "lock_number", name=op.f("pk_superseded_draws")),
    )
    op.create_table(
        "units",
        sa.Column("trial", sa.String(length=80), nullable=False),
        sa.Column("unit", sa.String(length=200), nullable=False),
        sa.Column("block", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["trial"], ["trials.name"], name=op.f("fk_units_trial")),
        sa.PrimaryKeyConstraint("trial", "unit", name=op.f("pk_units")),
    )
    op.create_table(
        "bodies",
        sa.Column("send", sa.String(length=64), nullable=False),
        sa.Column("sealed_words", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["send"], ["sends.id"], name=op.f("fk_bodies_send")),
        sa.PrimaryKeyConstraint("send", name=op.f("pk_bodies")),
    )
    op.create_table(
        "send_events",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("send", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["send"], ["sends.id"], name=op.f("fk_send_events_send")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_send_events")),
    )
    op.create_index(op.f("ix_send_events_send"), "send_events", ["send"], unique=False)
