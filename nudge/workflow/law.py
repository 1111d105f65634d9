"""The law a trial file describes, and the units as its draw may see them."""

from __future__ import annotations

from math import fsum
from typing import TYPE_CHECKING

from nudge.trial.records.design import DrawUnit, Law

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nudge.trial.model import Trial
    from nudge.trial.records.people import Unit, Value


def law_of(trial: Trial) -> Law:
    """The law a trial file describes."""
    if trial.randomise is None:
        raise AssertionError("a trial without a draw of its own has no law here")
    randomise = trial.randomise
    arms = tuple(trial.arms)
    given = randomise.model_dump(mode="json", exclude_defaults=True, exclude={"method", "blocks", "ratio"})
    levels = {name: dict(arm.levels) for name, arm in trial.arms.items() if arm.levels}
    return Law(
        trial.trial, randomise.method, arms, tuple(randomise.ratio.get(arm, 1) for arm in arms), randomise.blocks,
        given | ({"levels": levels} if levels else {}), trial.control,
    )  # fmt: skip


def draw_units(trial: Trial, units: Sequence[Unit]) -> list[DrawUnit]:
    """Units with the design columns the file names, and nothing else."""
    names = trial.randomise.balance_on if trial.randomise else ()
    types = trial.population.columns
    return [
        DrawUnit(unit.id, unit.block, {name: _design_value(unit, name, types[name]) for name in names})
        for unit in units
    ]


def equal_within_units(trial: Trial) -> tuple[str, ...]:
    """Columns that everyone in a unit must share: categories that arms are balanced on."""
    names = trial.randomise.balance_on if trial.randomise else ()
    return tuple(name for name in names if trial.population.columns.get(name) == "category")


def _design_value(unit: Unit, name: str, kind: str) -> Value:
    """A category as it is; a number, or the share of yes, as the mean over the unit's people; blanks left out."""
    values = [person.columns[name] for person in unit.people]
    if kind == "category":
        return values[0]
    known = [float(value) for value in values if isinstance(value, bool | int | float)]
    return fsum(known) / len(known) if known else None
