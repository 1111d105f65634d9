"""Nudge: trials of messages to families, from question to published result in one file."""

__version__ = "0.1.0"
