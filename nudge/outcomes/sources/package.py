"""Rows that a Python package carries: published trials from `causaldata`."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path
from typing import TYPE_CHECKING

from nudge.outcomes.columns import as_table
from nudge.trial.problems import Level, Problem, nearest
from nudge.trial.tables import EMPTY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nudge.trial.parts.population import DataSource
    from nudge.trial.problems import Problems
    from nudge.trial.records.tables import Table


def read(
    where: DataSource,
    folder: Path,  # noqa: ARG001 - packages have no folder
    problems: Problems,
    wanted: Mapping[str, str] | None = None,  # noqa: ARG001 - published tables are small
) -> Table:
    """The rows of `package: {name: …, table: …}`."""
    package = where.package
    if package is None:
        raise AssertionError("read_source chose this source by its key")
    name = f"{package.name}.{package.table}"
    try:
        module = importlib.import_module(name)
        frame = module.load_pandas().data
    except ModuleNotFoundError as error:
        if error.name == package.name:
            what, remedy = f"the package {package.name} is not installed", "pip install 'nudge-trials[demo]'"
        else:
            tables = [module.name for module in pkgutil.iter_modules(importlib.import_module(package.name).__path__)]
            guess = nearest(package.table, tables)
            what = f"{package.name} has no table `{package.table}`"
            remedy = f"did you mean `{guess}`?" if guess else "check the name of the table"
        problems.add(Problem(Level.ERROR, name, 0, 0, "", what, remedy))
        return EMPTY
    return as_table(name, {title: frame[title].tolist() for title in frame.columns})
