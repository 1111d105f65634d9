"""YAML text to plain values, with the place of each key and value kept.

Scalars stay text (`no`, `10:00` and `007` are what was written); the model turns
them into numbers and switches where it expects them. Anchors, aliases, tags and
duplicate keys are refused: each could make the file say something a reader misses.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import yaml

from nudge.trial.problems import Level, Problem, Problems

if TYPE_CHECKING:
    from pathlib import Path

Step: TypeAlias = str | int
Plain: TypeAlias = "str | list[Plain] | dict[str, Plain] | None"

_CORE_TAGS = "tag:yaml.org,2002:"
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_CHARACTERS = {
    "'": re.compile(r"(''|\S)"),
    '"': re.compile(r"\\[\stnvfrN_LP]|(\\x..|\\u.{4}|\\U.{8}|\\?\S)"),
}
"""What stands for one character of a value in quotes; outside the group, what stands for a blank or none."""
_ANY = re.compile(r"(\S)")


@dataclass(slots=True)
class Source:
    """A file's plain values and where each stands."""

    file: str
    values: Plain = None
    text: str = ""
    places: dict[tuple[Step, ...], tuple[int, int]] = field(default_factory=dict)
    """Where each key stands (or each item of a list)."""
    scalars: dict[tuple[Step, ...], yaml.ScalarNode] = field(default_factory=dict)
    """The single values, as they were written."""

    def place(self, path: tuple[Step, ...]) -> tuple[int, int]:
        """Line and column of a path, or of the nearest thing that encloses it."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.places:
                return self.places[path[:length]]
        return (1, 1)

    def problem(
        self,
        level: Level,
        path: tuple[Step, ...],
        what: str,
        remedy: str = "",
        *,
        offset: int | None = None,
    ) -> Problem:
        """A problem at a key of this file or, with `offset`, so many characters into its value."""
        line, column = self.place(path)
        if offset is not None and path in self.scalars:
            line, column = self._inside(self.scalars[path], offset)
        return Problem(level, self.file, line, column, dotted(path), what, remedy)

    def _inside(self, node: yaml.ScalarNode, offset: int) -> tuple[int, int]:
        """The place of a character of a value, behind its quotes and escapes and across its lines.

        YAML folds lines and blanks, so only what is not blank is counted.
        """
        start, end = node.start_mark.index, node.end_mark.index
        if node.style in {"|", ">"}:
            start = self.text.index("\n", start)
        elif node.style:
            start, end = start + 1, end - 1
        standing = _CHARACTERS.get(node.style or "", _ANY)
        spots = [match.start() for match in standing.finditer(self.text, start, end) if match[1]]
        number = sum(not char.isspace() for char in node.value[:offset])
        spot = spots[number] if number < len(spots) else spots[-1] + 1 if spots else start
        before = self.text[:spot]
        return (before.count("\n") + 1, spot - before.rfind("\n"))


def dotted(path: tuple[Step, ...]) -> str:
    """`arms.plan.messages[1].send`: lists count from 1, as people do."""
    text = ""
    for step in path:
        text += f"[{step + 1}]" if isinstance(step, int) else f".{step}"
    return text.removeprefix(".")


def read_text(path: Path, shown: str, problems: Problems) -> str | None:
    """A text file as UTF-8, with or without a byte order mark; None where it cannot be read."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        problems.add(Problem(Level.ERROR, shown, 0, 0, "", "there is no such file", "check the name"))
        return None
    except OSError as error:
        said = (error.strerror or str(error)).lower()
        problems.add(Problem(Level.ERROR, shown, 0, 0, "", f"cannot be read ({said})", "check the name"))
        return None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = error.object[: error.start].decode()
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        problems.add(Problem(Level.ERROR, shown, line, column, "", "is not UTF-8 text here", "save the file as UTF-8"))
        return None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def read_yaml(path: Path, problems: Problems, shown_as: str | None = None) -> Source:
    """Read a YAML file; what stands in the way goes to `problems`."""
    source = Source(shown_as or str(path))
    text = read_text(path, source.file, problems)
    return source if text is None else parse_yaml(text, source, problems)


def parse_yaml(text: str, source: Source, problems: Problems) -> Source:
    """Parse YAML text into `source`; what stands in the way goes to `problems`."""
    source.text = text
    try:
        shortcuts = list(_shortcuts(text, source))
        problems.extend(shortcuts)
        if shortcuts:
            return source
        documents = [node for node in yaml.compose_all(text, Loader=yaml.SafeLoader) if node is not None]
        if len(documents) == 1 and isinstance(documents[0], yaml.MappingNode):
            source.values = _plain(documents[0], (), source, problems)
        else:
            problems.add(_no_mapping(source, documents))
    except yaml.YAMLError as error:
        problems.add(_syntax_problem(source, error))
    except RecursionError:
        what = "has too many brackets inside each other"
        problems.add(Problem(Level.ERROR, source.file, 1, 1, "", what, "write it more simply"))
    return source


def _no_mapping(source: Source, documents: list[yaml.Node]) -> Problem:
    line, column = _at(documents[-1].start_mark) if documents else (1, 1)
    if len(documents) > 1:
        what, remedy = "begins a second document", "take out the `---` before it"
    else:
        what = "is not a list of keys and values" if documents else "is empty"
        remedy = "write lines of `key: value`"
    return Problem(Level.ERROR, source.file, line, column, "", what, remedy)


def _shortcuts(text: str, source: Source) -> Iterator[Problem]:
    """Anchors, aliases and tags."""
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        line, column = _at(event.start_mark)
        anchor, tag = getattr(event, "anchor", None), getattr(event, "tag", None)
        if anchor:
            yield Problem(
                Level.ERROR, source.file, line, column, "",
                f"the YAML shortcut `{anchor}` (an anchor or alias) is not used here",
                "write the words out where they apply (a text that begins with `*` or `&` needs quotes round it)",
            )  # fmt: skip
        if tag:
            shown = tag.replace(_CORE_TAGS, "!!")
            yield Problem(
                Level.ERROR, source.file, line, column, "", f"the YAML tag `{shown}` is not used here",
                "leave it out (a text that begins with `!` needs quotes round it)",
            )  # fmt: skip


def _at(mark: Any) -> tuple[int, int]:
    """A mark as line and column, both from 1."""
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)


_SAID = (
    ("mapping values are not allowed", "a second `: ` stands in this line", "put quotes round a text with a colon"),
    ("found character '\\t'", "a tab stands here", "indent with spaces"),
    ("could not find expected ':'", "this line is not a key and a value", "write `key: value`"),
    ("found unexpected end of stream", "a quote is opened here and not closed", "close it"),
    ("expected ',' or", "a bracket is opened here and not closed, or lacks a comma", "look at its end and its commas"),
    ("expected <block end>", "this line does not follow from the lines above", "check the indentation and the quotes"),
    ("found unknown escape", "a backslash stands here in double quotes", "use single quotes, or write it twice"),
    ("special characters are not allowed", "a character stands here that no text has", "take it out"),
)
"""The commonest complaints of the YAML library, in plain words."""
_OPENED = ("found unexpected end of stream", "expected ',' or")
"""Those whose cause stands where something was opened."""


def _syntax_problem(source: Source, error: yaml.YAMLError) -> Problem:
    said = str(getattr(error, "problem", None) or getattr(error, "reason", None) or "it cannot be read")
    mark = getattr(error, "problem_mark", None)
    if said.startswith(_OPENED):
        mark = getattr(error, "context_mark", None) or mark
    line, column = _at(mark)
    if isinstance(error, yaml.reader.ReaderError):
        before = source.text[: error.position]
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    for start, what, remedy in _SAID:
        if said.startswith(start):
            return Problem(Level.ERROR, source.file, line, column, "", what, remedy)
    return Problem(
        Level.ERROR, source.file, line, column, "", f"is not valid YAML here ({said})",
        "look for a missing space after a colon, an unclosed quote or bracket, or a text that needs quotes",
    )  # fmt: skip


def _plain(node: yaml.Node, path: tuple[Step, ...], source: Source, problems: Problems) -> Plain:
    source.places.setdefault(path, _at(node.start_mark))
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, path, source, problems)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(child, (*path, i), source, problems) for i, child in enumerate(node.value)]
    if not isinstance(node, yaml.ScalarNode):
        raise TypeError("YAML has three kinds of nodes")
    source.scalars[path] = node
    return None if node.style is None and node.value in _NULLS else str(node.value)


def _mapping(node: yaml.MappingNode, path: tuple[Step, ...], source: Source, problems: Problems) -> dict[str, Plain]:
    result: dict[str, Plain] = {}
    for key_node, value_node in node.value:
        line, column = _at(key_node.start_mark)
        if not isinstance(key_node, yaml.ScalarNode):
            problems.add(
                Problem(
                    Level.ERROR, source.file, line, column, dotted(path),
                    "a key must be a word", "write `name: value`",
                )
            )  # fmt: skip
            continue
        key = str(key_node.value)
        here = (*path, key)
        if key in result:
            first = source.places[here][0]
            problems.add(
                Problem(
                    Level.ERROR, source.file, line, column, dotted(here),
                    f"stands twice; it was already given on line {first}", "keep one of the two",
                )
            )  # fmt: skip
            continue
        source.places[here] = (line, column)
        result[key] = _plain(value_node, here, source, problems)
    return result
