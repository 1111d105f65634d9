"""Blocked cluster randomisation: complete randomisation of sites within each block."""

from typing import Final

from nudge.design.fixed_numbers import every_draw, flaws, options, probabilities, redraws
from nudge.design.sites import draw_sites as draw
from nudge.design.sites import refuse

UNITS: Final = "sites"
BLOCKS: Final = "required"
ENROLMENT: Final = "at_once"
PARAMETERS: Final[frozenset[str]] = frozenset()
REQUIRED: Final[frozenset[str]] = frozenset()

__all__ = [
    "BLOCKS", "ENROLMENT", "PARAMETERS", "REQUIRED", "UNITS",
    "draw", "every_draw", "flaws", "options", "probabilities", "redraws", "refuse",
]  # fmt: skip
