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
from jinja2 import StrictUndefined, TemplateError, TemplateRuntimeError, Undefined, UndefinedError
from jinja2.sandbox import SandboxedEnvironment

from nudge.messages.segments import segments
from nudge.trial.errors import InputError
from nudge.trial.records.messages import Template, Words
from nudge.trial.tables import shortened

if TYPE_CHECKING:
    from collections.abc import Mapping

    import jinja2

    from nudge.trial.records.people import Value


_JOINERS = "\u200c\u200d"


class RenderError(InputError):
    """Words that cannot be made for one person."""


@lru_cache(maxsize=1)
def environment() -> SandboxedEnvironment:
    """The one environment every body is compiled in."""
    # Text messages and plain-text emails: there is no markup to escape.
    made = SandboxedEnvironment(
        undefined=StrictUndefined, autoescape=False, keep_trailing_newline=False, finalize=_printed, extensions=()
    )
    made.globals.clear()  # a template knows the columns and nothing else; Jinja's `lipsum` would write Latin
    return made


def _printed(value: object) -> object:
    """What stands between braces; `True` and the innards of Python are no words for a family."""
    if isinstance(value, Undefined | str) or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value
    if isinstance(value, bool):
        raise TemplateRuntimeError("a yes or no has no words of its own: write {% if COLUMN %}…{% endif %}")
    raise TemplateRuntimeError(f"a {type(value).__name__} cannot stand in a message: name a column")


@lru_cache(maxsize=512)
def _compiled(body: str) -> jinja2.Template:
    return environment().from_string(body)


def render(template: Template, columns: Mapping[str, Value], unit: str) -> Words:
    """The words for one person. Raises RenderError naming the unit and the blank column."""
    values = {name: _shown(name, value, template.language) for name, value in columns.items()}
    try:
        text = _compiled(template.body).render(values).strip()
        subject = " ".join(_compiled(template.subject).render(values).split())
    except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError) as error:
        said = shortened(str(error), 200)
        blank = isinstance(error, UndefinedError)
        raise RenderError(
            f"{template.file}: cannot be rendered for unit {unit} ({said})",
            "fill the blank, exclude such families, or write `{% if COLUMN is defined %}`" if blank
            else "correct the template",
        ) from None  # fmt: skip
    count = segments(text).count if template.channel == "sms" else 1
    return Words(template.key, template.channel, subject, template.sender, text, count)


def _shown(name: str, value: Value, language: str) -> str | float | Undefined:
    """A value as people read it; a blank stays undefined, so that using it is an error."""
    if value is None:
        return StrictUndefined(hint=f"`{name}` is blank", name=name)
    if isinstance(value, bool):
        return value
    if isinstance(value, date):
        return format_date(value, "EEEE d MMMM", locale="cy" if language == "cy" else "en_GB")
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    return _one_line(value)


def _one_line(text: str) -> str:
    """Free text without what could forge a header or a second message, or turn the words around it.

    Left out: line breaks, controls, and invisible marks such as those that set the direction
    of reading (Unicode Cc, Cf); kept: the joiners that Persian, Hindi and emoji are spelt with.
    """
    kept = "".join(char for char in text if char.isspace() or char in _JOINERS or not _invisible(char))
    return " ".join(kept.split())


def _invisible(char: str) -> bool:
    return unicodedata.category(char) in {"Cc", "Cf", "Cs"}
