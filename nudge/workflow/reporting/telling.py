"""Results to a report and results.json, side by side."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from nudge.analysis.frozen import is_frozen
from nudge.report.numbers import p_value
from nudge.report.page import report_page
from nudge.report.words import effect, readable
from nudge.store.audit import record_action
from nudge.store.engine import reading
from nudge.store.outcomes import latest_results
from nudge.trial.errors import Refused
from nudge.trial.load import load_trial
from nudge.trial.records.report import Results
from nudge.workflow.reporting.analysing import analyse_trial

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from nudge.trial.model import Trial
    from nudge.trial.records.analysis import Estimate
    from nudge.workflow.desk import Desk


def report_trial(path: Path, desk: Desk, folder: Path, data: Path | None = None) -> Path:
    """Write the report of the results last made; a trial run elsewhere is analysed on the way."""
    trial = load_trial(path).trial
    if data is not None and is_frozen(data):
        raise Refused(
            f"{data} is a frozen data set: it gives the numbers of its report again, and makes no new one",
            f"nudge analyse {path} --data {data}",
        )
    if trial.run_elsewhere:
        return write_report(analyse_trial(path, desk, data, folder), trial, folder)
    with reading(desk.store).begin() as connection:
        content = latest_results(connection, trial.trial)
    if content is None:
        raise Refused(f"{trial.trial} has not been analysed", "analyse it: nudge analyse FILE")
    results = results_from_json(content)
    with desk.store.begin() as connection:
        record_action(connection, desk.clock.now(), desk.settings.actor, "report", trial.trial, made_at=results.made_at)
    return write_report(results, trial, folder)


def write_report(results: Results, trial: Trial, folder: Path) -> Path:
    """`NAME.html` and `NAME.results.json` in a folder; returns the HTML file."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{trial.trial}.results.json").write_text(results_json(results) + "\n", encoding="utf-8")
    page = folder / f"{trial.trial}.html"
    page.write_text(report_page(results, trial), encoding="utf-8")
    return page


def results_in_lines(results: Results) -> list[str]:
    """Results for a terminal, a line each."""
    lines = [f"{results.title} ({results.label})"]
    for line in results.estimates:
        indent = "  " if line.label == "sensitivity" else ""
        said = f": {line.verdict}" if line.verdict else ""
        lines.append(f"{indent}{readable(line.outcome)}, {line.arm} - {line.control}: {effect(line)}{_p(line)}{said}")
        if line.note:
            lines.append(f"{indent}  {line.note}")
    lines += [f"a careless analysis: {one.what}, SE {one.std_error:.4f}; wrong: {one.why}" for one in results.careless]
    return lines + [f"{check.status}: {check.detail}" for check in results.checks if check.status != "ok"]


def _p(line: Estimate) -> str:
    """`, p .031 (adjusted .062), 98 of 100 and 97 of 101 known`, the counts for planned lines only."""
    p = "" if line.p_value is None else f", p {p_value(line.p_value)}"
    if line.p_adjusted is not None and line.p_adjusted != line.p_value:
        p += f" (adjusted {p_value(line.p_adjusted)})"
    if line.label == "sensitivity" or line.level is not None:
        return p
    known = f"{line.n_arm:,} of {line.n_allocated_arm:,} and {line.n_control:,} of {line.n_allocated_control:,} known"
    return f"{p}, {known}"


def results_json(results: Results) -> str:
    """results.json's content; a number that cannot be had is null, never NaN."""
    return json.dumps(without_nan(asdict(results)), indent=1, ensure_ascii=False, allow_nan=False)


def without_nan(value: Any) -> Any:
    """The same values with null for numbers that cannot be had."""
    if isinstance(value, dict):
        return {key: without_nan(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [without_nan(one) for one in value]
    return None if isinstance(value, float) and value != value else value  # noqa: PLR0124 - nan is not itself


def results_from_json(content: Mapping[str, Any]) -> Results:
    """Stored results as the values they were made of."""
    from pydantic import TypeAdapter

    return TypeAdapter(Results).validate_python(content)
