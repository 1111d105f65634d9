"""The ledger questioned: ledger, reconcile, tasks."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from nudge.cli.console import AsJson, Database, Keys, Name, emit, next_step, open_desk, say, trial_name


def register(app: typer.Typer) -> None:
    """Add these verbs."""
    app.command(epilog="Example: nudge ledger two-year-review --unit H0123")(ledger)
    app.command(epilog="Example: nudge reconcile")(reconcile)
    app.command(epilog="Example: nudge tasks two-year-review")(tasks)


def ledger(
    trial: Name,
    unit: Annotated[str, typer.Option(help="The unit asked about.", show_default=False)],
    *,
    db: Database = None,
    json: AsJson = False,
) -> None:
    """Tell everything that was intended, tried and known about one family, in order."""
    from nudge.workflow.dispatching.accounting import account_of

    name = trial_name(trial)
    entries = account_of(open_desk(db), name, unit)
    if json:
        emit([asdict(entry) for entry in entries])
        return
    say(*(f"{entry.at:%d %b %Y %H:%M:%S}  {entry.what}" for entry in entries))
    where = f"{len(entries)} entries; times are UTC." if entries else f"Nothing was planned for {unit}."
    next_step(where, f"nudge optout --trial {name} --unit {unit} stops their messages")


def reconcile(*, db: Database = None, keys: Keys = None, json: AsJson = False) -> None:
    """Settle with the providers what became of unknown and unheard-of messages; send nothing."""
    from nudge.workflow.dispatching.accounting import reconcile as settle
    from nudge.workflow.dispatching.recalling import take_back
    from nudge.workflow.hearing.receiving import fetch_texts

    desk = open_desk(db, keys)
    heard = fetch_texts(desk)
    take_back(desk)
    tally = settle(desk)
    if json:
        emit({str(status): number for status, number in tally.items()} | {"texts": heard})
        return
    say(*(f"{status:12} {number:,}" for status, number in sorted(tally.items())))
    if heard:
        say(f"{heard} texts had come that were never posted: nudge inbox")
    next_step("Nothing could be settled." if not tally else "What the providers know is in the ledger.", "nudge status")


def tasks(
    trial: Annotated[str | None, typer.Argument(metavar="[TRIAL]", help="One trial; every task without.")] = None,
    *,
    done: Annotated[str | None, typer.Option(help="This task is done.")] = None,
    not_reached: Annotated[str | None, typer.Option(help="Nobody was reached.")] = None,
    not_done: Annotated[str | None, typer.Option(help="This task will not be done.")] = None,
    minutes: Annotated[float, typer.Option(help="Minutes it took.", min=0)] = 0.0,
    db: Database = None,
    keys: Keys = None,
    json: AsJson = False,
) -> None:
    """List the calls, letters and visits to be made, and note what became of them."""
    from nudge.workflow.dispatching.accounting import finish_task, staff_cost, work_list

    desk = open_desk(db, keys)
    for ended, result in ((done, "done"), (not_reached, "not reached"), (not_done, "not done")):
        if ended is not None:
            finish_task(desk, ended, result, minutes)
    name = trial_name(trial) if trial else None
    found = work_list(desk, name)
    spent = staff_cost(desk, name) if name else {}
    if json:
        emit({"tasks": [asdict(task) for task in found],
              "spent": {arm: {"minutes": time, "cost": cost} for arm, (time, cost) in spent.items()}})  # fmt: skip
        return
    for task in found:
        say(f"{task.id}  {task.trial} {task.unit}  due {task.due_at:%d %B %H:%M} UTC, by {task.not_after:%d %B}")
        say(*(f"    {line}" for line in task.script.splitlines()))
    for arm, (time, cost) in spent.items():
        say(f"{arm:20} {time:g} minutes" + ("" if cost is None else f", cost {cost:,.2f}"))
    next_step(f"{len(found)} tasks are open.", "nudge tasks --done TASK --minutes 12" if found else "nudge status")
