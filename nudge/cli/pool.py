"""What several studies say together: pool."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nudge.cli.console import AsJson, emit, next_step, say


def register(app: typer.Typer) -> None:
    """Add this verb."""
    app.command(epilog="Example: nudge pool reminders.csv reports/two-year-review.results.json")(pool)


def pool(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE",
            help="CSV files with the columns effect, std_error (or variance), study, and where there are any "
            "publication (or trial) and scale; or results.json files of our own trials, for their primary effects.",
            show_default=False,
        ),
    ],
    *,
    json: AsJson = False,
) -> None:
    """Pool the effects of several studies: their mean, how much they differ, what the next study may find."""
    from nudge.workflow.reporting.pooling import pool_files
    from nudge.workflow.reporting.showing_pool import pool_in_lines

    made = pool_files(files)
    if json:
        emit(made.as_json())
        return
    say(*pool_in_lines(made))
    next_step("A pool is the mean of what was studied; plan the next trial on its own numbers.", "nudge power FILE")
