"""Telling a trial before it runs: protocol."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from nudge.cli.console import AsJson, Database, File, emit, next_step, open_desk, say

if TYPE_CHECKING:
    from nudge.workflow.desk import Desk

Registry = Literal["aea", "osf", "aspredicted"]


def register(app: typer.Typer) -> None:
    """Add these verbs."""
    app.command(epilog="Example: nudge protocol experiments/two-year-review.yaml --to reports")(protocol)


def protocol(
    file: File,
    to: Annotated[Path, typer.Option("--to", help="The folder to write into.")] = Path("reports"),
    registration: Annotated[
        Registry | None,
        typer.Option(help="Write the text that this registry asks for instead.", show_default=False),
    ] = None,
    *,
    db: Database = None,
    json: AsJson = False,
) -> None:
    """Write the trial's protocol along SPIRIT 2025 (HTML and Word), or its registration, and list what is unmet."""
    if registration is not None:
        _registration(file, open_desk(db), to, registration, json=json)
        return
    from nudge.workflow.writing.protocolling import write_protocol

    document, page, word = write_protocol(file, open_desk(db), to)
    if json:
        emit(
            {"page": str(page), "word": str(word), "label": document.label, "fingerprint": document.fingerprint,
             "unmet": [{"item": one.number, "topic": one.topic, "add": one.add} for one in document.unmet]}
        )  # fmt: skip
        return
    say(f"page  {page}", f"word  {word}", f"{document.label}: {document.said}")
    if document.unmet:
        say("", "These items are unmet:")
        say(*(f"  {one.number:>3} {one.topic}: {one.add}" for one in document.unmet))
    if document.label == "locked":
        next_step("It is the protocol of what was locked.", f"nudge protocol {file} --registration osf")
    else:
        next_step("Write what is unmet into the trial file before you lock it.", f"nudge check {file} --launch")


def _registration(file: Path, desk: Desk, to: Path, registry: Registry, *, json: bool) -> None:
    from nudge.workflow.writing.protocolling import write_registration

    fields, written = write_registration(file, desk, to, registry)
    unmet = [field for field in fields if field.add]
    if json:
        emit({"file": str(written), "unmet": [{"field": one.name, "add": one.add} for one in unmet]})
        return
    say(f"text  {written}")
    if unmet:
        say("", "These fields are unmet:", *(f"  {one.name}: {one.add}" for one in unmet))
    next_step("Copy it into the registry's form field by field.", f"nudge lock {file}")
