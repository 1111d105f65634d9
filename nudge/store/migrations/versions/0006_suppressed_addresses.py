"""Contact points that are not used any more, and the answers that go out as messages of their own.

Revision: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "suppressions",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lookup", sa.String(length=64), nullable=False),
        sa.Column("trial", sa.String(length=80), nullable=False),
        sa.Column("unit", sa.String(length=200), nullable=False),
        sa.Column("why", sa.String(length=40), nullable=False),
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.Column("lifted_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suppressions")),
    )
    op.create_index(op.f("ix_suppressions_lookup"), "suppressions", ["lookup"], unique=False)
    for column in (
        sa.Column("answer_via", sa.String(length=40), nullable=False, server_default=""),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer_said", sa.Text(), nullable=False, server_default=""),
    ):
        op.add_column("replies", column)


def downgrade() -> None:
    for column in ("answer_said", "answered_at", "answer_via"):
        op.drop_column("replies", column)
    op.drop_index(op.f("ix_suppressions_lookup"), "suppressions")
    op.drop_table("suppressions")
