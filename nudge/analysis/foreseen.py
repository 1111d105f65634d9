"""Which estimator each comparison will take, worked out before the draw so that the lock can hold it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from nudge.analysis.comparison import BlockCounts, Choice, choose, pair_of
from nudge.trial.records.analysis import AnalysisRows, Design

if TYPE_CHECKING:
    from nudge.trial.model import Trial
    from nudge.trial.records.design import Law
    from nudge.trial.records.people import Unit


def foreseen_choices(trial: Trial, law: Law, units: Sequence[Unit], design: Design) -> dict[str, Choice]:
    """The choice of each comparison, from the fewest units every block must give each arm."""
    blocks, block = np.unique([repr(unit.block) for unit in units], return_inverse=True)
    sizes = np.bincount(block, minlength=blocks.size)
    clustered = any(len(unit.people) > 1 for unit in units)
    columns = covariate_columns(trial, units)
    total = sum(law.ratio)
    fewest = {arm: sizes * share // total for arm, share in zip(law.arms, law.ratio, strict=True)}
    return {
        str(pair): choose(
            BlockCounts(fewest[pair.arm], fewest[pair.control]), design, clustered=clustered, columns=columns,
            constant_probability=True, average=trial.analysis.average,
        )
        for pair in trial.comparisons
    }  # fmt: skip


def covariate_columns(trial: Trial, units: Sequence[Unit]) -> int:
    """How many model columns the declared covariates make."""
    people = [person for unit in units for person in unit.people]
    rows = AnalysisRows(
        outcome=np.zeros(len(people)), arm=np.array(["all"] * len(people)), unit=np.arange(len(people)),
        block=np.zeros(len(people), dtype=np.int64), probability=np.ones(len(people)),
        covariates=baseline_columns(trial, [person.columns for person in people]),
        types=trial.population.columns,
    )  # fmt: skip
    return len(pair_of(rows, "all", "all", trial.analysis.covariates).names)


def baseline_columns(trial: Trial, rows: Sequence[Mapping[str, object]]) -> dict[str, np.ndarray]:
    """The columns the analysis names, as arrays of values with None for blanks."""
    analysis = trial.analysis
    extra = [one.fixed_effects for one in analysis.sensitivity if one.fixed_effects]
    names = dict.fromkeys([*analysis.covariates, *analysis.subgroups, *extra])
    return {name: np.array([row[name] for row in rows], dtype=object) for name in names}
