"""Made-up counts, times and ordered answers of many runs at once, person by person.

Luck comes first and knows no arm: everyone has a place between 0 and 1 among all there could be, shared with the
others of their unit as the examples share it (`outcomes/synthetic.py`), and moved by what the covariates foretell. The
law of the outcome then says what that place amounts to under an arm.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from nudge.design.power_laws import Followed, Rates
from nudge.outcomes.synthetic import of_unit_or_own

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nudge.design.power_laws import OutcomeLaw
    from nudge.trial.records.analysis import Floats, Ints

_GRID = np.linspace(0.0025, 0.9975, 200)
_MOST_FORETOLD = 0.95
_EDGE = 1e-12


class Made(NamedTuple):
    """One outcome of R runs, (R, E) each: people with one, the sum of theirs, and whether a time ends with it."""

    rows: Floats
    totals: Floats
    event: Floats | None = None


@dataclass(frozen=True, slots=True)
class LawWorld:
    """The people of a trial, and how one outcome of theirs comes about.

    unit: (E,) each person's, in order. exposure: (E,) what a count is over, None for one each. score: (E,) what the
    covariates foretell, mean 0 and spread 1, None without any; r2: how much of the outcome that is. together: a
    message reaches all of a unit or none.
    """

    law: OutcomeLaw
    unit: Ints
    icc: float
    reached: float
    known: float
    together: bool
    exposure: Floats | None = None
    score: Floats | None = None
    r2: float = 0.0


def made_by_law(world: LawWorld, arms: NDArray[np.int8], effects: Floats, rng: np.random.Generator) -> Made:
    """Outcomes under R draws. arms: (R, U) positions. effects: (K,) what each arm does to those it reaches."""
    arm = arms[:, world.unit]
    luck = _luck(world, arms.shape, rng)
    got = _reached(world, arms.shape, rng)
    rows = (rng.random(luck.shape) < world.known).astype(float) if world.known < 1 else np.ones(luck.shape)
    value = _values(world, luck, 0.0)
    for place, effect in enumerate(effects.tolist()):
        if effect:
            value = np.where((arm == place) & got, _values(world, luck, effect), value)
    if not isinstance(world.law, Followed):
        return Made(rows, value * rows)
    event = (value < world.law.days).astype(float)
    return Made(rows, np.minimum(value + 1, world.law.days) * rows, event)


def _luck(world: LawWorld, shape: tuple[int, ...], rng: np.random.Generator) -> Floats:
    size = (shape[0], world.unit.size)
    luck = rng.random(size)
    if world.icc > 0:
        luck = of_unit_or_own(luck, rng.random(shape)[:, world.unit], rng.random(size), world.icc)
    if world.score is None or world.r2 == 0:
        return luck
    from scipy.special import ndtri

    share = foretold_share(world)
    # Where everyone would lie, whoever they are: even again over all of them.
    score, own = np.sqrt(share) * world.score, np.sqrt(1 - share)
    grid = np.linspace(-6 + score.min(), 6 + score.max(), 400)
    even = np.interp(score + own * ndtri(np.clip(luck, _EDGE, 1 - _EDGE)), grid, _spread(grid, score, own))
    return np.asarray(even, dtype=float)


def _spread(grid: Floats, score: Floats, own: float) -> Floats:
    from scipy.special import ndtr

    values, number = np.unique(score.round(3), return_counts=True)
    return np.asarray(ndtr((grid[:, None] - values) / own) @ (number / number.sum()), dtype=float)


def foretold_share(world: LawWorld) -> float:
    """How much of the luck the covariates must settle for them to settle `r2` of the outcome."""
    from scipy.special import ndtri

    value = np.searchsorted(world.law.cumulative(0.0), _GRID, side="right").astype(float)
    seen = float(np.corrcoef(ndtri(_GRID), value)[0, 1]) ** 2 if np.ptp(value) > 0 else 1.0
    return min(world.r2 / seen, _MOST_FORETOLD)


def _reached(world: LawWorld, shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.bool_]:
    if world.together:
        whole: NDArray[np.bool_] = (rng.random(shape) < world.reached)[:, world.unit]
        return whole
    each: NDArray[np.bool_] = rng.random((shape[0], world.unit.size)) < world.reached
    return each


def _values(world: LawWorld, luck: Floats, effect: float) -> Floats:
    """What each place between 0 and 1 amounts to."""
    if world.exposure is None or not isinstance(world.law, Rates):
        return np.searchsorted(world.law.cumulative(effect), luck, side="right").astype(float)
    found = np.zeros(luck.shape)
    for amount in np.unique(world.exposure):
        here = world.exposure == amount
        table = world.law.cumulative(effect, float(amount))
        found[:, here] = np.searchsorted(table, luck[:, here], side="right")
    return found
