"""A template and one person's columns to the words they would read.

The environment is sandboxed and strict: a template cannot reach anything but the columns
it is given, and a column it names that is blank is an error, never an empty gap. Values
from the roll are data: they are never read as a template.
"""

from __future__ import annotations

import unicodedata
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING

from babel.dates import format_date
from jinja2 import StrictUndefined, TemplateError, Undefined
from jinja2.sandbox import SandboxedEnvironment

from nudge.messages.segments import segments
from nudge.trial.errors import InputError
from nudge.trial.records.messages import Template, Words

if TYPE_CHECKING:
    from collections.abc import Mapping

    import jinja2

    from nudge.trial.records.people import Value


class RenderError(InputError):
    """Words that cannot be made for one person."""


@lru_cache(maxsize=1)
def environment() -> SandboxedEnvironment:
    """The one environment every body is compiled in."""
    # Text messages and plain-text emails: there is no markup to escape.
    return SandboxedEnvironment(undefined=StrictUndefined, autoescape=False, keep_trailing_newline=False, extensions=())


@lru_cache(maxsize=512)
def _compiled(body: str) -> jinja2.Template:
    return environment().from_string(body)


def render(template: Template, columns: Mapping[str, Value], unit: str) -> Words:
    """The words for one person. Raises RenderError naming the unit and the blank column."""
    values = {name: _shown(name, value, template.language) for name, value in columns.items()}
    try:
        text = _compiled(template.body).render(values).strip()
        subject = " ".join(_compiled(template.subject).render(values).split())
    except TemplateError as error:
        raise RenderError(
            f"{template.file}: cannot be rendered for unit {unit} ({error.message})",
            "fill the blank, exclude such families, or write `{% if COLUMN is defined %}`",
        ) from None
    count = segments(text).count if template.channel == "sms" else 1
    return Words(template.key, template.channel, subject, template.sender, text, count)


def _shown(name: str, value: Value, language: str) -> str | bool | Undefined:
    """A value as people read it; a blank stays undefined, so that using it is an error."""
    if value is None:
        return StrictUndefined(hint=f"`{name}` is blank", name=name)
    if isinstance(value, bool):
        return value
    if isinstance(value, date):
        return format_date(value, "EEEE d MMMM", locale="cy" if language == "cy" else "en_GB")
    if isinstance(value, float):
        return f"{value:g}"
    return _one_line(value)


def _one_line(text: str) -> str:
    """Free text without line breaks or control characters, which could forge a header or a second message."""
    kept = (" " if unicodedata.category(char).startswith("Z") else char for char in text)
    return " ".join("".join(char for char in kept if unicodedata.category(char) != "Cc" or char.isspace()).split())
