"""The outcomes of a trial run elsewhere: columns of its own rows, or of a file of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nudge.outcomes.sources import read_source
from nudge.trial.parts.outcomes import PRESENT
from nudge.trial.problems import Level
from nudge.trial.tables import EMPTY, field_problem, need_columns
from nudge.trial.typed_columns import number_column
from nudge.workflow.reporting.elsewhere_rows import again, is_elsewhere, numbered, outcome_type

if TYPE_CHECKING:
    from pathlib import Path

    from nudge.trial.load import LoadedTrial
    from nudge.trial.parts.outcomes import Outcome
    from nudge.trial.problems import Problems
    from nudge.trial.records.analysis import Floats
    from nudge.trial.records.tables import Table


def outcome_values(
    loaded: LoadedTrial, name: str, outcome: Outcome, table: Table, data: Path | None, problems: Problems
) -> Floats:
    """An outcome's column in the order of the main table's rows."""
    source = outcome.source
    if source is None or source.value is None:
        raise AssertionError("check refuses a measured outcome without a source")
    if source.value == PRESENT:
        problems.add(
            loaded.source.problem(
                Level.ERROR, ("outcomes", name, "source", "value"),
                "`present` counts rows of a log, and this is a table",
                "name the column that holds the outcome, 1 or 0",
            )
        )  # fmt: skip
        return np.full(len(table), np.nan)
    kind = outcome_type(outcome)
    never = source.no_record == "did_not_happen" and outcome.kind != "time_to_event"
    silence = 0.0 if never else np.nan
    if data is not None or not is_elsewhere(source, loaded.trial.allocation):
        if not need_columns(table, [source.value], problems):
            return np.full(len(table), np.nan)
        values = number_column(table, source.value, kind, problems)
        return np.where(np.isnan(values), silence, values)
    return _joined(loaded, name, outcome, table, kind, silence, problems)


def happened(
    loaded: LoadedTrial, name: str, outcome: Outcome, table: Table, data: Path | None, problems: Problems
) -> Floats | None:
    """Of times to an event, which end with it; where that is blank, the time is not known."""
    source = outcome.source
    if outcome.kind != "time_to_event" or source is None or source.event is None:
        return None
    as_yes_no = outcome.model_copy(
        update={"kind": "binary", "source": source.model_copy(update={"value": source.event, "no_record": "missing"})}
    )
    return outcome_values(loaded, name, as_yes_no, table, data, problems)


def _joined(
    loaded: LoadedTrial, name: str, outcome: Outcome, table: Table, kind: str, silence: float, problems: Problems
) -> Floats:
    """An outcome from a file of its own, matched by the identifier."""
    source = outcome.source
    if source is None or source.value is None:
        raise AssertionError("check refuses a measured outcome without a source")
    here, there = loaded.trial.population.id, source.id or loaded.trial.population.id
    records = read_source(source, loaded.folder, problems, {source.value: kind, there: "text"})
    if "row" in {here, there}:
        problems.add(
            loaded.source.problem(
                Level.ERROR, ("outcomes", name, "source"),
                "is in a file of its own, and no column says whose row is whose",
                "name the identifier's column: `population.id`, and `source.id` where it differs",
            )
        )  # fmt: skip
        return np.full(len(table), np.nan)
    if records is EMPTY or not (
        need_columns(records, [there, source.value], problems) and need_columns(table, [here], problems)
    ):
        return np.full(len(table), np.nan)
    for i in again(numbered(records, (there,))).tolist():
        whose = records.columns[there][i]
        problems.add(field_problem(records, i, there, f"`{whose}` stands twice", "keep one row each"))
    values = number_column(records, source.value, kind, problems)
    row = table.columns[here].found_in(records.columns[there])
    return np.where(row >= 0, np.append(values, np.nan)[row], silence)
