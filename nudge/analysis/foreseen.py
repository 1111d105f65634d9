"""Which estimator each comparison will take, worked out before the draw so that the lock can hold it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from nudge.analysis.comparison import BlockCounts, Choice, choose
from nudge.analysis.covariates import coded_columns, names_of
from nudge.analysis.wedge import wedge_choice
from nudge.trial.records.columns import Coded, Column

if TYPE_CHECKING:
    from nudge.trial.model import Trial
    from nudge.trial.quantities import Comparison
    from nudge.trial.records.analysis import Design, Floats, Ints
    from nudge.trial.records.design import Law
    from nudge.trial.records.people import Unit


def foreseen_choices(trial: Trial, law: Law, units: Sequence[Unit], design: Design) -> dict[str, Choice]:
    """The choice of each comparison, from the fewest units every block must give each arm."""
    blocks, block = np.unique([repr(unit.block) for unit in units], return_inverse=True)
    sizes = np.bincount(block, minlength=blocks.size)
    paired = law.method == "matched_pairs"
    clustered = any(len(unit.people) > 1 for unit in units)
    columns = covariate_columns(trial, units)
    if law.method == "stepped_wedge":
        choice = wedge_choice(design, columns=columns, clusters=len(units), average=trial.analysis.average)
        return {str(pair): choice for pair in trial.comparisons}
    return {
        str(pair): choose(
            _pairs(len(units)) if paired else _fewest(sizes, law, pair), design, clustered=clustered, columns=columns,
            constant_probability=True, average=trial.analysis.average,
        )
        for pair in trial.comparisons
    }  # fmt: skip


def _pairs(units: int) -> BlockCounts:
    """Pairs, one unit of each arm."""
    ones = np.ones(units // 2, dtype=np.int64)
    return BlockCounts(ones, ones)


def _fewest(sizes: Ints, law: Law, pair: Comparison) -> BlockCounts:
    """The fewest units of two arms in blocks of these sizes.

    A block too small to give every arm a unit may still give each of these two one. A block that
    must give each one but may give either more is no pair, and is shown as 2 and 1.
    """
    arm, control = (law.ratio[law.arms.index(name)] for name in (pair.arm, pair.control))
    total, least = sum(law.ratio), np.minimum(sizes // 2, 1)
    counts = [np.maximum(sizes * share // total, least) for share in (arm, control)]
    uneven = (np.maximum(*counts) == 1) & (-(-sizes * max(arm, control) // total) > 1)
    return BlockCounts(np.where(uneven & (counts[1] == 1), 2, counts[0]), counts[1])


def covariate_columns(trial: Trial, units: Sequence[Unit]) -> int:
    """How many model columns the declared covariates make."""
    rows = [person.columns for unit in units for person in unit.people]
    values = baseline_columns(trial, rows)
    declared = {name: values[name] for name in trial.analysis.covariates}
    return len(names_of(coded_columns(declared, np.ones(len(rows), dtype=bool))))


def baseline_names(trial: Trial) -> list[str]:
    """The baseline columns the analysis names, once each."""
    analysis = trial.analysis
    extra = [one.fixed_effects for one in analysis.sensitivity if one.fixed_effects]
    foretold = analysis.risk_bands.predicted_from if analysis.risk_bands else ()
    return list(dict.fromkeys([*analysis.covariates, *analysis.subgroups, *extra, *foretold]))


def baseline_columns(trial: Trial, rows: Sequence[Mapping[str, object]]) -> dict[str, Column]:
    """The columns the analysis names."""
    types = trial.population.columns
    return {name: column_of([row[name] for row in rows], types[name]) for name in baseline_names(trial)}


def column_of(values: Sequence[object], kind: str) -> Column:
    """A column of values of one type, None where blank."""
    if kind in {"number", "yes_no"}:
        return numbers(values)
    return Coded.of([None if value is None else str(value) for value in values])


def numbers(values: Sequence[object]) -> Floats:
    """Numbers, or 1 for yes and 0 for no; nan where blank."""
    return np.array([np.nan if value is None else value for value in values], dtype=float)
