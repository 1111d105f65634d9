"""Matched pairs: units that are alike are paired, and a coin is thrown within each pair.

Within a block the two units closest to each other (design/columns.py: Distances) make the
first pair, the two closest of the rest the next, and so on. Units stand in the order of
HMAC-SHA256(trial, identifier), and of pairs equally close the one that comes first in it is
made first: neither seed nor row order enters, so the pairs can be made again by whoever has
the roll. In a pair, the unit with the smaller key of version 1 of the draw gets the first
arm. A unit left over in an odd block takes the arm that HMAC-SHA256(seed, trial ‖ 0 ‖
"single" ‖ 0 ‖ digest(unit)) chooses, and is counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import TYPE_CHECKING, Final

import numpy as np

from nudge.design.chance import block_label, by_block, chance, choose, standing_order, unit_digest
from nudge.design.columns import MEASURES, Distances
from nudge.design.draw import draw_key
from nudge.design.fixed_numbers import options, probabilities, too_many
from nudge.design.methods import ENUMERATION_LIMIT, Flaw
from nudge.trial.errors import InputError
from nudge.trial.records.design import Allocated, Allocation, DrawUnit, Law, Seed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

UNITS: Final = "either"
BLOCKS: Final = "optional"
ENROLMENT: Final = "at_once"
PARAMETERS: Final = frozenset({"balance_on"})
REQUIRED: Final = frozenset({"balance_on"})
BALANCES: Final = MEASURES

LARGEST_BLOCK = 4_000
"""Units of a block: all their distances, eight million, are held at once."""
_TWO = 2
_HALVES = (Fraction(1, 2), Fraction(1, 2))
_CHUNK = 200_000

__all__ = [
    "BALANCES", "BLOCKS", "ENROLMENT", "PARAMETERS", "REQUIRED", "UNITS",
    "draw", "every_draw", "flaws", "options", "probabilities", "redraws", "refuse",
]  # fmt: skip


def flaws(law: Law) -> Iterator[Flaw]:
    """A pair has two members of equal chance."""
    if len(law.arms) != _TWO:
        yield Flaw(
            ("arms",), f"has {len(law.arms)} arms, and a pair has two", "keep two arms, or use `method: rerandomised`"
        )
    elif len(set(law.ratio)) > 1:
        yield Flaw(("randomise", "ratio"), "is uneven, and a pair gives one unit to each arm", "leave `ratio` out")


def refuse(units: Sequence[DrawUnit], law: Law) -> None:
    """Columns that vary, a pair at least, and blocks whose distances fit in memory."""
    Distances(units, law)
    sizes = {block: len(members) for block, members in by_block(units).items()}
    for block, size in sizes.items():
        if size > LARGEST_BLOCK:
            raise InputError(
                f"block {block_label(block)} has {size:,} units to pair, and at most {LARGEST_BLOCK:,} can be compared "
                "with each other",
                "name `blocks` to pair within, or use `blocked`",
            )
    if max(sizes.values(), default=0) < _TWO:
        raise InputError("no block has two units to pair", "join blocks, or leave `blocks` out")


@dataclass(frozen=True, slots=True)
class Pairing:
    """Who is paired with whom, by position; pairs in the order of blocks and closeness."""

    pairs: tuple[tuple[int, int], ...]
    left_over: tuple[int, ...]


def pairing(units: Sequence[DrawUnit], law: Law) -> Pairing:
    """The pairs, closest first within each block. It hangs on units and law alone."""
    distances = Distances(units, law)
    order = standing_order(units, law)
    members = by_block([units[i] for i in order])
    pairs: list[tuple[int, int]] = []
    left_over: list[int] = []
    for block in sorted(members, key=block_label):
        here = np.array([order[i] for i in members[block]])
        taken = np.zeros(len(here), dtype=bool)
        for one, other in _closest_first(here, distances, taken):
            taken[[one, other]] = True
            pairs.append((int(here[one]), int(here[other])))
        left_over += here[~taken].tolist()
    return Pairing(tuple(pairs), tuple(left_over))


def _closest_first(
    here: npt.NDArray[np.int64], distances: Distances, taken: npt.NDArray[np.bool_]
) -> Iterator[tuple[int, int]]:
    """Pairs of positions in `here` of whom neither is taken when their turn comes."""
    ones, others = np.triu_indices(len(here), 1)
    order = np.argsort(distances.between(here[ones], here[others]), kind="stable")
    for start in range(0, len(order), _CHUNK):
        chunk = order[start : start + _CHUNK]
        chunk = chunk[~(taken[ones[chunk]] | taken[others[chunk]])]
        for one, other in zip(ones[chunk].tolist(), others[chunk].tolist(), strict=True):
            if not (taken[one] or taken[other]):
                yield one, other


def draw(units: Sequence[DrawUnit], law: Law, seed: Seed) -> Allocation:
    """A coin within each pair; `group` numbers the pairs."""
    refuse(units, law)
    made = pairing(units, law)
    digests = [unit_digest(seed, unit.id) for unit in units]
    keys = [draw_key(seed, law.trial, digest) for digest in digests]
    arm_of: dict[int, tuple[str, int | None]] = {}
    for number, pair in enumerate(made.pairs, start=1):
        for arm, i in zip(law.arms, sorted(pair, key=keys.__getitem__), strict=True):
            arm_of[i] = (arm, number)
    for i in made.left_over:
        arm_of[i] = (law.arms[choose(_HALVES, chance(seed, law.trial, "single", digests[i]))], None)
    rows = (
        Allocated(unit.id, digests[i], unit.block, arm_of[i][0], 0.5, group=arm_of[i][1])
        for i, unit in enumerate(units)
    )
    facts = {"pairs": len(made.pairs), "left_over": len(made.left_over)}
    return Allocation(law, tuple(sorted(rows, key=lambda row: row.unit)), facts)


def redraws(units: Sequence[DrawUnit], law: Law, number: int, rng: np.random.Generator) -> npt.NDArray[np.int8]:
    """Fresh coins within the same pairs, (number, n)."""
    made = pairing(units, law)
    coins = rng.integers(_TWO, size=(number, len(made.pairs) + len(made.left_over)), dtype=np.int8)
    arms = np.empty((number, len(units)), dtype=np.int8)
    firsts = [one for one, _ in made.pairs]
    arms[:, [*firsts, *made.left_over]] = coins
    arms[:, [other for _, other in made.pairs]] = 1 - coins[:, : len(firsts)]
    return arms


def every_draw(units: Sequence[DrawUnit], law: Law) -> Iterator[tuple[tuple[int, ...], Fraction]]:
    """Two ways for each pair and for each unit left over. Raises TooMany above ENUMERATION_LIMIT."""
    made = pairing(units, law)
    coins = len(made.pairs) + len(made.left_over)
    if _TWO**coins > ENUMERATION_LIMIT:
        raise too_many(_TWO**coins)
    return _every_coin(len(units), made, Fraction(1, _TWO**coins))


def _every_coin(n: int, made: Pairing, probability: Fraction) -> Iterator[tuple[tuple[int, ...], Fraction]]:
    arms = [0] * n
    for coins in product((0, 1), repeat=len(made.pairs) + len(made.left_over)):
        for coin, (one, other) in zip(coins, made.pairs, strict=False):
            arms[one], arms[other] = coin, 1 - coin
        for coin, i in zip(coins[len(made.pairs) :], made.left_over, strict=True):
            arms[i] = coin
        yield tuple(arms), probability
