"""Amendments of a lock, signatures on it, and units that come one by one.

Revision: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("locks", sa.Column("amendment", sa.String(length=10), nullable=True))
    op.add_column("locks", sa.Column("changes", sa.JSON(), nullable=False, server_default="[]"))
    with op.batch_alter_table("allocations") as allocations:
        allocations.alter_column("probability", existing_type=sa.Float(), nullable=True)
        allocations.add_column(sa.Column("position", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("units", sa.Column("enrolled_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "approvals",
        sa.Column("trial", sa.String(length=80), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("approver", sa.String(length=200), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["trial"], ["trials.name"], name=op.f("fk_approvals_trial")),
        sa.PrimaryKeyConstraint("trial", "fingerprint", "approver", name=op.f("pk_approvals")),
    )
