"""Cluster randomisation: complete randomisation of sites; everyone in a site shares its arm."""

from typing import Final

from nudge.design.draw import draw_within_blocks as draw

UNITS: Final = "sites"
BLOCKS: Final = "never"
ENROLMENT: Final = "at_once"
PARAMETERS: Final[frozenset[str]] = frozenset()
REQUIRED: Final[frozenset[str]] = frozenset()

__all__ = ["BLOCKS", "ENROLMENT", "PARAMETERS", "REQUIRED", "UNITS", "draw"]
