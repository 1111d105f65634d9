"""Rows from a Parquet file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from nudge.outcomes.columns import as_table
from nudge.trial.problems import Level, Problem
from nudge.trial.tables import EMPTY

if TYPE_CHECKING:
    from nudge.trial.model import DataSource
    from nudge.trial.problems import Problems
    from nudge.trial.records.tables import Table


def read(where: DataSource, folder: Path, problems: Problems) -> Table:
    """The rows of `parquet_file`."""
    import pyarrow as pa
    from pyarrow import parquet

    name = where.parquet_file or ""
    try:
        table = parquet.read_table(folder / name)
    except FileNotFoundError:
        problems.add(
            Problem(
                Level.ERROR, name, 0, 0, "", "there is no such file",
                "check the path; it is relative to the trial file",
            )
        )  # fmt: skip
        return EMPTY
    except (pa.ArrowException, OSError) as error:
        problems.add(Problem(Level.ERROR, name, 0, 0, "", f"is not a Parquet file ({error})", "export it again"))
        return EMPTY
    return as_table(name, {title: table.column(title).to_pylist() for title in table.column_names})
