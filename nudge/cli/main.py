"""`nudge`: every verb of a trial's life."""

from __future__ import annotations

import sys

import typer

from nudge import __version__
from nudge.cli import (
    account,
    answer,
    demo,
    enrol,
    keys,
    launch,
    library,
    lock,
    new,
    people,
    plan,
    pool,
    protocol,
    provider,
    results,
    returned,
    serve,
    sign,
    write,
)
from nudge.cli.console import complain
from nudge.trial.errors import NudgeError

app = typer.Typer(
    name="nudge",
    help=(
        "Trials of messages to families: one locked file that draws the arms, sends the words, "
        "opens the window, picks the variance and writes the report.\n\n"
        "Begin with `nudge demo`, or with `nudge new`."
    ),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for module in (
    new,
    library,
    write,
    plan,
    pool,
    protocol,
    lock,
    sign,
    launch,
    enrol,
    answer,
    account,
    returned,
    results,
    serve,
    provider,
    people,
    keys,
    demo,
):
    module.register(app)


@app.callback(invoke_without_command=True)
def _main(
    version: bool = typer.Option(False, "--version", help="Print the version."),  # noqa: FBT001, FBT003 - typer
) -> None:
    if version:
        print(__version__)  # noqa: T201 - output is the job here
        raise typer.Exit


def run() -> None:
    """Entry point: a sentence and an exit code for every error a person can cause."""
    try:
        app()
    except NudgeError as error:
        complain(str(error))
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        complain("stopped; what was done is recorded")
        sys.exit(130)
    except Exception as error:
        sentence = _from_the_machine(error)
        if sentence is None:
            raise
        complain(sentence)
        sys.exit(1)


def _from_the_machine(error: Exception) -> str | None:
    """What the database or the disk says, without a stack trace; None for a fault of ours."""
    if isinstance(error, OSError):
        return f"{error.filename or 'the system'}: {error.strerror}; mend that, and run it again"
    from sqlalchemy.exc import DataError, IntegrityError, OperationalError

    if isinstance(error, OperationalError | DataError):
        return f"the database says: {error.orig}; nothing was half done, so run it again once that is mended"
    if isinstance(error, IntegrityError):
        return f"another process wrote the same at this moment ({error.orig}); nothing was half done: see nudge status"
    return None


if __name__ == "__main__":
    run()
