"""The law of fixed numbers per arm within blocks: what `draw_within_blocks` could have drawn.

In a block of n units an arm with share r of R gets the whole part of n·r/R places and, with
its missing fraction as chance, one more (systematic sampling over the arms in random order,
as in design/draw.py); then every arrangement of those numbers is equally likely.
"""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from functools import lru_cache
from itertools import combinations, permutations, product
from math import comb, factorial, gcd, prod
from typing import TYPE_CHECKING

import numpy as np

from nudge.design.chance import by_block
from nudge.design.methods import ENUMERATION_LIMIT, TooMany

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    from nudge.design.methods import Flaw
    from nudge.trial.records.design import DrawUnit, Law

Arms = tuple[int, ...]
_COUNT_LAW_LIMIT = 400_000
"""Orders of arms times starting points that are listed to find the law of the numbers."""


def flaws(_law: Law) -> Iterator[Flaw]:
    """Nothing more can be wrong with a ratio."""
    yield from ()


def refuse(_units: Sequence[DrawUnit], _law: Law) -> None:
    """Any units can be drawn in fixed numbers."""


def options(law: Law) -> tuple[str, ...]:
    """What is drawn: an arm."""
    return law.arms


def probabilities(units: Sequence[DrawUnit], law: Law) -> npt.NDArray[np.float64]:
    """Each unit's chance of each arm, (n, K): its share, whatever the size of the block."""
    return np.tile(np.array(law.ratio) / sum(law.ratio), (len(units), 1))


def fewest(units: Sequence[DrawUnit], law: Law) -> tuple[int, ...]:
    """The fewest units the draw can give each arm."""
    total = sum(law.ratio)
    sizes = [len(members) for members in by_block(units).values()]
    return tuple(sum(n * share // total for n in sizes) for share in law.ratio)


def redraws(units: Sequence[DrawUnit], law: Law, number: int, rng: np.random.Generator) -> npt.NDArray[np.int8]:
    """Fresh draws, (number, n); blocks of one size are drawn together."""
    result = np.empty((number, len(units)), dtype=np.int8)
    of_size: defaultdict[int, list[list[int]]] = defaultdict(list)
    for members in by_block(units).values():
        of_size[len(members)].append(members)
    for n, blocks in of_size.items():
        ends = _numbers(n, law, number * len(blocks), rng).cumsum(axis=1)
        arms = np.zeros((number * len(blocks), n), dtype=np.int8)
        for k in range(len(law.arms) - 1):
            arms += np.arange(n) >= ends[:, k, None]
        result[:, np.concatenate(blocks)] = rng.permuted(arms, axis=1).reshape(number, len(blocks) * n)
    return result


def _numbers(n: int, law: Law, draws: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """How many of n units each arm gets, (draws, K)."""
    ratio = np.array(law.ratio)
    total = int(ratio.sum())
    whole, missing = np.divmod(n * ratio, total)
    if not missing.any():
        return np.tile(whole, (draws, 1))
    order = rng.permuted(np.tile(np.arange(len(ratio)), (draws, 1)), axis=1)
    start = rng.integers(total, size=(draws, 1))
    passed = missing[order].cumsum(axis=1)
    extra = (passed - start - 1) // total - (passed - missing[order] - start - 1) // total
    numbers = np.empty((draws, len(ratio)), dtype=np.int64)
    np.put_along_axis(numbers, order, extra, axis=1)
    numbers += whole
    return numbers


def every_draw(units: Sequence[DrawUnit], law: Law, limit: int = ENUMERATION_LIMIT) -> Iterator[tuple[Arms, Fraction]]:
    """Every draw there could be, and its probability. Raises TooMany above `limit` draws."""
    blocks = list(by_block(units).values())
    laws = [count_law(len(members), law.ratio) for members in blocks]
    draws = prod(sum(_arrangements_of(counts) for counts in numbers) for numbers in laws)
    if draws > limit:
        raise too_many(draws)
    return _every_draw(len(units), blocks, laws)


def too_many(draws: int) -> TooMany:
    """The sentence for a law with too many draws."""
    shown = f"{draws:,}" if draws < 10**12 else "more than a million million"
    return TooMany(f"this law has {shown} draws, and at most {ENUMERATION_LIMIT:,} are listed", "draw some at random")


def _every_draw(n: int, blocks: list[list[int]], laws: list[dict[Arms, Fraction]]) -> Iterator[tuple[Arms, Fraction]]:
    per_block = [
        [(arms, chance / _arrangements_of(counts)) for counts, chance in numbers.items() for arms in arranged(counts)]
        for numbers in laws
    ]
    drawn = [0] * n
    for choice in product(*per_block):
        probability = Fraction(1)
        for members, (arms, chance) in zip(blocks, choice, strict=True):
            probability *= chance
            for i, arm in zip(members, arms, strict=True):
                drawn[i] = arm
        yield tuple(drawn), probability


def _arrangements_of(counts: Arms) -> int:
    return factorial(sum(counts)) // prod(factorial(count) for count in counts)


def arranged(counts: Arms) -> Iterator[Arms]:
    """Every order of counts[0] zeros, counts[1] ones, and so on."""
    n = sum(counts)
    k = len(counts) - 1
    if k <= 0:
        yield (0,) * n
        return
    for others in arranged(counts[:k]):
        for places in combinations(range(n), counts[k]):
            rest, taken = iter(others), set(places)
            yield tuple(k if i in taken else next(rest) for i in range(n))


@lru_cache(maxsize=512)
def count_law(n: int, ratio: tuple[int, ...]) -> dict[Arms, Fraction]:
    """The chance of every way in which n units can fall to the arms in number.

    Raises TooMany where arms with many different shares allow too many orders.
    """
    shares = [share // gcd(*ratio) for share in ratio]
    total = sum(shares)
    whole = tuple(n * share // total for share in shares)
    missing = [n * share % total for share in shares]
    short = [k for k, length in enumerate(missing) if length]
    if not short:
        return {whole: Fraction(1)}
    extra = sum(missing) // total
    if len({missing[k] for k in short}) == 1:  # alike: every set of arms is as likely to get the extra places
        sets = combinations(short, extra)
        return {_with_extra(whole, chosen): Fraction(1, comb(len(short), extra)) for chosen in sets}
    listed = factorial(len(short)) * total
    if listed > _COUNT_LAW_LIMIT:
        raise too_many(listed)
    law: defaultdict[Arms, Fraction] = defaultdict(Fraction)
    for order in permutations(short):
        line = [k for k in order for _ in range(missing[k])]
        for start in range(total):
            law[_with_extra(whole, line[start::total])] += Fraction(1, listed)
    return dict(law)


def _with_extra(whole: Arms, chosen: Sequence[int]) -> Arms:
    return tuple(number + (k in chosen) for k, number in enumerate(whole))
