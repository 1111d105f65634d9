"""What families have answered, as the condition of a message asks for it."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import sqlalchemy as sa

from nudge.store.tables import contacts, replies, trials

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy.engine import Connection

    from nudge.trial.records.delivery import DueSend


def answers_to(connection: Connection, rows: Sequence[DueSend], sites: Collection[str]) -> dict[str, set[str]]:
    """By row, what its household has written to its trial since launch: keywords, an empty text where it was none.

    Any member of a household answers for it. sites: trials whose units are schools or clinics,
    where only those who share the person's contact point do.
    """
    query = (
        sa.select(replies.c.trial, replies.c.unit, replies.c.lookup, replies.c.keyword)
        .join(trials, trials.c.name == replies.c.trial)
        .where(
            sa.tuple_(replies.c.trial, replies.c.unit).in_(sorted({(row.trial, row.unit) for row in rows})),
            replies.c.at >= trials.c.launched_at,
        )
    )
    written: defaultdict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    for trial, unit, lookup, keyword in connection.execute(query):
        written[trial, unit].append((lookup, keyword))
    own = _lookups(connection, [row for row in rows if row.trial in sites])
    return {
        row.id: {
            keyword
            for lookup, keyword in written[row.trial, row.unit]
            if row.trial not in sites or lookup in own[row.trial, row.person]
        }
        for row in rows
    }


def _lookups(connection: Connection, rows: Sequence[DueSend]) -> defaultdict[tuple[str, str], set[str]]:
    wanted = sa.tuple_(contacts.c.trial, contacts.c.person).in_(sorted({(row.trial, row.person) for row in rows}))
    found: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    if rows:
        for row in connection.execute(sa.select(contacts.c.trial, contacts.c.person, contacts.c.lookup).where(wanted)):
            found[row.trial, row.person].add(row.lookup)
    return found
