"""Blocked randomisation: complete randomisation of individuals or households within each block."""

from typing import Final

from nudge.design.draw import draw_within_blocks as draw

UNITS: Final = "people"
BLOCKS: Final = "required"
ENROLMENT: Final = "at_once"
PARAMETERS: Final[frozenset[str]] = frozenset()
REQUIRED: Final[frozenset[str]] = frozenset()

__all__ = ["BLOCKS", "ENROLMENT", "PARAMETERS", "REQUIRED", "UNITS", "draw"]
