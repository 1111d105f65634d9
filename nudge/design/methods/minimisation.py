"""Minimisation: the arm that leaves the factors most even is given with a high chance.

Pocock & Simon 1975. The factors are the columns of `balance_on`. For the next unit and each
arm k, suppose k were given: G(k) = Σ over factors, at the unit's level, of the range over arms
of count / share. The arms with the smallest G are preferred; of several, each in proportion to
its share. Counts over shares are compared as whole numbers, times the least common multiple.

When k is preferred, arm i ≠ k is given with chance c·ρᵢ and k with what is left, where ρ are
the arms' shares of one and c = (1 − p)/(1 − ρ_min): the biased coin of Han, Enas & McEntegart
2009 (Stat Med 28:3329). With equal shares it is Pocock and Simon's: p for the preferred arm, the
others alike. With unequal ones p is the chance of the arm with the smallest share when it is
preferred, and every arm keeps its share overall as long as each is preferred as often as its
share says. The choice among the arms, by these chances in the file's order, is that of
HMAC-SHA256(seed, trial ‖ 0 ‖ "minimisation" ‖ 0 ‖ digest(unit)).

Arms that are closed take no part: neither in G nor in the coin, which has the shares of the others.

The order of enrolment enters; a unit's chance over all draws is known only by simulation.
"""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from functools import lru_cache
from math import lcm
from typing import TYPE_CHECKING, Final

import numpy as np

from nudge.design.chance import chance, choose, nfc
from nudge.design.closed import closed_at
from nudge.design.columns import BLANK, GROUPS, balanced, column
from nudge.design.fixed_numbers import options, too_many
from nudge.design.independent import shares
from nudge.design.methods import ENUMERATION_LIMIT, Flaw
from nudge.design.rolling import Entries, draw_in_order
from nudge.trial.errors import InputError
from nudge.trial.records.design import Allocated, Allocation, DrawUnit, Law, Seed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    from nudge.trial.records.people import Value

UNITS: Final = "people"
BLOCKS: Final = "never"
ENROLMENT: Final = "either"
PARAMETERS: Final = frozenset({"balance_on", "probability"})
REQUIRED: Final = frozenset({"balance_on"})
BALANCES: Final = GROUPS

PROBABILITY = 0.8
LEAST, MOST = 0.7, 0.9
_SIMULATED = 2_000

__all__ = [
    "BALANCES", "BLOCKS", "ENROLMENT", "PARAMETERS", "REQUIRED", "UNITS",
    "draw", "every_draw", "flaws", "options", "probabilities", "redraws", "refuse", "register",
]  # fmt: skip


def flaws(law: Law) -> Iterator[Flaw]:
    """A chance high enough to balance and low enough not to be guessed."""
    path = ("randomise", "probability")
    given = law.parameters.get("probability", PROBABILITY)
    if not LEAST <= given <= MOST:
        why = "balances little" if given < LEAST else "lets staff guess the next arm"
        yield Flaw(path, f"{given:.0%} {why}", "write a chance from 70% to 90%; left out, it is 80%")
    elif Fraction(str(given)) <= max(shares(law.ratio)):
        yield Flaw(path, f"{given:.0%} is no more than the largest arm's own share", "raise it, or even the ratio")


def refuse(units: Sequence[DrawUnit], law: Law) -> None:
    """Factors need levels."""
    for name in balanced(law):
        column(units, name)
    for unit in units:
        _levels(unit, law)


def _levels(unit: DrawUnit, law: Law) -> tuple[str, ...]:
    return tuple(_level(unit, name) for name in balanced(law))


def _level(unit: DrawUnit, name: str) -> str:
    if name not in unit.columns:
        raise InputError(f"`{unit.id}` comes without `{name}`", "a factor must be known before the draw, if as a blank")
    value: Value = unit.columns[name]
    if value is None:
        return BLANK
    if isinstance(value, str):
        return nfc(value)
    share = float(str(float(value))) if isinstance(value, bool | float | int) else -1.0
    if not 0 <= share <= 1:
        raise InputError(f"`{name}` of `{unit.id}` is `{value}`, not a level", "declare it a category, in bands")
    return {0.0: "no", 1.0: "yes"}.get(share, "mixed")


@lru_cache(maxsize=64)
def _coins(ratio: tuple[int, ...], probability: str) -> tuple[tuple[Fraction, ...], ...]:
    """Each arm's chance when arm k is preferred, for every k."""
    of_one = shares(ratio)
    spread = (1 - Fraction(probability)) / (1 - min(of_one))
    return tuple(
        tuple(1 - spread * (1 - share) if i == k else spread * share for i, share in enumerate(of_one))
        for k in range(len(ratio))
    )


def _coins_of(law: Law, ratio: tuple[int, ...]) -> tuple[tuple[Fraction, ...], ...]:
    return _coins(ratio, str(law.parameters.get("probability", PROBABILITY)))


@lru_cache(maxsize=64)
def _float_coins(ratio: tuple[int, ...], probability: str) -> npt.NDArray[np.float64]:
    return np.array([[float(one) for one in row] for row in _coins(ratio, probability)])


class MinimisationRegister:
    """Counts by factor, level and arm of the units that have come."""

    def __init__(self, law: Law, seed: Seed) -> None:
        self.law, self.seed = law, seed
        self.entries = Entries(seed)
        self.counts: Counter[tuple[int, str, int]] = Counter()

    def imbalance(self, unit: DrawUnit) -> tuple[int, ...]:
        """G of every arm that is open, times the least common multiple of their shares."""
        return _imbalance(self.counts, _levels(unit, self.law), self.law, self._open())

    def chances(self, unit: DrawUnit) -> tuple[Fraction, ...]:
        """The chances of the arms if this unit came next."""
        return _chances(self.imbalance(unit), self.law, self._open())

    def _open(self) -> tuple[int, ...]:
        return _open_at(self.law, len(self.entries.known))

    def enter(self, unit: DrawUnit) -> Allocated:
        """The arm of the next unit."""
        chances = self.chances(unit)
        digest = self.entries.add(unit)
        k = choose(chances, chance(self.seed, self.law.trial, "minimisation", digest))
        self.counts.update((f, level, k) for f, level in enumerate(_levels(unit, self.law)))
        return Allocated(unit.id, digest, unit.block, self.law.arms[k], float("nan"))


register = MinimisationRegister


def _open_at(law: Law, place: int) -> tuple[int, ...]:
    closed = closed_at(law, place)
    return tuple(k for k in range(len(law.arms)) if k not in closed)


def _imbalance(
    counts: Counter[tuple[int, str, int]], levels: Sequence[str], law: Law, open_: tuple[int, ...]
) -> tuple[int, ...]:
    ratio = [law.ratio[k] for k in open_]
    whole = lcm(*ratio)
    total = [0] * len(ratio)
    for f, level in enumerate(levels):
        now = [counts[f, level, arm] * (whole // share) for arm, share in zip(open_, ratio, strict=True)]
        for k in range(len(ratio)):
            then = [number + (a == k) * (whole // ratio[a]) for a, number in enumerate(now)]
            total[k] += max(then) - min(then)
    return tuple(total)


def _chances(imbalance: Sequence[int], law: Law, open_: tuple[int, ...]) -> tuple[Fraction, ...]:
    """Of every arm, none of one that is closed. imbalance: of those open."""
    ratio = tuple(law.ratio[k] for k in open_)
    preferred = [k for k, one in enumerate(imbalance) if one == min(imbalance)]
    weight = Fraction(1, sum(ratio[k] for k in preferred))
    coins = _coins_of(law, ratio)
    found = [Fraction(0)] * len(law.arms)
    for i, arm in enumerate(open_):
        found[arm] = sum((ratio[k] * weight * coins[k][i] for k in preferred), start=Fraction(0))
    return tuple(found)


def draw(units: Sequence[DrawUnit], law: Law, seed: Seed) -> Allocation:
    """Enter units in the order given, which is that of enrolment."""
    refuse(units, law)
    return draw_in_order(units, law, register(law, seed))


def probabilities(units: Sequence[DrawUnit], law: Law) -> npt.NDArray[np.float64]:
    """Each unit's chance of each arm in this order of enrolment, (n, K), over 2,000 simulated draws."""
    drawn = redraws(units, law, _SIMULATED, np.random.default_rng(20_270_111))
    return np.stack([(drawn == k).mean(axis=0) for k in range(len(law.arms))], axis=1)


def redraws(units: Sequence[DrawUnit], law: Law, number: int, rng: np.random.Generator) -> npt.NDArray[np.int8]:
    """The algorithm replayed in enrolment order, (number, n)."""
    levels = [_levels(unit, law) for unit in units]
    codes = [{level: i for i, level in enumerate(dict.fromkeys(values))} for values in zip(*levels, strict=True)]
    arms, each = len(law.arms), np.arange(number)
    counts = [np.zeros((len(code), number, arms), dtype=np.int64) for code in codes]
    drawn = np.empty((number, len(units)), dtype=np.int8)
    for j, unit_levels in enumerate(levels):
        here = [counts[f][codes[f][level]] for f, level in enumerate(unit_levels)]
        open_ = _open_at(law, j)
        preferences, coins = _preferences([one[:, open_] for one in here], tuple(law.ratio[k] for k in open_), law)
        chances = preferences @ coins
        picked = (rng.random((number, 1)) >= chances.cumsum(axis=1)[:, :-1]).sum(axis=1)
        arm = np.array(open_)[picked]
        drawn[:, j] = arm
        for of_level in here:
            of_level[each, arm] += 1
    return drawn


def _preferences(
    here: Sequence[npt.NDArray[np.int64]], ratio: tuple[int, ...], law: Law
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """How far each open arm is preferred in each draw, (number, open), rows summing to one; and the coins of each.

    here: counts of units by factor, (number, open).
    """
    weight = np.array([lcm(*ratio) // share for share in ratio])
    total = np.zeros(here[0].shape, dtype=np.int64)
    for k in range(len(weight)):
        supposed = np.zeros_like(weight)
        supposed[k] = weight[k]
        total[:, k] = sum(np.ptp(of_level * weight + supposed, axis=1) for of_level in here)
    preferred: npt.NDArray[np.float64] = (total == total.min(axis=1, keepdims=True)) * np.array(ratio, dtype=float)
    preferred /= preferred.sum(axis=1, keepdims=True)
    return preferred, _float_coins(ratio, str(law.parameters.get("probability", PROBABILITY)))


def every_draw(units: Sequence[DrawUnit], law: Law) -> Iterator[tuple[tuple[int, ...], Fraction]]:
    """Every course the enrolment could take, K to the n. Raises TooMany above ENUMERATION_LIMIT."""
    courses = len(law.arms) ** len(units)
    if courses > ENUMERATION_LIMIT:
        raise too_many(courses)
    return _courses([_levels(unit, law) for unit in units], law, Counter(), (), Fraction(1))


def _courses(
    levels: Sequence[tuple[str, ...]], law: Law, counts: Counter[tuple[int, str, int]],
    so_far: tuple[int, ...], probability: Fraction,
) -> Iterator[tuple[tuple[int, ...], Fraction]]:  # fmt: skip
    if len(so_far) == len(levels):
        yield so_far, probability
        return
    here = levels[len(so_far)]
    open_ = _open_at(law, len(so_far))
    for k, share in enumerate(_chances(_imbalance(counts, here, law, open_), law, open_)):
        if share:
            then = counts + Counter((f, level, k) for f, level in enumerate(here))
            yield from _courses(levels, law, then, (*so_far, k), probability * share)
