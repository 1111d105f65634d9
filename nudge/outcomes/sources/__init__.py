"""Where rows come from, one file each, named in YAML by file name.

A source module offers `read(where, folder, problems, wanted) -> Table`; `replies`, whose rows stand in
the store and not in a file, is handed them by the workflow.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nudge.trial.parts.population import DataSource
    from nudge.trial.problems import Problems
    from nudge.trial.records.tables import Table


PLACES = ("csv_file", "parquet_file", "package", "database")
"""Keys that name a place."""


class SourceModule(Protocol):
    """What a source's file offers."""

    def read(
        self, where: DataSource, folder: Path, problems: Problems, wanted: Mapping[str, str] | None = None
    ) -> Table:
        """The rows; what stands in the way goes to `problems`."""
        ...


def source_name(where: DataSource) -> str:
    """Which source a block names: the key that is filled in."""
    return next((name for name in PLACES if getattr(where, name)), "csv_file")


def read_source(where: DataSource, folder: Path, problems: Problems, wanted: Mapping[str, str] | None = None) -> Table:
    """The rows of a source named in a trial file; paths are relative to its folder.

    wanted: the columns to read, with the type that is wanted of each; without it all.
    """
    module = cast("SourceModule", importlib.import_module(f"{__name__}.{source_name(where)}"))
    return module.read(where, folder, problems, wanted)


def as_source(path: Path) -> DataSource:
    """A file named on the command line, by its ending."""
    from nudge.trial.parts.population import DataSource

    text = str(path.resolve())
    return DataSource(parquet_file=text) if path.suffix == ".parquet" else DataSource(csv_file=text)
