"""CSV as spreadsheets and statistics packages write it, read as columns.

A file is looked through once, piece by piece. Where every field could stand in one place only, its
columns are read at once; anything odd goes to a reader that takes a row at a time and says where.
Both give the same table.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import re
import unicodedata
import zlib
from array import array
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

from nudge.trial.problems import Level, Problem, Problems
from nudge.trial.records.tables import Table
from nudge.trial.tables import EMPTY, NOT_AVAILABLE
from nudge.trial.texts import Texts, as_numbers, yes_no_array

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

_PIECE = 8 << 20
"""Bytes looked through at once."""
_LONGEST = 131_072
"""Python's own limit of a field."""
_SEMICOLON_IN_GREEK = "\u037e".encode()
"""A Greek question mark, which Unicode's form NFC makes a semicolon: the only letter that turns into a separator."""
_MARK = b"\xef\xbb\xbf"
_QUOTED = re.compile(r'"[^"]*"')
_NEWLINE, _RETURN, _QUOTE = b'\n\r"'


def read_csv_table(
    path: Path, problems: Problems, shown_as: str | None = None, wanted: Mapping[str, str] | None = None
) -> Table:
    """A CSV file as a Table, as spreadsheets write it.

    wanted: the columns to read, each with the type that is wanted of it; without it, all, as text. A column
    wanted as `number` may come as numbers, whose text is that of the number.

    UTF-8 with or without a byte order mark; `,` `;` or tab between fields; quoted newlines;
    gzipped where the name ends in .gz. Letters come out in Unicode's form NFC, so that the
    same name typed on two machines is the same. Wholly blank rows are left out; every row with too
    many or too few fields is a problem of its own.
    """
    name = shown_as or str(path)
    try:
        look = _look_through(path)
        found = _at_once(path, name, look, wanted) if look.header else None
        if found is not None:
            return found
        with _opened(path) as file:
            content = file.read()
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
    return _row_by_row(name, content, look.sha256, problems)


def _opened(path: Path) -> IO[bytes] | gzip.GzipFile:
    return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")


def _whole(name: str, what: str, remedy: str) -> Problem:
    return Problem(Level.ERROR, name, 0, 0, "", what, remedy)


@dataclass(frozen=True, slots=True)
class _Look:
    """What one look through a file's bytes found."""

    sha256: str
    header: tuple[str, ...] = ()
    """The names of the columns; none where the file is not regular."""
    separator: str = ","
    quotes: bool = False


def _look_through(path: Path) -> _Look:
    """The digest of a file, and whether its rows could be read in one way only."""
    digest = hashlib.sha256()
    header: tuple[str, ...] | None = None
    separator, regular, quotes, rest = ",", True, False, b""
    with _opened(path) as file:
        while block := file.read(_PIECE):
            digest.update(block)
            if not regular:
                continue
            cut = block.rfind(b"\n") + 1
            piece, rest = (rest + block[:cut], block[cut:]) if cut else (b"", rest + block)
            if header is None and piece:
                piece = piece.removeprefix(_MARK)
                header, separator = _header(piece)
            quotes = quotes or b'"' in piece
            regular = header != () and len(rest) <= _LONGEST and _is_regular(piece, separator)
    if header is None:
        header, separator = _header(rest := rest.removeprefix(_MARK))
    regular = regular and _is_regular(rest, separator)
    return _Look(digest.hexdigest(), header if regular else (), separator, quotes or b'"' in rest)


def _header(piece: bytes) -> tuple[tuple[str, ...], str]:
    """The names in the first line, none where they would be a problem; and the separator."""
    try:
        text = unicodedata.normalize("NFC", piece[:_LONGEST].decode(errors="ignore"))
        separator, line = _delimiter(text), re.split(r"[\r\n]", text, maxsplit=1)[0]
        names = [field.strip() for row in csv.reader([line], delimiter=separator, strict=True) for field in row]
    except csv.Error:
        return (), ","
    return (tuple(names), separator) if all(names) and len(set(names)) == len(names) else ((), separator)


def _is_regular(piece: bytes, separator: str) -> bool:
    """Whether whole lines are UTF-8 text that every reader of CSV would take apart alike."""
    if b"\0" in piece or (b"\r" in piece and piece.count(b"\r") != piece.count(b"\r\n")):
        return False
    if not piece.isascii():
        try:
            piece.decode()
        except UnicodeDecodeError:
            return False
    if _SEMICOLON_IN_GREEK in piece or _has_a_long_line(piece):
        return False
    return b'"' not in piece or _quotes_match(piece, separator)


def _has_a_long_line(piece: bytes) -> bool:
    at = 0
    while len(piece) - at > _LONGEST:
        at = piece.rfind(b"\n", at, at + _LONGEST) + 1
        if at == 0:
            return True
    return False


def _quotes_match(piece: bytes, separator: str) -> bool:
    """Whether quotes stand in pairs round whole fields of one line; within them they may be doubled."""
    import numpy as np

    text = np.frombuffer(piece, dtype=np.uint8)
    at = np.flatnonzero(text == _QUOTE)
    if at.size % 2:
        return False
    opens, closes = at[::2], at[1::2]
    doubled = closes[:-1] + 1 == opens[1:]
    before = np.where(opens == 0, _NEWLINE, text[opens - 1])
    after = np.where(closes + 1 == text.size, _NEWLINE, text[np.minimum(closes + 1, text.size - 1)])
    begins = (before == ord(separator)) | (before == _NEWLINE)
    ends = (after == ord(separator)) | (after == _NEWLINE) | (after == _RETURN)
    begins[1:] |= doubled
    ends[:-1] |= doubled
    quotes_before_line_end = np.searchsorted(at, np.flatnonzero(text == _NEWLINE))
    return bool(begins.all() and ends.all() and (quotes_before_line_end % 2 == 0).all())


def _at_once(path: Path, name: str, look: _Look, wanted: Mapping[str, str] | None) -> Table | None:
    """The columns of a regular file; None where its rows turn out to differ in length."""
    everything = dict.fromkeys(range(len(look.header)), "text")
    kinds = {i: wanted[title] for i, title in enumerate(look.header) if title in wanted} if wanted else {}
    kinds = kinds or everything
    numbers = {i for i, kind in kinds.items() if kind == "number"}
    tries = [(kinds, numbers)] if numbers else []
    tries += [(kinds, set())] if kinds != everything else []
    for columns, as_number in (*tries, (everything, set[int]())):
        read = _columns(path, look, columns, as_number)
        if read is None:
            continue
        blank = _blank(read)
        if columns == everything or not blank.any():
            return _table(name, look, read, blank)
    return None


def _columns(path: Path, look: _Look, kinds: Iterable[int], numbers: set[int]) -> Any:
    """Some columns as an Arrow table, their places as their names, some read as numbers; None if that cannot be."""
    import pyarrow as pa
    import pyarrow.compute as pc
    from pyarrow import csv as arrow

    titles = [str(i) for i in range(len(look.header))]
    types = {str(i): pa.float64() if i in numbers else pa.string() for i in kinds}
    try:
        with pa.input_stream(str(path), compression="gzip" if path.suffix == ".gz" else None) as file:
            read = arrow.read_csv(
                file,
                arrow.ReadOptions(column_names=titles, skip_rows=1, block_size=_PIECE),
                arrow.ParseOptions(
                    delimiter=look.separator, quote_char='"' if look.quotes else False, ignore_empty_lines=False
                ),
                arrow.ConvertOptions(
                    column_types=types, include_columns=list(types), null_values=["", *sorted(NOT_AVAILABLE)],
                    strings_can_be_null=False, check_utf8=False,
                ),
            )  # fmt: skip
    except (pa.ArrowInvalid, OSError):
        return None
    if any(pc.all(pc.is_finite(read.column(str(i)))).as_py() is False for i in numbers):
        return None  # a text such as `inf`, which is looked at as text
    return read


def _table(name: str, look: _Look, read: Any, blank: NDArray[np.bool_]) -> Table:
    lines: Any = range(2, len(read) + 2)
    if blank.any():
        read = read.filter(yes_no_array(~blank))
        lines = array("q", ((~blank).nonzero()[0] + 2).tobytes())
    columns = {look.header[int(title)]: Texts(read.column(title)) for title in read.column_names}
    return Table(name, columns, lines, look.sha256, header=look.header)


def _blank(read: Any) -> NDArray[np.bool_]:
    """(n,) which rows are blank in every column that was read."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    blank = np.ones(len(read), dtype=bool)
    for column in read.columns:
        if not blank.any():
            break
        if pa.types.is_string(column.type):
            chunks = [pc.or_(pc.utf8_is_space(chunk), pc.invert(pc.cast(pc.binary_length(chunk), pa.bool_())))
                      for chunk in column.chunks]  # fmt: skip
        else:
            chunks = [pc.is_null(chunk) for chunk in column.chunks]
        blank &= np.concatenate([as_numbers(chunk.cast(pa.uint8())) for chunk in chunks]).astype(bool)
    return blank


def _row_by_row(name: str, content: bytes, digest: str, problems: Problems) -> Table:
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
    return _parse(name, text, digest, problems)


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
    columns = {title: Texts.of(row[i].strip() for row, _ in kept) for i, title in enumerate(header)}
    return Table(name, columns, [line for _, line in kept], digest)


def _delimiter(text: str) -> str:
    """The separator of the header row; Excel in some countries writes semicolons."""
    header = _QUOTED.sub("", text.lstrip("\r\n")[:10_000])
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
