"""What every method of drawing has to keep: steps, groups, the order of enrolment, and facts of the draw.

Revision: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "draws",
        sa.Column("trial", sa.String(length=80), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["trial"], ["trials.name"], name=op.f("fk_draws_trial")),
        sa.PrimaryKeyConstraint("trial", name=op.f("pk_draws")),
    )
    op.create_table(
        "batches",
        sa.Column("trial", sa.String(length=80), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("chances", sa.JSON(), nullable=False),
        sa.Column("successes", sa.JSON(), nullable=False),
        sa.Column("matured", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["trial"], ["trials.name"], name=op.f("fk_batches_trial")),
        sa.PrimaryKeyConstraint("trial", "number", name=op.f("pk_batches")),
    )
    with op.batch_alter_table("allocations") as table:
        table.add_column(sa.Column("step", sa.Integer(), nullable=True))
        table.add_column(sa.Column("group_number", sa.Integer(), nullable=True))
        table.add_column(sa.Column("columns", sa.JSON(), nullable=False, server_default="{}"))
