"""Kinds of value a trial file holds, and the block every other block is made from."""

from __future__ import annotations

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


_SHARE = {"type": "number", "minimum": 0, "maximum": 1}


def _written(parse: Any, example: str, in_json: dict[str, Any] | None = None) -> tuple[Any, ...]:
    """Pydantic parts of a value that is written as text in the file, and perhaps otherwise `in_json`."""

    def parsed(given: object) -> object:
        if given is None:
            raise quantities.GrammarError("is empty", f"write it as `{example}`")
        if isinstance(given, bool | list | dict):
            raise quantities.GrammarError("a text is expected here", f"write it as `{example}`")
        return parse(given)

    text = {"type": "string", "examples": [example]}
    return (
        BeforeValidator(parsed),
        WithJsonSchema({"anyOf": [text, in_json]} if in_json else text),
    )


Proportion = Annotated[float, *_written(grammar.proportion, "62%", _SHARE)]
Rate = Annotated[float, *_written(grammar.rate, "3 per 1000", _SHARE)]
_AS_TEXT = PlainSerializer(str, return_type=str)
Difference = Annotated[quantities.Difference, *_written(grammar.difference, "5 points"), _AS_TEXT]
Day = Annotated[date, *_written(grammar.day, "2027-01-11"), _AS_TEXT]
Month = Annotated[str, *_written(grammar.month, "2026-03")]
Duration = Annotated[quantities.Duration, *_written(grammar.duration, "56 days"), _AS_TEXT]
FixedDuration = Annotated[quantities.Duration, *_written(grammar.fixed_duration, "2 days"), _AS_TEXT]
Count = Annotated[quantities.Count, *_written(grammar.count, "200 sends"), _AS_TEXT]
Window = Annotated[quantities.Window, *_written(grammar.window, "56 days from first_planned_send"), _AS_TEXT]
SendTime = Annotated[quantities.SendTime, *_written(grammar.send_time, "14 days before due_date at 10:00"), _AS_TEXT]
Comparison = Annotated[quantities.Comparison, *_written(grammar.comparison, "plan - reminder"), _AS_TEXT]


def as_list(given: object) -> object:
    """One word where a list is expected is a list of one."""
    return [given] if isinstance(given, str) else given


Price = Annotated[float, Field(ge=0)]
Columns = Annotated[tuple[Column, ...], BeforeValidator(as_list)]


class Part(BaseModel):
    """Any block of the file: frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True, allow_inf_nan=False)
