"""Rows from a CSV file, gzipped or not."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from nudge.trial.csv_files import read_csv_table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nudge.trial.parts.population import DataSource
    from nudge.trial.problems import Problems
    from nudge.trial.records.tables import Table


def read(where: DataSource, folder: Path, problems: Problems, wanted: Mapping[str, str] | None = None) -> Table:
    """The rows of `csv_file`."""
    name = where.csv_file or ""
    return read_csv_table(folder / name, problems, name, wanted)
