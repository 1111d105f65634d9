"""Beginning a trial: new, schema."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nudge.cli.console import AsJson, complain, emit, next_step, say
from nudge.workflow.writing.questions import QUESTIONS, STEPS, Question

if TYPE_CHECKING:
    from nudge.workflow.writing.starting import Draft

_STOPPED = 130
"""What a shell calls a program that Ctrl-C ended."""


def register(app: typer.Typer) -> None:
    """Add these verbs."""
    app.command(epilog="Example: nudge new school-attendance --templates appointment/reminder --yes")(new)
    app.command(epilog="Example: nudge schema --to experiments")(schema)


def _flag(key: str) -> Any:
    """The flag that answers a question."""
    question = QUESTIONS[key]
    return typer.Option(f"--{key.replace('_', '-')}", help=f"Step {question.step}. {question.ask}", show_default=False)


def new(
    file: Annotated[
        str | None,
        typer.Argument(metavar="[FILE]", help="A name (then experiments/NAME.yaml) or a path that ends in .yaml."),
    ] = None,
    title: Annotated[str | None, _flag("title")] = None,
    question: Annotated[str | None, _flag("question")] = None,
    theory: Annotated[str | None, _flag("theory")] = None,
    setting: Annotated[str | None, _flag("setting")] = None,
    usual: Annotated[str | None, _flag("usual")] = None,
    templates: Annotated[str | None, _flag("templates")] = None,
    outcome: Annotated[str | None, _flag("outcome")] = None,
    outcome_question: Annotated[str | None, _flag("outcome_question")] = None,
    worthwhile: Annotated[str | None, _flag("worthwhile")] = None,
    window: Annotated[str | None, _flag("window")] = None,
    people: Annotated[str | None, _flag("people")] = None,
    person_id: Annotated[str | None, _flag("person_id")] = None,
    unit: Annotated[str | None, _flag("unit")] = None,
    exclude: Annotated[str | None, _flag("exclude")] = None,
    baseline: Annotated[str | None, _flag("baseline")] = None,
    prior: Annotated[str | None, _flag("prior")] = None,
    units: Annotated[str | None, _flag("units")] = None,
    blocks: Annotated[str | None, _flag("blocks")] = None,
    method: Annotated[str | None, _flag("method")] = None,
    send: Annotated[str | None, _flag("send")] = None,
    sms: Annotated[str | None, _flag("sms")] = None,
    safe_sms: Annotated[str | None, _flag("safe_sms")] = None,
    email: Annotated[str | None, _flag("email")] = None,
    safe_email: Annotated[str | None, _flag("safe_email")] = None,
    language: Annotated[str | None, _flag("language")] = None,
    duty_team: Annotated[str | None, _flag("duty_team")] = None,
    duty_hours: Annotated[str | None, _flag("duty_hours")] = None,
    escalate: Annotated[str | None, _flag("escalate")] = None,
    records: Annotated[str | None, _flag("records")] = None,
    records_date: Annotated[str | None, _flag("records_date")] = None,
    covers: Annotated[str | None, _flag("covers")] = None,
    harm: Annotated[str | None, _flag("harm")] = None,
    harm_records: Annotated[str | None, _flag("harm_records")] = None,
    distal: Annotated[str | None, _flag("distal")] = None,
    distal_expected: Annotated[str | None, _flag("distal_expected")] = None,
    owner: Annotated[str | None, _flag("owner")] = None,
    decide_by: Annotated[str | None, _flag("decide_by")] = None,
    rule: Annotated[str | None, _flag("rule")] = None,
    coproduction: Annotated[str | None, _flag("coproduction")] = None,
    basis: Annotated[str | None, _flag("basis")] = None,
    message_class: Annotated[str | None, _flag("message_class")] = None,
    function: Annotated[str | None, _flag("function")] = None,
    retention: Annotated[str | None, _flag("retention")] = None,
    stage: Annotated[str | None, _flag("stage")] = None,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing: take the default where no flag answers.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that exists.")] = False,
    json: AsJson = False,
) -> None:
    """Write a commented trial file to begin from, asking the nine steps of Test, Learn, Adapt.

    In a terminal every question that no flag answers is asked; elsewhere, and with --yes, its
    default is taken. An answer of - leaves a thing out. Nothing is written before the end.
    """
    flags = {key: value for key, value in locals().items() if key in QUESTIONS and value is not None}
    from nudge.trial.errors import InputError
    from nudge.workflow.writing.starting import begin, draft_path, interview, write_draft

    asking = sys.stdin.isatty() and not (yes or json)
    try:
        name = file or (_named() if asking else None)
        if not name:
            raise InputError("which file to write is not said", "give it a name: nudge new school-attendance")
        draft = begin(draft_path(name), force=force)
        interview(draft, flags, _Asker(draft).ask if asking else None, complain)
    except (KeyboardInterrupt, EOFError):
        complain("\nstopped; nothing was written")
        raise typer.Exit(_STOPPED) from None
    schema_file = write_draft(draft, force=force)
    _finish(draft.path, schema_file, json=json)


def _named() -> str:
    say("What is the trial called? Small letters, digits and hyphens, such as school-attendance.")
    return input("Name: ").strip()


class _Asker:
    """Puts questions in the terminal, each step under its own heading."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.step = 0
        say("Enter takes what stands in brackets; a single - leaves a thing out; Ctrl-C writes nothing.")

    def ask(self, question: Question, default: str, why: str) -> str:
        """One question; an empty line takes the default."""
        if question.step != self.step:
            self.step = question.step
            say("", f"Step {question.step} of {len(STEPS)}: {STEPS[question.step - 1]}")
        say("", question.ask, f"  {why}")
        if question.key == "templates":
            for number, wording in enumerate(self.draft.wordings.values(), 1):
                say(f"  {number} {wording.name} ({', '.join([*wording.mechanism, *wording.channels])})")
        if question.key == "person_id" and (columns := self.draft.roll_columns()):
            say(f"  The roll has: {', '.join(columns)}")
        return input(f"[{default}] " if default else "> ").strip() or default


def _finish(path: Path, schema_file: Path, *, json: bool) -> None:
    """What was written, and what still stands between it and families."""
    from nudge.trial.clock import SystemClock
    from nudge.trial.problems import Level
    from nudge.workflow.checking.examine import examine

    examined = examine(path, SystemClock().now())
    errors, standing = examined.at(Level.ERROR), examined.at(Level.LAUNCH)
    if json:
        emit(
            {"file": str(path), "schema": str(schema_file), "errors": [one.as_json() for one in errors],
             "before_launch": [one.as_json() for one in standing]}
        )  # fmt: skip
        return
    say("", f"wrote {path}, and {schema_file.name} beside it for your editor")
    if errors:
        say("", "The roll that is there does not fit it yet:", *(f"  {one}" for one in errors))
    if standing:
        say("", "Before it can launch:", *(f"  {one.what}; {one.remedy}" for one in standing))
    next_step("It is a draft: open it, and put in what is yours.", f"nudge check {path}")


def schema(
    to: Annotated[
        Path | None, typer.Option("--to", help="A folder to write it into, beside the trial file.", show_default=False)
    ] = None,
    *,
    json: AsJson = False,
) -> None:
    """Print the JSON Schema of the trial file, or write it beside one, so that editors complete and check.

    A file whose first line is `# yaml-language-server: $schema=trial.schema.json` is then completed
    and marked by every editor that has a YAML language server.
    """
    from nudge.workflow.writing.schema import FIRST_LINE, shipped_schema, write_schema

    if to is None:
        say(shipped_schema().rstrip())
        return
    written = write_schema(to)
    if json:
        emit({"schema": str(written)})
        return
    say(f"wrote {written}")
    next_step(f"Begin trial files in that folder with: {FIRST_LINE}", f"nudge check {to / 'FILE.yaml'}")
