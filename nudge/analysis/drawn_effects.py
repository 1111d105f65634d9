"""The t of the arm beside block indicators for every draw, where the lock holds that estimator.

By Frisch, Waugh and Lovell: z̃ is the arm less its share of its block's rows, D = Σ n z̃². The coefficient is
Σ z̃ T / D; a unit of n rows has leverage n (1/N_b + z̃²/D), and CR2 divides its squared score by what is left of one.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from nudge.analysis.drawn_sums import t_ratio
from nudge.analysis.studentised import UnitSums

if TYPE_CHECKING:
    from nudge.analysis.comparison import Pair
    from nudge.trial.records.analysis import Bools, Floats

_LEFT = 1e-12


class EffectSums(UnitSums):
    """Randomised units, to be compared beside the indicators of their blocks."""

    by_sums = False

    @classmethod
    def of(cls, pair: Pair) -> EffectSums:
        """The units of a comparison, the outcome freed of what covariates predict within blocks."""
        if pair.names:
            rows = np.bincount(pair.block)[:, None]
            x, y = (
                column - (_summed(column, pair.block) / rows)[pair.block] for column in (pair.matrix, pair.y[:, None])
            )
            pair = replace(pair, y=pair.y - pair.matrix @ np.linalg.lstsq(x, y[:, 0])[0], covariates={})
        made = UnitSums.of(pair)
        return cls(made.total, made.rows, made.block, made.treated)

    def t(self, draws: Bools) -> Floats:
        """The coefficient over its CR2 error: (d, units) → (d,)."""
        apart, whole = self._apart(draws)
        of_block = np.bincount(self.block, self.rows)[self.block]
        mean = (np.bincount(self.block, self.total)[self.block]) / of_block
        effect = apart @ self.total / whole
        score = apart * (self.total - self.rows * (mean + effect[:, None] * apart))
        left = 1 - self.rows * (1 / of_block + apart**2 / whole[:, None])
        return t_ratio(effect, (score**2 / np.maximum(left, _LEFT)).sum(axis=1) / whole**2)

    def effect(self, draws: Bools) -> Floats:
        """The arm's coefficient: (d, units) → (d,)."""
        apart, whole = self._apart(draws)
        coefficient: Floats = apart @ self.total / whole
        return coefficient

    def _apart(self, draws: Bools) -> tuple[Floats, Floats]:
        """z̃ by unit, and D."""
        drawn = draws.astype(float)
        blocks = (self.block[:, None] == np.unique(self.block)).astype(float) * self.rows[:, None]
        share = (drawn @ blocks) / blocks.sum(axis=0)
        apart = drawn - share[:, np.searchsorted(np.unique(self.block), self.block)]
        return apart, (apart**2) @ self.rows


def _summed(columns: Floats, block: np.ndarray) -> Floats:
    return np.column_stack([np.bincount(block, column) for column in columns.T])
