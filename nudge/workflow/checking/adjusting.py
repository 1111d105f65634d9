"""Whether the roll lets covariates and fixed effects say anything, held against it before the lock."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from nudge.analysis.comparison import COLUMNS_PER_UNIT_ADDITIVE
from nudge.analysis.covariates import coded_columns, matrix, names_of
from nudge.analysis.foreseen import baseline_columns
from nudge.analysis.redundant import column_of, settled_columns
from nudge.trial.problems import Level, listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nudge.trial.load import LoadedTrial
    from nudge.trial.problems import Problem
    from nudge.trial.records.people import Roll

FEWEST_OF_A_LEVEL = 4
"""Units of a level that can put two in either arm; with one alone in an arm, that unit decides."""
_SHOWN = 3


def adjustment_problems(loaded: LoadedTrial, roll: Roll | None) -> Iterator[Problem]:
    """Covariates that others settle, levels of a handful, and effects that would absorb the arm."""
    if roll is None or not roll.units or loaded.trial.run_elsewhere:
        return
    yield from _settled(loaded, roll)
    yield from _rare_levels(loaded, roll)
    yield from _absorbing(loaded, roll)


def _settled(loaded: LoadedTrial, roll: Roll) -> Iterator[Problem]:
    """Columns that say nothing new: the analysis would leave them out (statistics.md 28)."""
    trial = loaded.trial
    people = [(person, unit) for unit in roll.units for person in unit.people]
    values = baseline_columns(trial, [person.columns for person, _ in people])
    declared = {name: values[name] for name in trial.analysis.covariates}
    coded = coded_columns(declared, np.ones(len(people), dtype=bool))
    if not coded:
        return
    wedge = trial.randomise is not None and trial.randomise.method == "stepped_wedge"
    held = [unit.id if wedge else repr(unit.block) for _, unit in people]
    by_mean = trial.analysis.average == "cluster" and not wedge
    block = np.zeros(len(people), dtype=np.int64) if by_mean else np.unique(held, return_inverse=True)[1]
    settled = settled_columns(matrix(coded, len(people)), names_of(coded), block)
    kept = {column_of(name) for name in names_of(coded) if name not in settled}
    what = "sites" if wedge else "blocks"
    for i, name in enumerate(trial.analysis.covariates):
        if name not in kept and name in {column_of(one) for one in settled}:
            yield loaded.source.problem(
                Level.ADVICE, ("analysis", "covariates", i),
                f"`{name}` says nothing that {what} and other covariates do not, so the analysis leaves it out",
                "leave it out, or name it in place of the column that says the same",
            )  # fmt: skip


def _rare_levels(loaded: LoadedTrial, roll: Roll) -> Iterator[Problem]:
    """A level that only a few units have can leave one of them alone in its arm."""
    columns = loaded.trial.population.columns
    for i, name in enumerate(loaded.trial.analysis.covariates):
        if columns[name] not in {"category", "yes_no"}:
            continue
        units_of: defaultdict[object, set[str]] = defaultdict(set)
        for unit in roll.units:
            for person in unit.people:
                units_of[person.columns[name]].add(unit.id)
        if len(units_of) * COLUMNS_PER_UNIT_ADDITIVE > len(roll.units) / 2:
            continue  # so many levels are not used at all, which is said elsewhere
        rare = [level for level, units in units_of.items() if len(units) < FEWEST_OF_A_LEVEL]
        if rare and len(units_of) > 1:
            shown = listed("blank" if level is None else f"`{level}`" for level in rare[:_SHOWN])
            more = f" and {len(rare) - _SHOWN} more" if len(rare) > _SHOWN else ""
            called = loaded.trial.population.called.units
            yield loaded.source.problem(
                Level.ADVICE, ("analysis", "covariates", i),
                f"fewer than {FEWEST_OF_A_LEVEL} {called} have `{name}` {shown}{more}: one alone in its arm would "
                "decide part of the estimate",
                "merge rare levels in the roll, such as into `other`",
            )  # fmt: skip


def _absorbing(loaded: LoadedTrial, roll: Roll) -> Iterator[Problem]:
    """Effects of a column that never stands for more than one randomised unit leave nothing for the arm."""
    trial = loaded.trial
    for i, extra in enumerate(trial.analysis.sensitivity):
        name = extra.fixed_effects
        if name is None:
            continue
        units_of: defaultdict[object, set[str]] = defaultdict(set)
        for unit in roll.units:
            for person in unit.people:
                units_of[person.columns[name]].add(unit.id)
        if all(len(units) == 1 for units in units_of.values()):
            yield loaded.source.problem(
                Level.LAUNCH, ("analysis", "sensitivity", i, "fixed_effects"),
                f"`{name}` is different for each of the {trial.population.called.units} drawn, so its effects would "
                "absorb the arm", "name a column that many of them share, or leave it out",
            )  # fmt: skip
