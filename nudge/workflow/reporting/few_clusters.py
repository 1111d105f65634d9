"""Beside results of fewer than eight clusters: how often their method errs, and what it could have found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nudge.analysis.verdict import chance_to_find
from nudge.report.numbers import percent
from nudge.trial.records.analysis import Check
from nudge.workflow.checking.foreseeing import HARDLY_ANY, what_so_few_give

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from nudge.trial.model import Trial
    from nudge.trial.records.analysis import AnalysisRows, Estimate


def few_clusters(trial: Trial, estimates: Sequence[Estimate], rows_of: Mapping[str, AnalysisRows]) -> Iterator[Check]:
    """A note for every planned primary comparison of fewer than eight clusters."""
    for line in estimates:
        if line.role != "primary" or line.label == "sensitivity" or line.level is not None:
            continue
        if line.n_clusters is None or not 0 < line.n_clusters < HARDLY_ANY or line.estimator == "none":
            continue
        cv = _spread_of_sizes(rows_of[line.outcome])
        given = what_so_few_give(trial, line.n_clusters, cv)
        yield Check(
            "few clusters", "note",
            f"{line.outcome}, {line.arm} - {line.control}: with {line.n_clusters} {trial.population.called.units}, "
            f"counted by {line.average}, the method gives {given}{_found(trial, line)}",
        )  # fmt: skip


def _found(trial: Trial, line: Estimate) -> str:
    """The chance that an estimate as precise as this one finds the smallest worthwhile change."""
    size = trial.outcomes[line.outcome].worthwhile
    if size is None or line.std_error is None or line.df is None:
        return ""
    chance = chance_to_find(size.as_estimated, line.std_error, line.df, trial.power.alpha)
    return f"; as precise as this, it would find a true change of {size} {percent(chance, 0)} of the time"


def _spread_of_sizes(rows: AnalysisRows) -> float:
    """How the units vary in their number of people: the standard deviation over the mean."""
    sizes = np.unique(rows.unit, return_counts=True)[1].astype(float)
    return float(sizes.std() / sizes.mean())
