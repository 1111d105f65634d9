"""Rows from a Parquet file."""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from nudge.trial.problems import Level, Problem, listed
from nudge.trial.records.tables import Table, Texts
from nudge.trial.tables import EMPTY

if TYPE_CHECKING:
    from nudge.trial.parts.population import DataSource
    from nudge.trial.problems import Problems


def read(where: DataSource, folder: Path, problems: Problems) -> Table:
    """The rows of `parquet_file`."""
    import pyarrow as pa
    from pyarrow import parquet

    name = where.parquet_file or ""
    try:
        with (folder / name).open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
        with parquet.ParquetFile(folder / name) as file:
            table = file.read()
    except FileNotFoundError:
        problems.add(
            Problem(
                Level.ERROR, name, 0, 0, "", "there is no such file",
                "check the path; it is relative to the trial file",
            )
        )  # fmt: skip
        return EMPTY
    except (pa.ArrowException, OSError):
        problems.add(
            Problem(Level.ERROR, name, 0, 0, "", "is not a Parquet file, or is damaged", "fetch or export it again")
        )
        return EMPTY
    twice = [title for title, times in Counter(table.column_names).items() if times > 1]
    if twice:
        what = f"the column name {listed(f'`{title}`' for title in twice)} stands twice"
        problems.add(Problem(Level.ERROR, name, 0, 0, "", what, "give every column a name of its own"))
        return EMPTY
    columns = {title: Texts(column) for title, column in zip(table.column_names, table.columns, strict=True)}
    return Table(name, columns, range(1, len(table) + 1), digest)
