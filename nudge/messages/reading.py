"""How hard words are to read: the age a text asks for, and its longest sentence.

English: the Automated Readability Index (Smith and Senter 1967, Automated Readability Index,
AMRL-TR-66-220), 4.71 letters per word + 0.5 words per sentence - 21.43, rounded up to a school
grade; grade 1 is read at five to six. It counts letters, so it needs no dictionary and can be
recomputed by hand. It was fitted to passages of books: for one short text it is a rough guide.
Welsh: no formula with a published validation is known to us, so only sentences are measured.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import ceil

LONGEST_SENTENCE = 20
"""Words (domain.md §4)."""
OLDEST = {"sms": 9, "email": 11}
"""The reading age that words of a channel may ask for (domain.md §4; GOV.UK writes for age 9)."""

_YOUNGEST = 5
_GRADE_TO_AGE = 4
_ENDS = re.compile(r"(?<=[.!?])[\"')\]]*\s+|\n+")
_ADDRESS = re.compile(r"(?:https?://|www\.)\S+|\S+@\S+|\b[\w-]+(?:\.[\w-]+)+(?:/\S*)?")
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_SPOKEN = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text asks of its reader."""

    age: int | None
    """In years; None where no formula fits the language."""
    longest: str
    """The longest sentence."""
    words: int
    """Words in it; a number or an address counts as one."""


def reading(text: str, language: str) -> Reading:
    """Measure a text. Addresses of web and mail are left out: they are not read."""
    found = [one for one in _ENDS.split(_ADDRESS.sub("x", text)) if _SPOKEN.search(one)]
    longest = max(found, key=lambda one: len(_SPOKEN.findall(one)), default="")
    age = None if language != "en" else age_of(index(found))
    return Reading(age, " ".join(longest.split()), len(_SPOKEN.findall(longest)))


def index(sentences: list[str]) -> float:
    """The Automated Readability Index; digits are no words."""
    words = [word for sentence in sentences for word in _WORD.findall(sentence)]
    if not words:
        return 0.0
    letters: int = sum(char.isalpha() for word in words for char in word)
    return 4.71 * letters / len(words) + 0.5 * len(words) / len(sentences) - 21.43


def age_of(score: float) -> int:
    """The age at which children read words of this index."""
    return max(_YOUNGEST, ceil(score) + _GRADE_TO_AGE)
