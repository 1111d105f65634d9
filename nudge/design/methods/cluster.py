"""Cluster randomisation: complete randomisation of sites; everyone in a site shares its arm."""

from nudge.design.draw import draw_within_blocks as draw

CLUSTERS = True
BLOCKS = False

__all__ = ["BLOCKS", "CLUSTERS", "draw"]
