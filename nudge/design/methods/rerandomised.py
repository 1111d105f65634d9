"""Rerandomisation: draw fixed numbers within blocks again and again, and keep the first balanced draw.

Attempt a = 1, 2 … has the key Kₐ = HMAC-SHA256(seed, trial ‖ 0 ‖ "attempt" ‖ 0 ‖ a). Units stand
in the order of HMAC-SHA256(trial, identifier); SHAKE-256(Kₐ) gives 8 bytes for each, read as a
big-endian number. Within a block units are ordered by their numbers, and the arms fill the
places as in version 1 of the draw, with Kₐ for the seed. The first attempt whose criterion
(design/acceptance.py) is within its limit is the draw.

With equal shares every unit keeps the same chance of every arm, because arms can change names;
with unequal ones the chances are found over kept draws, and used where they differ.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from nudge.design import fixed_numbers
from nudge.design.acceptance import LISTED, Criterion, criterion
from nudge.design.chance import by_block, chance, standing_order, unit_digest
from nudge.design.columns import MEASURES
from nudge.design.draw import places
from nudge.design.fixed_numbers import options
from nudge.design.methods import ENUMERATION_LIMIT, Flaw, TooMany
from nudge.trial.errors import InputError
from nudge.trial.records.design import Allocated, Allocation, DrawUnit, Law, Seed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from fractions import Fraction

    import numpy.typing as npt

UNITS: Final = "either"
BLOCKS: Final = "optional"
ENROLMENT: Final = "at_once"
PARAMETERS: Final = frozenset({"balance_on", "accept"})
REQUIRED: Final = frozenset({"balance_on", "accept"})
BALANCES: Final = MEASURES

ATTEMPTS = 10_000
"""Attempts at one draw; at the least share that is allowed, all fail once in 20,000 trials."""
LEAST_SHARE, LARGEST_SHARE = 0.001, 0.5
_KEPT_FOR_CHANCES = 2_000
_BATCH = 4_000_000
"""Arms held at once."""

__all__ = [
    "BALANCES", "BLOCKS", "ENROLMENT", "PARAMETERS", "REQUIRED", "UNITS",
    "draw", "every_draw", "flaws", "options", "probabilities", "redraws", "refuse",
]  # fmt: skip


def flaws(law: Law) -> Iterator[Flaw]:
    """A criterion, one, and one that leaves draws to choose from."""
    accept = law.parameters.get("accept") or {}
    share, largest = accept.get("share"), accept.get("largest_difference")
    path = ("randomise", "accept")
    if (share is None) == (largest is None):
        told = "says nothing of which draws are kept" if share is None else "says twice which draws are kept"
        yield Flaw(path, told, "write `{share: 5%}` or `{largest_difference: 0.1}`")
    elif share is not None and not LEAST_SHARE <= share <= LARGEST_SHARE:
        told = (
            "few draws for any test to stand on" if share < LEAST_SHARE else "almost every draw, which balances nothing"
        )
        yield Flaw((*path, "share"), f"keeps {told}", "write a share from 0.1% to 50%, such as `5%`")


def refuse(units: Sequence[DrawUnit], law: Law) -> None:
    """Something must vary, and every arm must get a unit."""
    criterion(units, law)
    _refuse_empty(units, law)


def _refuse_empty(units: Sequence[DrawUnit], law: Law) -> None:
    for arm, number in zip(law.arms, fixed_numbers.fewest(units, law), strict=True):
        if not number:
            raise InputError(f"`{arm}` can be left without a unit", "add units, join small blocks, or drop an arm")


def draw(units: Sequence[DrawUnit], law: Law, seed: Seed) -> Allocation:
    """The first attempt that is balanced. Raises InputError where none of ATTEMPTS is."""
    _refuse_empty(units, law)
    standing = [units[i] for i in standing_order(units, law)]
    held = criterion(standing, law)
    attempt = _Attempts(standing, law)
    for number in range(1, ATTEMPTS + 1):
        arms = attempt.arms(chance(seed, law.trial, "attempt", str(number)))
        reached = float(held.of(arms[None])[0])
        if reached <= held.limit:
            facts = {"attempts": number, "accepted": 1, "criterion": held.name, "limit": held.limit, "reached": reached}
            return Allocation(law, _rows(standing, arms, held, law, seed), facts)
    raise nothing_kept(ATTEMPTS)


def nothing_kept(attempts: int) -> InputError:
    """The sentence where no draw is balanced enough."""
    return InputError(
        f"none of {attempts:,} draws was balanced enough to be kept",
        "raise `accept`, balance on fewer columns, or use `blocked` or `matched_pairs`",
    )


@dataclass(slots=True)
class _Attempts:
    """Attempts at drawing the same units: what does not change between them."""

    units: Sequence[DrawUnit]
    law: Law

    def arms(self, key: bytes) -> npt.NDArray[np.int8]:
        """One attempt: each unit's arm by position, (n,)."""
        n = len(self.units)
        numbers = np.frombuffer(hashlib.shake_256(key).digest(8 * n), dtype=">u8")
        arms = np.empty(n, dtype=np.int8)
        for block, members in by_block(self.units).items():
            order = np.array(members)[np.argsort(numbers[members], kind="stable")]
            arms[order] = np.repeat(
                np.arange(len(self.law.arms)), places(len(members), block, self.law, Seed(key, b""))
            )
        return arms


def _rows(
    standing: Sequence[DrawUnit], arms: npt.NDArray[np.int8], held: Criterion, law: Law, seed: Seed
) -> tuple[Allocated, ...]:
    chances = _chances(standing, held, law)
    rows = (
        Allocated(unit.id, unit_digest(seed, unit.id), unit.block, law.arms[arm], float(chances[i, arm]))
        for i, (unit, arm) in enumerate(zip(standing, arms.tolist(), strict=True))
    )
    return tuple(sorted(rows, key=lambda row: row.unit))


def probabilities(units: Sequence[DrawUnit], law: Law) -> npt.NDArray[np.float64]:
    """Each unit's chance of each arm, (n, K): the shares where they are equal; else over kept draws.

    Listed where there are few draws. Otherwise 2,000 kept draws; the shares stand where no unit
    differs from them by more than chance would make the largest of so many differ.
    """
    order = standing_order(units, law)
    standing = [units[i] for i in order]
    chances = np.empty((len(units), len(law.arms)))
    chances[order] = _chances(standing, criterion(standing, law), law)
    return chances


def _chances(standing: Sequence[DrawUnit], held: Criterion, law: Law) -> npt.NDArray[np.float64]:
    shares = fixed_numbers.probabilities(standing, law)
    if len(set(law.ratio)) == 1:
        return shares
    try:
        return _listed_chances(standing, held, law)
    except TooMany:
        kept = _balanced(standing, held, law, _KEPT_FOR_CHANCES, np.random.default_rng(20_270_111))
    found = np.stack([(kept == k).mean(axis=0) for k in range(len(law.arms))], axis=1)
    from scipy.stats import norm

    far = float(norm.isf(0.01 / 2 / found.size))
    errors = np.sqrt(shares * (1 - shares) / _KEPT_FOR_CHANCES)
    return found if bool((np.abs(found - shares) > far * errors).any()) else shares


def _listed_chances(standing: Sequence[DrawUnit], held: Criterion, law: Law) -> npt.NDArray[np.float64]:
    chances = np.zeros((len(standing), len(law.arms)))
    each = np.arange(len(standing))
    for arms, probability in _kept(standing, held, law, LISTED):
        chances[each, arms] += float(probability)
    return chances


def redraws(units: Sequence[DrawUnit], law: Law, number: int, rng: np.random.Generator) -> npt.NDArray[np.int8]:
    """Fresh balanced draws, (number, n). Raises InputError where ATTEMPTS for each were not enough."""
    order = standing_order(units, law)
    standing = [units[i] for i in order]
    drawn = np.empty((number, len(units)), dtype=np.int8)
    drawn[:, order] = _balanced(standing, criterion(standing, law), law, number, rng)
    return drawn


def _balanced(
    standing: Sequence[DrawUnit], held: Criterion, law: Law, number: int, rng: np.random.Generator
) -> npt.NDArray[np.int8]:
    """So many balanced draws of units in their standing order."""
    batch = max(1, min(_BATCH // max(len(standing), 1), 20 * number))
    found = [np.empty((0, len(standing)), dtype=np.int8)]
    missing, tried = number, 0
    while missing:
        if tried >= ATTEMPTS * number:
            raise nothing_kept(tried)
        draws = fixed_numbers.redraws(standing, law, batch, rng)
        kept = draws[held.of(draws) <= held.limit][:missing]
        found.append(kept)
        missing, tried = missing - len(kept), tried + batch
    return np.concatenate(found)


def every_draw(units: Sequence[DrawUnit], law: Law) -> Iterator[tuple[tuple[int, ...], Fraction]]:
    """Every balanced draw, and its probability among them. Raises TooMany as for all draws."""
    order = standing_order(units, law)
    standing = [units[i] for i in order]
    place = np.argsort(order).tolist()
    for arms, probability in _kept(standing, criterion(standing, law), law, ENUMERATION_LIMIT):
        yield tuple(arms[i] for i in place), probability


def _kept(
    standing: Sequence[DrawUnit], held: Criterion, law: Law, limit: int
) -> list[tuple[tuple[int, ...], Fraction]]:
    listed = list(fixed_numbers.every_draw(standing, law, limit))
    reached = _in_batches(held, np.array([arms for arms, _ in listed], dtype=np.int8))
    kept = [one for one, near in zip(listed, reached <= held.limit, strict=True) if near]
    if not kept:
        raise nothing_kept(len(listed))
    whole = sum(probability for _, probability in kept)
    return [(arms, probability / whole) for arms, probability in kept]


def _in_batches(held: Criterion, draws: npt.NDArray[np.int8]) -> npt.NDArray[np.float64]:
    size = max(1, _BATCH // draws.shape[1])
    return np.concatenate([held.of(draws[i : i + size]) for i in range(0, len(draws), size)])
