"""The Jinja environments that bodies are compiled in: sandboxed, strict, and poor in words.

A template cannot reach anything but its columns, `plural`, `link` and three filters; a column
that is blank is an error, never an empty gap. Values from the roll are data: never read as a
template, nor as markup.
"""

from __future__ import annotations

from functools import lru_cache, partial
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from jinja2 import StrictUndefined, TemplateRuntimeError, Undefined
from jinja2.sandbox import SandboxedEnvironment

from nudge.messages.guard import guarded
from nudge.messages.links import Link
from nudge.messages.moments import day_and_time_filter, day_filter, time_filter
from nudge.messages.plurals import plural

if TYPE_CHECKING:
    from collections.abc import Callable

OWN_WORDS = frozenset({"plural", "link"})
"""Names in a template that are no columns."""


@lru_cache(maxsize=64)
def environment(language: str = "en", zone: str = "Europe/London", *, marked_up: bool = False) -> SandboxedEnvironment:
    """The environment of a language and time zone. marked_up: values are kept apart from an email's markup."""
    # Escaping follows the markup's reading (messages/email_body.py); a text message has no markup to escape.
    made = SandboxedEnvironment(
        undefined=StrictUndefined, autoescape=False, keep_trailing_newline=False,
        finalize=_guarded if marked_up else printed, extensions=(),
    )  # fmt: skip
    clock = ZoneInfo(zone)
    made.globals.clear()  # Jinja's own helpers are no words for a family; its `lipsum` would write Latin
    made.globals["plural"] = _plural(language)
    made.filters |= {
        "day": partial(day_filter, language=language, zone=clock),
        "time": partial(time_filter, language=language, zone=clock),
        "day_and_time": _day_and_time(language, clock),
    }
    return made


def _plural(language: str) -> Callable[..., str]:
    def chosen(number: object, one: str | None = None, other: str | None = None, **forms: str) -> str:
        return plural(number, language, one, other, forms)

    return chosen


def _day_and_time(language: str, zone: ZoneInfo) -> Callable[..., str]:
    def written(value: object, at: object = None) -> str:
        return day_and_time_filter(value, language, zone, at)

    return written


def printed(value: object) -> object:
    """What stands between braces; `True` and the innards of Python are no words for a family."""
    if isinstance(value, Undefined | str) or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value
    if isinstance(value, bool):
        raise TemplateRuntimeError("a yes or no has no words of its own: write {% if COLUMN %}…{% endif %}")
    raise TemplateRuntimeError(f"a {type(value).__name__} cannot stand in a message: name a column")


def _guarded(value: object) -> object:
    shown = printed(value)
    return guarded(shown) if isinstance(shown, str) and not isinstance(shown, Link) else shown
