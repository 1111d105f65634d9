"""The demonstration: a published trial re-analysed, and a made-up trial from nothing to report."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from nudge.design.seed import PublishedSeed
from nudge.report.words import effect
from nudge.trial.clock import SimulatedClock
from nudge.trial.library import shipped
from nudge.trial.load import load_trial
from nudge.workflow.acting.examples import make_outcomes, make_roll
from nudge.workflow.acting.playing import Progress, fresh_folder, play, settings_in
from nudge.workflow.desk import Desk
from nudge.workflow.reporting.analysing import analyse_trial
from nudge.workflow.reporting.telling import write_report

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nudge.trial.model import Trial
    from nudge.trial.records.analysis import Estimate
    from nudge.trial.records.report import Results

SEED_PHRASE = "nudge demonstration 2026-11"
_MARK = ".made-by-nudge-demo"
_START = datetime(2026, 10, 30, 9, 0, tzinfo=UTC)


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
    replication = analyse_trial(replication_file, Desk(), folder=folder / "reports")
    first = write_report(replication, load_trial(replication_file).trial, folder / "reports")
    progress("reading a published trial", 1, 1)
    clock = SimulatedClock(_START)
    desk = Desk(settings_in(folder, "demonstration"), clock, PublishedSeed(SEED_PHRASE))
    path = make_roll("two-year-review", folder / "trial").file

    def process(_trial: Trial) -> Mapping[str, float]:
        return make_outcomes(path, desk).effects["attended"]

    council = play(path, desk, clock, process, folder / "reports", progress)
    return Demonstration(
        folder, replication, council.results, dict(council.truth), council.sent, council.outbox_files,
        (first, council.report),
    )  # fmt: skip


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
    lines.append("   one run proves nothing: docs/simulation.md has 10,000 of them")
    lines += [f"report: {page}" for page in made.reports]
    return lines
