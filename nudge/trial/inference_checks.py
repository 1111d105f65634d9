"""What a plan of inference must be for its numbers to mean anything: looks, baseline columns, money."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from nudge.trial.problems import Level
from nudge.trial.sequence import unknown_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nudge.trial.model import Trial
    from nudge.trial.problems import Problem
    from nudge.trial.source import Source


def planned_looks(trial: Trial, source: Source) -> Iterator[Problem]:
    """Planned looks rise towards the end, and hang on a change worth finding."""
    looks = trial.analysis.looks
    if looks is None:
        return
    path = ("analysis", "looks")
    rising = all(before < after for before, after in pairwise(looks.at))
    if not looks.at or not rising or looks.at[0] <= 0 or looks.at[-1] >= 1:
        yield source.problem(
            Level.ERROR, (*path, "at"), "must be shares of the information, rising, none at 0 or 100%",
            "write `at: [50%, 75%]`; the end is looked at anyway",
        )  # fmt: skip
    if trial.run_elsewhere:
        yield source.problem(
            Level.ERROR, path, "plans looks at a trial that was run elsewhere and is over", "leave `looks` out"
        )
    if trial.randomise is not None and trial.randomise.method == "adaptive":
        yield source.problem(
            Level.ERROR, path, "plans looks at an adaptive draw, which updates by its own rule", "leave `looks` out"
        )


def settled_by_the_draw(trial: Trial) -> dict[str, str]:
    """Columns of a trial run elsewhere that say what came of the draw, and what each is (statistics.md 9)."""
    allocation = trial.allocation
    if allocation is None:
        return {}
    found = {allocation.arm: "the column of the arm"}
    for name, outcome in trial.outcomes.items():
        record = outcome.source
        if record is not None and not (record.csv_file or record.parquet_file or record.package):
            found |= {column: f"where `{name}` is recorded" for column in (record.value, record.event) if column}
    return found


def absorbing(trial: Trial, source: Source) -> Iterator[Problem]:
    """Effects of the column that was drawn hold constant the very thing that tells the arms apart."""
    allocation = trial.allocation
    drawn = {allocation.clusters, allocation.unit} if allocation else {trial.unit_column}
    for i, extra in enumerate(trial.analysis.sensitivity):
        if extra.fixed_effects is not None and extra.fixed_effects in drawn:
            yield source.problem(
                Level.ERROR, ("analysis", "sensitivity", i, "fixed_effects"),
                f"`{extra.fixed_effects}` is what was drawn, so each of its effects would absorb the arm",
                "name a column that several units share, or leave it out",
            )  # fmt: skip


def priced(trial: Trial, source: Source) -> Iterator[Problem]:
    """Benefits are of outcomes, and prices of arms, that there are."""
    if trial.costs is None:
        return
    for i, benefit in enumerate(trial.costs.benefit):
        if benefit.per not in trial.outcomes:
            place = ("benefit", "per") if len(trial.costs.benefit) == 1 else ("benefit", i, "per")
            yield unknown_name(source, ("costs", *place), benefit.per, trial.outcomes, "an outcome")
    for key, by_arm in (("per_unit", trial.costs.per_unit), ("setup", trial.costs.setup)):
        for arm in by_arm:
            if arm not in trial.arms:
                yield unknown_name(source, ("costs", key, arm), arm, trial.arms, "an arm")
