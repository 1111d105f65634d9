"""Difference in means within each block, averaged with the blocks' sizes as weights.

Fitted as arm × centred block, whose arm coefficient is Σ (n_b / n) · difference_b: unbiased
whatever the arms' shares in the blocks. Variance: Neyman's in each block (HC2), or CR2
(statistics.md 6). Blocks without both arms cannot inform it and are left out and counted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nudge.analysis.linear_effect import adjusted, arm_effect, centred_blocks, grouped, with_arm

if TYPE_CHECKING:
    from nudge.analysis.comparison import Pair
    from nudge.trial.records.analysis import Fitted

ESTIMAND = "average effect of being allocated to the arm, blocks weighted by size"


def estimate(pair: Pair, adjustment: str) -> Fitted:
    """Block-size-weighted difference in means, in the outcome's units."""
    made = grouped(pair)
    blocks = centred_blocks(made)
    columns = [*blocks, *with_arm(made, blocks), *adjusted(made, adjustment)]
    return arm_effect(pair, made, columns, "block_weighted")
