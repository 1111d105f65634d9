"""Complete randomisation: fixed numbers per arm among all individuals or households."""

from nudge.design.draw import draw_within_blocks as draw

CLUSTERS = False
BLOCKS = False

__all__ = ["BLOCKS", "CLUSTERS", "draw"]
