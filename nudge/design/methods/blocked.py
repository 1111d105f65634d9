"""Blocked randomisation: complete randomisation of individuals or households within each block."""

from nudge.design.draw import draw_within_blocks as draw

CLUSTERS = False
BLOCKS = True

__all__ = ["BLOCKS", "CLUSTERS", "draw"]
