"""What a plan of inference must be for its numbers to mean anything: looks, money."""

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
