"""What stands beside a verdict, added to results once their estimates are made."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from nudge.analysis.beliefs import companions
from nudge.design.priors import PRIORS

if TYPE_CHECKING:
    from nudge.trial.model import Trial
    from nudge.trial.records.report import Results


def with_beliefs(results: Results, trial: Trial) -> Results:
    """The same results with what each of the file's priors makes of every primary effect."""
    beliefs, exaggerations = companions(trial, results.estimates, PRIORS)
    return replace(results, beliefs=beliefs, exaggerations=exaggerations)
