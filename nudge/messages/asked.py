"""What a template asks for: its columns, those it says aloud, and the targets it links to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from jinja2 import TemplateSyntaxError, meta, nodes

from nudge.messages.environment import OWN_WORDS, environment

if TYPE_CHECKING:
    from collections.abc import Callable

_OTHER_FILES = (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)


@dataclass(frozen=True, slots=True)
class Asked:
    """Names in a template; for some the line on which each first stands, counted from 1."""

    columns: frozenset[str] = frozenset()
    spoken: Mapping[str, int] = field(default_factory=dict)
    """Columns whose value is written out, not only asked about."""
    targets: Mapping[str, int] = field(default_factory=dict)
    """Names given to `link(…)`."""


def asked(body: str, flaw: Callable[[int, str, str], None]) -> Asked | None:
    """What a body asks for; None, with every flaw told by its line, where it cannot be used."""
    try:
        tree = environment().parse(body)
        environment().from_string(body)  # finds filters and tests that do not exist
    except TemplateSyntaxError as error:
        said = (error.message or "").rstrip(".")
        flaw(error.lineno, f"cannot be read as a template ({said})", "look at its {{ braces }} and {% tags %}")
        return None
    others = list(tree.find_all(_OTHER_FILES))
    for node in others:
        flaw(node.lineno, "takes words from another file", "write them out here: what is locked is this file")
    columns = frozenset(meta.find_undeclared_variables(tree)) - OWN_WORDS
    targets = _targets(tree, flaw)
    if others or targets is None:
        return None
    spoken: dict[str, int] = {}
    for output in tree.find_all(nodes.Output):
        for name in output.find_all(nodes.Name):
            if name.name in columns:
                spoken.setdefault(name.name, name.lineno)
    return Asked(columns, spoken, targets)


def _targets(tree: nodes.Template, flaw: Callable[[int, str, str], None]) -> dict[str, int] | None:
    """The names of `link(…)`; None where one cannot be known before a family is."""
    found: dict[str, int] = {}
    calls = [
        call for call in tree.find_all(nodes.Call) if isinstance(call.node, nodes.Name) and call.node.name == "link"
    ]
    usable = True
    for call in calls:
        name = call.args[0] if len(call.args) == 1 and not call.kwargs else None
        if isinstance(name, nodes.Const) and isinstance(name.value, str):
            found.setdefault(name.value, call.lineno)
        else:
            usable = False
            flaw(call.lineno, "links to something that is no name", "write {{ link('booking') }}, with the name quoted")
    return found if usable else None
