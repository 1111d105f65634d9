"""A t for every draw from a few sums over the units drawn: nothing as long as the units is kept.

The CR2 variance of an arm of N rows is Σ (T − n m)² / (1 − n/N) / N² over its units, of n rows with sum T.
Where units are alike in size, Σ T and Σ T² say it. Where none has a large share of an arm,
1 / (1 − n/N) is a power series in n/N, and sums of T² nᵏ, T nᵏ⁺¹, nᵏ⁺² over the units drawn say it to rounding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nudge.trial.records.analysis import Bools, Floats

if TYPE_CHECKING:
    from nudge.analysis.studentised import UnitSums

_LARGEST_SHARE = 0.05
_ROUNDING = 1e-14
_SERIES = 1e-11
_MANY = 20_000
_NEARLY_HALF = 0.05


@dataclass(frozen=True, slots=True)
class BlockSums:
    """One block's units as columns to be summed over those drawn.

    columns: (units, 2 + 3 terms): n, T, then T² nᵏ, T nᵏ⁺¹, nᵏ⁺² for each term, n as a share of the block.
    take: units of the arm. rows: the block's. share: of all rows. equal: whether units are of one size.
    """

    columns: Floats
    take: int
    rows: float
    share: float
    equal: bool
    binary: bool


def block_sums(units: UnitSums) -> list[BlockSums] | None:
    """Every block's columns; None where some unit has too large a share of an arm for the series."""
    found = []
    for block in np.unique(units.block):
        here = units.block == block
        total, rows, take = units.total[here], units.rows[here], int(units.treated[here].sum())
        size = float(rows.sum())
        share = size / float(units.rows.sum())
        n = rows / size
        equal = bool((rows == rows[0]).all())
        fewest = np.sort(n)[: min(take, n.size - take)].sum()
        if not equal and n.max() / fewest > _LARGEST_SHARE:
            return None
        terms = 1 if equal else int(np.ceil(np.log(_SERIES) / np.log(n.max() / fewest))) + 1
        columns = [n, total]
        for k in range(terms):
            columns += [total**2 * n**k, total * n ** (k + 1), n ** (k + 2)]
        binary = bool((rows == 1).all() and ((total == 0) | (total == 1)).all())
        found.append(BlockSums(np.column_stack(columns), take, size, share, equal, binary))
    return found


def t_by_sums(blocks: Sequence[BlockSums], draws: int, rng: np.random.Generator) -> Floats:
    """The estimator's t of every draw within blocks: (draws,)."""
    effect, variance = np.zeros(draws), np.zeros(draws)
    for block in blocks:
        one = _drawn(block, draws, rng)
        units = len(block.columns)
        arms = [_arm(block, one, block.take), _arm(block, block.columns.sum(axis=0) - one, units - block.take)]
        effect += block.share * (arms[0][0] - arms[1][0])
        variance += block.share**2 * (arms[0][1] + arms[1][1])
    scale = sum(float((block.columns[:, 1] ** 2).sum()) / block.rows**2 for block in blocks)
    return t_ratio(effect, np.where(variance > _ROUNDING * scale, variance, 0.0))


def _arm(block: BlockSums, sums: Floats, units: int) -> tuple[Floats, Floats]:
    """Mean over the rows drawn and its variance. sums: (draws, columns)."""
    n = sums[:, 0]
    mean = sums[:, 1] / (n * block.rows)
    per_share = mean * block.rows
    if block.equal:
        spread = sums[:, 2] - 2 * per_share * sums[:, 3] + per_share**2 * sums[:, 4]
        return mean, spread / (1 - 1 / units) / (n * block.rows) ** 2
    spread = np.zeros_like(n)
    for k in range((sums.shape[1] - 2) // 3):
        squares, products, sizes = sums[:, 2 + 3 * k], sums[:, 3 + 3 * k], sums[:, 4 + 3 * k]
        spread += (squares - 2 * per_share * products + per_share**2 * sizes) / n**k
    return mean, spread / (n * block.rows) ** 2


def _drawn(block: BlockSums, draws: int, rng: np.random.Generator) -> Floats:
    """Sums of the columns over the units drawn: (draws, columns)."""
    units = len(block.columns)
    if block.binary:
        events = int(block.columns[:, 1].sum())
        counted = rng.hypergeometric(events, units - events, block.take, draws).astype(float)
        share = 1 / units
        full = np.full(draws, float(block.take))
        return np.column_stack([full * share, counted, counted, counted * share, full * share**2])
    moving = [1, 2] if block.equal else list(range(block.columns.shape[1]))
    columns = np.ascontiguousarray(block.columns[:, moving])
    sums = np.empty((draws, len(moving)))
    near_half = units >= _MANY and abs(2 * block.take - units) <= _NEARLY_HALF * units
    for row in sums:
        if near_half:
            row[:] = flipped(units, block.take, rng).astype(float) @ columns
        else:
            row[:] = columns.take(rng.choice(units, block.take, replace=False, shuffle=False), axis=0).sum(axis=0)
    if not block.equal:
        return sums
    share, full = 1 / units, np.full(draws, float(block.take))
    return np.column_stack([full * share, sums[:, 0], sums[:, 1], sums[:, 0] * share, full * share**2])


def flipped(units: int, take: int, rng: np.random.Generator) -> Bools:
    """`take` of the units at random, for shares near a half: a coin for each, then as many turned back as needed.

    Any set of the coins' size is as likely as another, and so is any set that units drawn at random turn it into.
    """
    coins = np.unpackbits(np.frombuffer(rng.bytes(-(-units // 8)), np.uint8), count=units).view(np.bool_)
    over = int(coins.sum()) - take
    while over:
        unit = rng.integers(0, units, 4 * abs(over) + 8)
        unit = unit[coins[unit] == (over > 0)]
        # The first of each, in the order drawn.
        unit = unit[np.sort(np.unique(unit, return_index=True)[1])][: abs(over)]
        coins[unit] = over < 0
        over -= unit.size if over > 0 else -unit.size
    return coins


def t_ratio(effect: Floats, variance: Floats) -> Floats:
    """A draw without variance is as far from nothing as can be, unless it has no effect either."""
    infinite = np.where(effect == 0, 0.0, np.copysign(np.inf, effect))
    return np.divide(effect, np.sqrt(np.maximum(variance, 0)), out=infinite, where=variance > 0)
