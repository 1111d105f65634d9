"""People of a trial that runs."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from nudge.cli.console import AsJson, Database, File, Keys, Name, emit, next_step, open_desk, say, trial_name


def register(app: typer.Typer) -> None:
    """Add these verbs."""
    people = typer.Typer(help="People of a trial that runs.", no_args_is_help=True, rich_markup_mode=None)
    people.command("update", epilog="Example: nudge people update two-year-review.yaml --roll people/march.csv")(update)
    people.callback()(_group)
    app.add_typer(people, name="people")
    app.command("undo-load", epilog="Example: nudge undo-load two-year-review --reason 'last year's roll'")(undo_load)


def _group() -> None:
    """People of a trial that runs."""


def update(
    file: File,
    roll: Annotated[Path, typer.Option(help="A newer roll with the same columns.", show_default=False)],
    *,
    db: Database = None,
    keys: Keys = None,
    json: AsJson = False,
) -> None:
    """Correct phones, emails, safe routes and languages mid-trial; who takes part never changes."""
    from nudge.workflow.allocating.correcting import update_contacts

    made = update_contacts(file, roll, open_desk(db, keys))
    if json:
        emit(asdict(made))
        return
    say(f"{made.changed:,} people have new contact points or another language; {made.unchanged:,} are as they were")
    if made.absent:
        say(f"{made.absent:,} people of the trial are not in {roll}; their contact points stay")
    if made.strangers:
        say(f"{made.strangers:,} people of {roll} are not in the trial, and stay out of it")
    next_step("Messages that have not gone out yet go to the new contact points.", "nudge status")


def undo_load(
    trial: Name,
    *,
    reason: Annotated[str, typer.Option(help="Why the roll is taken back; it is kept.")] = "",
    db: Database = None,
    json: AsJson = False,
) -> None:
    """Take back a wrong roll that a lock has loaded, until the launch; the diary keeps that it was there."""
    from nudge.workflow.allocating.unloading import undo_load as take_back

    name = trial_name(trial)
    made = take_back(name, open_desk(db), reason)
    if json:
        emit({"trial": name, "state": "unloaded", **asdict(made)})
        return
    taken = f"{made.people:,} people in {made.units:,} units and {made.contact_points:,} contact points"
    say(f"{taken} are out of the database")
    if made.left_out:
        say(f"{made.left_out:,} people who had been left out are, too")
    if made.drawn:
        say("The arms that were drawn for them are set aside; the report will say so.")
    next_step(
        "The locks and the seed stay.", "nudge lock FILE --reason '…', with the right roll in `population.people`"
    )
