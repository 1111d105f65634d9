"""A trial's protocol as content: sections, items and pieces, which HTML and Word only lay out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from nudge.report.protocol.spirit import SECTIONS, Topic

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from nudge.trial.model import Trial
    from nudge.trial.records.protocol import ProtocolFacts


@dataclass(frozen=True, slots=True)
class Words:
    """A message, word for word, under a line that says what it is."""

    caption: str
    text: str
    language: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table with a caption, a head of columns, and rows whose first cell heads them."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


Piece: TypeAlias = str | Words | Table
"""A paragraph, a message or a table."""


@dataclass(frozen=True, slots=True)
class Item:
    """One row of SPIRIT: what the trial file says of it, and what is wanting."""

    number: str
    topic: str
    pieces: tuple[Piece, ...]
    add: str
    """What to add where; empty where the item is met."""


@dataclass(frozen=True, slots=True)
class Section:
    """Items under one heading."""

    title: str
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a trial says of one item. met: whether that is all the item asks for."""

    pieces: tuple[Piece, ...]
    met: bool


@dataclass(frozen=True, slots=True)
class Document:
    """The whole protocol."""

    trial: str
    title: str
    question: str
    label: str
    said: str
    fingerprint: str | None
    version: str
    made: str
    sections: tuple[Section, ...]

    @property
    def unmet(self) -> tuple[Item, ...]:
        """The items that the trial file does not, or not wholly, answer."""
        return tuple(item for section in self.sections for item in section.items if item.add)


Fill: TypeAlias = "Callable[[Trial, ProtocolFacts], Answer]"


def said(*pieces: Piece | None, also: bool = True) -> Answer:
    """An answer of the pieces that are there; unmet where any is missing, or where not `also`."""
    found = tuple(piece for piece in pieces if piece)
    return Answer(found, len(found) == len(pieces) and bool(pieces) and also)


def protocol_content(trial: Trial, facts: ProtocolFacts) -> Document:
    """Every item of SPIRIT 2025, filled from the trial file and what is known of it."""
    from nudge.report.protocol.conduct import CONDUCT
    from nudge.report.protocol.design import DESIGN
    from nudge.report.protocol.opening import OPENING
    from nudge.report.protocol.plan import PLAN

    fills: Mapping[str, Fill] = {**OPENING, **DESIGN, **PLAN, **CONDUCT}
    sections = tuple(
        Section(title, tuple(_item(topic, fills[topic.number](trial, facts)) for topic in topics))
        for title, topics in SECTIONS
    )
    texts = trial.protocol
    version = ", ".join(
        part for part in (texts.version or "", f"{texts.dated:%Y-%m-%d}" if texts.dated else "") if part
    )
    return Document(
        trial.trial, trial.title or trial.trial, trial.question or "", facts.label, facts.said, facts.fingerprint,
        version, facts.made_at, sections,
    )  # fmt: skip


def _item(topic: Topic, answer: Answer) -> Item:
    return Item(topic.number, topic.topic, answer.pieces, "" if answer.met else topic.add)
