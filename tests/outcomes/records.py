"""A few families with windows, and records about them, linked as a trial would link them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from nudge.outcomes.linkage import link
from nudge.trial.parts.outcomes import Outcome
from nudge.trial.problems import Problems
from nudge.trial.records.outcomes import Linkage, OutcomeWindow
from nudge.trial.records.people import Person
from nudge.trial.records.tables import Table
from nudge.trial.texts import Texts

LONDON = ZoneInfo("Europe/London")
LATER = datetime(2027, 12, 31, tzinfo=UTC)
# 28 days at 10:00 London time, Monday to Monday
WINDOW = OutcomeWindow(datetime(2027, 1, 11, 10, tzinfo=LONDON), datetime(2027, 2, 8, 10, tzinfo=LONDON))
TYPES = {"hub": "category"}


def outcome(kind: str = "binary", **source: str | None) -> Outcome:
    """An outcome with a dated source; None takes a key of the source out."""
    described = {"csv_file": "came.csv", "date": "day", "value": "present", "no_record": "missing"} | source
    values: dict[str, Any] = {
        "role": "primary", "kind": kind, "better": "higher", "window": "28 days from first_planned_send",
        "source": {key: value for key, value in described.items() if value is not None},
    }  # fmt: skip
    return Outcome.model_validate(values)


def person(name: str, hub: str | None = "north") -> Person:
    return Person(name, f"unit of {name}", 2, {"hub": hub}, "en", ())


def table(*rows: Mapping[str, str]) -> Table:
    """Records as the reader of CSV files gives them: the first stands on line 2."""
    columns = {title: Texts.of(row[title] for row in rows) for title in (rows[0] if rows else {"ref": "", "day": ""})}
    return Table("came.csv", columns, range(2, len(rows) + 2), "digest")


def linked(
    measured: Outcome,
    records: Table,
    people: Sequence[Person],
    *,
    windows: Mapping[str, OutcomeWindow] | None = None,
    complete_to: datetime = LATER,
    id_column: str = "ref",
    arms: Mapping[str, str] | None = None,
) -> tuple[Linkage, list[str]]:
    """One outcome for these people, and what is said of the records."""
    problems = Problems()
    found = link(
        "came", measured, records, people, arms or dict.fromkeys((one.id for one in people), "usual"),
        dict.fromkeys((one.id for one in people), WINDOW) if windows is None else windows,
        id_column=id_column, types=TYPES, complete_to=complete_to, zone=LONDON, problems=problems,
    )  # fmt: skip
    return found, [str(problem) for problem in problems]


def states(found: Linkage) -> dict[str, tuple[str, float | None]]:
    """Each person's state and value."""
    return {row.person: (str(row.state), row.value) for row in found.rows}
