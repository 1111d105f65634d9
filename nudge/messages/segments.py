"""SMS segments as the provider that sends a text counts them.

A text of GSM 03.38 characters takes 7 bits each (14 for the extension table), any other
text 16 bits per UTF-16 unit. One segment carries 1,120 bits; in a text of several, each
gives 48 of them to the header, and no character (grapheme) is cut across two segments.
Source: Twilio's published message-segment-calculator; held to its output on stored vectors.

GOV.UK Notify first replaces what it does not carry (emoji, other scripts) and then divides the
characters, without regard to where a character would be cut.
"""

from __future__ import annotations

import re
import unicodedata
from math import ceil

import regex

from nudge.messages.clean import plain
from nudge.trial.records.messages import Segments

# GSM 03.38 (3GPP TS 23.038), basic table; escape itself is not a character one can write.
_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = frozenset("\f^{}\\[~]|€")
_ALL_BASIC = re.compile(f"[{re.escape(''.join(sorted(_BASIC)))}]*")
_ALL_GSM = re.compile(f"[{re.escape(''.join(sorted(_BASIC | _EXTENSION)))}]*")
# Letters and signs of one UTF-16 unit that never join into a grapheme: such a text is cut anywhere.
_LATIN = re.compile("[\n\x20-\x7e\xa0-\xac\xae-\u02ff\u1e00-\u1eff\u2010-\u2027\u20ac]*")
_SEGMENT_BITS = 1120
_HEADER_BITS = 48
_GSM_BITS = 7
_UNICODE_BITS = 16
_GRAPHEME = regex.compile(r"\X")
_ONE, _EACH = 160, 153
_ONE_UNICODE, _EACH_UNICODE = 70, 67
# GOV.UK Notify's list of Welsh letters it carries as they are.
_WELSH = frozenset("ÀÁÂÄÈÉÊËÌÍÎÏÒÓÔÖÙÚÛÜẀẂŴẄỲÝŶŸàáâäèéêëìíîïòóôöùúûüẁẃŵẅỳýŷÿ")


def segments(text: str) -> Segments:
    """How Twilio would cut this text."""
    foreign = tuple(dict.fromkeys(char for char in text if char not in _BASIC and char not in _EXTENSION))
    if not foreign:
        units = [2 if char in _EXTENSION else 1 for char in text]
        return Segments("GSM-7", sum(units), _cut([_GSM_BITS * unit for unit in units]), ())
    graphemes = [part for whole in _GRAPHEME.findall(text) for part in (whole if whole == "\r\n" else [whole])]
    bits = [_UNICODE_BITS * len(grapheme.encode("utf-16-le")) // 2 for grapheme in graphemes]
    return Segments("UCS-2", len(graphemes), _cut(bits), foreign)


def counted_by(text: str, sent_by: str) -> Segments:
    """Segments by the rule of the channel's file name; every one but Notify's is cut as the standard has it."""
    return notify_segments(text) if sent_by == "govuk_notify" else segments(text)


def count_of(text: str, sent_by: str) -> int:
    """The number of segments alone."""
    if _ALL_BASIC.fullmatch(text):  # the common case: every character one place, and all rules agree
        return 1 if len(text) <= _ONE else ceil(len(text) / _EACH)
    if sent_by != "govuk_notify" and _LATIN.fullmatch(text) and not _ALL_GSM.fullmatch(text):
        return 1 if len(text) <= _ONE_UNICODE else ceil(len(text) / _EACH_UNICODE)
    return counted_by(text, sent_by).count


def as_notify_sends(text: str) -> str:
    """What GOV.UK Notify makes of a text: typographic signs plain, and `?` for what it does not carry."""
    return "".join(_carried(char) for char in plain(text))


def _carried(char: str) -> str:
    if char in _BASIC or char in _EXTENSION or char in _WELSH:
        return char
    base = unicodedata.normalize("NFKD", char)[0]
    return base if base != char and base in _BASIC else "?"


def notify_segments(text: str) -> Segments:
    """How GOV.UK Notify counts: 160 or 153 each, 70 or 67 with Welsh letters that GSM-7 lacks."""
    sent = as_notify_sends(text)
    foreign = tuple(dict.fromkeys(char for char in sent if char not in _BASIC and char not in _EXTENSION))
    if foreign:
        count = 1 if len(sent) <= _ONE_UNICODE else ceil(len(sent) / _EACH_UNICODE)
        return Segments("UCS-2", len(sent), count, foreign)
    places = len(sent) + sum(char in _EXTENSION for char in sent)
    return Segments("GSM-7", places, 1 if places <= _ONE else ceil(places / _EACH), ())


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
