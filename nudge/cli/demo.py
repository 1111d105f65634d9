"""The demonstration."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nudge.cli.console import AsJson, emit, progress_bar, say


def register(app: typer.Typer) -> None:
    """Add these verbs."""
    app.command(epilog="Example: nudge demo")(demo)


def demo(
    folder: Annotated[Path, typer.Option(help="Where everything goes; replaced when run again.")] = Path("nudge-demo"),
    *,
    json: AsJson = False,
) -> None:
    """A published trial re-analysed, and a made-up council trial from nothing to report."""
    from nudge.workflow.acting.demonstration import run_demonstration, summary

    with progress_bar(quiet=json) as show:
        made = run_demonstration(folder, show)
    if json:
        emit({"reports": [str(page) for page in made.reports], "truth": made.truth, "sent": made.sent})
        return
    say("", *summary(made))
