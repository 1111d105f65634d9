"""Rows from what families answered here: the trial's own words, fed in by the workflow.

A reply is its own event on its own day. It stands under the pseudonym of everyone it speaks
for; the words themselves stay sealed with the reply.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from nudge.trial.parts.outcomes import PRESENT
from nudge.trial.records.tables import Table
from nudge.trial.texts import Texts

if TYPE_CHECKING:
    from collections.abc import Iterable
    from zoneinfo import ZoneInfo

    from nudge.trial.parts.outcomes import Outcome
    from nudge.trial.records.outcomes import KeywordReply

PERSON, DAY = "person", "day"


def reply_table(replies: Iterable[KeywordReply], name: str, zone: ZoneInfo) -> Table:
    """A row per person and reply of that name; the day is the one on the family's own calendar."""
    rows = sorted((one.person, one.at.astimezone(zone).date().isoformat()) for one in replies if one.keyword == name)
    digest = hashlib.sha256(json.dumps(rows).encode()).hexdigest()
    columns = {PERSON: Texts.of(person for person, _ in rows), DAY: Texts.of(day for _, day in rows)}
    return Table(f"replies: {name}", columns, range(1, len(rows) + 1), digest)


def as_recorded(outcome: Outcome) -> Outcome:
    """The outcome with its source read by the columns of such a table."""
    if outcome.source is None:
        raise AssertionError("an outcome of replies has a source")
    read_by = outcome.source.model_copy(update={"id": PERSON, "date": DAY, "value": PRESENT})
    return outcome.model_copy(update={"source": read_by})
