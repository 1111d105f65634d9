"""Links in messages: one identifier per message and target.

Revision: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "links",
        sa.Column("identifier", sa.String(length=13), nullable=False),
        sa.Column("send", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["send"], ["sends.id"], name=op.f("fk_links_send_sends")),
        sa.PrimaryKeyConstraint("identifier", name=op.f("pk_links")),
    )
    op.create_index(op.f("ix_links_send"), "links", ["send"])
