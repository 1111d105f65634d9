"""Before a trial is locked: check, preview."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nudge.cli.console import AsJson, File, complain, emit, next_step, say

if TYPE_CHECKING:
    from nudge.trial.problems import Problem
    from nudge.workflow.examine import Examined

_SHOWN = 40


def register(app: typer.Typer) -> None:
    """Add these verbs."""
    app.command(epilog="Example: nudge check experiments/two-year-review.yaml --launch")(check)
    app.command(epilog="Example: nudge preview experiments/two-year-review.yaml --unit SYNTHETIC-H00001")(preview)


def check(
    file: File,
    *,
    launch: Annotated[
        bool, typer.Option("--launch", help="Exit 1 while anything stands between it and families.")
    ] = False,
    json: AsJson = False,
) -> None:
    """Check a trial file with the templates and roll it names: all problems at once."""
    from dataclasses import replace

    from nudge.trial.clock import SystemClock
    from nudge.trial.errors import ProblemsFound
    from nudge.trial.problems import Level
    from nudge.workflow.examine import examine, write_problem_file
    from nudge.workflow.settings import Settings
    from nudge.workflow.world_checks import settings_problems

    try:
        examined = examine(file, SystemClock().now())
    except ProblemsFound as found:
        _finish(found.problems, None, json=json)
        raise typer.Exit(2) from None
    if launch and not examined.trial.run_elsewhere:
        of_this_machine = settings_problems(examined.loaded, Settings())
        examined = replace(examined, problems=(*examined.problems, *of_this_machine))
    beside = write_problem_file(examined)
    _finish(examined.problems, examined, json=json, beside=beside)
    if examined.at(Level.ERROR):
        raise typer.Exit(2)
    if launch and examined.at(Level.LAUNCH):
        raise typer.Exit(1)
    if not json:
        name = examined.trial.trial
        if examined.trial.run_elsewhere:
            next_step(f"{name} was run elsewhere.", f"nudge report {file}")
        else:
            ready = "and nothing stands between it and families" if not examined.at(Level.LAUNCH) else "as a draft"
            next_step(f"{name} can be used {ready}.", f"nudge lock {file}")


def _finish(
    problems: tuple[Problem, ...], examined: Examined | None, *, json: bool, beside: Path | None = None
) -> None:
    """Print problems and facts."""
    if json:
        content: dict[str, Any] = {"problems": [problem.as_json() for problem in problems]}
        if examined is not None:
            content["facts"] = examined.facts()
        emit(content)
        return
    for problem in problems[:_SHOWN]:
        complain(f"{problem.level:7} {problem}")
    if len(problems) > _SHOWN:
        complain(f"… and {len(problems) - _SHOWN:,} more")
    if beside is not None:
        complain(f"every row's problems are in {beside}")
    if examined is not None:
        say(*_fact_lines(examined.facts()))


def _fact_lines(facts: dict[str, Any]) -> list[str]:
    lines: list[str] = []
    for key, value in facts.items():
        if isinstance(value, dict):
            lines.append(f"{key}:" if value else f"{key}: none")
            lines += [f"{number:>9,} {name}" for name, number in value.items()]
        else:
            lines.append(f"{key}: {value:,}" if isinstance(value, int) else f"{key}: {value}")
    return lines


def preview(
    file: File,
    unit: Annotated[list[str] | None, typer.Option(help="A unit to show; several may be given.")] = None,
    *,
    json: AsJson = False,
) -> None:
    """Show each arm's words for chosen families and for the edge cases of the roll."""
    from nudge.trial.clock import SystemClock
    from nudge.workflow.previewing import preview_words

    shown = preview_words(file, SystemClock().now(), unit or [])
    if json:
        emit([one.as_json() for one in shown])
        return
    for one in shown:
        to = f"{one.arm}: {one.why}, {one.channel}, {one.language}, unit {one.unit}"
        size = f"{one.segments} segment{'s' if one.segments != 1 else ''}, {one.encoding}" if one.encoding else "email"
        say(f"── {to} ({size})", *([f"Subject: {one.subject}"] if one.subject else []), one.text, "")
    next_step("Nothing was sent or written.", f"nudge check {file} --launch")
