"""Who got which arm: enrol, verify."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nudge.cli.console import AsJson, Database, Keys, Name, emit, next_step, open_desk, say, trial_name


def register(app: typer.Typer) -> None:
    """Add these verbs."""
    app.command(epilog="Example: nudge enrol foster-enquiry monday.csv")(enrol)
    app.command(epilog="Example: nudge verify two-year-review --publish .")(verify)


def enrol(
    trial: Name,
    rows: Annotated[Path, typer.Argument(metavar="ROWS", help="A CSV file with the columns of a roll.")],
    *,
    db: Database = None,
    keys: Keys = None,
    json: AsJson = False,
) -> None:
    """Give families who come one by one their arms and messages; those who came before keep theirs."""
    from nudge.workflow.allocating.enrolling import enrol_file

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
        say(f"{done.joined:,} people joined a household or site that is in the trial")
    say(*(f"{number:,} people left out: {reason}" for reason, number in done.left_out.items()))
    say(*done.told)
    next_step("Messages go when they are due.", "nudge serve, or nudge send FILE --live")


def verify(
    trial: Name,
    audit: Annotated[Path | None, typer.Option(help="An audit file to hold against the draw.")] = None,
    publish: Annotated[
        Path | None, typer.Option(help="After the close: write what a third party needs into this folder.")
    ] = None,
    *,
    db: Database = None,
    keys: Keys = None,
    json: AsJson = False,
) -> None:
    """Make the draw again from its seed and name every row that differs; exits 1 where one does."""
    from nudge.workflow.allocating.replaying import publish_draw, replay
    from nudge.workflow.dispatching.standing import next_command

    name, desk = trial_name(trial), open_desk(db, keys)
    found = replay(name, desk, audit)
    written = publish_draw(name, desk, publish) if publish else ()
    if json:
        emit({"trial": name, "rows": found.rows, "different": list(found.different), "revealed": found.revealed,
              "written": [str(file) for file in written]})  # fmt: skip
    else:
        file = "FILE" if name == trial else trial
        which = "revealed" if found.revealed else "sealed"
        say(*found.different, *(f"wrote {file}" for file in written))
        end = "all are as stored" if not found.different else f"{len(found.different):,} differ"
        next_step(
            f"{found.rows:,} units were drawn again from the {which} seed: {end}.", next_command(desk, name, file)
        )
    if found.different:
        raise typer.Exit(1)
