"""Tables of text: which columns they must have, and typed values out of their fields."""

from __future__ import annotations

import math
import re
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from nudge.trial.grammar import FIRST_YEAR, LAST_YEAR
from nudge.trial.problems import Level, Problem, Problems, listed, nearest
from nudge.trial.quantities import GrammarError
from nudge.trial.records.people import Value
from nudge.trial.records.tables import Table

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np
    from numpy.typing import NDArray

YES = frozenset({"yes", "y", "true", "1"})
NO = frozenset({"no", "n", "false", "0"})
NOT_AVAILABLE = frozenset({"NA", "N/A", "NaN", "nan", "NULL"})
"""How R, pandas and databases write a blank; in a category or a text it could be a word."""
_WHOLE = re.compile(r"(?<=[0-9])\.0+$")
_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_BRITISH = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})(?:\s+[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?)?")
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+(?:[.,][0-9]*)?|[.,][0-9]+)(?:[eE][+-]?[0-9]+)?")
_THOUSANDS = re.compile(r"[+-]?[1-9][0-9]{0,2}(?:,[0-9]{3})+(?:\.[0-9]+)?")
EMPTY = Table("", {}, (), "")


def need_columns(table: Table, wanted: Iterable[str], problems: Problems) -> bool:
    """Whether the table has every wanted column; each absent one is a problem."""
    complete = True
    for column in dict.fromkeys(wanted):
        if column in table.titles:
            continue
        complete = False
        guess = nearest(column, table.titles)
        remedy = f"did you mean `{guess}`?" if guess else f"it has {listed(table.titles)}"
        problems.add(Problem(Level.ERROR, table.name, 1, 1, "", f"has no column `{column}`", remedy))
    return complete


def typed(text: str, kind: str) -> Value:
    """A field as a value of its column's type; a blank is None.

    Raises GrammarError with what is wrong and an example of what is right.
    """
    if text == "" or (text in NOT_AVAILABLE and kind in {"number", "date", "yes_no"}):
        return None
    if kind == "number":
        return decimal(text)
    if kind == "date":
        return day(text)
    if kind == "yes_no":
        return yes_no(text)
    return text


def decimal(text: str) -> float:
    """`12`, `12.5` or `12,5`."""
    if _THOUSANDS.fullmatch(text):
        raise GrammarError(f"`{shortened(text)}` could count in thousands or be a fraction", "write it without a comma")
    value = float(text.replace(",", ".")) if _DECIMAL.fullmatch(text) else math.nan
    if not math.isfinite(value):
        raise GrammarError(f"`{shortened(text)}` is not a number", "write digits, such as 12.5")
    return value


def day(text: str) -> date:
    """`2027-01-31`, or `31/01/2027` as British spreadsheets write it; a time of day is left aside."""
    british = _BRITISH.fullmatch(text)
    try:
        if british:
            found = date(int(british[3]), int(british[2]), int(british[1]))
        else:
            found = datetime.fromisoformat(text if _ISO.match(text) else "").date()
    except ValueError:
        raise GrammarError(f"`{shortened(text)}` is not a day", "write 2027-01-31 or 31/01/2027") from None
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise GrammarError(f"`{shortened(text)}` is not a day of these times", "leave it blank where it is not known")
    return found


def plain_number(text: str) -> str:
    """`1.0` as `1`: how pandas writes whole numbers beside a blank; any other text as it is."""
    return _WHOLE.sub("", text)


def yes_no(text: str) -> bool:
    """`yes`, `y`, `true`, `1` or their opposites."""
    lower = plain_number(text).lower()
    if lower not in YES | NO:
        raise GrammarError(f"`{shortened(text)}` is neither yes nor no", "write yes or no")
    return lower in YES


def shortened(text: str, most: int = 40) -> str:
    """A field for a sentence: one line, not too long, nothing a terminal would obey."""
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


def typed_column(table: Table, column: str, kind: str, problems: Problems) -> list[Value]:
    """A whole column as values; each field that does not fit is a problem and counts as blank."""
    if kind in {"category", "text"}:
        return [text or None for text in table.columns[column]]
    codes, texts = table.columns[column].encoded()
    values = typed_texts(table, column, codes, texts, kind, problems)
    return [values[code] for code in codes.tolist()]


def typed_texts(
    table: Table, column: str, codes: NDArray[np.int32], texts: Any, kind: str, problems: Problems,
    rows: NDArray[np.int64] | None = None,
) -> list[Value]:  # fmt: skip
    """The distinct texts of a column as values, and None for code -1; each field that does not fit is a problem.

    rows: which rows of the table the codes are of, where they are not of all.
    """
    values: list[Value] = []
    wrong: dict[int, GrammarError] = {}
    for code, text in enumerate(texts.to_pylist()):
        try:
            values.append(typed(text, kind))
        except GrammarError as error:
            values.append(None)
            wrong[code] = error
    if wrong:
        import numpy as np

        for i in np.flatnonzero(np.isin(codes, list(wrong))):
            row, flaw = int(i if rows is None else rows[i]), wrong[int(codes[i])]
            problems.add(field_problem(table, row, column, flaw.what, flaw.remedy))
    return [*values, None]


def field_problem(table: Table, row: int, column: str, what: str, remedy: str, level: Level = Level.ERROR) -> Problem:
    """A problem of one field."""
    position = table.titles.index(column) + 1 if column in table.titles else 1
    return Problem(level, table.name, table.lines[row], position, column, what, remedy)
