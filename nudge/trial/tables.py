"""Reading CSV as spreadsheets write it, and typed values out of its text."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import math
import re
import unicodedata
import zlib
from datetime import date, datetime
from typing import TYPE_CHECKING

from nudge.trial.grammar import FIRST_YEAR, LAST_YEAR
from nudge.trial.problems import Level, Problem, Problems, listed, nearest
from nudge.trial.quantities import GrammarError
from nudge.trial.records.people import Value
from nudge.trial.records.tables import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

YES = frozenset({"yes", "y", "true", "1"})
NO = frozenset({"no", "n", "false", "0"})
_NOT_AVAILABLE = frozenset({"NA", "N/A", "NaN", "nan", "NULL"})
"""How R, pandas and databases write a blank; in a category or a text it could be a word."""
_WHOLE = re.compile(r"(?<=[0-9])\.0+$")
_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_BRITISH = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})(?:\s+[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?)?")
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+(?:[.,][0-9]*)?|[.,][0-9]+)(?:[eE][+-]?[0-9]+)?")
_THOUSANDS = re.compile(r"[+-]?[1-9][0-9]{0,2}(?:,[0-9]{3})+(?:\.[0-9]+)?")
_QUOTED = re.compile(r'"[^"]*"')
EMPTY = Table("", {}, (), "")


def read_csv_table(path: Path, problems: Problems, shown_as: str | None = None) -> Table:
    """A CSV file as a Table, as spreadsheets write it.

    UTF-8 with or without a byte order mark; `,` `;` or tab between fields; quoted newlines;
    gzipped where the name ends in .gz. Letters come out in Unicode's form NFC, so that the
    same name typed on two machines is the same. Wholly blank rows are left out; every row with too
    many or too few fields is a problem of its own.
    """
    name = shown_as or str(path)
    try:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except FileNotFoundError:
        problems.add(_whole(name, "there is no such file", "check the path; it is relative to the trial file"))
        return EMPTY
    except (gzip.BadGzipFile, EOFError, zlib.error):
        problems.add(_whole(name, "is not a gzipped file, or is damaged", "fetch or export it again"))
        return EMPTY
    except OSError as error:
        said = (error.strerror or str(error)).lower()
        problems.add(_whole(name, f"cannot be read ({said})", "check the path and its permissions"))
        return EMPTY
    try:
        text = unicodedata.normalize("NFC", content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        problems.add(
            Problem(
                Level.ERROR, name, line, 1, "", "is not UTF-8 text here",
                "in the spreadsheet, save as `CSV UTF-8 (comma delimited)`",
            )
        )  # fmt: skip
        return EMPTY
    if "\0" in text:
        problems.add(_whole(name, "is not a CSV file", "in the spreadsheet, save as `CSV UTF-8`"))
        return EMPTY
    return _parse(name, text, hashlib.sha256(content).hexdigest(), problems)


def _whole(name: str, what: str, remedy: str) -> Problem:
    return Problem(Level.ERROR, name, 0, 0, "", what, remedy)


def _parse(name: str, text: str, digest: str, problems: Problems) -> Table:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    rows: list[list[str]] = []
    lines: list[int] = []
    before = 0
    try:
        for row in reader:
            if any(field.strip() for field in row):
                rows.append(row)
                lines.append(before + 1)
            before = reader.line_num
    except csv.Error:
        problems.add(
            Problem(
                Level.ERROR, name, before + 1, 1, "", "the quotes that begin in this row do not match",
                'close every quote, and double a quote inside a field: "say ""yes"""',
            )
        )  # fmt: skip
        return EMPTY
    if not rows:
        problems.add(_whole(name, "is empty", "its first row names the columns"))
        return EMPTY
    header = [field.strip() for field in rows[0]]
    _check_shape(name, header, rows, lines, problems)
    width = len(header)
    kept = [(row, line) for row, line in zip(rows[1:], lines[1:], strict=True) if len(row) == width]
    columns = {title: [row[i].strip() for row, _ in kept] for i, title in enumerate(header)}
    return Table(name, columns, [line for _, line in kept], digest)


def _delimiter(text: str) -> str:
    """The separator of the header row; Excel in some countries writes semicolons."""
    header = _QUOTED.sub("", text.lstrip("\r\n")[:10_000]).lstrip("\r\n")
    first = re.split(r"[\r\n]", header, maxsplit=1)[0]
    return max(",;\t", key=first.count)


def _check_shape(name: str, header: list[str], rows: list[list[str]], lines: list[int], problems: Problems) -> None:
    for i, title in enumerate(header):
        if not title or title in header[:i]:
            what = f"the column name `{title}` stands twice" if title else "a column has no name"
            remedy = "give every column a name of its own" if title else "name it, or delete the column"
            problems.add(Problem(Level.ERROR, name, lines[0], i + 1, title, what, remedy))
    for row, line in zip(rows[1:], lines[1:], strict=True):
        if len(row) != len(header):
            problems.add(
                Problem(
                    Level.ERROR, name, line, 1, "", f"has {len(row)} fields where the header has {len(header)}",
                    "put quotes round a field that holds a comma",
                )
            )  # fmt: skip


def need_columns(table: Table, wanted: Iterable[str], problems: Problems) -> bool:
    """Whether the table has every wanted column; each absent one is a problem."""
    complete = True
    for column in dict.fromkeys(wanted):
        if column in table.columns:
            continue
        complete = False
        guess = nearest(column, table.columns)
        remedy = f"did you mean `{guess}`?" if guess else f"it has {listed(table.columns)}"
        problems.add(Problem(Level.ERROR, table.name, 1, 1, "", f"has no column `{column}`", remedy))
    return complete


def typed(text: str, kind: str) -> Value:
    """A field as a value of its column's type; a blank is None.

    Raises GrammarError with what is wrong and an example of what is right.
    """
    if text == "" or (text in _NOT_AVAILABLE and kind in {"number", "date", "yes_no"}):
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
    position = list(table.columns).index(column) + 1
    known: dict[str, Value] = {}
    values: list[Value] = []
    for text, line in zip(table.columns[column], table.lines, strict=True):
        if text not in known:
            try:
                known[text] = typed(text, kind)
            except GrammarError as error:
                problems.add(Problem(Level.ERROR, table.name, line, position, column, error.what, error.remedy))
                values.append(None)
                continue
        values.append(known[text])
    return values


def field_problem(table: Table, row: int, column: str, what: str, remedy: str, level: Level = Level.ERROR) -> Problem:
    """A problem of one field."""
    columns: Sequence[str] = list(table.columns)
    position = columns.index(column) + 1 if column in columns else 1
    return Problem(level, table.name, table.lines[row], position, column, what, remedy)
