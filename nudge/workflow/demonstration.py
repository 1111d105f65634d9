"""The demonstration: a published trial re-analysed, and a made-up trial from nothing to report."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from nudge.design.seed import PublishedSeed
from nudge.outcomes.synthetic import Process, complaint_records, potential_outcomes, review_records
from nudge.people.synthetic import Families, review_roll, write_csv
from nudge.report.words import effect
from nudge.trial.clock import SimulatedClock
from nudge.trial.library import shipped
from nudge.trial.load import load_trial
from nudge.workflow.analysing import analyse_trial
from nudge.workflow.desk import Desk
from nudge.workflow.playing import Progress, TakingPart, fresh_folder, play, settings_in
from nudge.workflow.reporting import write_report

if TYPE_CHECKING:
    from nudge.trial.model import Trial
    from nudge.trial.records.analysis import Estimate
    from nudge.trial.records.report import Results

SEED_PHRASE = "nudge demonstration 2026-11"
_MARK = ".made-by-nudge-demo"
_START = datetime(2026, 10, 30, 9, 0, tzinfo=UTC)
FAMILIES = Families(2000, date(2026, 11, 16), date(2026, 12, 18), seed=20261102)
PROCESS = Process(0.62, {"usual": 0.0, "reminder": 0.10, "plan": 0.10}, seed=20261103)


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
    fresh_folder(folder, _MARK, "nudge demo")
    progress("reading a published trial", 0, 1)
    replication_file = shipped("experiments") / "replications" / "insurance-default.yaml"
    replication = analyse_trial(replication_file, Desk())
    first = write_report(replication, load_trial(replication_file).trial, folder / "reports")
    progress("reading a published trial", 1, 1)
    clock = SimulatedClock(_START)
    desk = Desk(settings_in(folder, "demonstration"), clock, PublishedSeed(SEED_PHRASE))
    council = play(_council_files(folder), desk, clock, _review_process, folder / "reports", progress)
    return Demonstration(
        folder, replication, council.results, dict(council.truth), council.sent, council.outbox_files,
        (first, council.report),
    )  # fmt: skip


def _council_files(folder: Path) -> Path:
    """The shipped trial file with a made-up roll beside it."""
    target = folder / "trial" / "two-year-review.yaml"
    target.parent.mkdir()
    shutil.copy(shipped("experiments") / "two-year-review.yaml", target)
    write_csv(review_roll(FAMILIES), target.parent / "people" / "two-year-review.csv")
    return target


def _review_process(trial: Trial, taking_part: TakingPart, folder: Path) -> dict[str, float]:
    """Write what the stated process gives; return the truth."""
    people, opens = taking_part.people, taking_part.opens["attended"]
    write_csv(review_records(people, taking_part.arm_of, opens, PROCESS), folder / "outcomes" / "reviews.csv")
    write_csv(complaint_records(people, opens, PROCESS), folder / "outcomes" / "complaints.csv")
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
