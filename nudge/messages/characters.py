"""Characters that make a text dearer, or that its provider does not carry: each by its name."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from nudge.messages.checks import Remark
from nudge.messages.clean import PLAIN, plain
from nudge.messages.segments import as_notify_sends, counted_by
from nudge.trial.problems import Level, listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nudge.trial.records.messages import Template, Words

_NAMED = 3


def dear_characters(template: Template, words: Words, sent_by: str) -> Iterator[Remark]:
    """What forces Unicode in a text, and what it costs."""
    if template.channel != "sms":
        return
    if sent_by == "govuk_notify":
        yield from _not_carried(words)
    cut = counted_by(words.text, sent_by)
    signs = [char for char in cut.forcing_unicode if char in PLAIN]
    others = [char for char in cut.forcing_unicode if char not in PLAIN]
    without = counted_by(plain(words.text), sent_by)
    if signs:
        shown = listed(f"`{PLAIN[char]}`" for char in dict.fromkeys(signs[:_NAMED]))
        cheaper = f"{without.count} with plain signs" if without.count < cut.count else "no fewer without"
        yield Remark(
            "plain", Level.ADVICE,
            f"holds {named(signs)}, so that a segment takes 70 characters in place of 160 "
            f"({_segments(cut.count)}, {cheaper})",
            f"write {shown}, or put `plain: yes` in the head, which does so for every family's name too", signs[0],
        )  # fmt: skip
    if others:
        yield Remark(
            "unicode", Level.ADVICE,
            f"holds {named(others)}, so that a segment takes 70 characters in place of 160 ({_segments(cut.count)})",
            "count the cost, or find another word: none of them has a plain form that means the same", others[0],
        )  # fmt: skip


def _segments(count: int) -> str:
    return f"{count} segment{'s' if count != 1 else ''}"


def named(characters: list[str]) -> str:
    """`ŵ (LATIN SMALL LETTER W WITH CIRCUMFLEX)`, the first few."""
    shown = [f"`{char}` ({unicodedata.name(char, f'U+{ord(char):04X}')})" for char in characters[:_NAMED]]
    more = len(characters) - len(shown)
    return listed([*shown, f"{more} more"] if more else shown)


def _not_carried(words: Words) -> Iterator[Remark]:
    sent = as_notify_sends(words.text)
    if sent.count("?") > words.text.count("?"):
        lost = [char for char in dict.fromkeys(words.text) if char != "?" and as_notify_sends(char) == "?"]
        yield Remark(
            "not_carried", Level.LAUNCH, f"holds {named(lost)}, in place of which GOV.UK Notify sends `?`",
            "use another channel for these words, or leave the characters out", lost[0],
        )  # fmt: skip
