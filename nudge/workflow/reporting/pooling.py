"""Pooling effects: those of a CSV file, and the primary effects of our own trials' results.json."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nudge.trial.csv_files import read_csv_table
from nudge.trial.problems import Level, Problem, Problems, listed
from nudge.trial.quantities import GrammarError
from nudge.trial.records.evidence import Effects, Pool
from nudge.trial.tables import field_problem, need_columns, typed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from nudge.trial.records.analysis import Estimate
    from nudge.trial.records.people import Value
    from nudge.trial.records.tables import Table

_GROUPS = ("publication", "trial")


@dataclass(frozen=True, slots=True)
class _Reported:
    """One effect as it was read, and where."""

    file: str
    line: int
    effect: float
    variance: float
    study: str
    publication: str | None
    scale: str | None


def pool_files(files: Sequence[Path]) -> Pool:
    """The pool of everything in the files. Raises ProblemsFound with all that is wrong in them."""
    from nudge.evidence.pooling import pool

    return pool(read_effects(files))


def read_effects(files: Sequence[Path]) -> Effects:
    """Every effect of the files, on one scale. Raises ProblemsFound."""
    problems = Problems()
    rows: list[_Reported] = []
    for file in files:
        if not file.exists():
            problems.add(_whole(str(file), "there is no such file", "check the path"))
            continue
        rows.extend(_of_results(file, problems) if file.suffix == ".json" else _of_table(file, problems))
    if not problems.fatal:
        _check_together(rows, problems)
    problems.raise_if_fatal()
    grouped = any(row.publication is not None for row in rows)
    return Effects(
        np.array([row.effect for row in rows]), np.array([row.variance for row in rows]),
        tuple(row.study for row in rows),
        tuple(row.publication or row.study for row in rows) if grouped else None, rows[0].scale,
    )  # fmt: skip


def _of_table(file: Path, problems: Problems) -> Iterator[_Reported]:
    table = read_csv_table(file, problems)
    if not table.columns:
        return
    error = "variance" if "variance" in table.columns and "std_error" not in table.columns else "std_error"
    complete = need_columns(table, ["effect", error, "study"], problems)
    both = [name for name in _GROUPS if name in table.columns]
    if len(both) > 1:
        problems.add(_whole(table.name, "has both `publication` and `trial`", "keep the one that studies belong to"))
    if not complete or len(both) > 1:
        return
    group = both[0] if both else None
    effects, errors = (_numbers(table, column, problems) for column in ("effect", error))
    for i, line in enumerate(table.lines):
        effect, size, study = effects[i], errors[i], table.columns["study"][i]
        if size is not None and size <= 0:
            problems.add(field_problem(table, i, error, "is not above zero", "give the effect's own, or leave it out"))
        for column in ("study", *([group] if group else [])):
            if not table.columns[column][i]:
                problems.add(field_problem(table, i, column, "is blank", f"name the {column} it comes from"))
        if effect is not None and size is not None:
            yield _Reported(
                table.name, line, effect, size if error == "variance" else size**2, study,
                table.columns[group][i] if group else None,
                table.columns["scale"][i].lower() or None if "scale" in table.columns else None,
            )  # fmt: skip


def _numbers(table: Table, column: str, problems: Problems) -> list[float | None]:
    values: list[float | None] = []
    for i, text in enumerate(table.columns[column]):
        value: Value = None
        try:
            value = typed(text, "number")
            if value is None:
                problems.add(field_problem(table, i, column, "is blank", "give it, or leave the row out"))
        except GrammarError as error:
            problems.add(field_problem(table, i, column, error.what, error.remedy))
        values.append(value if isinstance(value, float) else None)
    return values


def _of_results(file: Path, problems: Problems) -> Iterator[_Reported]:
    from pydantic import ValidationError

    from nudge.workflow.reporting.telling import results_from_json

    try:
        content: Any = json.loads(file.read_text(encoding="utf-8"))
        results = results_from_json(content)
    except (ValueError, ValidationError):
        problems.add(_whole(str(file), "is not a results.json", "give what `nudge report FILE` writes beside the page"))
        return
    if results.demonstration:
        problems.add(_whole(str(file), "is a demonstration with made-up people", "pool real trials only"))
        return
    found = [line for line in results.estimates if line.role == "primary" and _planned(line)]
    if not found:
        problems.add(_whole(str(file), "has no primary effect with a standard error", "leave it out"))
    for line in found:
        if line.estimate is not None and line.std_error is not None:
            yield _Reported(str(file), 0, line.estimate, line.std_error**2, results.trial, None, _scale_of(line))


def _planned(line: Estimate) -> bool:
    return line.label != "sensitivity" and line.level is None and line.std_error is not None


def _scale_of(line: Estimate) -> str:
    """Points are alike whatever the outcome; means and ratios are only where outcome or estimator is one."""
    if line.scale == "probability":
        return line.scale
    return f"{line.scale} of {line.outcome}" if line.scale == "mean" else f"{line.scale} by {line.estimator}"


def _check_together(rows: list[_Reported], problems: Problems) -> None:
    if len(rows) < 2:  # noqa: PLR2004 - a pool is of several
        name = rows[0].file if rows else "no file"
        problems.add(_whole(name, f"{len(rows)} effect is no pool", "give two or more effects"))
        return
    scales = Counter(row.scale or "not said" for row in rows)
    if len(scales) > 1:
        said = listed(f"`{name}` ({number:,})" for name, number in scales.items())
        problems.add(
            _whole(
                listed(dict.fromkeys(row.file for row in rows)), f"these effects are on different scales: {said}",
                "pool one scale at a time; a CSV file says its own in a column `scale`",
            )
        )  # fmt: skip
    home: dict[str, _Reported] = {}
    for row in rows:
        first = home.setdefault(row.study, row)
        if first.file != row.file and not row.line:
            problems.add(_whole(row.file, f"the trial `{row.study}` stands in {first.file} too", "give it once"))
        elif first.publication != row.publication:
            what = f"the study `{row.study}` is in `{first.publication}` too, on line {first.line}"
            problems.add(
                Problem(Level.ERROR, row.file, row.line, 1, "study", what, "give every study a name of its own")
            )


def _whole(name: str, what: str, remedy: str) -> Problem:
    return Problem(Level.ERROR, name, 0, 0, "", what, remedy)
