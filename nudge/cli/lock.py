"""Fixing a trial and drawing its arms: lock, allocate, status."""

from __future__ import annotations

from typing import Annotated

import typer

from nudge.cli.console import AsJson, Database, File, Keys, emit, next_step, open_desk, say


def register(app: typer.Typer) -> None:
    """Add these verbs."""
    app.command(epilog="Example: nudge lock experiments/two-year-review.yaml")(lock)
    app.command(epilog="Example: nudge allocate experiments/two-year-review.yaml")(allocate)
    app.command(epilog="Example: nudge status")(status)


def lock(
    file: File,
    reason: Annotated[str | None, typer.Option(help="Why an earlier lock is replaced (before launch only).")] = None,
    *,
    db: Database = None,
    keys: Keys = None,
    json: AsJson = False,
) -> None:
    """Fix the file, its templates, its roll and its seed."""
    from nudge.workflow.allocating.locking import lock_trial

    made = lock_trial(file, open_desk(db, keys), reason)
    if json:
        emit(made.as_json())
        return
    say(f"{made.trial} is locked (lock {made.number}).", f"fingerprint      {made.fingerprint}")
    say(f"seed commitment  {made.seed_commitment}", f"lock file        {file.parent / made.trial}.lock.json")
    for pair, choice in made.decisions["comparisons"].items():
        say(f"{pair}: {choice['estimator']} with {choice['vcov']}, because {choice['because']}")
    for outcome, estimator in made.decisions.get("outcomes", {}).items():
        say(f"{outcome}: by {estimator}, as the file or the kind of outcome says")
    next_step("Nothing of it can change unseen from here.", f"nudge allocate {file}")


def allocate(file: File, *, db: Database = None, keys: Keys = None, json: AsJson = False) -> None:
    """Draw the arms of a locked trial; asked again it shows the same draw."""
    from nudge.workflow.allocating.locking import allocate_trial

    drawn = allocate_trial(file, open_desk(db, keys))
    if json:
        emit({"counts": drawn.counts, "repeated": drawn.repeated, "law": drawn.allocation.law.as_json()})
        return
    say(*(f"{arm:20} {number:,}" for arm, number in drawn.counts.items()))
    worst = max(drawn.balance, key=lambda row: abs(row.standardised_difference), default=None)
    if worst is not None:
        level = f" {worst.level}" if worst.level else ""
        size = abs(worst.standardised_difference)
        say(f"largest baseline difference: {worst.column}{level}, {size:.2f} standard deviations")
    again = "The draw was made before; this is the same one." if drawn.repeated else "The arms are drawn."
    next_step(f"{again} A second person reads and signs.", f"nudge approve {file} --as 'THEIR NAME'")


def status(*, db: Database = None, json: AsJson = False) -> None:
    """Say where every trial of this database stands."""
    from nudge.workflow.dispatching.standing import standing

    found = standing(open_desk(db))
    if json:
        emit([one.as_json() for one in found])
        return
    if not found:
        next_step("This database holds no trial.", "nudge lock FILE")
    for one in found:
        say(f"{one.trial}: {one.state}{' (demonstration)' if one.demonstration else ''}")
        say(*(f"  {arm:18} {number:,} units" for arm, number in one.allocated.items()))
        say(*(f"  {line}" for line in one.crossings))
        say(*(f"  {line}" for line in (*one.ledger, *one.opened, *one.halted)))
        if one.next_due:
            say(f"  next message due {one.next_due:%d %B %Y %H:%M} UTC")
        say(f"  next: {one.next_command}", "")
