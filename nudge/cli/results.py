"""What came of it: collect, analyse, report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nudge.cli.console import AsJson, Database, File, Keys, complain, emit, next_step, open_desk, say

Data = Annotated[
    Path | None,
    typer.Option(
        "--data", help="One file in place of every source (a trial run elsewhere), or a frozen data set.",
        show_default=False,
    ),
]  # fmt: skip


def register(app: typer.Typer) -> None:
    """Add these verbs."""
    app.command(epilog="Example: nudge collect experiments/two-year-review.yaml --complete-to 2027-01-30")(collect)
    app.command(epilog="Example: nudge analyse experiments/replications/insurance-default.yaml --json")(analyse)
    app.command(epilog="Example: nudge report experiments/replications/insurance-default.yaml")(report)


def collect(
    file: File,
    complete_to: Annotated[
        str | None, typer.Option(help="The day up to which the records are complete; today if not given.")
    ] = None,
    *,
    db: Database = None,
    keys: Keys = None,
    json: AsJson = False,
) -> None:
    """Read every outcome's records and link them to the people of the trial."""
    from nudge.workflow.reporting.collecting import collect_outcomes, end_of_day, yet_to_come

    desk, last = open_desk(db, keys), end_of_day(complete_to, file) if complete_to else None
    linked = collect_outcomes(file, desk, last)
    if last and (caution := yet_to_come(last, desk)):
        complain(caution)
    if json:
        emit(
            [{"outcome": one.outcome, "source": one.source, "records": one.records, "matched": one.matched,
              "outside_window": one.outside_window, "states": one.counts} for one in linked]
        )  # fmt: skip
        return
    for one in linked:
        say(f"{one.outcome}: {one.records:,} records, {one.matched:,} about people of this trial, "
            f"{one.outside_window:,} outside their window")  # fmt: skip
        for arm, states in one.counts.items():
            say(f"  {arm:18} " + ", ".join(f"{number:,} {state.replace('_', ' ')}" for state, number in states.items()))
        waiting = sum(states.get("not_yet", 0) for states in one.counts.values())
        people = sum(sum(states.values()) for states in one.counts.values())
        say(f"  {waiting:,} of {people:,} cannot have happened yet")
    next_step("Outcomes are collected.", f"nudge analyse {file}")


def analyse(
    file: File,
    data: Data = None,
    folder: Annotated[Path, typer.Option(help="Where to freeze the data that was analysed.")] = Path("reports"),
    *,
    db: Database = None,
    json: AsJson = False,
) -> None:
    """Estimate every declared comparison by the rule that the draw allows, and freeze the data it was made of."""
    from nudge.workflow.reporting.analysing import analyse_trial
    from nudge.workflow.reporting.freezing import FROM_FROZEN
    from nudge.workflow.reporting.telling import results_in_lines, results_json

    results = analyse_trial(file, open_desk(db), data, folder)
    if json:
        say(results_json(results))
        return
    say(*results_in_lines(results))
    if results.data is not None and results.label != FROM_FROZEN:
        say("", f"data     {folder / results.data.file}")
    next_step("The results are made.", f"nudge report {file}")


def report(
    file: File,
    data: Data = None,
    folder: Annotated[Path, typer.Option(help="Where to write the report.")] = Path("reports"),
    *,
    db: Database = None,
    json: AsJson = False,
) -> None:
    """Write the report (one HTML page) and results.json beside it."""
    from nudge.workflow.reporting.telling import report_trial

    page = report_trial(file, open_desk(db), folder, data)
    if json:
        emit({"report": str(page), "results": str(page.with_suffix(".results.json"))})
        return
    say(f"report   {page}", f"results  {page.with_suffix('.results.json')}")
    next_step("Open it in a browser; it needs no network.", "")
