"""Virtual rows wait, expire and count like messages: those to come are planned, those past have had their moment.

Revision: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_SENDS = sa.table("sends", *(sa.column(name) for name in ("id", "status", "template", "planned_at", "touched_at")))
_EVENTS = sa.table("send_events", *(sa.column(name) for name in ("send", "at", "status", "attempt", "detail")))
_VIRTUAL = sa.and_(_SENDS.c.status == "virtual", _SENDS.c.template == "")
_PAST = _SENDS.c.planned_at <= sa.func.current_timestamp()


def upgrade() -> None:
    _tell("virtual", _SENDS.c.planned_at, "counted by its plan", _PAST)
    _tell("planned", _SENDS.c.touched_at, "waits for its moment", sa.not_(_PAST))
    op.execute(_SENDS.update().where(_VIRTUAL, sa.not_(_PAST)).values(status="planned"))


def downgrade() -> None:
    op.execute(_SENDS.update().where(_SENDS.c.template == "").values(status="virtual"))


def _tell(status: str, at: sa.ColumnClause[object], detail: str, rows: sa.ColumnElement[bool]) -> None:
    told = sa.select(_SENDS.c.id, at, sa.literal(status), sa.literal(0), sa.literal(detail)).where(_VIRTUAL, rows)
    op.execute(_EVENTS.insert().from_select(["send", "at", "status", "attempt", "detail"], told))
