"""Made-up outcomes of many runs at once: what families would do under each draw of the arms.

Only the totals of the randomised units are made where the analysis has no covariates, since it uses
no more; else every person's outcome. Each has a baseline risk of their own; people of one unit are
alike by the ICC (beta-binomial for yes or no, a shared normal part otherwise); an arm adds its effect
for those its message reaches; some outcomes stay unknown.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nudge.trial.records.analysis import Floats, Ints

_SMALL = 8
"""Units of up to so many people are made person by person, larger ones by binomial draws."""
_EDGE = 1e-6


@dataclass(frozen=True, slots=True)
class World:
    """The families of a trial as a simulation needs them.

    people: (E,) in each entry: a unit, or one person. risk: (E,) mean outcome without a message.
    spread: standard deviation of one person's outcome, None for yes or no. icc: how alike people of
    one unit are. reached: chance that a message arrives. known: chance that an outcome is known.
    together: a message reaches all of a unit or none (households), not each person for themselves.
    of: (E,) the entry's unit, in order; None where a unit is one entry.
    """

    people: Ints
    risk: Floats
    spread: float | None
    icc: float
    reached: float
    known: float
    together: bool
    of: Ints | None = None

    @property
    def unit(self) -> Ints:
        """(E,) the unit of every entry."""
        return np.arange(self.people.size) if self.of is None else self.of

    def between(self, first: int, last: int) -> World:
        """The units numbered from `first` to before `last`."""
        low, high = np.searchsorted(self.unit, [first, last])
        return replace(
            self, people=self.people[low:high], risk=self.risk[low:high],
            of=None if self.of is None else self.of[low:high] - first,
        )  # fmt: skip


def totals(world: World, arms: NDArray[np.int8], effects: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """People with a known outcome and the sum of their outcomes, (R, E) each.

    arms: (R, U) positions. effects: (K,) what each arm adds for those it reaches.
    """
    shape = (arms.shape[0], world.people.size)
    people = np.broadcast_to(world.people, shape)
    rows = people.astype(float) if world.known >= 1 else rng.binomial(people, world.known).astype(float)
    added = effects[arms] if world.of is None else effects[arms[:, world.of]]
    mean = world.risk + added * _reached(world, arms.shape, rng)
    if world.spread is not None:
        return rows, _normal(world, rows, mean, arms.shape, rng)
    return rows, _events(world, rows, mean, rng)


def true_effect(world: World, added: tuple[float, float], *, of_units: bool) -> float:
    """What two arms truly differ by, on average over people, or over units: a chance ends at 0 and at 1."""
    apart = world.risk + np.array(added)[:, None]
    if world.spread is None:
        apart = np.clip(apart, 0.0, 1.0)
    gap, number = (apart[0] - apart[1]) * world.reached, world.people.astype(float)
    if of_units:
        number = number / np.bincount(world.unit, number)[world.unit]
    return float((gap * number).sum() / number.sum())


def _reached(world: World, units: tuple[int, ...], rng: np.random.Generator) -> Floats | float:
    if world.reached >= 1:
        return 1.0
    shape = (units[0], world.people.size)
    if world.together:
        whole = (rng.random(units) < world.reached).astype(float)
        return whole if world.of is None else whole[:, world.of]
    if int(world.people.max()) == 1:
        return (rng.random(shape) < world.reached).astype(float)
    return np.asarray(rng.binomial(np.broadcast_to(world.people, shape), world.reached) / world.people, dtype=float)


def _normal(world: World, rows: Floats, mean: Floats, units: tuple[int, ...], rng: np.random.Generator) -> Floats:
    spread = world.spread or 0.0
    luck = rng.standard_normal(units)
    shared = rows * np.sqrt(world.icc) * (luck if world.of is None else luck[:, world.of])
    own = np.sqrt(rows * (1 - world.icc)) * rng.standard_normal(rows.shape)
    return np.asarray(rows * mean + spread * (shared + own), dtype=float)


def _events(world: World, rows: Floats, mean: Floats, rng: np.random.Generator) -> Floats:
    chance = np.clip(mean, 0.0, 1.0)
    if world.icc > 0 and world.of is None:
        several = np.flatnonzero(world.people > 1)
        chance[:, several] = _alike(chance[:, several], world.icc, rng)
    elif world.icc > 0:
        _moved_together(chance, world, rng)
    most = int(world.people.max())
    if most > _SMALL:
        return np.asarray(rng.binomial(rows.astype(np.int64), chance), dtype=float)
    events = np.zeros(rows.shape)
    for place in range(most):
        which = np.flatnonzero(world.people > place)
        events[:, which] += (rng.random((rows.shape[0], which.size)) < chance[:, which]) & (rows[:, which] > place)
    return events


def _alike(chance: Floats, icc: float, rng: np.random.Generator) -> Floats:
    """A unit's own chance, about the one that is its due."""
    centre = np.clip(chance, _EDGE, 1 - _EDGE)
    alike = 1 / icc - 1
    return rng.beta(centre * alike, (1 - centre) * alike)


def _moved_together(chance: Floats, world: World, rng: np.random.Generator) -> None:
    """Move the chances of a unit's people with its own, each as far as leaves it a chance and its mean as it was."""
    _, whose, of_unit = np.unique(world.unit, return_inverse=True, return_counts=True)
    here = np.flatnonzero(of_unit[whose] > 1)
    if not here.size:
        return
    _, starts, code, size = np.unique(world.unit[here], return_index=True, return_inverse=True, return_counts=True)
    own = np.clip(chance[:, here], _EDGE, 1 - _EDGE)
    due = np.add.reduceat(own, starts, axis=1) / size
    moved = (_alike(due, world.icc, rng) - due)[:, code]
    chance[:, here] = own + moved * np.minimum(own / due[:, code], (1 - own) / (1 - due[:, code]))


def unequal_sizes(units: int, people: float, cv: float, rng: np.random.Generator) -> Ints:
    """People of each unit where no roll says it: log-normal, as unequal as `cv` says, at least one each."""
    if cv == 0 or people <= 1:
        return np.full(units, max(1, round(people)), dtype=np.int64)
    spread = np.log1p(cv**2)
    drawn = rng.lognormal(np.log(people) - spread / 2, np.sqrt(spread), units)
    return np.maximum(1, np.rint(drawn)).astype(np.int64)
