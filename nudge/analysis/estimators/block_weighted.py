"""Difference in means within each block, averaged with the blocks' sizes as weights.

Fitted as arm × centred block, whose arm coefficient is Σ (n_b / n) · difference_b: unbiased
whatever the arms' shares in the blocks. Variance: Neyman's in each block (HC2), or CR2
(statistics.md 6). Blocks without both arms cannot inform it and are left out and counted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nudge.analysis.linear_effect import adjusted, arm_effect, centred_blocks

if TYPE_CHECKING:
    from nudge.analysis.comparison import Pair
    from nudge.trial.records.analysis import Fitted

ESTIMAND = "average effect of being allocated to the arm, blocks weighted by size"


def estimate(pair: Pair, adjustment: str) -> Fitted:
    """Block-size-weighted difference in means, in the outcome's units."""
    blocks, names = centred_blocks(pair)
    columns = np.hstack([blocks, blocks * pair.treated[:, None]])
    extra, labels = adjusted(pair, columns, [*names, *(f"arm × {name}" for name in names)], adjustment)
    return arm_effect(pair, extra, labels, "block_weighted")
