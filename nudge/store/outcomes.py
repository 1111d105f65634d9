"""Outcome records as linked, and results as made."""

from __future__ import annotations

from collections.abc import Mapping
from math import isnan, nan
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from nudge.store.rows import insert_rows
from nudge.store.tables import outcome_loads, outcome_rows, results
from nudge.trial.records.outcomes import Linkage, OutcomeRow, OutcomeState

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.engine import Connection

_NAN = {"number": "cannot be had"}


def save_outcome(connection: Connection, trial: str, linkage: Linkage, at: datetime) -> None:
    """Replace what is known of one outcome by a fresh linkage."""
    for table in (outcome_rows, outcome_loads):
        connection.execute(table.delete().where(table.c.trial == trial, table.c.outcome == linkage.outcome))
    connection.execute(
        outcome_loads.insert().values(
            trial=trial, outcome=linkage.outcome, loaded_at=at, complete_to=linkage.complete_to,
            source=linkage.source, sha256=linkage.sha256,
            counts={"records": linkage.records, "matched": linkage.matched,
                    "outside_window": linkage.outside_window, "states": linkage.counts},
        )
    )  # fmt: skip
    insert_rows(
        connection, outcome_rows,
        ({"trial": trial, "outcome": linkage.outcome, "person": row.person, "state": row.state, "value": row.value}
         for row in linkage.rows),
    )  # fmt: skip


def loaded_outcomes(connection: Connection, trial: str) -> list[Mapping[str, Any]]:
    """What was collected: outcome, when, up to when, from where, and counts."""
    query = sa.select(outcome_loads).where(outcome_loads.c.trial == trial).order_by(outcome_loads.c.outcome)
    return [dict(row) for row in connection.execute(query).mappings()]


def outcome_by_person(connection: Connection, trial: str, outcome: str) -> dict[str, OutcomeRow]:
    """One outcome, by person."""
    query = sa.select(outcome_rows).where(outcome_rows.c.trial == trial, outcome_rows.c.outcome == outcome)
    return {row.person: OutcomeRow(row.person, OutcomeState(row.state), row.value) for row in connection.execute(query)}


def save_results(
    connection: Connection, trial: str, at: datetime, fingerprint: str, content: Mapping[str, Any]
) -> None:
    """Keep a result; every one served is a look that was taken."""
    row = {"trial": trial, "made_at": at, "fingerprint": fingerprint, "content": _as_json(dict(content))}
    connection.execute(results.insert().values(row))


def latest_results(connection: Connection, trial: str) -> Mapping[str, Any] | None:
    """The newest result, if any."""
    query = sa.select(results.c.content).where(results.c.trial == trial).order_by(results.c.id.desc()).limit(1)
    content = connection.scalar(query)
    return None if content is None else dict(_from_json(content))


def _as_json(value: Any) -> Any:
    """The same without NaN, which is no JSON and which PostgreSQL refuses."""
    if isinstance(value, dict):
        return {key: _as_json(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_as_json(one) for one in value]
    return _NAN if isinstance(value, float) and isnan(value) else value


def _from_json(value: Any) -> Any:
    if value == _NAN:
        return nan
    if isinstance(value, dict):
        return {key: _from_json(one) for key, one in value.items()}
    return [_from_json(one) for one in value] if isinstance(value, list) else value
