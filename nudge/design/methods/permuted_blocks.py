"""Permuted blocks for rolling enrolment: numbers even out after every few units, and nobody knows when.

Within each named block (one for all where none is named) units enter, as they come, permuted
blocks b = 1, 2 … The size of number b is sizes[HMAC-SHA256(seed, trial ‖ 0 ‖ "size" ‖ 0 ‖ block
‖ 0 ‖ b) mod the number of sizes], all numbers big-endian. Its places 1, 2 … are ordered by
HMAC-SHA256(seed, trial ‖ 0 ‖ "place" ‖ 0 ‖ block ‖ 0 ‖ b ‖ 0 ‖ place); in that order the first
go to the first arm of the file, in its share of the size, and so on. The j-th unit of the
permuted block gets the arm of place j. Places of an arm that is closed are passed over, and when one
is closed or opened the permuted block under way is left and the next begun, so that every unit
keeps its chances.

Sizes are hidden until the close: neither the rows (their `group` stays empty) nor the facts of
a draw tell where a permuted block ends, and both follow from the revealed seed.
"""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from functools import cache
from itertools import groupby, product
from math import factorial, gcd, prod
from typing import TYPE_CHECKING, Final

import numpy as np

from nudge.design.chance import block_label, by_block, chance
from nudge.design.closed import closed_at, has_closed, shares_at
from nudge.design.fixed_numbers import options, refuse, too_many
from nudge.design.independent import as_matrix
from nudge.design.methods import ENUMERATION_LIMIT, Flaw, TooMany
from nudge.design.rolling import Entries, draw_in_order
from nudge.trial.problems import listed
from nudge.trial.records.design import Allocated, Allocation, DrawUnit, Law, Seed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

UNITS: Final = "people"
BLOCKS: Final = "optional"
ENROLMENT: Final = "rolling"
PARAMETERS: Final = frozenset({"sizes"})
REQUIRED: Final[frozenset[str]] = frozenset()

_SMALL = 4
"""Below this, a permuted block of the ratio's total is so short that its last unit is often known."""

__all__ = [
    "BLOCKS", "ENROLMENT", "PARAMETERS", "REQUIRED", "UNITS",
    "draw", "every_draw", "flaws", "options", "probabilities", "redraws", "refuse", "register",
]  # fmt: skip


def shares_of(law: Law) -> tuple[int, ...]:
    """The ratio in its smallest whole numbers."""
    return tuple(share // gcd(*law.ratio) for share in law.ratio)


def sizes(law: Law) -> tuple[int, ...]:
    """The sizes a permuted block may have: as given, else 2, 3 and 4 times the ratio's total (1, 2 and 3 from 4 up)."""
    given = tuple(law.parameters.get("sizes", ()))
    total = sum(shares_of(law))
    return given or tuple(total * times for times in ((2, 3, 4) if total < _SMALL else (1, 2, 3)))


def flaws(law: Law) -> Iterator[Flaw]:
    """Sizes that hold the ratio, and several of them."""
    path = ("randomise", "sizes")
    given, total = tuple(law.parameters.get("sizes", ())), sum(shares_of(law))
    wrong = [size for size in given if size % total]
    if wrong:
        yield Flaw(
            path, f"{listed(map(str, wrong))} cannot be shared out as {':'.join(map(str, shares_of(law)))}",
            f"use multiples of {total}, such as `[{2 * total}, {3 * total}]`",
        )  # fmt: skip
    elif len(set(given)) < len(given):
        yield Flaw(path, "names a size twice", "name each once; all are equally likely")
    elif len(given) == 1:
        yield Flaw(
            path, "is a single size, and who counts can tell the last arm of every block",
            f"name several, such as `[{given[0]}, {given[0] + total}]`, or leave `sizes` out",
        )  # fmt: skip


class PermutedBlocksRegister:
    """Where each named block stands: the permuted block under way, and its next place."""

    def __init__(self, law: Law, seed: Seed) -> None:
        self.law, self.seed = law, seed
        self.entries = Entries(seed)
        self.under_way: defaultdict[str, tuple[int, list[int]]] = defaultdict(lambda: (0, []))
        self.closed: dict[str, frozenset[int]] = {}

    def enter(self, unit: DrawUnit) -> Allocated:
        """The arm of the next unit."""
        place = len(self.entries.known)
        digest = self.entries.add(unit)
        label, closed = block_label(unit.block), closed_at(self.law, place)
        if self.closed.get(label, closed) != closed:
            self.under_way[label] = (self.under_way[label][0], [])
        self.closed[label] = closed
        k = self._next(label)
        while k in closed:
            k = self._next(label)
        chance_of = shares_at(self.law, place)[k]
        return Allocated(unit.id, digest, unit.block, self.law.arms[k], float(chance_of))

    def _next(self, label: str) -> int:
        """The arm of the next place."""
        number, places = self.under_way[label]
        if not places:
            number += 1
            places = self._permuted(label, number)
        self.under_way[label] = (number, places[1:])
        return places[0]

    def _permuted(self, label: str, number: int) -> list[int]:
        """The arms of a permuted block, place by place."""
        which, trial = sizes(self.law), self.law.trial
        size = which[int.from_bytes(chance(self.seed, trial, "size", label, str(number))) % len(which)]
        order = sorted(
            range(size), key=lambda place: chance(self.seed, trial, "place", label, str(number), str(place + 1))
        )
        arms = [0] * size
        for place, arm in zip(order, _composition(self.law, size), strict=True):
            arms[place] = arm
        return arms


register = PermutedBlocksRegister


def _composition(law: Law, size: int) -> list[int]:
    shares = shares_of(law)
    return [k for k, share in enumerate(shares) for _ in range(share * size // sum(shares))]


def draw(units: Sequence[DrawUnit], law: Law, seed: Seed) -> Allocation:
    """Enter units in the order given, which is that of enrolment."""
    return draw_in_order(units, law, register(law, seed))


def probabilities(units: Sequence[DrawUnit], law: Law) -> npt.NDArray[np.float64]:
    """Each unit's chance of each arm, (n, K): its share among those open."""
    return as_matrix([shares_at(law, place) for place in range(len(units))]).reshape(len(units), len(law.arms))


def redraws(units: Sequence[DrawUnit], law: Law, number: int, rng: np.random.Generator) -> npt.NDArray[np.int8]:
    """Fresh sizes and permutations in the same order of enrolment, (number, n)."""
    drawn = np.empty((number, len(units)), dtype=np.int8)
    for members in by_block(units).values():
        if has_closed(law):
            drawn[:, members] = _passing_over(members, law, number, rng)
        else:
            drawn[:, members] = _places(len(members), law, number, rng)[:, : len(members)]
    return drawn


def _places(n: int, law: Law, number: int, rng: np.random.Generator) -> npt.NDArray[np.int8]:
    """The arms of n places or more, permuted block by permuted block, (number, n + …)."""
    which = sizes(law)
    arms = np.empty((number, n + max(which)), dtype=np.int8)
    filled = np.zeros(number, dtype=np.int64)
    while filled.min(initial=n) < n:
        size_of = rng.choice(which, size=number)
        for size in which:
            rows = np.flatnonzero((size_of == size) & (filled < n))
            fresh = np.tile(np.array(_composition(law, size), dtype=np.int8), (len(rows), 1))
            arms[rows[:, None], filled[rows, None] + np.arange(size)] = rng.permuted(fresh, axis=1)
        filled += size_of
    return arms


def _passing_over(members: Sequence[int], law: Law, number: int, rng: np.random.Generator) -> npt.NDArray[np.int8]:
    """The arms of one block's units, (number, n): each takes the next place whose arm is open to it."""
    drawn, done = np.empty((number, len(members)), dtype=np.int8), 0
    for closed, spell in groupby(members, lambda place: closed_at(law, place)):
        n = len(list(spell))
        open_ = sum(share for k, share in enumerate(shares_of(law)) if k not in closed)
        places = _places((n // open_ + 1) * sum(shares_of(law)) + max(sizes(law)), law, number, rng)
        passed = np.isin(places, list(closed))
        order = np.argsort(passed, axis=1, kind="stable")[:, :n]
        drawn[:, done : done + n] = np.take_along_axis(places, order, axis=1)
        done += n
    return drawn


def every_draw(units: Sequence[DrawUnit], law: Law) -> Iterator[tuple[tuple[int, ...], Fraction]]:
    """Every course the enrolment could take. Raises TooMany above ENUMERATION_LIMIT, or where an arm was closed."""
    if has_closed(law):
        raise TooMany("the draws of a law under which an arm was closed are not listed", "draw some at random")
    blocks = list(by_block(units).values())
    courses = len(law.arms) ** len(units)
    if courses > ENUMERATION_LIMIT:
        raise too_many(courses)
    per_block = [_courses(len(members), law) for members in blocks]
    return _joined(len(units), blocks, per_block)


Courses = list[tuple[tuple[int, ...], Fraction]]


def _joined(n: int, blocks: list[list[int]], per_block: list[Courses]) -> Iterator[tuple[tuple[int, ...], Fraction]]:
    for choice in product(*per_block):
        drawn = [0] * n
        for members, (arms, _) in zip(blocks, choice, strict=True):
            for i, arm in zip(members, arms, strict=True):
                drawn[i] = arm
        yield tuple(drawn), prod((share for _, share in choice), start=Fraction(1))


def _courses(n: int, law: Law) -> Courses:
    """The arms n units of one block can get, in order, each with its chance."""
    which, shares = sizes(law), shares_of(law)

    @cache
    def chance_of(arms: tuple[int, ...]) -> Fraction:
        if not arms:
            return Fraction(1)
        each = (_start(arms[:size], size, shares) * chance_of(arms[size:]) for size in which)
        return sum(each, start=Fraction(0)) / len(which)

    found = ((arms, chance_of(arms)) for arms in product(range(len(law.arms)), repeat=n))
    return [(arms, share) for arms, share in found if share]


def _start(arms: tuple[int, ...], size: int, shares: tuple[int, ...]) -> Fraction:
    """The chance that a permuted block of this size begins with these arms: without replacement."""
    total = sum(shares)
    held = [share * size // total for share in shares]
    taken = [arms.count(k) for k in range(len(shares))]
    if any(number > there for number, there in zip(taken, held, strict=True)):
        return Fraction(0)
    ways = prod(factorial(there) // factorial(there - number) for number, there in zip(taken, held, strict=True))
    return Fraction(ways * factorial(size - len(arms)), factorial(size))
