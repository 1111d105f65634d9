"""Blocked cluster randomisation: complete randomisation of sites within each block."""

from nudge.design.draw import draw_within_blocks as draw

CLUSTERS = True
BLOCKS = True

__all__ = ["BLOCKS", "CLUSTERS", "draw"]
