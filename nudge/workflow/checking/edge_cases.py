"""Made-up families that words are tried on: nobody here stands on a roll."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nudge.trial.model import Trial
    from nudge.trial.records.messages import Template
    from nudge.trial.records.people import Value

_DAY = date(2026, 6, 9)
_LONGEST_DAY = {"en": date(2026, 9, 30), "cy": date(2026, 12, 30)}
"""Wednesday 30 September, Dydd Mercher 30 Rhagfyr: no day takes more characters."""
_WEEK = timedelta(days=7)
_NUMBER = 3.0
LONG_NAME = "Wilhelmina-Alexandrina Featherstonehaugh-Cholmondeley"
_NAMES = {
    "a long name": LONG_NAME,
    "a blank name": None,
    "an apostrophe": "Sian O’Neill-D'Arcy",
    "a name in another script": "Олександра Шевченко",
    "a name with signs": "<b>Ann & Co</b> {{ 7 * 7 }}",
}


@dataclass(frozen=True, slots=True)
class MadeUp:
    """One family, by what is odd about it, with a value in every column."""

    label: str
    columns: Mapping[str, Value]


TYPICAL = "a typical family"


def families(trial: Trial, language: str) -> list[MadeUp]:
    """A typical family, and every way of departing from it that the columns allow."""
    kinds = trial.population.columns
    typical = {name: _value(name, kind) for name, kind in kinds.items()}

    def but(label: str, of: set[str], value: Value) -> list[MadeUp]:
        changed = {name: value for name, kind in kinds.items() if kind in of}
        return [MadeUp(label, typical | changed)] if changed else []

    names = [one for label, value in _NAMES.items() for one in but(label, {"text"} if value is None else _WORDY, value)]
    longest = _LONGEST_DAY.get(language, _LONGEST_DAY["en"])
    return [
        MadeUp(TYPICAL, typical),
        *names,
        *but("the longest day", {"date"}, longest),
        *but("no day", {"date"}, None),
        *but("one child", {"number"}, 1.0),
        *but("two children", {"number"}, 2.0),
        *but("a large number", {"number"}, 1234.5),
        *but("every answer no", {"yes_no"}, value=False),
    ]


_WORDY = {"text", "category"}


def two_children(trial: Trial, typical: MadeUp) -> tuple[str, list[dict[str, Value]]]:
    """A household with two children on the roll, their days a week apart."""
    later = {
        name: value + _WEEK
        for name, value in typical.columns.items()
        if trial.population.columns[name] == "date" and isinstance(value, date)
    }
    return "two children on the roll", [dict(typical.columns), {**typical.columns, **later}]


def _value(name: str, kind: str) -> Value:
    made: dict[str, Value] = {
        "number": _NUMBER, "yes_no": True, "date": _DAY, "text": "Alex", "category": f"({name})",
    }  # fmt: skip
    return made[kind]


def asked_of(template: Template, found: Sequence[MadeUp]) -> list[MadeUp]:
    """Those families whose oddity the template's own columns show, and the typical one first."""
    typical = found[0]
    return [typical] + [
        one for one in found[1:]
        if any(one.columns.get(name) != typical.columns.get(name) for name in template.variables)
    ]  # fmt: skip
