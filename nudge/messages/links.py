"""`{{ link('booking') }}`: a short address with one opaque identifier per message and target."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

EXAMPLE = "0example0link"
"""Stands for an identifier where nothing is sent; as long as a real one, so that segments agree."""
EXAMPLE_BASE = "https://example.org/"


class Link(str):
    """An address that a template asked for by name."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Manner:
    """How a trial's words are made, beside the words themselves."""

    zone: str = "Europe/London"
    sent_by: str = ""
    """The channel's file name for texts: who counts the segments."""
    base: str = EXAMPLE_BASE
    """What short addresses begin with."""
    identify: Callable[[str, str], str] | None = None
    """The identifier of a message's reference and a target's name; None where nothing is sent."""

    def link(self, reference: str, name: str) -> tuple[str, Link]:
        """A target's identifier in one message, and its address."""
        identifier = self.identify(reference, name) if self.identify and reference else EXAMPLE
        return identifier, Link(f"{self.base.rstrip('/')}/{identifier}")


EXAMPLE_MANNER = Manner()
