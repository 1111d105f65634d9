"""Knowing before asking: power."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nudge.cli.console import AsJson, File, emit, next_step, say


def register(app: typer.Typer) -> None:
    """Add these verbs."""
    app.command(epilog="Example: nudge power experiments/two-year-review.yaml --svg power.svg")(power)


def power(
    file: File,
    svg: Annotated[
        Path | None, typer.Option("--svg", help="Write the power curve to this file.", show_default=False)
    ] = None,
    *,
    json: AsJson = False,
) -> None:
    """What the file's own design can show: power, detectable effect, size needed, the chance of each verdict."""
    from nudge.trial.clock import SystemClock
    from nudge.workflow.powering import power_of
    from nudge.workflow.showing_power import power_in_lines, write_curve

    report = power_of(file, SystemClock().now())
    if svg is not None:
        write_curve(report, svg)
    if json:
        emit(report.as_json())
        return
    say(*power_in_lines(report))
    where = "It can answer its question." if report.enough else "As it stands it probably cannot answer its question."
    next_step(where + (f" The curve is in {svg}." if svg else ""), f"nudge simulate {file}")
