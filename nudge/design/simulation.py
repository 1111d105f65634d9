"""Made-up outcomes of many runs at once: what families would do under each draw of the arms.

Only the totals of the randomised units are made, which is all that the analysis of a trial
without covariates uses. A unit has a baseline risk of its own; people of one unit are alike by
the ICC (beta-binomial for yes or no, a shared normal part otherwise); an arm adds its effect
for those its message reaches; some outcomes stay unknown.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nudge.trial.records.analysis import Floats, Ints

_SMALL = 8
"""Units of up to so many people are made person by person, larger ones by binomial draws."""
_EDGE = 1e-6


@dataclass(frozen=True, slots=True)
class World:
    """The families of a trial as a simulation needs them.

    people: (U,) in each unit. risk: (U,) mean outcome of the unit without a message. spread:
    standard deviation of one person's outcome, None for yes or no. icc: how alike people of one
    unit are. reached: chance that a message arrives. known: chance that an outcome is known.
    together: a message reaches all of a unit or none (households), not each person for themselves.
    """

    people: Ints
    risk: Floats
    spread: float | None
    icc: float
    reached: float
    known: float
    together: bool


def totals(world: World, arms: NDArray[np.int8], effects: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """People with a known outcome and the sum of their outcomes, (R, U) each.

    arms: (R, U) positions. effects: (K,) what each arm adds for those it reaches.
    """
    shape = arms.shape
    people = np.broadcast_to(world.people, shape)
    rows = people.astype(float) if world.known >= 1 else rng.binomial(people, world.known).astype(float)
    mean = world.risk + effects[arms] * _reached(world, shape, rng)
    if world.spread is not None:
        return rows, _normal(world, rows, mean, rng)
    return rows, _events(world, rows, mean, rng)


def _reached(world: World, shape: tuple[int, ...], rng: np.random.Generator) -> Floats | float:
    if world.reached >= 1:
        return 1.0
    if world.together or int(world.people.max()) == 1:
        return (rng.random(shape) < world.reached).astype(float)
    return np.asarray(rng.binomial(np.broadcast_to(world.people, shape), world.reached) / world.people, dtype=float)


def _normal(world: World, rows: Floats, mean: Floats, rng: np.random.Generator) -> Floats:
    spread = world.spread or 0.0
    shared = rows * np.sqrt(world.icc) * rng.standard_normal(rows.shape)
    own = np.sqrt(rows * (1 - world.icc)) * rng.standard_normal(rows.shape)
    return np.asarray(rows * mean + spread * (shared + own), dtype=float)


def _events(world: World, rows: Floats, mean: Floats, rng: np.random.Generator) -> Floats:
    chance = np.clip(mean, 0.0, 1.0)
    several = np.flatnonzero(world.people > 1)
    if world.icc > 0 and several.size:
        centre = np.clip(chance[:, several], _EDGE, 1 - _EDGE)
        alike = 1 / world.icc - 1
        chance[:, several] = rng.beta(centre * alike, (1 - centre) * alike)
    most = int(world.people.max())
    if most > _SMALL:
        return np.asarray(rng.binomial(rows.astype(np.int64), chance), dtype=float)
    events = np.zeros(rows.shape)
    for place in range(most):
        which = np.flatnonzero(world.people > place)
        events[:, which] += (rng.random((rows.shape[0], which.size)) < chance[:, which]) & (rows[:, which] > place)
    return events


def unequal_sizes(units: int, people: float, cv: float, rng: np.random.Generator) -> Ints:
    """People of each unit where no roll says it: log-normal, as unequal as `cv` says, at least one each."""
    if cv == 0 or people <= 1:
        return np.full(units, max(1, round(people)), dtype=np.int64)
    spread = np.log1p(cv**2)
    drawn = rng.lognormal(np.log(people) - spread / 2, np.sqrt(spread), units)
    return np.maximum(1, np.rint(drawn)).astype(np.int64)
