"""The words a family receives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Evidence:
    """How well a kind of wording is known to work: a grade, the reason in a sentence, and where it is from."""

    grade: str
    because: str
    sources: tuple[str, ...]


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
    evidence: Evidence | None = None
    warnings: tuple[str, ...] = ()
    research_only: bool = False
    """Known not to work, or to harm: an arm that uses it must say why."""
    sensitive: bool = False
    """Tells a family something about itself: an arm that uses it must say who agreed to that."""
    back_translation: str = ""
    """Who put a translation back into English, or that it is still to be done."""
    plain: bool = False
    """Whether a text's curly quotes and dashes go out as the plain signs that cost nothing."""
    allows: Mapping[str, str] = field(default_factory=dict)
    """What the checks would hold back and this wording may say: who agreed to it, and why."""
    first_line: int = 1
    """The line of its file on which the body begins."""
    from_name: str = ""
    """Who the words say they are from, where the sender does not."""
    spoken: Mapping[str, int] = field(default_factory=dict)
    """Columns whose value it writes out, each with the line of the file where it first does."""
    targets: Mapping[str, int] = field(default_factory=dict)
    """Names it links to, each with the line of the file where it first does."""

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
class Previewed:
    """One wording as `nudge preview` shows it, for every family that reads exactly this."""

    arm: str
    message: int
    """The arm's first, second … message."""
    template: str
    channel: str
    language: str
    """The family's."""
    fallback: bool
    """Whether the words are in English, since there are none in the family's language."""
    families: tuple[str, ...]
    """What is odd about those who read it, or the units that were asked for."""
    sender: str
    subject: str
    text: str
    html: str
    characters: int
    segments: int
    """Of a text; 0 for an email."""
    encoding: str
    dear: tuple[str, ...]
    """Characters that force Unicode, by name."""
    cost: float | None
    """Of one message, in the file's currency; None where it gives no price."""
    reading_age: int | None
    """None where no formula fits the language."""
    longest_sentence: int
    refused: str = ""
    """Why no message can be made; empty where one is."""
    when: str = ""
    """As the file plans it: `7 days after first at 10:00, only if not answered`."""


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
    html: str = ""
    """An email's HTML part; empty for a text."""
    links: Mapping[str, str] = field(default_factory=dict)
    """The identifier of each target that the words link to, by the target's name."""
