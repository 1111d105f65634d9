"""Results to a report and results.json, side by side."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from nudge.trial.model import Trial
    from nudge.trial.records.report import Results


def write_report(results: Results, trial: Trial, folder: Path) -> Path:
    """`NAME.html` and `NAME.results.json` in a folder; returns the HTML file."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{trial.trial}.results.json").write_text(results_json(results) + "\n", encoding="utf-8")
    page = folder / f"{trial.trial}.html"
    page.write_text("", encoding="utf-8")
    return page


def results_json(results: Results) -> str:
    """results.json's content; a number that cannot be had is null, never NaN."""
    return json.dumps(asdict(results), indent=1, ensure_ascii=False, allow_nan=False)
