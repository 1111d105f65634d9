"""The demonstration: a published trial re-analysed, and a made-up trial from nothing to report."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from nudge.design.seed import PublishedSeed
from nudge.report.words import effect
from nudge.store.engine import reading
from nudge.store.ledger import next_due
from nudge.store.vault import new_keys
from nudge.trial.clock import SimulatedClock
from nudge.trial.errors import Refused
from nudge.trial.library import shipped
from nudge.trial.load import load_trial
from nudge.trial.problems import Level
from nudge.workflow.analysing import analyse_trial
from nudge.workflow.collecting import collect_outcomes
from nudge.workflow.desk import Desk
from nudge.workflow.examine import examine
from nudge.workflow.examples import make_outcomes, make_roll
from nudge.workflow.launching import launch_trial
from nudge.workflow.locking import allocate_trial, lock_trial
from nudge.workflow.reporting import write_report
from nudge.workflow.sending import send_due
from nudge.workflow.settings import Settings

if TYPE_CHECKING:
    from nudge.trial.records.analysis import Estimate
    from nudge.trial.records.report import Results

SEED_PHRASE = "nudge demonstration 2026-11"
_MARK = ".made-by-nudge-demo"
_START = datetime(2026, 10, 30, 9, 0, tzinfo=UTC)
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Demonstration:
    """What the demonstration made."""

    folder: Path
    replication: Results
    council: Results
    truth: dict[str, float]
    """The true effect among these very children, by comparison."""
    sent: int
    outbox_files: int
    reports: tuple[Path, Path]


def run_demonstration(folder: Path, progress: Progress) -> Demonstration:
    """Everything into `folder`, replaced when run again."""
    _fresh(folder)
    progress("reading a published trial", 0, 1)
    replication_file = shipped("experiments") / "replications" / "insurance-default.yaml"
    replication = analyse_trial(replication_file, Desk())
    first = write_report(replication, load_trial(replication_file).trial, folder / "reports")
    progress("reading a published trial", 1, 1)
    clock = SimulatedClock(_START)
    desk = Desk(_settings(folder), clock, PublishedSeed(SEED_PHRASE))
    path = make_roll("two-year-review", folder / "trial").file
    sent = _run(path, desk, clock, progress)
    truth = make_outcomes(path, desk)
    clock.advance_to(truth.complete_at)
    collect_outcomes(path, desk)
    council = analyse_trial(path, desk)
    second = write_report(council, load_trial(path).trial, folder / "reports")
    files = sum(1 for file in desk.settings.outbox.iterdir() if file.suffix in {".txt", ".eml"})
    return Demonstration(folder, replication, council, dict(truth.effects["attended"]), sent, files, (first, second))


def _fresh(folder: Path) -> None:
    """Empty the folder of an earlier demonstration; refuse one that holds anything else."""
    if folder.exists():
        if not (folder / _MARK).exists() and any(folder.iterdir()):
            raise Refused(f"{folder} exists and was not made by `nudge demo`", "name another with --folder")
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    (folder / _MARK).write_text("This folder is replaced each time `nudge demo` runs.\n")
    new_keys(folder / "keys" / "keys.json")


def _settings(folder: Path) -> Settings:
    return Settings(
        database_url=f"sqlite:///{folder.resolve() / 'nudge.sqlite3'}",
        keys_file=folder / "keys" / "keys.json",
        outbox=folder / "outbox",
        intent_group=64,
        actor="demonstration",
    )


def _run(path: Path, desk: Desk, clock: SimulatedClock, progress: Progress) -> int:
    """Check, lock, allocate, launch, and send everything at its due time."""
    examined = examine(path, clock.now())
    standing = examined.at(Level.ERROR) + examined.at(Level.LAUNCH)
    if standing:
        raise AssertionError(f"the shipped example has problems: {[str(problem) for problem in standing]}")
    lock_trial(path, desk)
    allocate_trial(path, desk)
    launched = launch_trial(path, desk, lambda done, of: progress("writing the ledger", done, of))
    sent = 0

    def one_more(number: int) -> None:
        nonlocal sent
        sent += number
        progress("sending into the outbox", sent, launched.rows)

    while True:
        with reading(desk.store).begin() as connection:
            due = next_due(connection)
        if due is None:
            return sent
        clock.advance_to(due)
        send_due(desk, one_more)


def _estimate(line: Estimate) -> str:
    return f"effect {line.estimate:.4f}, CR2 SE {line.std_error:.4f}, {line.df:.1f} df"


def summary(made: Demonstration) -> list[str]:
    """Ten lines: what was found, against what was true, and where the reports are."""
    takeup, area = made.replication.estimates[:2]
    wrong = made.replication.careless[0]
    lines = [
        "1. A published trial (Cai, de Janvry and Sadoulet 2015), re-analysed from its real data:",
        f"   {takeup.n_clusters} villages were randomised, not {takeup.n:,} households: {_estimate(takeup)}",
        f"   with area effects: {_estimate(area)}; ignoring villages would claim SE {wrong.std_error:.4f}",
        "2. A council trial on 2,000 made-up families (synthetic; simulated clock; published seed):",
        f"   {made.sent:,} messages sent, {made.outbox_files:,} files in {made.folder / 'outbox'}",
    ]
    for line in made.council.estimates:
        if line.role == "primary" and line.label != "sensitivity":
            truth = made.truth[f"{line.arm} - {line.control}"]
            lines.append(
                f"   {line.arm} - {line.control}: truth {truth * 100:+.1f} points; found {effect(line)}, {line.verdict}"
            )
    lines.append("   one run proves nothing: docs/simulation.md has 1,000 of them")
    lines += [f"report: {page}" for page in made.reports]
    return lines
