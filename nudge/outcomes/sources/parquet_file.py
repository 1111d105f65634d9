"""Rows from a Parquet file."""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from nudge.trial.problems import Level, Problem, listed
from nudge.trial.records.tables import Table
from nudge.trial.tables import EMPTY
from nudge.trial.texts import Texts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nudge.trial.parts.population import DataSource
    from nudge.trial.problems import Problems

_LENGTH = 4
"""Bytes that the length of a text takes, where every row has its own."""


def read(where: DataSource, folder: Path, problems: Problems, wanted: Mapping[str, str] | None = None) -> Table:
    """The rows of `parquet_file`."""
    import pyarrow as pa
    from pyarrow import parquet

    name = where.parquet_file or ""
    try:
        with (folder / name).open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
        few = _of_few_values(folder / name)
        with parquet.ParquetFile(folder / name, read_dictionary=few) as file:
            header = tuple(file.schema_arrow.names)
            taken = [title for title in header if wanted is None or title in wanted]
            table = file.read(taken or header[:1])
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
    twice = [title for title, times in Counter(header).items() if times > 1]
    if twice:
        what = f"the column name {listed(f'`{title}`' for title in twice)} stands twice"
        problems.add(Problem(Level.ERROR, name, 0, 0, "", what, "give every column a name of its own"))
        return EMPTY
    columns = {title: Texts(column) for title, column in zip(table.column_names, table.columns, strict=True)}
    return Table(name, columns, range(1, len(table) + 1), digest, header=header)


def _of_few_values(path: Path) -> list[str]:
    """Columns of text that the file itself holds as numbers of their distinct texts, by what they weigh a row."""
    from pyarrow import parquet

    about = parquet.read_metadata(path)
    weight: Counter[str] = Counter()
    for group in range(about.num_row_groups):
        for i in range(about.num_columns):
            column = about.row_group(group).column(i)
            if column.physical_type == "BYTE_ARRAY":
                weight[column.path_in_schema] += column.total_uncompressed_size
    return [name for name, size in weight.items() if size < _LENGTH * about.num_rows]
