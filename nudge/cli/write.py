"""Before a trial is locked: check, preview."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nudge.cli.console import AsJson, File, complain, emit, next_step, say

if TYPE_CHECKING:
    from nudge.trial.problems import Problem
    from nudge.trial.records.messages import Previewed
    from nudge.workflow.checking.examine import Examined

_SHOWN = 40


def register(app: typer.Typer) -> None:
    """Add these verbs."""
    app.command(epilog="Example: nudge check experiments/two-year-review.yaml --launch")(check)
    app.command(epilog="Example: nudge preview experiments/two-year-review.yaml --html words.html")(preview)


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
    from nudge.workflow.checking.examine import examine, write_problem_file
    from nudge.workflow.checking.world_checks import settings_problems
    from nudge.workflow.settings import Settings

    try:
        examined = examine(file, SystemClock().now(), Settings().link_base_url)
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
    unit: Annotated[list[str] | None, typer.Option(help="A unit of the roll to show; several may be given.")] = None,
    html: Annotated[
        Path | None, typer.Option("--html", help="Write it as a web page to this file.", show_default=False)
    ] = None,
    *,
    json: AsJson = False,
) -> None:
    """Show every arm's words as made-up families of every kind read them, with segments and cost."""
    from nudge.trial.clock import SystemClock
    from nudge.workflow.settings import Settings
    from nudge.workflow.writing.previewing import preview_words, write_preview

    shown = preview_words(file, SystemClock().now(), unit or [], Settings().link_base_url)
    if html is not None:
        write_preview(file, shown, html)
    if json:
        emit([asdict(one) for one in shown])
        return
    for number, one in enumerate(shown, 1):
        say(f"── {number}: {_heading(one)}", f"   sent {one.when}; read by {'; '.join(one.families)}")
        say(one.refused) if one.refused else say(*([f"Subject: {one.subject}"] if one.subject else []), one.text)
        say(*(f"   dearer for {line}" for line in one.dear), "")
    say(*_table(shown))
    next_step(
        "Nothing was sent or written." if html is None else f"Nothing was sent; the page is {html}.",
        f"nudge check {file} --launch",
    )


def _heading(one: Previewed) -> str:
    language = f"{one.language}, in English" if one.fallback else one.language
    return f"{one.arm}, message {one.message}, {one.channel}, {language}"


def _table(shown: list[Previewed]) -> list[str]:
    """A line per wording."""
    wide = max([len(_heading(one)) for one in shown], default=0)
    lines = [f"{'':4} {'':{wide}} characters segments    cost reading age  read by"]
    for number, one in enumerate(shown, 1):
        if one.refused:
            lines.append(f"{number:4} {_heading(one):{wide}} no message{'':30} {'; '.join(one.families)}")
            continue
        cost = "–" if one.cost is None else f"{one.cost:.2f}"
        age = "–" if one.reading_age is None else str(one.reading_age)
        lines.append(
            f"{number:4} {_heading(one):{wide}} {one.characters:10} {one.segments or '–':>8} {cost:>7} {age:>11}"
            f"  {'; '.join(one.families)}"
        )
    return lines
