"""A t for every draw from a few sums over the units drawn: nothing as long as the units is kept.

The CR2 variance of an arm of N rows is Σ (T − n m)² / (1 − n/N) / N² over its units, of n rows with sum T.
Where units are alike in size, Σ T and Σ T² say it. Where none has a large share of an arm,
1 / (1 − n/N) is a power series in n/N, and sums of T² nᵏ, T nᵏ⁺¹, nᵏ⁺² over the units drawn say it to rounding.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nudge.trial.records.analysis import Bools, Floats, Ints

if TYPE_CHECKING:
    from nudge.analysis.studentised import UnitSums

_LARGEST_SHARE = 0.05
_ROUNDING = 1e-14
_SERIES = 1e-11
_HELD = 2_000_000
"""Sums held at once."""
_SIDES = 256
"""Of the coin thrown for each unit: one byte."""


@dataclass(frozen=True, slots=True)
class BlockSums:
    """Units in the order of their B blocks, as columns to be summed over those drawn.

    starts, units, takes: (B,) where a block's units start, how many, and how many of them the arm takes.
    rows: (B,) the block's. columns: (c, units): T and T² where units are alike, one size throughout a block;
    else n, T, then T² nᵏ, T nᵏ⁺¹, nᵏ⁺² for each term of the series, n as a share of the block.
    """

    starts: Ints
    units: Ints
    takes: Ints
    rows: Floats
    columns: Floats
    alike: bool
    binary: bool

    @property
    def share(self) -> Floats:
        """Of all rows: (B,)."""
        share: Floats = self.rows / self.rows.sum()
        return share


def block_sums(units: UnitSums) -> BlockSums | None:
    """Every block's columns; None where some unit has too large a share of an arm for the series."""
    order = np.argsort(units.block, kind="stable")
    total, rows = units.total[order], units.rows[order]
    starts = np.flatnonzero(np.diff(units.block[order], prepend=-1))
    number = np.diff(np.append(starts, order.size))
    takes = np.add.reduceat(units.treated[order].astype(np.int64), starts)
    size = np.add.reduceat(rows, starts)
    if (rows == np.repeat(rows[starts], number)).all():
        binary = bool((rows == 1).all() and ((total == 0) | (total == 1)).all())
        return BlockSums(starts, number, takes, size, np.stack([total, total**2]), alike=True, binary=binary)
    n = rows / np.repeat(size, number)
    largest = 0.0
    for start, of, take in zip(starts, number, takes, strict=True):
        here = np.sort(n[start : start + of])
        largest = max(largest, here[-1] / here[: min(take, of - take)].sum())
    if largest > _LARGEST_SHARE:
        return None
    columns = [n, total]
    for k in range(int(np.ceil(np.log(_SERIES) / np.log(largest))) + 1):
        columns += [total**2 * n**k, total * n ** (k + 1), n ** (k + 2)]
    return BlockSums(starts, number, takes, size, np.stack(columns), alike=False, binary=False)


def t_by_sums(blocks: BlockSums, draws: int, rng: np.random.Generator) -> Floats:
    """The estimator's t of every draw within blocks: (draws,)."""
    whole = np.add.reduceat(blocks.columns, blocks.starts, axis=1)
    # A variance no larger than rounding of what it is the difference of is none.
    second = whole[1] if blocks.alike else whole[2]
    least = _ROUNDING * float((second / blocks.rows**2).sum())
    step = max(1, _HELD // whole.size)
    found = []
    for start in range(0, draws, step):
        one = _drawn(blocks, min(step, draws - start), rng)
        arms = [_arm(blocks, one, blocks.takes), _arm(blocks, whole - one, blocks.units - blocks.takes)]
        effect = (arms[0][0] - arms[1][0]) @ blocks.share
        variance = (arms[0][1] + arms[1][1]) @ blocks.share**2
        found.append(t_ratio(effect, np.where(variance > least, variance, 0.0)))
    return np.concatenate(found)


def _arm(blocks: BlockSums, sums: Floats, units: Ints) -> tuple[Floats, Floats]:
    """Mean over the rows drawn and its variance, (draws, B) each. sums: (draws, c, B)."""
    if blocks.alike:
        size = blocks.rows / blocks.units
        middle = sums[:, 0] / units
        spread = (sums[:, 1] - units * middle**2) / (1 - 1 / np.maximum(units, 2))
        return middle / size, spread / (units * size) ** 2
    n = sums[:, 0]
    per_share = sums[:, 1] / n
    spread = np.zeros_like(n)
    for k in range((sums.shape[1] - 2) // 3):
        squares, products, sizes = sums[:, 2 + 3 * k], sums[:, 3 + 3 * k], sums[:, 4 + 3 * k]
        spread += (squares - 2 * per_share * products + per_share**2 * sizes) / n**k
    return per_share / blocks.rows, spread / (n * blocks.rows) ** 2


def _drawn(blocks: BlockSums, draws: int, rng: np.random.Generator) -> Floats:
    """Sums of the columns over the units drawn: (draws, c, B)."""
    if blocks.binary:
        events = np.add.reduceat(blocks.columns[0], blocks.starts).astype(np.int64)
        counted = rng.hypergeometric(events, blocks.units - events, blocks.takes, (draws, events.size)).astype(float)
        return np.stack([counted, counted], axis=1)
    sums = np.empty((draws, len(blocks.columns), blocks.starts.size))
    ends = np.cumsum(blocks.takes) - blocks.takes
    for row in sums:
        units = np.flatnonzero(thrown(blocks.starts, blocks.units, blocks.takes, rng))
        np.add.reduceat(blocks.columns.take(units, axis=1), ends, axis=1, out=row)
    return sums


def thrown(starts: Ints, units: Ints, takes: Ints, rng: np.random.Generator) -> Bools:
    """`takes` of every block's units at random: a coin for each, then as many turned back as are too many or few.

    Any set of the coins' size is as likely as another, and so is any set that units drawn at random turn it into.
    """
    chance = np.minimum(np.rint(_SIDES * takes / units), _SIDES - 1).astype(np.uint8)
    coins = rng.integers(0, _SIDES, int(units.sum()), dtype=np.uint8) < np.repeat(chance, units)
    over = np.add.reduceat(coins, starts, dtype=np.int64) - takes
    while (wrong := np.flatnonzero(over)).size:
        block = np.repeat(wrong, 4 * np.abs(over[wrong]) + 8)
        unit = starts[block] + (rng.random(block.size) * units[block]).astype(np.int64)
        # The first of each that can be turned back, in the order drawn; blocks stay in order.
        usable = np.flatnonzero(coins[unit] == (over[block] > 0))
        usable = usable[np.sort(np.unique(unit[usable], return_index=True)[1])]
        unit, block = unit[usable], block[usable]
        kept = np.arange(block.size) - np.searchsorted(block, block) < np.abs(over[block])
        unit, block = unit[kept], block[kept]
        added = over[block] < 0
        coins[unit] = added
        over += np.bincount(block, np.where(added, 1, -1), minlength=over.size).astype(np.int64)
    return coins


def t_ratio(effect: Floats, variance: Floats) -> Floats:
    """A draw without variance is as far from nothing as can be, unless it has no effect either."""
    infinite = np.where(effect == 0, 0.0, np.copysign(np.inf, effect))
    return np.divide(effect, np.sqrt(np.maximum(variance, 0)), out=infinite, where=variance > 0)
