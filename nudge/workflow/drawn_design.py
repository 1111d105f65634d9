"""What the analysis needs to know of a draw made here: its design, what was drawn together, and its law."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from nudge.analysis.randomisation import WITHIN_BLOCKS
from nudge.design.methods import method
from nudge.store.people import load_draw_units
from nudge.trial.errors import Refused
from nudge.trial.records.analysis import Design, StoredLaw
from nudge.workflow.drawing import draws_sites
from nudge.workflow.register import law_in_force

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt
    from sqlalchemy.engine import Connection

    from nudge.trial.model import Trial
    from nudge.trial.records.design import Allocation
    from nudge.trial.records.people import Unit

TOGETHER = frozenset({"matched_pairs", "adaptive"})
"""Methods whose pairs or batches are the blocks of the analysis."""


def design_of(trial: Trial) -> Design:
    """The design, as the file has it."""
    randomise = trial.randomise
    if randomise is None:
        raise AssertionError("a trial without a draw of its own has no design here")
    blocks = bool(randomise.blocks) or randomise.method in TOGETHER
    return Design(randomise.method, clusters=draws_sites(trial), blocks=blocks)


def design_with_law(connection: Connection, trial: Trial, units: Sequence[Unit]) -> Design:
    """The design with re-draws from its stored law, for methods that are more than a shuffle within blocks.

    units: in the order of the analysis's codes. Raises Refused for a method that has no analysis here yet.
    """
    design = design_of(trial)
    if design.method == "stepped_wedge":
        raise Refused(
            f"{trial.trial} is a stepped wedge, whose analysis is not built yet",
            "analyse it elsewhere from `nudge verify --publish` and its outcome file",
        )
    if design.method in WITHIN_BLOCKS or design.method is None:
        return design
    law, drawn = law_in_force(connection, trial), load_draw_units(connection, trial.trial)
    place = {unit.id: i for i, unit in enumerate(drawn)}
    order = [place[unit.id] for unit in units]
    drawing = method(law.method)

    def redraw(number: int, rng: np.random.Generator) -> npt.NDArray[np.int8]:
        return drawing.redraws(drawn, law, number, rng)[:, order]

    return replace(design, law=StoredLaw(law.arms, redraw))


def drawn_together(trial: Trial, units: Sequence[Unit], allocation: Allocation) -> dict[str, int]:
    """Each unit's block for the analysis, by number: its named block, its pair, or its batch."""
    randomise = trial.randomise
    inside = randomise is not None and randomise.method in TOGETHER
    group = {row.unit: row.group for row in allocation.rows} if inside else {}
    key_of: dict[str, tuple[object, ...]] = {}
    for unit in units:
        together = group.get(unit.id)
        # A unit left over from the pairs is a block of its own, which informs nothing and is counted.
        key_of[unit.id] = (unit.block, unit.id if inside and together is None else together)
    code = {key: i for i, key in enumerate(dict.fromkeys(key_of.values()))}
    return {name: code[key] for name, key in key_of.items()}
