"""The words a family receives."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Template:
    """One wording: a template's variant for one channel and language."""

    name: str
    channel: str
    language: str
    file: str
    subject: str
    sender: str
    mechanism: tuple[str, ...]
    body: str
    variables: frozenset[str]
    digest: str
    """SHA-256 of the file."""

    @property
    def key(self) -> str:
        """`two-year-review/reminder/sms.cy`."""
        return f"{self.name}/{self.channel}.{self.language}"


@dataclass(frozen=True, slots=True)
class Segments:
    """How an SMS is cut for sending."""

    encoding: str
    characters: int
    count: int
    forcing_unicode: tuple[str, ...]
    """The characters that GSM-7 lacks, once each, in order."""


@dataclass(frozen=True, slots=True)
class Words:
    """A template rendered for one family."""

    template: str
    channel: str
    subject: str
    sender: str
    text: str
    segments: int
    """SMS segments that will be paid for; 1 for an email."""
