"""Families who come one by one: enrol."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nudge.cli.console import AsJson, Database, Keys, Name, emit, next_step, open_desk, say, trial_name


def register(app: typer.Typer) -> None:
    """Add these verbs."""
    app.command(epilog="Example: nudge enrol foster-enquiry monday.csv")(enrol)


def enrol(
    trial: Name,
    rows: Annotated[Path, typer.Argument(metavar="ROWS", help="A CSV file with the columns of a roll.")],
    *,
    db: Database = None,
    keys: Keys = None,
    json: AsJson = False,
) -> None:
    """Give families who come one by one their arms and messages; those who came before keep theirs."""
    from nudge.workflow.enrolling import enrol_file

    name = trial_name(trial)
    done = enrol_file(name, rows, open_desk(db, keys))
    if json:
        emit({"trial": name, "new": dict(done.new), "already": done.already, "joined": done.joined,
              "left_out": done.left_out, "messages": done.messages})  # fmt: skip
        return
    say(*(f"{unit:20} {arm}" for unit, arm in done.new))
    say(f"{len(done.new):,} units enrolled, {done.messages:,} messages planned")
    if done.already:
        say(f"{done.already:,} people were in the trial before; nothing changed for them")
    if done.joined:
        say(f"{done.joined:,} people joined a household that is in the trial")
    say(*(f"{number:,} people left out: {reason}" for reason, number in done.left_out.items()))
    next_step("Messages go when they are due.", "nudge serve, or nudge send FILE --live")
