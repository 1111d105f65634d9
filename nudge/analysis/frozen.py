"""What was analysed, frozen: one Parquet file that gives every number of a result again.

A row per person allocated and a column per thing the analysis reads. Nobody is named: units,
blocks and people are numbers in an order that means nothing outside the trial's database.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from nudge.trial.errors import InputError
from nudge.trial.records.analysis import AnalysisRows, Label, Phases
from nudge.trial.records.columns import Coded, Column

if TYPE_CHECKING:
    from pathlib import Path

_ABOUT = b"nudge analysis data"
_OF_AN_OUTCOME = ("event", "exposure", "waiting")
_SHARED = ("unit", "block", "probability")
_PHASES = ("period", "complete", "step")


@dataclass(frozen=True, slots=True)
class AnalysisData:
    """The rows of every outcome, with what the lock and the calendar say of them."""

    trial: str
    fingerprint: str | None
    """Of the lock in force; None where nothing was locked."""
    rows_of: Mapping[str, AnalysisRows]
    label: Label
    """What planned lines are, where `labels` says nothing else."""
    foreseen: Mapping[str, str] = field(default_factory=dict)
    """The estimator the lock foresaw, by comparison."""
    labels: Mapping[str, Label] = field(default_factory=dict)
    """What an outcome's lines became by an amendment or a changed file."""
    windows_open: Mapping[str, int] = field(default_factory=dict)
    """Windows that were still open, by outcome: no verdict yet."""
    registered: tuple[str, ...] | None = None
    """The comparisons that the lock names; None where nothing was locked."""


def freeze(data: AnalysisData) -> bytes:
    """The Parquet file, equal for equal data."""
    import pyarrow as pa
    from pyarrow import parquet

    first = next(iter(data.rows_of.values()))
    columns = {"arm": _as_arrow(first.arm), **{name: pa.array(getattr(first, name)) for name in _SHARED}}
    if first.received is not None:
        columns["received"] = pa.array(first.received)
    for name, away in (first.closed or {}).items():
        columns[f"closed.{name}"] = pa.array(away)
    for name, values in first.covariates.items():
        columns[f"baseline.{name}"] = _as_arrow(values, yes_no=first.types.get(name) == "yes_no")
    for name, rows in data.rows_of.items():
        columns[f"outcome.{name}"] = pa.array(rows.outcome)
        for key in _OF_AN_OUTCOME:
            if getattr(rows, key) is not None:
                columns[f"{key}.{name}"] = pa.array(getattr(rows, key))
        if rows.phases is not None:  # in a stepped wedge the arm, too, is that of the outcome's own window
            columns[f"arm.{name}"] = _as_arrow(rows.arm)
            columns |= {f"{key}.{name}": pa.array(getattr(rows.phases, key)) for key in _PHASES}
    about = {
        "trial": data.trial, "fingerprint": data.fingerprint, "label": data.label, "foreseen": dict(data.foreseen),
        "labels": dict(data.labels), "windows_open": dict(data.windows_open),
        **({"moments": True} if first.moments else {}),
        **({"steps": first.phases.steps} if first.phases is not None else {}),
        **({"registered": list(data.registered)} if data.registered is not None else {}),
    }  # fmt: skip
    table = pa.table(columns).replace_schema_metadata({_ABOUT: json.dumps(about, sort_keys=True)})
    file = io.BytesIO()
    parquet.write_table(table, file, compression="zstd", version="2.6")
    return file.getvalue()


def is_frozen(path: Path) -> bool:
    """Whether a file is one that `freeze` wrote."""
    return path.suffix == ".parquet" and _about(path) is not None


def thaw(path: Path, types: Mapping[str, str]) -> AnalysisData:
    """The same data again. types: of the baseline columns, as the trial file declares them.

    Raises InputError where the file is not a frozen data set.
    """
    from pyarrow import parquet

    about = _about(path)
    if about is None:
        raise InputError(f"{path} is not a frozen data set", "name a file that `nudge analyse` wrote")
    with parquet.ParquetFile(path) as file:
        table = file.read()
    columns = {name: table.column(name) for name in table.column_names}
    shared = {name: columns[name].to_numpy() for name in _SHARED}
    arm = _as_coded(columns["arm"])
    covariates = {
        name.removeprefix("baseline."): _as_column(values)
        for name, values in columns.items() if name.startswith("baseline.")
    }  # fmt: skip
    received = columns["received"].to_numpy() if "received" in columns else None
    closed = {
        name.removeprefix("closed."): values.to_numpy()
        for name, values in columns.items() if name.startswith("closed.")
    }  # fmt: skip
    moments, steps = bool(about.pop("moments", False)), about.pop("steps", None)
    registered = tuple(about.pop("registered")) if "registered" in about else None
    rows_of = {
        name.removeprefix("outcome."): AnalysisRows(
            outcome=values.to_numpy(), covariates=covariates, types=types, received=received, moments=moments,
            closed=closed or None, **shared, **_beside(name.removeprefix("outcome."), columns),
            **_placed(name.removeprefix("outcome."), columns, steps, arm),
        )
        for name, values in columns.items() if name.startswith("outcome.")
    }  # fmt: skip
    return AnalysisData(rows_of=rows_of, registered=registered, **about)


def _placed(outcome: str, columns: Mapping[str, Any], steps: int | None, arm: Coded) -> dict[str, Any]:
    """The arm an outcome's rows count in, and in a stepped wedge their periods."""
    if steps is None:
        return {"arm": arm}
    phases = Phases(**{key: columns[f"{key}.{outcome}"].to_numpy() for key in _PHASES}, steps=steps)
    return {"arm": _as_coded(columns[f"arm.{outcome}"]), "phases": phases}


def _beside(outcome: str, columns: Mapping[str, Any]) -> dict[str, Any]:
    """What an outcome has besides its value."""
    return {key: columns[f"{key}.{outcome}"].to_numpy() for key in _OF_AN_OUTCOME if f"{key}.{outcome}" in columns}


def _as_arrow(column: Column, *, yes_no: bool = False) -> Any:
    """A column as Parquet keeps it: texts as a dictionary, numbers and yes or no with blanks as nulls."""
    import pyarrow as pa

    if isinstance(column, Coded):
        codes = pa.array(column.codes, mask=column.codes < 0)
        return pa.DictionaryArray.from_arrays(codes, pa.array(column.levels, pa.string()))
    return pa.array(column != 0, mask=np.isnan(column)) if yes_no else pa.array(column, from_pandas=True)


def _as_column(values: Any) -> Column:
    """The same back; texts also where they were not kept as a dictionary."""
    import pyarrow as pa

    if pa.types.is_boolean(values.type):
        return np.asarray(values.cast(pa.uint8()).cast(pa.float64()).to_numpy(), dtype=float)
    if pa.types.is_floating(values.type):
        return np.asarray(values.to_numpy(), dtype=float)
    return _as_coded(values)


def _as_coded(values: Any) -> Coded:
    """Texts, also where they were not kept as a dictionary; an empty one is a blank."""
    import pyarrow as pa

    coded = values if pa.types.is_dictionary(values.type) else values.dictionary_encode()
    whole = coded.unify_dictionaries().combine_chunks()
    codes = whole.indices.fill_null(-1).to_numpy().astype(np.int32)
    levels = whole.dictionary.to_pylist()
    kept = tuple(level for level in levels if level)
    if len(kept) == len(levels):
        return Coded(codes, kept)
    place = [kept.index(level) if level else -1 for level in levels]
    return Coded(np.array([*place, -1], dtype=np.int32)[codes], kept)


def _about(path: Path) -> dict[str, Any] | None:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(path) as file:
            said = (file.schema_arrow.metadata or {}).get(_ABOUT)
    except (pa.ArrowException, OSError):
        return None
    return None if said is None else dict(json.loads(said))
