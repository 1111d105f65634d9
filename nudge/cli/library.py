"""What ships to begin from: message templates and example trials."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nudge.cli.console import AsJson, emit, next_step, say

if TYPE_CHECKING:
    from nudge.workflow.writing.library import Entry


def register(app: typer.Typer) -> None:
    """Add these verbs."""
    app.command(epilog="Example: nudge templates ownership/held-place")(templates)
    example = typer.Typer(no_args_is_help=True, help="The shipped trials, with made-up families to try them on.")
    example.command("list", epilog="Example: nudge example list")(list_examples)
    example.command("make", epilog="Example: nudge example make school-attendance --size 2000")(make_example)
    app.add_typer(example, name="example")


def templates(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="A template to show in full.", show_default=False)
    ] = None,
    *,
    json: AsJson = False,
) -> None:
    """List the message templates with what is known of each, or show one."""
    from nudge.workflow.writing.library import library

    found = library(Path.cwd(), name)
    if json:
        emit([entry.as_json() for entry in found])
        return
    if name is None:
        for entry in found:
            mark = " (research only)" if entry.research_only else " (sensitive)" if entry.sensitive else ""
            say(f"{entry.name:36} {entry.grade or 'no grade':9} {', '.join(entry.mechanism)}{mark}")
        next_step("The grade is what is known of words of this kind.", f"nudge templates {found[0].name}")
        return
    _show(found[0])
    next_step("An arm uses it by name.", "nudge preview FILE")


def _show(entry: Entry) -> None:
    say(f"{entry.name}: {', '.join(entry.mechanism)}", f"evidence: {entry.grade or 'no grade'}. {entry.because}")
    say(*(f"  source: {source}" for source in entry.sources), *(f"  warning: {line}" for line in entry.warnings))
    if entry.research_only or entry.sensitive:
        say(f"  {'research only' if entry.research_only else 'sensitive'}: an arm that uses it needs `because:`")
    say(f"columns: {', '.join(entry.columns) or 'none'}")
    for one in entry.wordings:
        size = f"{one.characters} characters, {one.segments} segment" if one.segments else f"from {one.sender}"
        plural = "s" if one.segments > 1 else ""
        say("", f"── {one.channel}, {one.language} ({size}{plural})")
        say(*([f"Subject: {one.subject}"] if one.subject else []), one.text)
        if one.back_translation:
            say(f"   back-translation: {one.back_translation}")


def list_examples(*, json: AsJson = False) -> None:
    """List the shipped trials and the size each states."""
    from nudge.workflow.acting.examples import shown_examples

    found = shown_examples()
    if json:
        emit(found)
        return
    for one in found:
        say(f"{one['name']:24} {one['units']:>7,} {one['called']:12} {one['title']}")
    next_step("Each comes as a file; its families are made up.", f"nudge example make {found[0]['name']}")


def make_example(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The example's name.", show_default=False)],
    size: Annotated[
        int | None, typer.Option(help="How many units (households, families, children).", show_default="as it states")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Another seed makes other families.", show_default="its own")] = None,
    folder: Annotated[Path, typer.Option(help="Where the trial file is, or goes.")] = Path("experiments"),
    *,
    force: Annotated[bool, typer.Option("--force", help="Overwrite a roll that differs.")] = False,
    json: AsJson = False,
) -> None:
    """Write an example's trial file, where it is not there yet, and a made-up roll for it."""
    from nudge.workflow.acting.examples import make_roll

    made = make_roll(name, folder, size, seed, force=force)
    if json:
        emit({
            "file": str(made.file), "roll": str(made.roll), "units": made.units, "rows": made.rows,
            "seed": made.seed, "already": made.already,
        })  # fmt: skip
        return
    done = "was there already" if made.already else "is written"
    say(f"{made.roll} {done}: {made.units:,} units in {made.rows:,} rows, seed {made.seed}; nobody in it is real.")
    next_step(f"{name} has a roll.", f"nudge check {made.file}")
