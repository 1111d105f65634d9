"""Blocked randomisation: complete randomisation of individuals or households within each block."""

from typing import Final

from nudge.design.draw import draw_within_blocks as draw
from nudge.design.fixed_numbers import every_draw, flaws, options, probabilities, redraws, refuse

UNITS: Final = "people"
BLOCKS: Final = "required"
ENROLMENT: Final = "at_once"
PARAMETERS: Final[frozenset[str]] = frozenset()
REQUIRED: Final[frozenset[str]] = frozenset()

__all__ = [
    "BLOCKS", "ENROLMENT", "PARAMETERS", "REQUIRED", "UNITS",
    "draw", "every_draw", "flaws", "options", "probabilities", "redraws", "refuse",
]  # fmt: skip
