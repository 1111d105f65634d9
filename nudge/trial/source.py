"""YAML text to plain values, with the place of each key and value kept.

Scalars stay text (`no`, `10:00` and `007` are what was written); the model turns
them into numbers and switches where it expects them. Anchors, aliases, tags and
duplicate keys are refused: each could make the file say something a reader misses.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import yaml

from nudge.trial.problems import Level, Problem, Problems

if TYPE_CHECKING:
    from pathlib import Path

Step: TypeAlias = str | int
Plain: TypeAlias = "str | list[Plain] | dict[str, Plain] | None"

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_CORE_TAGS = "tag:yaml.org,2002:"


@dataclass(slots=True)
class Source:
    """A file's plain values and where each stands."""

    file: str
    values: Plain = None
    places: dict[tuple[Step, ...], tuple[int, int]] = field(default_factory=dict)
    """Where each key stands (or each item of a list)."""
    value_places: dict[tuple[Step, ...], tuple[int, int]] = field(default_factory=dict)
    """Where each value begins, quotes left aside."""

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
        if offset is not None and path in self.value_places:
            line, column = self.value_places[path]
            column += offset
        return Problem(level, self.file, line, column, dotted(path), what, remedy)


def dotted(path: tuple[Step, ...]) -> str:
    """`arms.plan.messages[1].send`: lists count from 1, as people do."""
    text = ""
    for step in path:
        text += f"[{step + 1}]" if isinstance(step, int) else f".{step}"
    return text.removeprefix(".")


def read_yaml(path: Path, problems: Problems, shown_as: str | None = None) -> Source:
    """Read a YAML file; what stands in the way goes to `problems`."""
    source = Source(shown_as or str(path))
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        problems.add(Problem(Level.ERROR, source.file, 0, 0, "", "there is no such file", "check the name"))
        return source
    except (UnicodeDecodeError, IsADirectoryError, PermissionError) as error:
        problems.add(Problem(Level.ERROR, source.file, 0, 0, "", f"cannot be read ({error})", "save it as UTF-8 text"))
        return source
    return parse_yaml(text, source, problems)


def parse_yaml(text: str, source: Source, problems: Problems) -> Source:
    """Parse YAML text into `source`; what stands in the way goes to `problems`."""
    try:
        if _has_alias(text, source, problems):
            return source
        documents = list(yaml.compose_all(text, Loader=yaml.SafeLoader))
    except yaml.YAMLError as error:
        problems.add(_syntax_problem(source, error))
        return source
    if len(documents) != 1 or not isinstance(documents[0], yaml.MappingNode):
        problems.add(
            Problem(
                Level.ERROR, source.file, 1, 1, "", "holds no list of keys and values",
                "begin with `trial: name-of-the-trial`",
            )
        )  # fmt: skip
        return source
    source.values = _plain(documents[0], (), source, problems)
    return source


def _has_alias(text: str, source: Source, problems: Problems) -> bool:
    seen = False
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        anchor = getattr(event, "anchor", None)
        if anchor:
            seen = True
            line, column = _at(event.start_mark)
            problems.add(
                Problem(
                    Level.ERROR, source.file, line, column, "",
                    f"the YAML shortcut `{anchor}` (an anchor or alias) is not used here",
                    "write the words out where they apply; an asterisk in a text needs quotes round it",
                )
            )  # fmt: skip
    return seen


def _at(mark: Any) -> tuple[int, int]:
    """A mark as line and column, both from 1."""
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)


def _syntax_problem(source: Source, error: yaml.YAMLError) -> Problem:
    line, column = _at(getattr(error, "problem_mark", None))
    said = getattr(error, "problem", None) or str(error)
    return Problem(
        Level.ERROR, source.file, line, column, "", f"is not valid YAML here ({said})",
        "look for a missing space after a colon, a tab, an unclosed quote or bracket, or wrong indentation",
    )  # fmt: skip


def _plain(node: yaml.Node, path: tuple[Step, ...], source: Source, problems: Problems) -> Plain:
    start = _at(node.start_mark)
    quoted = isinstance(node, yaml.ScalarNode) and node.style in {'"', "'"}
    source.places.setdefault(path, start)
    source.value_places[path] = (start[0], start[1] + quoted)
    if not node.tag.startswith(_CORE_TAGS) or node.tag.rpartition(":")[2] in {"binary", "python"}:
        problems.add(source.problem(Level.ERROR, path, f"the YAML tag `{node.tag}` is not used here", "leave it out"))
        return None
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, path, source, problems)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(child, (*path, i), source, problems) for i, child in enumerate(node.value)]
    plain = isinstance(node, yaml.ScalarNode) and node.style is None
    return None if plain and node.value in _NULLS else str(node.value)


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
