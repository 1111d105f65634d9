"""Outcome records to people: who has one, whether it falls in their window, what silence means."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import TYPE_CHECKING

from nudge.trial.conditions import condition
from nudge.trial.parts.outcomes import PRESENT
from nudge.trial.quantities import GrammarError
from nudge.trial.records.outcomes import Linkage, OutcomeRow, OutcomeState, OutcomeWindow
from nudge.trial.tables import field_problem, need_columns, shortened, typed

if TYPE_CHECKING:
    from datetime import date
    from zoneinfo import ZoneInfo

    from nudge.trial.parts.outcomes import Outcome, OutcomeSource
    from nudge.trial.problems import Problems
    from nudge.trial.records.people import Person, Value
    from nudge.trial.records.tables import Table


@dataclass(frozen=True, slots=True)
class _Record:
    """One usable row of a source."""

    row: int
    day: date | None
    value: float | None


def link(
    name: str,
    outcome: Outcome,
    table: Table,
    people: Sequence[Person],
    arm_of: Mapping[str, str],
    windows: Mapping[str, OutcomeWindow],
    *,
    id_column: str,
    types: Mapping[str, str],
    complete_to: datetime,
    zone: ZoneInfo,
    problems: Problems,
) -> Linkage:
    """One outcome for everyone allocated.

    arm_of: arm by person. windows: by person; empty where the outcome has none.
    complete_to: the moment up to which the records are complete. A person whose window
    closes later and who has no event yet is `not_yet`.
    """
    source = outcome.source
    if source is None or source.value is None:
        raise AssertionError("check refuses a measured outcome without a source")
    records, count = _records(table, source, outcome.kind, id_column, {person.id for person in people}, problems)
    outside = condition(source.outside, types) if source.outside else None
    rows: list[OutcomeRow] = []
    misplaced = 0
    for person in people:
        window = windows.get(person.id, OutcomeWindow(None, None))
        mine = records.get(person.id, [])
        inside = [record for record in mine if _falls_in(record, window, zone)]
        misplaced += len(mine) - len(inside)
        if outside is not None and outside.holds(person.columns) is True:
            rows.append(OutcomeRow(person.id, OutcomeState.OUTSIDE, None))
            continue
        rows.append(_row(person.id, inside, window, outcome, table, complete_to, zone, problems))
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        counts[arm_of[row.person]][row.state] += 1
    return Linkage(
        name, tuple(rows), len(table), count, misplaced, table.sha256, table.name, complete_to,
        {arm: dict(states) for arm, states in counts.items()},
    )  # fmt: skip


def _records(
    table: Table, source: OutcomeSource, kind: str, id_column: str, people: set[str], problems: Problems
) -> tuple[dict[str, list[_Record]], int]:
    """Usable rows by person, and how many rows are about people of this trial."""
    if not need_columns(table, columns_read(source, id_column), problems):
        return {}, 0
    texts = {column: list(table.columns[column]) for column in columns_read(source, id_column)}
    ids = texts[id_column] if id_column != "row" else [str(i + 1) for i in range(len(table))]
    found: defaultdict[str, list[_Record]] = defaultdict(list)
    matched = 0
    for i, person in enumerate(ids):
        if person not in people:
            continue
        matched += 1
        value: float | None = 1.0
        if source.value is not None and source.value != PRESENT:
            kind_of_field = "yes_no" if kind == "binary" else "number"
            read = _field(table, i, source.value, texts[source.value][i], kind_of_field, problems)
            value = None if read is None else float(read)  # type: ignore[arg-type]  # a number or a yes or no
        day = _field(table, i, source.date, texts[source.date][i], "date", problems) if source.date else None
        if source.date and not texts[source.date][i]:
            problems.add(field_problem(table, i, source.date, "is blank", "give the day it happened"))
        found[person].append(_Record(i, day, value))  # type: ignore[arg-type]  # a date
    return found, matched


def columns_read(source: OutcomeSource, id_column: str) -> list[str]:
    """The columns of a source that are read."""
    wanted = [source.date, None if source.value == PRESENT else source.value, None if id_column == "row" else id_column]
    return [column for column in wanted if column]


def _field(table: Table, row: int, column: str, text: str, kind: str, problems: Problems) -> Value:
    """A field of a row about a person of this trial; other rows of a log are not ours to mend."""
    try:
        return typed(text, kind)
    except GrammarError as error:
        problems.add(field_problem(table, row, column, error.what, error.remedy))
        return None


def _falls_in(record: _Record, window: OutcomeWindow, zone: ZoneInfo) -> bool:
    """Whether a record's day touches the window; without dates every record counts."""
    if record.day is None or window.opens is None or window.closes is None:
        return True
    start = window.opens.astimezone(zone).date()
    end = window.closes.astimezone(zone)
    last = end.date()
    return start <= record.day and (record.day < last or (record.day == last and end.time() > time.min))


def _row(
    person: str, records: Sequence[_Record], window: OutcomeWindow, outcome: Outcome, table: Table,
    complete_to: datetime, zone: ZoneInfo, problems: Problems,
) -> OutcomeRow:  # fmt: skip
    source = outcome.source
    if source is None:
        raise AssertionError("check refuses a measured outcome without a source")
    if outcome.window is not None and window.closes is None:
        return OutcomeRow(person, OutcomeState.UNDATED, None)
    if outcome.kind != "time_to_event" and window.closes is not None and window.closes > complete_to:
        # Also where an event is on record: counting early events but not early silence would be biased.
        return OutcomeRow(person, OutcomeState.NOT_YET, None)
    values = [record.value for record in records if record.value is not None]
    if outcome.kind == "time_to_event":
        return _time(person, records, window, source, complete_to, zone)
    if outcome.kind == "count" and source.value == PRESENT and values:
        values = [sum(values)]
    if outcome.kind != "binary" and len(set(values)) > 1:
        problems.add(
            field_problem(
                table, records[-1].row, source.value or "",
                f"`{shortened(person)}` has {len(set(values))} different values in the window",
                "keep the one that counts",
            )
        )  # fmt: skip
    if values:
        value = max(values) if outcome.kind == "binary" else values[0]
        happened = outcome.kind != "binary" or value > 0
        return OutcomeRow(person, OutcomeState.EVENT if happened else OutcomeState.NON_EVENT, value)
    silence = 0.0 if source.no_record == "did_not_happen" and not records else None
    return OutcomeRow(person, OutcomeState.NO_RECORD, silence)


def _time(
    person: str, records: Sequence[_Record], window: OutcomeWindow, source: OutcomeSource, complete_to: datetime,
    zone: ZoneInfo,
) -> OutcomeRow:  # fmt: skip
    """Days until it happened, the day the window opens being the first; else days it was looked for without it.

    Someone whose window is still open is followed up to `complete_to`, `not_yet` unless it has happened.
    """
    if window.opens is None or window.closes is None:
        raise AssertionError("check refuses a time without a window")
    first = window.opens.astimezone(zone).date()
    happened = sorted(record.day for record in records if record.day is not None)
    last = min(window.closes, complete_to).astimezone(zone)
    followed = (last.date() - first).days + (last.time() > time.min)
    if happened and happened[0] <= complete_to.astimezone(zone).date():
        return OutcomeRow(person, OutcomeState.EVENT, float((happened[0] - first).days + 1))
    waiting = window.closes > complete_to
    if source.no_record != "did_not_happen":
        return OutcomeRow(person, OutcomeState.NOT_YET if waiting else OutcomeState.NO_RECORD, None)
    state = OutcomeState.NOT_YET if waiting else OutcomeState.NO_RECORD
    return OutcomeRow(person, state, float(followed) if followed > 0 else None)
