"""Openings of the links in messages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Opening:
    """One request for one link of one message; whose it was is known by the message alone."""

    at: datetime
    identifier: str
    send: str
    unit: str
    arm: str
    message: str
    name: str
    """The link's name in the trial file."""
    method: str
    agent: str
    """How the program named itself, cut short."""
    flag: str
    """Why it was surely not the family who opened it; empty where nothing says so."""
