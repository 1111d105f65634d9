"""Kinds of value a trial file holds, and the block every other block is made from."""

from __future__ import annotations

import inspect
import re
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema

from nudge.trial import grammar, quantities

Name = Annotated[str, Field(pattern=rf"^{grammar.NAME}$")]
Column = Annotated[str, Field(min_length=1)]
Text = Annotated[str, Field(min_length=1)]
ColumnType = Literal["number", "date", "category", "yes_no", "text"]
Channel = Literal["sms", "email", "staff"]
Kind = Literal["binary", "count", "continuous", "ordinal", "time_to_event"]
Role = Literal["primary", "secondary", "distal", "process", "harm"]


SHARE = {"type": "number", "minimum": 0, "maximum": 1}
"""A proportion in JSON; the file writes `62%`."""

_N = r"[0-9]+(\.[0-9]+)?"
_LENGTH = rf"{_N}\s+(minute|hour|day|week|month)s?"


def _written(parse: Any, example: str, pattern: str, in_json: dict[str, Any] | None = None) -> tuple[Any, ...]:
    """Pydantic parts of a value that is written as text in the file, and perhaps otherwise `in_json`.

    pattern: for editors, what every text that `parse` takes looks like; `parse` may be stricter.
    """

    def parsed(given: object) -> object:
        if given is None:
            raise quantities.GrammarError("is empty", f"write it as `{example}`")
        if isinstance(given, bool | list | dict):
            raise quantities.GrammarError("a text is expected here", f"write it as `{example}`")
        return parse(given)

    text = {"type": "string", "pattern": rf"^\s*{pattern}\s*$", "examples": [example]}
    return (
        BeforeValidator(parsed),
        WithJsonSchema({"anyOf": [text, in_json]} if in_json else text),
    )


_PERCENT = rf"{_N}\s*%"
Proportion = Annotated[float, *_written(grammar.proportion, "62%", _PERCENT, SHARE)]
Rate = Annotated[float, *_written(grammar.rate, "3 per 1000", rf"({_PERCENT}|{_N}\s+per\s+[0-9]+)", SHARE)]
_AS_TEXT = PlainSerializer(str, return_type=str)
Difference = Annotated[
    quantities.Difference, *_written(grammar.difference, "5 points", rf"(?!{_N}\s*%?\s*$){_N}\s*\S.*"), _AS_TEXT
]
Day = Annotated[date, *_written(grammar.day, "2027-01-11", r"[0-9]{4}-[0-9]{2}-[0-9]{2}"), _AS_TEXT]
Month = Annotated[str, *_written(grammar.month, "2026-03", r"[0-9]{4}-[0-9]{2}")]
WebAddress = Annotated[str, *_written(grammar.web_address, "https://example.org/book", r"https://\S+")]
Duration = Annotated[quantities.Duration, *_written(grammar.duration, "56 days", _LENGTH), _AS_TEXT]
FixedDuration = Annotated[quantities.Duration, *_written(grammar.fixed_duration, "2 days", _LENGTH), _AS_TEXT]
Count = Annotated[quantities.Count, *_written(grammar.count, "200 sends", r"[0-9]+\s+(send|event)s?"), _AS_TEXT]
Window = Annotated[
    quantities.Window,
    *_written(grammar.window, "56 days from first_planned_send", rf"{_LENGTH}\s+from\s+\S+(\s+[+-]\s+{_LENGTH})?"),
    _AS_TEXT,
]
SendTime = Annotated[
    quantities.SendTime,
    *_written(
        grammar.send_time, "14 days before due_date at 10:00",
        rf"({_LENGTH}\s+(before|after)\s+)?(on\s+)?\S+(\s+at\s+\S+)?",
    ),
    _AS_TEXT,
]  # fmt: skip
Comparison = Annotated[
    quantities.Comparison,
    *_written(grammar.comparison, "plan - reminder", rf"{grammar.NAME}\s*-\s*{grammar.NAME}"),
    _AS_TEXT,
]


def as_list(given: object) -> object:
    """One word where a list is expected is a list of one."""
    return [given] if isinstance(given, str) else given


Price = Annotated[float, Field(ge=0)]
Columns = Annotated[tuple[Column, ...], BeforeValidator(as_list, json_schema_input_type=Column | tuple[Column, ...])]


def _with_help(schema: dict[str, Any], part: type[BaseModel]) -> None:
    """Give each key of a block its help, which stands in the block's docstring as `key: what it is`."""
    schema["description"] = _paragraphs(part)[0]
    properties = schema["properties"]
    keys = "|".join(properties)
    for block in reversed(part.__mro__):
        if keys and issubclass(block, BaseModel):
            rest = _paragraphs(block)[1]
            pieces = re.split(rf"(?:^|(?<=[.;,] ))((?:{keys})(?:, (?:{keys}))*): ", rest)
            for names, text in zip(pieces[1::2], pieces[2::2], strict=True):
                said = text.strip().rstrip(".;,")
                for name in names.split(", "):
                    properties[name]["description"] = f"{said[:1].upper()}{said[1:]}."


def _paragraphs(block: type) -> tuple[str, str]:
    """A docstring's first paragraph, and the others, each in one line."""
    first, _, rest = inspect.cleandoc(block.__doc__ or "").partition("\n\n")
    return " ".join(first.split()), " ".join(rest.split())


class Part(BaseModel):
    """Any block of the file: frozen, unknown keys refused."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", coerce_numbers_to_str=True, allow_inf_nan=False, json_schema_extra=_with_help
    )
