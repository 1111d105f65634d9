"""What stands beside a verdict, added to results once their estimates are made."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pydantic import TypeAdapter

from nudge.analysis.beliefs import companions
from nudge.analysis.looks import Moment, looked
from nudge.design.priors import PRIORS
from nudge.trial.records.companions import Look

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from nudge.trial.model import Trial
    from nudge.trial.records.report import Results


def with_beliefs(results: Results, trial: Trial) -> Results:
    """The same results with what each of the file's priors makes of every primary effect."""
    beliefs, exaggerations = companions(trial, results.estimates, PRIORS)
    return replace(results, beliefs=beliefs, exaggerations=exaggerations)


def earlier_looks(content: Mapping[str, Any] | None) -> tuple[Look, ...]:
    """The looks that stand in the results made last."""
    return TypeAdapter(tuple[Look, ...]).validate_python((content or {}).get("looks", ()))


def with_looks(results: Results, trial: Trial, before: Sequence[Look], waiting: frozenset[str]) -> Results:
    """The same results with what this look says; before: those taken so far."""
    moment = Moment(results.made_at, waiting)
    estimates, looks = looked(trial, results.estimates, before, moment)
    return replace(results, estimates=tuple(estimates), looks=looks)
