"""What comes back from families, and stopping at once: inbox, optout, halt."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from nudge.cli.console import AsJson, Database, Keys, emit, next_step, open_desk, say, trial_name

_PRIORITIES = ("", "first  ", "URGENT ")


def register(app: typer.Typer) -> None:
    """Add these verbs."""
    app.command(epilog="Example: nudge inbox two-year-review")(inbox)
    app.command(epilog="Example: nudge optout --address '07700 900123'")(optout)
    app.command(epilog="Example: nudge halt --reason 'Wrong link in a text'")(halt)


def inbox(
    trial: Annotated[str | None, typer.Argument(metavar="[TRIAL]", help="One trial; every reply without.")] = None,
    *,
    read: Annotated[int | None, typer.Option(help="Mark the reply of this number as read.")] = None,
    wrong_recipient: Annotated[
        int | None, typer.Option(help="The reply of this number is not from the family: use that number no more.")
    ] = None,
    seen: Annotated[bool, typer.Option("--seen", help="Mark every notice as seen.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="Also what was read: the transcript.")] = False,
    db: Database = None,
    keys: Keys = None,
    json: AsJson = False,
) -> None:
    """Read what families wrote, the most urgent first, and what else needs a person."""
    from nudge.workflow.hearing.objecting import report_wrong_recipient
    from nudge.workflow.hearing.replying import inbox as read_inbox
    from nudge.workflow.hearing.replying import mark_read, see_all_notices

    desk = open_desk(db, keys)
    if read is not None:
        mark_read(desk, read)
    paused = report_wrong_recipient(desk, reply=wrong_recipient).paused if wrong_recipient is not None else ()
    if seen:
        see_all_notices(desk)
    lines, notices = read_inbox(desk, trial_name(trial) if trial else None, unread=not everything)
    if json:
        emit({"replies": [asdict(line) for line in lines], "notices": notices, "paused": list(paused)})
        return
    say(*(f"PAUSED  {one}" for one in paused))
    say(*(f"NOTICE  {notice}" for notice in notices))
    for line in lines:
        who = f"{line.trial} {line.unit}" if line.trial else "nobody we know"
        means = line.keyword or line.meaning
        say(
            f"{line.number:6} {_PRIORITIES[line.priority]}{line.at:%d %b %H:%M} UTC  {who}  [{means}]",
            f"       {line.text}",
        )
    where = f"{len(lines)} replies to read." if lines else "Nothing to read."
    next_step(where, "nudge inbox --read NUMBER, or nudge optout" if lines else "nudge status")


def optout(
    address: Annotated[str, typer.Option(help="A phone or an email of theirs.")] = "",
    trial: Annotated[str, typer.Option(help="With --unit: the trial they are known from.")] = "",
    unit: Annotated[str, typer.Option(help="With --trial: their unit.")] = "",
    *,
    complaint: Annotated[bool, typer.Option("--complaint", help="They complained: harm rules count it.")] = False,
    lift: Annotated[bool, typer.Option("--lift", help="They want messages again.")] = False,
    db: Database = None,
    keys: Keys = None,
    json: AsJson = False,
) -> None:
    """Stop all messages to a family at once, in every trial; their outcomes stay in the count."""
    from nudge.trial.errors import InputError
    from nudge.workflow.dispatching.recalling import take_back
    from nudge.workflow.hearing.replying import opt_out

    if not address and not (trial and unit):
        raise InputError("nobody is named", "give --address, or --trial and --unit")
    name = trial_name(trial) if trial else ""
    desk = open_desk(db, keys)
    cancelled = opt_out(desk, address=address, trial=name, unit=unit, lift=lift, complained=complaint)
    back = 0 if lift else take_back(desk)
    if json:
        emit({"lifted": lift, "cancelled": cancelled, "taken_back": back})
        return
    ended = f"They get no more messages; {cancelled} were cancelled" + (f" and {back} taken back." if back else ".")
    said = "They may get messages again." if lift else ended
    next_step(said, "nudge status")


def halt(
    trial: Annotated[str | None, typer.Argument(metavar="[TRIAL]", help="One trial; everything without.")] = None,
    *,
    arm: Annotated[str, typer.Option(help="One arm of the trial.")] = "",
    reason: Annotated[str, typer.Option(help="Why; needed to halt.")] = "",
    lift: Annotated[bool, typer.Option("--lift", help="Let go again.")] = False,
    db: Database = None,
    json: AsJson = False,
) -> None:
    """Stop everything, a trial or an arm before the next message goes out; nothing is cancelled."""
    from nudge.workflow.dispatching.halting import halt_sending, lift_sending

    name = trial_name(trial) if trial else ""
    desk = open_desk(db)
    if lift:
        lift_sending(desk, name, arm)
    else:
        halt_sending(desk, name, arm, reason)
    what = f"{name} {arm}".strip() or "everything"
    if json:
        emit({"halted": not lift, "trial": name, "arm": arm})
        return
    if lift:
        next_step(f"Sending goes on: {what}.", "nudge status")
    else:
        if arm:
            say("Where families come one by one, it takes none of them: they are drawn among the other arms.")
        again = ["nudge halt", *([name] if name else []), *(["--arm", arm] if arm else []), "--lift"]
        next_step(f"Nothing more goes out: {what}.", " ".join(again))
