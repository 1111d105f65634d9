"""The demonstration."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nudge.cli.console import AsJson, emit, progress_bar, say

if TYPE_CHECKING:
    from nudge.trial.records.analysis import Estimate
    from nudge.workflow.demonstration import Demonstration


def register(app: typer.Typer) -> None:
    """Add these verbs."""
    app.command(epilog="Example: nudge demo")(demo)


def demo(
    folder: Annotated[Path, typer.Option(help="Where everything goes; replaced when run again.")] = Path("nudge-demo"),
    *,
    json: AsJson = False,
) -> None:
    """A published trial re-analysed, and a made-up council trial from nothing to report."""
    from nudge.workflow.demonstration import run_demonstration

    with progress_bar(quiet=json) as show:
        made = run_demonstration(folder, show)
    if json:
        emit({"reports": [str(page) for page in made.reports], "truth": made.truth, "sent": made.sent})
        return
    say("", *_summary(made))


def _estimate(line: Estimate) -> str:
    return f"effect {line.estimate:.4f}, CR2 SE {line.std_error:.4f}, {line.df:.1f} df"


def _summary(made: Demonstration) -> list[str]:
    """Ten lines: what was found, against what was true, and where the reports are."""
    takeup, area = made.replication.estimates[:2]
    wrong = made.replication.careless[0]
    from nudge.report.words import effect

    lines = [
        "1. A published trial (Cai, de Janvry and Sadoulet 2015), re-analysed from its real data:",
        f"   {takeup.n_clusters} villages were randomised, not {takeup.n:,} households: {_estimate(takeup)}",
        f"   with area effects {_estimate(area)}; ignoring villages would claim SE {wrong.std_error:.4f}",
        "2. A council trial on 2,000 made-up families (synthetic; simulated clock; published seed):",
        f"   {made.sent:,} messages sent, {made.outbox_files:,} files in {made.folder / 'outbox'}",
    ]
    for line in made.council.estimates:
        if line.role == "primary" and line.label != "sensitivity":
            truth = made.truth[f"{line.arm} - {line.control}"]
            lines.append(
                f"   {line.arm} - {line.control}: truth {truth * 100:+.1f} points; found {effect(line)}, {line.verdict}"
            )
    lines.append("   one run proves nothing: docs/simulation.md has 1,000 of them")
    lines += [f"report: {page}" for page in made.reports]
    return lines
