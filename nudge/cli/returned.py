"""Mail that came back, and contact points that are used no more: bounces, suppressed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nudge.cli.console import AsJson, Database, Keys, emit, next_step, open_desk, say, trial_name


def register(app: typer.Typer) -> None:
    """Add these verbs."""
    app.command(epilog="Example: nudge bounces /var/mail/bounces")(bounces)
    app.command(epilog="Example: nudge suppressed --wrong-recipient 07700900123")(suppressed)


def bounces(
    mailbox: Annotated[
        Path | None, typer.Argument(metavar="[MAILBOX]", help="An mbox file, a Maildir or one saved message.")
    ] = None,
    *,
    show: Annotated[int | None, typer.Option(help="Print the unreadable mail of this number.")] = None,
    db: Database = None,
    keys: Keys = None,
    json: AsJson = False,
) -> None:
    """Take bounces, complaints and answers out of a mailbox into the ledger; the mailbox is only read."""
    from nudge.trial.errors import InputError
    from nudge.workflow.hearing.returning import take_mailbox, unreadable_mail

    desk = open_desk(db, keys)
    if show is not None:
        mail = unreadable_mail(desk, show)
        if json:
            emit({"number": show, "mail": mail})
        else:
            say(mail)
            next_step("Only a person can say what this is.", "nudge inbox --seen, when it is dealt with")
        return
    if mailbox is None:
        raise InputError("no mailbox is named", "name an mbox file, a Maildir or one saved message")
    counts = take_mailbox(desk, mailbox)
    if json:
        emit(dict(counts))
        return
    say(*(f"{number:6,} {what}" for what, number in sorted(counts.items())))
    where = "What came back is in the ledger." if counts else "The mailbox is empty."
    next_step(where, "nudge inbox" if counts else "nudge status")


def suppressed(
    trial: Annotated[str | None, typer.Argument(metavar="[TRIAL]", help="One trial; every trial without.")] = None,
    *,
    wrong_recipient: Annotated[str, typer.Option(help="Somebody else has this phone or email.")] = "",
    lift: Annotated[str, typer.Option(help="This phone or email is the family's: use it again.")] = "",
    db: Database = None,
    keys: Keys = None,
    json: AsJson = False,
) -> None:
    """List phones and emails that are used no more, by trial and unit; take one out of use, or back into it."""
    from nudge.workflow.hearing.objecting import report_wrong_recipient, unused_points, use_again

    desk = open_desk(db, keys)
    paused: tuple[str, ...] = ()
    if wrong_recipient:
        paused = report_wrong_recipient(desk, address=wrong_recipient).paused
    if lift:
        use_again(desk, lift)
    points = unused_points(desk, trial_name(trial) if trial else None)
    if json:
        emit({"suppressed": points, "paused": list(paused)})
        return
    say(*(f"PAUSED  {one}" for one in paused))
    for point in points:
        who = f"{point['trial']} {point['unit']}" if point["trial"] else "nobody we know"
        say(f"{point['at']:%d %b %Y %H:%M} UTC  {who}  {point['why']} ({point['by']})")
    where = f"{len(points)} contact points are used no more." if points else "Every contact point is in use."
    next_step(where, "nudge people update FILE, with the right one" if points else "nudge status")
