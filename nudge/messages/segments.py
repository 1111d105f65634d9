"""SMS segments as Twilio counts them.

A text of GSM 03.38 characters takes 7 bits each (14 for the extension table), any other
text 16 bits per UTF-16 unit. One segment carries 1,120 bits; in a text of several, each
gives 48 of them to the header, and no character (grapheme) is cut across two segments.
Source: Twilio's published message-segment-calculator; held to its output on stored vectors.
"""

from __future__ import annotations

import regex

from nudge.trial.records.messages import Segments

# GSM 03.38 (3GPP TS 23.038), basic table; escape itself is not a character one can write.
_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = frozenset("\f^{}\\[~]|€")
_SEGMENT_BITS = 1120
_HEADER_BITS = 48
_GSM_BITS = 7
_UNICODE_BITS = 16
_GRAPHEME = regex.compile(r"\X")


def segments(text: str) -> Segments:
    """How Twilio would cut this text."""
    foreign = tuple(dict.fromkeys(char for char in text if char not in _BASIC and char not in _EXTENSION))
    if not foreign:
        units = [2 if char in _EXTENSION else 1 for char in text]
        return Segments("GSM-7", sum(units), _cut([_GSM_BITS * unit for unit in units]), ())
    graphemes = [part for whole in _GRAPHEME.findall(text) for part in (whole if whole == "\r\n" else [whole])]
    bits = [_UNICODE_BITS * len(grapheme.encode("utf-16-le")) // 2 for grapheme in graphemes]
    return Segments("UCS-2", len(graphemes), _cut(bits), foreign)


def _cut(bits: list[int]) -> int:
    """The number of segments for characters of these sizes."""
    if sum(bits) <= _SEGMENT_BITS:
        return 1
    count, free = 1, _SEGMENT_BITS - _HEADER_BITS
    for size in bits:
        if size > free:
            count += 1
            free = _SEGMENT_BITS - _HEADER_BITS
        free -= size
    return count
