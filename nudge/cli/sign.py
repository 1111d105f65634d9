"""Signatures and changes: approve, amend, diff."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from nudge.cli.console import AsJson, Database, File, Keys, emit, next_step, open_desk, say

if TYPE_CHECKING:
    from nudge.trial.amendments import Change


def register(app: typer.Typer) -> None:
    """Add these verbs."""
    app.command(epilog="Example: nudge approve experiments/two-year-review.yaml --as 'Sam Second'")(approve)
    app.command(epilog="Example: nudge amend experiments/two-year-review.yaml --reason 'The owner changed'")(amend)
    app.command(epilog="Example: nudge diff experiments/two-year-review.yaml")(diff)


def approve(
    file: File,
    name: Annotated[str, typer.Option("--as", help="Your own name; the author of a lock cannot approve it.")],
    *,
    db: Database = None,
    json: AsJson = False,
) -> None:
    """Sign the lock in force as a second person; nothing is launched without it."""
    from nudge.workflow.allocating.signing import approve_trial

    signed = approve_trial(file, open_desk(db), name)
    if json:
        emit({"trial": signed.trial, "fingerprint": signed.fingerprint, "approver": signed.approver})
        return
    say(f"{signed.approver} approves {signed.trial}.", f"fingerprint  {signed.fingerprint}")
    if signed.underpowered:
        say(f"This trial is too small to answer alone, and the signature takes that on: {signed.underpowered}")
    commands = {"locked": f"nudge allocate {file}", "allocated": f"nudge launch {file}",
                "paused": f"nudge resume {signed.trial}"}  # fmt: skip
    next_step("Changing the file from here undoes the approval.", commands.get(signed.state, "nudge status"))


def amend(
    file: File,
    reason: Annotated[str, typer.Option(help="Why the file changes after launch.")],
    *,
    db: Database = None,
    keys: Keys = None,
    json: AsJson = False,
) -> None:
    """Put a changed file in force after launch: dated, signed, and told in the report."""
    from nudge.workflow.allocating.amending import amend_trial

    made = amend_trial(file, open_desk(db, keys), reason)
    if json:
        emit({"trial": made.lock.trial, "number": made.lock.number, "fingerprint": made.lock.fingerprint,
              "kind": made.lock.amendment, "changes": [_plain(one) for one in made.changes],
              "paused": made.paused})  # fmt: skip
        return
    say(f"{made.lock.trial}: a {made.lock.amendment} amendment (lock {made.lock.number}).", *map(_line, made.changes))
    if made.lock.amendment == "major":
        where = "Sending waits for a second signature." if made.paused else "It needs a second signature."
        next_step(where, f"nudge approve {file} --as 'THEIR NAME'")
    else:
        next_step("It is in force.", "nudge status")


def diff(
    file: File,
    number: Annotated[int | None, typer.Option("--lock", help="Compare with this lock.", show_default="newest")] = None,
    *,
    db: Database = None,
    json: AsJson = False,
) -> None:
    """Show how the file, its templates and its roll differ from what was locked."""
    from nudge.workflow.allocating.amending import differences_from_lock

    lock, found = differences_from_lock(file, open_desk(db), number)
    if json:
        emit({"trial": lock.trial, "lock": lock.number, "changes": [_plain(one) for one in found]})
        return
    say(*map(_line, found))
    said = (
        f"{len(found)} difference{'' if len(found) == 1 else 's'} from lock {lock.number}."
        if found
        else f"The file is as lock {lock.number} has it."
    )
    next_step(said, f"nudge amend {file} --reason '…' (before launch: nudge lock)" if found else "nudge status")


def _plain(change: Change) -> dict[str, Any]:
    return {"path": change.path, "before": change.before, "after": change.after, "kind": change.kind}


def _line(change: Change) -> str:
    if change.path.startswith("templates.") or change.path == "population.people":
        return f"{change.kind:6} {change.path}: other content"
    return f"{change.kind:6} {change.path}: {_shown(change.before)} → {_shown(change.after)}"


def _shown(value: object) -> str:
    text = "nothing" if value is None else str(value)
    return text if len(text) <= 60 else f"{text[:59]}…"  # noqa: PLR2004 - what fits on a line beside another
