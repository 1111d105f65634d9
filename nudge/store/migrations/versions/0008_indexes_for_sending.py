"""Sending goes by an index wherever it looks: its work grows with a batch, not with the ledger.

Revision: 0008
"""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_people_unit", "people", ["trial", "unit"])
    op.create_index("ix_sends_person", "sends", ["trial", "person"])
    op.create_index("ix_sends_late", "sends", ["status", "not_after"])
    op.create_index("ix_sends_turn", "sends", ["status", "planned_at", "position"])


def downgrade() -> None:
    op.drop_index("ix_sends_turn", "sends")
    op.drop_index("ix_sends_late", "sends")
    op.drop_index("ix_sends_person", "sends")
    op.drop_index("ix_people_unit", "people")
