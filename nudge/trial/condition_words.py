"""The words and signs of a condition: what may stand in one, before its meaning is asked.

Python's parser reads what is left, so nothing else of Python must get through to it:
comments would hide a rule, two texts side by side would become one, and words that Python
keeps for itself (`class`, `from`) are columns here.
"""

from __future__ import annotations

import ast
import keyword
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLE = "write comparisons joined by and, or, not; for instance `age_months >= 22 and not refuge`"
_OPERATORS = frozenset({"and", "or", "not", "in", "is"})
_DEEPEST = 50
_TEXT = r"'[^'\\\0\ud800-\udfff]*'|\"[^\"\\\0\ud800-\udfff]*\""
_TOKEN = re.compile(
    rf"""(?P<space>\s+)
    |(?P<word>[A-Za-z_][A-Za-z_0-9]*\b(?!['"]))
    |(?P<number>[0-9]{{1,15}}(?:\.[0-9]+)?(?![\w.]))
    |(?P<text>(?:{_TEXT})(?!\s*['"]))
    |(?P<sign>==|!=|<=(?!>)|>=|<(?![>=])|>(?!=)|[()\[\]{{}},]|-)""",
    re.VERBOSE,
)
_FOREIGN = re.compile(
    rf"""(?P<twice>{_TEXT})|(?P<open>['"].*)|(?P<other>\#[^\n]*|=[<>]|<>|&&|\|\||[0-9][\w.]*|\w+(?:{_TEXT})?|.)""",
    re.DOTALL | re.VERBOSE,
)
_REMEDIES = {
    "=>": "write `>=`", "=<": "write `<=`", "<>": "write `!=`", "&&": "write `and`", "&": "write `and`",
    "||": "write `or`", "|": "write `or`", "!": "write `not`",
    **dict.fromkeys("“”„‘’", "use straight quotes: ' or \""),
    **dict.fromkeys("+*/%", "compare columns with values; nothing is calculated here"),
    ".": "name a column, or write a number such as 0.5",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Flaw:
    """One thing wrong in a condition, `offset` characters from its start."""

    offset: int
    what: str
    remedy: str


class ConditionError(ValueError):
    """A condition that cannot be used, with every flaw found."""

    def __init__(self, flaws: list[Flaw]) -> None:
        self.flaws = flaws
        super().__init__("; ".join(flaw.what for flaw in flaws))


@dataclass(frozen=True, slots=True)
class Written:
    """A condition as it was written, and as Python's parser reads it."""

    text: str
    code: str
    """What the parser read: character by character as long as the text, but for blanks at its end."""
    tree: ast.expr

    def offset(self, node: ast.expr) -> int:
        """Characters of the text before a node."""
        return self._characters(node.col_offset)

    def words(self, node: ast.expr) -> str:
        """A node as it was written."""
        return self.text[self.offset(node) : self._characters(node.end_col_offset)]

    def _characters(self, size: int | None) -> int:
        """The parser counts bytes of UTF-8, from the first word on."""
        start = len(self.code) - len(self.code.lstrip())
        return start + len(self.code[start:].encode()[:size].decode())


def written(text: str) -> Written:
    """Read a condition's words. Raises ConditionError with everything that is not one."""
    if not text.strip():
        raise ConditionError([Flaw(0, "is empty", f"{EXAMPLE}, or leave the key out")])
    flaws: list[Flaw] = []
    code = "".join(_words(text, flaws)).rstrip()
    if flaws:
        raise ConditionError(flaws)
    start = len(code) - len(code.lstrip())
    try:
        read = Written(text, code, ast.parse(code[start:], mode="eval").body)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        offset = min(start + max((getattr(error, "offset", None) or 1) - 1, 0), len(code))
        raise ConditionError([Flaw(offset, "cannot be read as a condition from here", EXAMPLE)]) from None
    if _too_deep(read.tree):
        raise ConditionError([Flaw(start, "has too many brackets or `not`s inside each other", "write it more simply")])
    _restore(read)
    return read


def _words(text: str, flaws: list[Flaw]) -> Iterator[str]:
    """The text, piece by piece, as Python's parser may read it, each piece as long as it was."""
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            match = _FOREIGN.match(text, position)
            if match is None:
                raise AssertionError("any character is a foreign one")
            flaws.append(_foreign(match))
        elif match.lastgroup == "word" and match[0] != match[0].lower() in _OPERATORS:
            flaws.append(Flaw(position, f"`{match[0]}` is written in capitals", f"write `{match[0].lower()}`"))
        elif match.lastgroup == "word" and keyword.iskeyword(match[0]) and match[0] not in _OPERATORS:
            yield match[0].swapcase()
        elif match.lastgroup == "space":
            yield " " * len(match[0])
        else:
            yield re.sub(r"[\r\n]", " ", match[0])
        position = match.end()


def _foreign(match: re.Match[str]) -> Flaw:
    """What is wrong with a piece that no condition has."""
    word, offset = match[0], match.start()
    if match.lastgroup == "twice":
        return Flaw(offset, f"{word} stands beside another text", "put a comma between them")
    if match.lastgroup == "open":
        if "\\" in word:
            return Flaw(offset, "a text with a backslash is not part of a condition", "leave the backslash out")
        return Flaw(offset, "a quote is opened and not closed", "write a text as 'text' or \"text\"")
    if word == "=":
        return Flaw(offset, "a single `=` is not a comparison", "write `==` for equal")
    if word.startswith("#"):
        return Flaw(offset, "`#` is not part of a condition", "put the remark on a line of its own, above the key")
    return Flaw(offset, f"`{word}` is not part of a condition", _REMEDIES.get(word, EXAMPLE))


def _too_deep(tree: ast.expr) -> bool:
    """Whether evaluating it could run out of stack."""
    level: list[ast.AST] = [tree]
    for _ in range(_DEEPEST):
        level = [child for node in level for child in ast.iter_child_nodes(node)]
    return bool(level)


def _restore(read: Written) -> None:
    """Give names that Python keeps for itself back their own spelling."""
    for node in ast.walk(read.tree):
        if isinstance(node, ast.Name) and keyword.iskeyword(node.id.swapcase()):
            node.id = read.words(node)
