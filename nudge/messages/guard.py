"""Values told apart from the markup around them.

An email's markup (`# heading`, `- item`, `[words](https://…)`) is the template's alone. What
comes out of `{{ braces }}` has its punctuation lifted into Unicode's private use area until
the markup has been read, so that no name can be taken for markup; values hold no such
characters of their own (`clean.one_line`).
"""

from __future__ import annotations

import string

_BASE = 0xE000
_UP = {ord(char): _BASE + ord(char) for char in string.punctuation}
_DOWN = {there: here for here, there in _UP.items()}


def guarded(text: str) -> str:
    """A value with its punctuation out of the reach of markup."""
    return text.translate(_UP)


def unguarded(text: str) -> str:
    """The same with its punctuation back."""
    return text.translate(_DOWN)
