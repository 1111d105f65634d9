"""Sending: launch, send, pause, resume, stop, close."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Annotated

import typer

from nudge.cli.console import (
    AsJson,
    Database,
    File,
    Keys,
    Name,
    complain,
    emit,
    next_step,
    open_desk,
    progress_bar,
    say,
    trial_name,
)

if TYPE_CHECKING:
    from collections import Counter
    from pathlib import Path

    from nudge.trial.records.delivery import Status
    from nudge.workflow.desk import Desk


def register(app: typer.Typer) -> None:
    """Add these verbs."""
    app.command(epilog="Example: nudge launch experiments/two-year-review.yaml")(launch)
    app.command(epilog="Example: nudge send experiments/two-year-review.yaml --live")(send)
    app.command(epilog="Example: nudge pause two-year-review")(pause)
    app.command(epilog="Example: nudge resume two-year-review")(resume)
    app.command(epilog="Example: nudge stop two-year-review")(stop)
    app.command(epilog="Example: nudge close two-year-review")(close)


def launch(file: File, *, db: Database = None, keys: Keys = None, json: AsJson = False) -> None:
    """Write the ledger of an allocated trial: from then on the clock, or `nudge send --live`, sends what is due."""
    _launch(file, open_desk(db, keys), json=json)


def _launch(file: Path, desk: Desk, *, json: bool) -> None:
    from nudge.workflow.dispatching.launching import launch_trial

    with progress_bar(quiet=json) as show:
        made = launch_trial(file, desk, lambda done, of: show("rendering every message", done, of))
    if json:
        emit(
            {"rows": made.rows, "virtual": made.virtual, "by_arm": made.by_arm, "segments": made.segments,
             "cost": made.cost, "unplanned": made.unplanned, "late": made.late, "again": made.again}
        )  # fmt: skip
        return
    say("It had been launched before; nothing was written twice." if made.again else "Launched.")
    say(f"{made.rows:,} messages and {made.virtual:,} virtual send times stand in the ledger")
    for arm, rows in made.by_arm.items():
        segments, cost = made.segments.get(arm, 0), made.cost.get(arm, 0.0)
        say(f"{arm:20} {rows:,} messages, {segments:,} SMS segments, cost {cost:,.2f}")
    if made.late:
        say(f"{made.late:,} of them are past their time already, and will expire unsent")
    if made.unplanned:
        say(f"{made.unplanned:,} units of an arm with messages have none: no date, or no route with words")
    next_step("Messages go when they are due.", f"nudge send {file} --live, or nudge serve")


def send(
    file: File,
    *,
    live: Annotated[bool, typer.Option("--live", help="Really send what is due.")] = False,
    to: Annotated[str | None, typer.Option(help="Send one test of every arm to this approved address.")] = None,
    db: Database = None,
    keys: Keys = None,
    json: AsJson = False,
) -> None:
    """Send what is due; without --live, rehearse: render and check everything, write nothing."""
    desk = open_desk(db, keys)
    if to is not None:
        _send_test(file, desk, to, json=json)
    elif live:
        _send_live(file, desk, json=json)
    else:
        _rehearse(file, desk, json=json)


def _send_test(file: Path, desk: Desk, to: str, *, json: bool) -> None:
    from nudge.workflow.writing.rehearsing import send_test

    sent = send_test(file, desk, to)
    if json:
        emit([{"arm": one.arm, "template": one.template, "reply": one.reply, "detail": one.detail} for one in sent])
        return
    say(*(f"{one.arm}: {one.template} {one.reply} {one.detail}".rstrip() for one in sent))
    next_step("Test messages are marked as such and are not in the ledger.", f"nudge check {file} --launch")


def _send_live(file: Path, desk: Desk, *, json: bool) -> None:
    from nudge.trial.load import load_trial
    from nudge.workflow.dispatching.sending import send_due
    from nudge.workflow.dispatching.tending import tend
    from nudge.workflow.guard import find_locked, need_same_file

    trial = load_trial(file).trial
    locked = find_locked(desk.store, trial.trial)
    if locked is None or locked.state.launched_at is None:
        _launch(file, desk, json=True)
    else:
        need_same_file(trial, locked)
    for said in tend(desk):
        complain(said)
    asked = _Asked()
    with progress_bar(quiet=json) as show:
        done = 0

        def more(number: int) -> None:
            nonlocal done
            done += number
            show("messages settled", done, done)

        tally = send_due(desk, more, asked)
    _report(tally, json=json, file=str(file))


class _Asked:
    """Whether the person asked to stop: the group on the wire is finished and recorded first."""

    def __init__(self) -> None:
        self.stop = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._hear)

    def _hear(self, *_: object) -> None:
        self.stop = True

    def __call__(self) -> bool:
        return self.stop


def _report(tally: Counter[Status], *, json: bool, file: str) -> None:
    if json:
        emit({str(status): number for status, number in tally.items()})
        return
    say(*(f"{status:12} {number:,}" for status, number in sorted(tally.items())))
    where = "Nothing was due." if not tally else "What was due is settled."
    next_step(where, f"nudge status, and when windows close nudge collect {file}")


def _rehearse(file: Path, desk: Desk, *, json: bool) -> None:
    from nudge.workflow.dispatching.standing import next_command
    from nudge.workflow.writing.rehearsing import rehearse

    rows = rehearse(file, desk)
    if json:
        emit(rows)
        return
    say("Rehearsal: every arm's words were rendered for every family; nothing was sent or written.")
    say(*(f"{arm:20} {number:,} messages" for arm, number in rows["messages"].items()))
    next_step("A rehearsal changes nothing.", next_command(desk, trial_name(str(file)), str(file)))


def pause(trial: Name, *, db: Database = None, json: AsJson = False) -> None:
    """Hold everything that has not gone out; at once."""
    from nudge.workflow.dispatching.launching import pause_trial

    name = trial_name(trial)
    pause_trial(name, open_desk(db))
    _said(f"{name} is paused.", f"nudge resume {name}", name, "paused", json=json)


def resume(trial: Name, *, db: Database = None, json: AsJson = False) -> None:
    """Go on after a pause; what is past its time expires."""
    from nudge.workflow.dispatching.launching import resume_trial

    name = trial_name(trial)
    resume_trial(name, open_desk(db))
    _said(f"{name} goes on.", "nudge status", name, "launched", json=json)


def stop(trial: Name, *, db: Database = None, json: AsJson = False) -> None:
    """Cancel everything that has not gone out, for good."""
    from nudge.workflow.dispatching.launching import stop_trial

    name = trial_name(trial)
    cancelled = stop_trial(name, open_desk(db))
    _said(
        f"{name} is stopped; {cancelled:,} messages were cancelled.", f"nudge close {name}", name, "stopped", json=json
    )


def close(trial: Name, *, db: Database = None, keys: Keys = None, json: AsJson = False) -> None:
    """End the trial and reveal its seed, so that anyone can replay the draw."""
    from nudge.workflow.dispatching.launching import close_trial

    name = trial_name(trial)
    closed = close_trial(name, open_desk(db, keys))
    if json:
        emit({"trial": name, "state": "closed", "seed": closed.seed, "cancelled": closed.cancelled})
        return
    say(f"{name} is closed.", f"seed  {closed.seed}")
    if closed.cancelled:
        say(f"{closed.cancelled:,} messages that had not gone out were cancelled")
    next_step("Anyone can now replay the draw.", "nudge report FILE")


def _said(sentence: str, command: str, name: str, state: str, *, json: bool) -> None:
    if json:
        emit({"trial": name, "state": state})
    else:
        next_step(sentence, command)
