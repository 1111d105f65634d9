"""A template and one person's columns to the words they would read.

A text with the same values is the same text: where its values are days, numbers or yes and no,
the words are made once and kept. Values that hold text, such as names, are never kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING

from jinja2 import StrictUndefined, TemplateError, UndefinedError, meta, nodes

from nudge.messages.clean import holds_address, one_line, plain
from nudge.messages.email_body import html_part, text_part
from nudge.messages.environment import OWN_WORDS, environment, printed
from nudge.messages.links import EXAMPLE_MANNER, Link, Manner
from nudge.messages.moments import Day, written_day
from nudge.messages.segments import count_of
from nudge.trial.errors import InputError
from nudge.trial.records.messages import Template, Words
from nudge.trial.tables import shortened

if TYPE_CHECKING:
    from collections.abc import Mapping

    import jinja2
    from jinja2 import Undefined

    from nudge.trial.records.people import Value


_NO_COLUMNS = OWN_WORDS | {"self"}


class RenderError(InputError):
    """Words that cannot be made for one person."""


@dataclass(frozen=True, slots=True)
class _Compiled:
    """A template ready to be rendered, and the names it asks for."""

    body: jinja2.Template
    subject: jinja2.Template
    names: tuple[str, ...]
    links: bool
    pieces: tuple[tuple[str, bool], ...] | None
    """A text of nothing but words and columns, piece by piece, each with whether it is a column; else None."""


@lru_cache(maxsize=512)
def _compiled(body: str, subject: str, language: str, zone: str, *, email: bool) -> _Compiled:
    plainly = environment(language, zone)
    tree = plainly.parse(body)
    names = meta.find_undeclared_variables(tree) | meta.find_undeclared_variables(plainly.parse(subject))
    return _Compiled(
        environment(language, zone, marked_up=email).from_string(body), plainly.from_string(subject),
        tuple(sorted(names - OWN_WORDS)), "link" in names, None if email else _pieces(tree),
    )  # fmt: skip


def _pieces(tree: nodes.Template) -> tuple[tuple[str, bool], ...] | None:
    """What a simple body is put together from without running it, which takes half the time."""
    found: list[tuple[str, bool]] = []
    for piece in (piece for output in tree.body for piece in getattr(output, "nodes", [output])):
        if isinstance(piece, nodes.TemplateData):
            found.append((piece.data, False))
        elif isinstance(piece, nodes.Name) and piece.name not in _NO_COLUMNS:
            found.append((piece.name, True))
        else:
            return None
    return tuple(found)


def _joined(pieces: tuple[tuple[str, bool], ...], values: Mapping[str, object]) -> str:
    """A simple body with its values. Raises UndefinedError for a blank, and for a name that is no column."""
    try:
        return "".join([str(printed(values[piece])) if column else piece for piece, column in pieces])
    except KeyError as error:
        raise UndefinedError(f"{error} is undefined") from None


def render(
    template: Template, columns: Mapping[str, Value], unit: str, manner: Manner = EXAMPLE_MANNER, reference: str = ""
) -> Words:
    """The words for one person. reference: the message's own, which links are identified by.

    Raises RenderError naming the unit and the blank column.
    """
    try:
        compiled = _compiled(
            template.body, template.subject, template.language, manner.zone, email=template.channel == "email"
        )
        names = compiled.names
        if not compiled.links and not any(isinstance(columns.get(name), str) for name in names):
            given = tuple(columns.get(name, _ABSENT) for name in names)
            return _kept(
                template.name, template.channel, template.language, template.subject, template.sender, template.body,
                template.plain, manner.zone, manner.sent_by, *given,
            )  # fmt: skip
        return _made(template, compiled, {name: columns[name] for name in names if name in columns}, manner, reference)
    except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError) as error:
        said = shortened(str(error), 200)
        blank = isinstance(error, UndefinedError)
        raise RenderError(
            f"{template.file}: cannot be rendered for unit {unit} ({said})",
            "fill the blank, exclude such families, or write `{% if COLUMN is defined %}`" if blank
            else "correct the template",
        ) from None  # fmt: skip


class _Absent:
    """A name that is no column: using it is an error."""


_ABSENT = _Absent()


@lru_cache(maxsize=16_384, typed=True)
def _kept(
    name: str, channel: str, language: str, subject: str, sender: str, body: str, plainly: bool,  # noqa: FBT001 - a key
    zone: str, sent_by: str, *given: Value | _Absent,
) -> Words:  # fmt: skip
    """Words whose values say nothing of one family alone."""
    template = Template(
        name, channel, language, "", subject, sender, (), body, frozenset(), "", plain=plainly
    )  # fmt: skip
    compiled = _compiled(body, subject, language, zone, email=channel == "email")
    values = {one: value for one, value in zip(compiled.names, given, strict=True) if not isinstance(value, _Absent)}
    return _made(template, compiled, values, Manner(zone, sent_by), "")


def _made(
    template: Template, compiled: _Compiled, columns: Mapping[str, Value], manner: Manner, reference: str
) -> Words:
    values: dict[str, object] = {name: _shown(name, value, template.language) for name, value in columns.items()}
    links: dict[str, str] = {}
    if compiled.links:

        def link(name: str) -> Link:
            links[name], address = manner.link(reference, name)
            return address

        values["link"] = link
    text = (_joined(compiled.pieces, values) if compiled.pieces is not None else compiled.body.render(values)).strip()
    subject, html = "", ""
    if template.subject:
        subject = " ".join(compiled.subject.render(values).split())
    if template.channel == "email":
        text, html = text_part(text), html_part(text, subject, template.language)
    if template.plain and template.channel == "sms":
        text = plain(text)
    count = count_of(text, manner.sent_by) if template.channel == "sms" else 1
    return Words(template.key, template.channel, subject, template.sender, text, count, html, links)


def _shown(name: str, value: Value, language: str) -> str | float | Day | Undefined:
    """A value as people read it; a blank stays undefined, so that using it is an error."""
    if value is None:
        return StrictUndefined(hint=f"`{name}` is blank", name=name)
    if isinstance(value, bool):
        return value
    if isinstance(value, date):
        return written_day(value, language)
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    if isinstance(value, str) and holds_address(value):
        raise ValueError(f"`{name}` holds a web address: a link must be one of `links:`, by {{{{ link('…') }}}}")
    return one_line(value) if isinstance(value, str) else value
