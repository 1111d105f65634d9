"""What a draw of sites needs so that its result can be told from chance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nudge.design.draw import draw_within_blocks
from nudge.design.fixed_numbers import fewest
from nudge.trial.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nudge.trial.records.design import Allocation, DrawUnit, Law, Seed

_ENOUGH = 2


def refuse(units: Sequence[DrawUnit], law: Law) -> None:
    """One cluster per arm: what the arm does and what that site is cannot be told apart.

    statistics.md 8. Blocks may give an arm one site each, as long as there are several such
    blocks: they are pairs, and the variance is between them.
    """
    for arm, number in zip(law.arms, fewest(units, law), strict=True):
        if number < _ENOUGH:
            amount = "only one site" if number else "no site at all"
            raise InputError(
                f"a draw of {len(units)} sites can leave `{arm}` with {amount}, and then nothing tells the arm from "
                "the site",
                "add sites, join small blocks, drop an arm, or draw households instead",
            )


def draw_sites(units: Sequence[DrawUnit], law: Law, seed: Seed) -> Allocation:
    """Fixed numbers of sites per arm within every block, at least two in all."""
    refuse(units, law)
    return draw_within_blocks(units, law, seed)
