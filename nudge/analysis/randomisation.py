"""Randomisation inference: what the difference would have been under other draws of the same law.

A pairwise test re-randomises the units of the two arms within their blocks, others held
fixed (statistics.md 14). Exact by full enumeration where there are few draws, by convolution
for events of individuals, else by random re-draws.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations, product
from math import comb, prod
from typing import TYPE_CHECKING

import numpy as np

from nudge.analysis.groups import compact, first_rows, rows_by_code
from nudge.trial.records.analysis import Bools, Design, Floats, Ints

if TYPE_CHECKING:
    from nudge.analysis.comparison import Pair

Redraw = Callable[[int, np.random.Generator], Bools]
"""(number, rng) → (number, units): whether each unit, in the order of its code, is drawn to the arm."""
WITHIN_BLOCKS = {"complete", "blocked", "cluster", "blocked_cluster", "matched_pairs"}
"""Laws under which, other arms held fixed, every exchange of two arms' units within a block is as likely."""

ENUMERATION_LIMIT = 1_000_000
"""statistics.md 14: all draws are gone through up to 10⁶ of them."""
DRAWS = 10_000
_BATCH = 5_000_000
"""Numbers held at once while the statistic is computed."""
_TIE = 1e-10
"""Statistics that differ by less than this share of the outcome's size are equal but for rounding."""


@dataclass(frozen=True, slots=True)
class RandomisationTest:
    """A two-sided p-value and how it was found."""

    p_value: float
    how: str


def permutation_test(
    pair: Pair, *, of_totals: bool = False, seed: int = 20_270_111, redraw: Redraw | None = None
) -> RandomisationTest:
    """Two-sided p of the difference between arms, units re-drawn within blocks.

    Statistic: difference of the arms' mean outcomes over rows, block by block, averaged with the
    blocks' rows as weights; with `of_totals`, the sum of outcomes in the arm less its
    expectation, which unequal units cannot sway (for rare events).
    Random re-draws count the draw itself ((hits + 1) / (draws + 1), Phipson & Smyth 2010).
    """
    units = _Units.of(pair)
    statistic = units.excess if of_totals else units.difference
    what = "the arm's total" if of_totals else "the difference in means"
    per_block = [(here, int(units.treated[here].sum())) for here in rows_by_code(compact(units.block))]
    size = np.abs(units.total).sum() if of_totals else np.abs(pair.y).max()
    least = abs(float(statistic(units.treated[None, :])[0])) - _TIE * float(size)

    def as_far(draws: np.ndarray) -> int:
        return int((np.abs(statistic(draws)) >= least).sum())

    rng = np.random.default_rng(seed)
    if redraw is not None:
        hits = sum(as_far(redraw(500, rng)) for _ in range(0, DRAWS, 500))
        return RandomisationTest(
            (hits + 1) / (DRAWS + 1), f"{what} over {DRAWS:,} draws of the stored law, seed {seed}"
        )
    number = prod(comb(members.size, take) for members, take in per_block)
    if number <= ENUMERATION_LIMIT:
        batches = _in_batches(_all_draws(per_block), number, units.treated.size)
        hits = sum(as_far(draws) for draws in batches)
        return RandomisationTest(hits / number, f"{what} over all {number:,} draws of the two arms' units")
    hits = 0
    for _ in range(0, DRAWS, 500):
        hits += as_far(_random_draws(per_block, units.treated.size, 500, rng))
    return RandomisationTest(
        (hits + 1) / (DRAWS + 1), f"{what} over {DRAWS:,} random re-draws of the two arms' units, seed {seed}"
    )


@dataclass(frozen=True, slots=True)
class _Units:
    """Randomised units: outcomes summed, rows counted, arm and block."""

    total: Floats
    rows: Floats
    treated: np.ndarray
    block: Ints

    @classmethod
    def of(cls, pair: Pair) -> _Units:
        unit = compact(pair.unit)
        first = first_rows(unit)
        rows = np.bincount(unit).astype(float)
        return cls(np.bincount(unit, pair.y).astype(float), rows, pair.treated[first], pair.block[first])

    def difference(self, draws: np.ndarray) -> Floats:
        """Difference of the arms' mean outcomes over rows, within blocks: (draws, units) → (draws,)."""
        result = np.zeros(len(draws))
        for here in rows_by_code(compact(self.block)):
            total, rows, arm = self.total[here], self.rows[here], draws[:, here].astype(float)
            share = rows.sum() / self.rows.sum()
            summed, counted = arm @ total, arm @ rows
            result += share * (summed / counted - (total.sum() - summed) / (rows.sum() - counted))
        return result

    def excess(self, draws: np.ndarray) -> Floats:
        """The arm's sum of outcomes less its expectation over all draws: (draws, units) → (draws,)."""
        size = np.bincount(self.block)
        share = (np.bincount(self.block, self.treated) / np.maximum(size, 1))[self.block]
        return draws.astype(float) @ self.total - float(self.total @ share)


def _all_draws(per_block: list[tuple[Ints, int]]) -> Iterator[list[int]]:
    """The units of the arm in every draw there could have been."""
    for chosen in product(*(list(combinations(members.tolist(), take)) for members, take in per_block)):
        yield [unit for block in chosen for unit in block]


def _in_batches(every: Iterator[list[int]], number: int, n: int) -> Iterator[np.ndarray]:
    size = max(1, _BATCH // n)
    for start in range(0, number, size):
        draws = np.zeros((min(size, number - start), n), dtype=bool)
        for row in draws:
            row[next(every)] = True
        yield draws


def _random_draws(per_block: list[tuple[Ints, int]], n: int, number: int, rng: np.random.Generator) -> np.ndarray:
    draws = np.zeros((number, n), dtype=bool)
    for members, take in per_block:
        picked = rng.random((number, members.size)).argsort(axis=1)[:, :take]
        draws[np.arange(number)[:, None], members[picked]] = True
    return draws


def exact_events_test(pair: Pair) -> RandomisationTest:
    """Exact two-sided p of the number of events in the arm, individuals re-drawn within blocks.

    The law of the count is the convolution of one hypergeometric per block.
    """
    law = np.ones(1)
    expected = 0.0
    block = compact(pair.block)
    rows = np.bincount(block)
    counted = (rows, np.bincount(block, pair.y), np.bincount(block[pair.treated], minlength=rows.size))
    for n, events, take in zip(*(one.astype(int).tolist() for one in counted), strict=True):
        law = np.convolve(law, hypergeometric_law(n, events, take))
        expected += take * events / n
    observed = abs(float(pair.y[pair.treated].sum()) - expected)
    far = np.abs(np.arange(law.size) - expected) >= observed - 1e-9
    return RandomisationTest(min(1.0, float(law[far].sum())), "exact, all draws of the two arms' units")


def tied(statistic: float) -> float:
    """The least that counts as being as far as `statistic`, but for rounding."""
    return statistic * (1 - _TIE)


def redraw_of(pair: Pair, design: Design, arm: str, control: str) -> Redraw | None:
    """The stored law's draws of a comparison's units; None where units are re-drawn within blocks.

    Only of laws with these two arms: others cannot be held fixed by drawing all again.
    """
    law = design.law
    if law is None or pair.origin is None or design.method in WITHIN_BLOCKS or {arm, control} != set(law.arms):
        return None
    codes, position = pair.origin[first_rows(pair.unit)], law.arms.index(arm)
    return lambda number, rng: law.redraw(number, rng)[:, codes] == position


def hypergeometric_law(n: int, events: int, take: int) -> Floats:
    """The chance of 0, 1, … events among `take` drawn from n, of whom `events` had one.

    Built from the most likely number outwards by the ratio of neighbours: what is too small for a float is 0,
    and no factorial of a large number is ever formed (scipy takes seconds where n is 100,000).
    """
    low, high = max(0, take - (n - events)), min(events, take)
    mode = min(max((events + 1) * (take + 1) // (n + 2), low), high)
    up = np.arange(mode, high, dtype=float)
    down = np.arange(mode, low, -1, dtype=float)
    rising = (events - up) * (take - up) / ((up + 1) * (n - events - take + up + 1))
    falling = down * (n - events - take + down) / ((events - down + 1) * (take - down + 1))
    law = np.zeros(high + 1)
    law[mode] = 1.0
    law[mode + 1 :] = np.cumprod(rising)
    law[low:mode] = np.cumprod(falling)[::-1]
    scaled: Floats = law / law.sum()
    return scaled
