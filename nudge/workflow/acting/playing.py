"""A whole trial on a simulated clock, from lock to report: what a demonstration and `simulate --run` share.

Everything is marked as made up, for the clock is simulated and the seed published: in the lock,
the ledger and the report. Messages go into a folder and nowhere else.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from nudge.delivery.plan import Planner
from nudge.outcomes.windows import windows
from nudge.store.engine import reading
from nudge.store.ledger import next_due
from nudge.store.people import load_roll
from nudge.store.trials import trial_state
from nudge.store.vault import new_keys
from nudge.trial.errors import Refused
from nudge.trial.load import load_trial
from nudge.trial.records.delivery import Status
from nudge.workflow.allocating.locking import allocate_trial, lock_trial
from nudge.workflow.allocating.signing import approve_trial
from nudge.workflow.dispatching.launching import launch_trial
from nudge.workflow.dispatching.sending import send_due
from nudge.workflow.reporting.analysing import analyse_trial
from nudge.workflow.reporting.collecting import collect_outcomes
from nudge.workflow.reporting.telling import write_report
from nudge.workflow.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from nudge.trial.clock import SimulatedClock
    from nudge.trial.model import Trial
    from nudge.trial.records.report import Results
    from nudge.workflow.desk import Desk

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Played:
    """What came of it. truth: the true effect among these very people, by comparison."""

    results: Results
    report: Path
    truth: Mapping[str, float]
    sent: int
    outbox_files: int


Process = Callable[["Trial"], Mapping[str, float]]
"""Writes the outcome files of a trial whose arms are drawn; returns the truth by comparison."""


def fresh_folder(folder: Path, mark: str, command: str) -> None:
    """Empty the folder of an earlier run; refuse one that holds anything else."""
    if folder.exists():
        if not (folder / mark).exists() and any(folder.iterdir()):
            raise Refused(f"{folder} exists and was not made by `{command}`", "name another with --folder")
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    (folder / mark).write_text(f"This folder is replaced each time `{command}` runs.\n")
    new_keys(folder / "keys" / "keys.json")


def settings_in(folder: Path, actor: str) -> Settings:
    """Database, keys and outbox inside the folder."""
    return Settings(
        database_url=f"sqlite:///{folder.resolve() / 'nudge.sqlite3'}",
        keys_file=folder / "keys" / "keys.json",
        outbox=folder / "outbox",
        intent_group=64,
        actor=actor,
    )


def play(path: Path, desk: Desk, clock: SimulatedClock, process: Process, folder: Path, progress: Progress) -> Played:
    """Lock, allocate, launch, send everything at its due time, make outcomes, collect, analyse and report.

    Raises what these verbs raise: a file with something standing between it and families does not launch.
    """
    if not desk.demonstration:
        raise AssertionError("a made-up trial needs a simulated clock and a published seed")
    lock_trial(path, desk)
    approve_trial(path, desk, "a second person, made up")
    allocate_trial(path, desk)
    sent = _send_everything(path, desk, clock, progress)
    trial = load_trial(path).trial
    truth = process(trial)
    clock.advance_to(_last_close(trial, desk, clock.now()) + timedelta(days=1))
    collect_outcomes(path, desk)
    results = analyse_trial(path, desk, folder=folder)
    report = write_report(results, trial, folder)
    outbox = desk.settings.outbox
    files = sum(1 for file in outbox.iterdir() if file.suffix in {".txt", ".eml"}) if outbox.exists() else 0
    return Played(results, report, truth, sent, files)


def _send_everything(path: Path, desk: Desk, clock: SimulatedClock, progress: Progress) -> int:
    launched = launch_trial(path, desk, lambda done, of: progress("writing the ledger", done, of))
    settled = sent = 0

    def more(number: int) -> None:
        nonlocal settled
        settled += number
        progress("sending into the outbox", min(settled, launched.rows), launched.rows)

    while True:
        with reading(desk.store).begin() as connection:
            due = next_due(connection)
        if due is None:
            return sent
        clock.advance_to(due)
        sent += send_due(desk, more)[Status.ACCEPTED]


def _last_close(trial: Trial, desk: Desk, now: datetime) -> datetime:
    """The moment at which the last window closes."""
    with reading(desk.store).begin() as connection:
        roll = load_roll(connection, trial.trial, trial.population.columns)
        state = trial_state(connection, trial.trial)
    allocated = (state.allocated_at if state else None) or now
    planner, zone = Planner(trial, {}, allocated), ZoneInfo(trial.timezone)
    closes = [
        window.closes
        for outcome in trial.outcomes.values() if outcome.source is not None
        for window in windows(outcome.window, roll.units, planner.first_planned, allocated, zone).values()
        if window.closes is not None
    ]  # fmt: skip
    return max([now, *closes])
