"""Blocked cluster randomisation: complete randomisation of sites within each block."""

from typing import Final

from nudge.design.draw import draw_within_blocks as draw

UNITS: Final = "sites"
BLOCKS: Final = "required"
ENROLMENT: Final = "at_once"
PARAMETERS: Final[frozenset[str]] = frozenset()
REQUIRED: Final[frozenset[str]] = frozenset()

__all__ = ["BLOCKS", "ENROLMENT", "PARAMETERS", "REQUIRED", "UNITS", "draw"]
