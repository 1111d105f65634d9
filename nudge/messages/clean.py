"""Free text from a roll made fit to stand in a message, and typographic signs made plain."""

from __future__ import annotations

import re
import unicodedata

_JOINERS = "\u200c\u200d"
_NO_WORDS = frozenset({"Cc", "Cf", "Cs", "Co"})
_ADDRESS = re.compile(
    r"://|\bwww\.|(?<![@\w.-])[\w-]+(?:\.[\w-]+)*\.(?:com|org|net|uk|wales|cymru|info|io|co|ly|me|app|link)\b",
    re.IGNORECASE,
)

PLAIN = {
    "\u2018": "'", "\u2019": "'", "\u201a": "'", "\u201b": "'", "\u2032": "'", "\u00b4": "'", "`": "'",
    "\u201c": '"', "\u201d": '"', "\u201e": '"', "\u2033": '"', "\u00ab": '"', "\u00bb": '"',
    "\u2010": "-", "\u2011": "-", "\u2012": "-", "\u2013": "-", "\u2014": "-", "\u2212": "-", "\u2022": "-",
    "\u2026": "...", "\u00a0": " ", "\u202f": " ", "\u2009": " ",
}  # fmt: skip
"""Typographic signs that GSM-7 lacks, and the plain ones that mean the same."""
_PLAIN = str.maketrans(PLAIN)


def one_line(text: str) -> str:
    """Free text without what could forge a header or a second message, or turn the words around it.

    Left out: line breaks, controls, private-use characters, and invisible marks such as those
    that set the direction of reading (Unicode Cc, Cf, Co, Cs); kept: the joiners that Persian,
    Hindi and emoji are spelt with.
    """
    # `isprintable` is false for each of those categories, and for every blank but the common one.
    if text.isprintable() and "  " not in text and text == text.strip(" "):
        return text
    kept = "".join(
        char for char in text if char.isspace() or char in _JOINERS or unicodedata.category(char) not in _NO_WORDS
    )
    return " ".join(kept.split())


def holds_address(text: str) -> bool:
    """Whether a phone would make a link of it: a family's own words must not send others anywhere."""
    return ("." in text or ":" in text) and _ADDRESS.search(text) is not None


def plain(text: str) -> str:
    """Curly quotes, dashes, dots and odd blanks as the plain signs that GSM-7 has."""
    return text.translate(_PLAIN)
