"""What every command shares: options, output for people and for machines, progress, exit codes.

Exit codes: 0 done, 1 refused, 2 bad input.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from nudge.workflow.desk import Desk

File = Annotated[Path, typer.Argument(metavar="FILE", help="The trial file.", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
Database = Annotated[
    str | None,
    typer.Option(
        "--db", envvar="NUDGE_DATABASE_URL", help="Database: a SQLite file or an address.", show_default="nudge.sqlite3"
    ),
]  # fmt: skip
Keys = Annotated[
    Path | None,
    typer.Option("--keys", envvar="NUDGE_KEYS_FILE", help="Keys file for contact details.", show_default=False),
]  # fmt: skip
Name = Annotated[str, typer.Argument(metavar="TRIAL", help="The trial's name, or its file.", show_default=False)]


def open_desk(db: str | None = None, keys: Path | None = None) -> Desk:
    """The desk a command works at, from options and environment."""
    from nudge.workflow.desk import Desk
    from nudge.workflow.settings import Settings

    given: dict[str, Any] = {}
    if db:
        given["database_url"] = db if "://" in db else f"sqlite:///{db}"
    if keys:
        given["keys_file"] = keys
    return Desk(Settings(**given))


def trial_name(given: str) -> str:
    """A trial's name from its name or its file."""
    if not given.endswith((".yaml", ".yml")):
        return given
    from nudge.trial.load import load_trial

    return load_trial(Path(given)).trial.trial


def emit(content: Mapping[str, Any] | list[Any]) -> None:
    """JSON on standard output."""
    print(json.dumps(content, indent=1, ensure_ascii=False, default=str))  # noqa: T201 - output is the job here


def say(*lines: str) -> None:
    """Lines for people on standard output."""
    for line in lines:
        print(line)  # noqa: T201 - output is the job here


def next_step(where: str, command: str) -> None:
    """Where the trial stands, and what comes next."""
    say("", where, f"Next: {command}" if command else "")


def complain(text: str) -> None:
    """A sentence on standard error."""
    print(text, file=sys.stderr)  # noqa: T201 - output is the job here


@contextmanager
def progress_bar(*, quiet: bool = False) -> Iterator[Callable[[str, int, int], None]]:
    """A progress bar on standard error for work that takes more than a moment."""
    if quiet or not sys.stderr.isatty():
        yield _plain_progress(quiet=quiet)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        tasks: dict[str, Any] = {}

        def show(what: str, done: int, of: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=of)
            bar.update(tasks[what], completed=done, total=of)

        yield show


def _plain_progress(*, quiet: bool) -> Callable[[str, int, int], None]:
    """Where there is no terminal: a line when a piece of work begins and ends."""
    seen: set[tuple[str, bool]] = set()

    def show(what: str, done: int, of: int) -> None:
        ended = done >= of
        if quiet or (what, ended) in seen:
            return
        seen.add((what, ended))
        complain(f"{what}: {f'done, {of:,}' if ended else f'{of:,} to do'}")

    return show
