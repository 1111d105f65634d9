"""What the analysis needs to know of a draw made here: its design, what was drawn together, and its law."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from nudge.analysis.randomisation import DRAWS, WITHIN_BLOCKS
from nudge.design.methods import Method, TooMany, method
from nudge.store.people import load_draw_units
from nudge.trial.records.analysis import Design, StoredLaw
from nudge.workflow.allocating.register import law_in_force
from nudge.workflow.checking.drawing import draws_sites

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    from sqlalchemy.engine import Connection

    from nudge.trial.model import Trial
    from nudge.trial.records.design import Allocation, DrawUnit, Law
    from nudge.trial.records.people import Unit

TOGETHER = frozenset({"matched_pairs", "adaptive"})
"""Methods whose pairs or batches are the blocks of the analysis."""
SHORT = 2
"""Up to so many periods after crossing the effect is taken as constant (statistics.md 17)."""


def design_of(trial: Trial) -> Design:
    """The design, as the file has it."""
    randomise = trial.randomise
    if randomise is None:
        raise AssertionError("a trial without a draw of its own has no design here")
    blocks = bool(randomise.blocks) or randomise.method in TOGETHER
    if randomise.method == "stepped_wedge":
        # Effects of clusters hold their blocks as well, which only the draw needs to know.
        return Design(randomise.method, clusters=True, blocks=False, estimand=estimand_of(trial))
    return Design(randomise.method, clusters=draws_sites(trial), blocks=blocks)


def estimand_of(trial: Trial) -> str:
    """What a stepped wedge estimates: as the file says, else averaged where there are periods to average over."""
    steps = len(trial.randomise.steps) if trial.randomise else 0
    return trial.analysis.estimand or ("exposure_averaged" if steps > SHORT else "immediate")


def design_with_law(connection: Connection, trial: Trial, units: Sequence[Unit]) -> Design:
    """The design with re-draws from its stored law, for methods that are more than a shuffle within blocks.

    units: in the order of the analysis's codes.
    """
    design = design_of(trial)
    if design.method in WITHIN_BLOCKS or design.method is None:
        return design
    law, drawn = law_in_force(connection, trial), load_draw_units(connection, trial.trial)
    place = {unit.id: i for i, unit in enumerate(drawn)}
    order = [place[unit.id] for unit in units]
    drawing = method(law.method)

    def redraw(number: int, rng: np.random.Generator) -> npt.NDArray[np.int8]:
        return drawing.redraws(drawn, law, number, rng)[:, order]

    every = every_draw(drawing, drawn, law, order) if design.method == "stepped_wedge" else None
    return replace(design, law=StoredLaw(drawing.options(law), redraw, every))


def every_draw(
    drawing: Method, drawn: Sequence[DrawUnit], law: Law, order: Sequence[int]
) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float64]] | None:
    """All draws and the chance of each, where there are no more of them than would be drawn at random."""
    found: list[tuple[int, ...]] = []
    chances: list[float] = []
    try:
        for options, chance in drawing.every_draw(drawn, law):
            found.append(options)
            chances.append(float(chance))
            if len(found) > DRAWS:
                return None
    except TooMany:
        return None
    return np.array(found, dtype=np.int8)[:, order], np.array(chances)


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
