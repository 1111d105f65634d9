"""The demonstration: a published trial re-analysed, and a made-up trial from nothing to report."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from nudge.delivery.plan import Planner
from nudge.design.seed import PublishedSeed
from nudge.outcomes.synthetic import Process, complaint_records, potential_outcomes, review_records
from nudge.people.synthetic import Families, review_roll, write_csv
from nudge.report.words import effect
from nudge.store.engine import reading
from nudge.store.ledger import next_due
from nudge.store.people import load_allocation, load_roll
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
from nudge.workflow.launching import launch_trial
from nudge.workflow.law import law_of
from nudge.workflow.locking import allocate_trial, lock_trial
from nudge.workflow.reporting import write_report
from nudge.workflow.sending import send_due
from nudge.workflow.settings import Settings
from nudge.workflow.signing import approve_trial

if TYPE_CHECKING:
    from nudge.trial.records.analysis import Estimate
    from nudge.trial.records.report import Results

SEED_PHRASE = "nudge demonstration 2026-11"
_MARK = ".made-by-nudge-demo"
_START = datetime(2026, 10, 30, 9, 0, tzinfo=UTC)
FAMILIES = Families(2000, date(2026, 11, 16), date(2026, 12, 18), seed=20261102)
PROCESS = Process(0.62, {"usual": 0.0, "reminder": 0.10, "plan": 0.10}, seed=20261103)
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
    path = _council_files(folder)
    sent = _run(path, desk, clock, progress)
    truth = _outcomes(path, desk, clock)
    collect_outcomes(path, desk)
    council = analyse_trial(path, desk)
    second = write_report(council, load_trial(path).trial, folder / "reports")
    files = sum(1 for file in desk.settings.outbox.iterdir() if file.suffix in {".txt", ".eml"})
    return Demonstration(folder, replication, council, truth, sent, files, (first, second))


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


def _council_files(folder: Path) -> Path:
    """The shipped trial file with a made-up roll beside it."""
    target = folder / "trial" / "two-year-review.yaml"
    target.parent.mkdir()
    shutil.copy(shipped("experiments") / "two-year-review.yaml", target)
    write_csv(review_roll(FAMILIES), target.parent / "people" / "two-year-review.csv")
    return target


def _run(path: Path, desk: Desk, clock: SimulatedClock, progress: Progress) -> int:
    """Check, lock, allocate, launch, and send everything at its due time."""
    examined = examine(path, clock.now())
    standing = examined.at(Level.ERROR) + examined.at(Level.LAUNCH)
    if standing:
        raise AssertionError(f"the shipped example has problems: {[str(problem) for problem in standing]}")
    lock_trial(path, desk)
    approve_trial(path, desk, "a second person, made up")
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


def _outcomes(path: Path, desk: Desk, clock: SimulatedClock) -> dict[str, float]:
    """Write what the stated process gives, once every window has closed; return the truth."""
    trial = load_trial(path).trial
    with reading(desk.store).begin() as connection:
        roll = load_roll(connection, trial.trial, trial.population.columns)
        allocation = load_allocation(connection, trial.trial, law_of(trial))
    planner = Planner(trial, {}, _START)
    zone = ZoneInfo(trial.timezone)
    opens = {
        person.id: first.astimezone(zone)
        for unit in roll.units if (first := planner.first_planned(unit)) is not None for person in unit.people
    }  # fmt: skip
    people = [person for unit in roll.units for person in unit.people]
    arm_of = {row.unit: row.arm for row in allocation.rows}
    folder = path.parent / "outcomes"
    write_csv(review_records(people, arm_of, opens, PROCESS), folder / "reviews.csv")
    write_csv(complaint_records(people, opens, PROCESS), folder / "complaints.csv")
    clock.advance_to(max(opens.values()) + timedelta(days=57))
    potential = potential_outcomes(people, PROCESS)
    return {str(pair): potential.true_effect(pair.arm, pair.control) for pair in trial.comparisons}


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
