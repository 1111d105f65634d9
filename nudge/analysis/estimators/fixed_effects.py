"""Arm and block indicators in one regression.

For designs where some block has a single unit of an arm and the arm's probability is the
same in every block. Under unequal probabilities it would estimate an effect weighted by
precision rather than by people, so the choice of estimator never takes it there (rule 6).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nudge.analysis.linear_effect import adjusted, arm_effect, centred_blocks, grouped

if TYPE_CHECKING:
    from nudge.analysis.comparison import Pair
    from nudge.trial.records.analysis import Fitted

ESTIMAND = "average effect of being allocated to the arm, blocks weighted by precision"


def estimate(pair: Pair, adjustment: str) -> Fitted:
    """Arm coefficient beside block indicators, in the outcome's units."""
    made = grouped(pair)
    columns = [*centred_blocks(made), *adjusted(made, "additive" if adjustment != "none" else "none")]
    return arm_effect(pair, made, columns, "fixed_effects")
