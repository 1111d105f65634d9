"""CSV as spreadsheets write it, and what is said of a file that is not quite one."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import unicodedata
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nudge.trial.csv_files import read_csv_table
from nudge.trial.problems import Level, Problems
from nudge.trial.records.tables import Table
from nudge.trial.tables import EMPTY, field_problem, need_columns, typed_column

ROWS = {"ref": ["P1", "P2"], "age": ["23", "24"]}


def read(folder: Path, content: bytes | str, name: str = "roll.csv") -> tuple[Table, list[str]]:
    """A file with this content as a table, and what is said of it."""
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    problems = Problems()
    table = read_csv_table(path, problems, name)
    return table, [str(problem) for problem in problems]


def texts(table: Table) -> dict[str, list[str]]:
    """Every column that was read, as texts."""
    return {name: list(values) for name, values in table.columns.items()}


GOOD = {
    "as it should be": b"ref,age\nP1,23\nP2,24\n",
    "without a last line end": b"ref,age\nP1,23\nP2,24",
    "a byte order mark": b"\xef\xbb\xbfref,age\nP1,23\nP2,24\n",
    "semicolons": b"ref;age\nP1;23\nP2;24\n",
    "tabs": b"ref\tage\nP1\t23\nP2\t24\n",
    "Windows line ends": b"ref,age\r\nP1,23\r\nP2,24\r\n",
    "old Macintosh line ends": b"ref,age\rP1,23\rP2,24\r",
    "everything quoted": b'"ref","age"\n"P1","23"\n"P2","24"\n',
    "blanks around fields": b" ref , age \nP1 , 23\n P2,24 \n",
    "blank rows": b"\n\nref,age\n\nP1,23\n,\n  ,\nP2,24\n\n",
    "blank lines before semicolons": b"\r\n\r\nref;age\r\nP1;23\r\nP2;24\r\n",
}


@pytest.mark.parametrize("content", GOOD.values(), ids=GOOD)
def test_csv_is_read_as_spreadsheets_write_it(tmp_path: Path, content: bytes) -> None:
    table, problems = read(tmp_path, content)
    assert problems == []
    assert texts(table) == ROWS
    assert len(table) == 2


def test_a_gzipped_file_is_read_the_same(tmp_path: Path) -> None:
    table, problems = read(tmp_path, gzip.compress(b"\xef\xbb\xbfref,age\nP1,23\nP2,24\n"), "roll.csv.gz")
    assert problems == []
    assert dict(table.columns) == ROWS


def test_a_separator_within_quotes_does_not_count(tmp_path: Path) -> None:
    table, problems = read(tmp_path, 'ref;"hub, area, town"\nP1;"Elm; Road"\n')
    assert problems == []
    assert table.columns == {"ref": ["P1"], "hub, area, town": ["Elm; Road"]}


def test_a_quoted_field_may_hold_separators_quotes_and_line_breaks(tmp_path: Path) -> None:
    table, problems = read(tmp_path, 'ref,note\nP1,"a, ""b""\nc"\nP2,d\n')
    assert problems == []
    assert table.columns["note"] == ['a, "b"\nc', "d"]


def test_each_row_knows_the_line_it_begins_on(tmp_path: Path) -> None:
    table, _ = read(tmp_path, '\nref,note\n\nP1,"a\nb"\n,\nP2,c\n')
    assert list(table.lines) == [4, 7]


def test_the_digest_is_that_of_the_file_as_it_lies_there(tmp_path: Path) -> None:
    content = b"ref,age\r\nP1,23\r\n"
    assert read(tmp_path, content)[0].sha256 == hashlib.sha256(content).hexdigest()


def test_a_header_alone_is_a_table_without_rows(tmp_path: Path) -> None:
    table, problems = read(tmp_path, "ref,age\n")
    assert (texts(table), len(table), problems) == ({"ref": [], "age": []}, 0, [])


SAVE = "in the spreadsheet, save as `CSV UTF-8"
QUOTE = 'the quotes that begin in this row do not match; close every quote, and double a quote inside a field: "say '
BAD = {
    "nothing": (b"", "roll.csv: is empty; its first row names the columns"),
    "only blank lines": (b"\n  \n,,\n", "roll.csv: is empty; its first row names the columns"),
    "Windows-1252": ("ref,name\nP1,Zoë\n".encode("cp1252"),
                     f"roll.csv:2:1: is not UTF-8 text here; {SAVE} (comma delimited)`"),
    "UTF-16": ("ref,age\n".encode("utf-16"), f"roll.csv:1:1: is not UTF-8 text here; {SAVE} (comma delimited)`"),
    "NUL bytes": (b"ref,age\nP1,\x0023\n", f"roll.csv: is not a CSV file; {SAVE}`"),
    "an open quote": (b'ref,age\nP1,23\n"P2,24\nP3,25\n', f'roll.csv:3:1: {QUOTE}""yes"""'),
    "a quote in the middle": (b'ref,age\nP1,23\n"P"2,24\n', f'roll.csv:3:1: {QUOTE}""yes"""'),
    "an endless field": (b'ref,age\n"' + b"x" * 200_000 + b'",1\n', f'roll.csv:2:1: {QUOTE}""yes"""'),
    "a row too short": (b"ref,age\nP1\n", "roll.csv:2:1: has 1 fields where the header has 2; "
                        "put quotes round a field that holds a comma"),
    "a row too long": (b"ref,age\nP1,23\n\nP2,24,x\n", "roll.csv:4:1: has 3 fields where the header has 2; "
                       "put quotes round a field that holds a comma"),
    "a column twice": (b"\nref,age,ref\n1,2,3\n", "roll.csv:2:3: ref: the column name `ref` stands twice; "
                       "give every column a name of its own"),
    "a column without a name": (b"ref,,age\n1,2,3\n",
                                "roll.csv:1:2: a column has no name; name it, or delete the column"),
}  # fmt: skip


@pytest.mark.parametrize(("content", "sentence"), BAD.values(), ids=BAD)
def test_what_cannot_be_read_is_said_with_its_line(tmp_path: Path, content: bytes, sentence: str) -> None:
    assert read(tmp_path, content)[1] == [sentence]


def test_every_ragged_row_is_told_and_the_others_are_kept(tmp_path: Path) -> None:
    table, problems = read(tmp_path, "ref,age\nP1\nP2,24\nP3,25,x\n")
    assert [problem.split(": ")[0] for problem in problems] == ["roll.csv:2:1", "roll.csv:4:1"]
    assert table.columns == {"ref": ["P2"], "age": ["24"]}
    assert list(table.lines) == [3]


WHOLE = gzip.compress(b"ref,age\n" + b"P1,23\n" * 500)
DAMAGED = bytearray(WHOLE)
DAMAGED[15:20] = b"\xff" * 5
CHECKSUM = bytearray(WHOLE)
CHECKSUM[-6] ^= 0xFF


@pytest.mark.parametrize(
    "content", [b"ref,age\n", WHOLE[:30], bytes(DAMAGED), bytes(CHECKSUM)], ids=["plain", "cut", "damaged", "checksum"]
)
def test_a_gzipped_file_that_is_none_or_is_damaged(tmp_path: Path, content: bytes) -> None:
    assert read(tmp_path, content, "roll.csv.gz")[1] == [
        "roll.csv.gz: is not a gzipped file, or is damaged; fetch or export it again"
    ]


def test_a_file_that_is_not_there_and_one_that_is_a_folder(tmp_path: Path) -> None:
    problems = Problems()
    assert read_csv_table(tmp_path / "none.csv", problems, "none.csv") is EMPTY
    assert read_csv_table(tmp_path, problems, "people") is EMPTY
    assert [str(problem) for problem in problems] == [
        "none.csv: there is no such file; check the path; it is relative to the trial file",
        "people: cannot be read (is a directory); check the path and its permissions",
    ]


def test_a_column_that_is_not_there_is_told_with_the_nearest_one(tmp_path: Path) -> None:
    table, _ = read(tmp_path, "person_ref,age\nP1,23\n")
    problems = Problems()
    assert not need_columns(table, ["person_rf", "zebra", "age", "zebra"], problems)
    assert [str(problem) for problem in problems] == [
        "roll.csv:1:1: has no column `person_rf`; did you mean `person_ref`?",
        "roll.csv:1:1: has no column `zebra`; it has person_ref and age",
    ]
    assert need_columns(table, ["person_ref", "age"], Problems())


def test_every_field_that_does_not_fit_its_type_is_told_at_its_own_place(tmp_path: Path) -> None:
    table, _ = read(tmp_path, "ref,age\nP1,23\nP2,old; very\n\nP3,old; very\nP4,\n")
    problems = Problems()
    assert typed_column(table, "age", "number", problems) == [23.0, None, None, None]
    assert [str(problem) for problem in problems] == [
        "roll.csv:3:2: age: `old; very` is not a number; write digits, such as 12.5",
        "roll.csv:5:2: age: `old; very` is not a number; write digits, such as 12.5",
    ]


def test_categories_and_text_are_taken_as_they_are_and_blanks_are_none(tmp_path: Path) -> None:
    table, _ = read(tmp_path, "hub\nElm Road\n''\n007\n")
    for kind in ("category", "text"):
        assert typed_column(table, "hub", kind, Problems()) == ["Elm Road", "''", "007"]
    blank, _ = read(tmp_path, "ref,hub\nP1,\n")
    assert typed_column(blank, "hub", "category", Problems()) == [None]


def test_a_problem_of_one_field_names_line_and_position(tmp_path: Path) -> None:
    table, _ = read(tmp_path, "ref,age\n\nP1,23\n")
    assert str(field_problem(table, 0, "age", "is odd", "look again")) == "roll.csv:3:2: age: is odd; look again"
    assert field_problem(table, 0, "gone", "is odd", "", Level.ADVICE).column == 1


CHARACTERS = st.characters(exclude_characters="\0", exclude_categories=["Cs"]) | st.sampled_from('\r\n",;\t')
FIELD = st.text(CHARACTERS, max_size=12)
# Python's own writer knows no other line end than the one it writes, unless it quotes everything.
WRITTEN = st.sampled_from([("\r\n", csv.QUOTE_MINIMAL), ("\n", csv.QUOTE_ALL), ("\r", csv.QUOTE_ALL)])
NAME = st.from_regex(r"\A[a-z]{1,8}\Z")


@given(
    header=st.lists(NAME, min_size=2, max_size=4, unique=True),
    rows=st.lists(st.lists(FIELD, min_size=4, max_size=4), max_size=6),
    separator=st.sampled_from(",;\t"),
    written=WRITTEN,
)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_a_spreadsheet_writes_is_read_back(
    tmp_path: Path, header: list[str], rows: list[list[str]], separator: str, written: tuple[str, Literal[0, 1]]
) -> None:
    rows = [row[: len(header)] for row in rows]
    text = io.StringIO(newline="")
    line_end, quoting = written
    csv.writer(text, delimiter=separator, lineterminator=line_end, quoting=quoting).writerows([header, *rows])
    table, problems = read(tmp_path, "\ufeff" + text.getvalue())
    assert problems == []
    kept = [
        [unicodedata.normalize("NFC", field.strip()) for field in row]
        for row in rows
        if any(field.strip() for field in row)
    ]
    assert [list(row) for row in zip(*table.columns.values(), strict=True)] == kept


@given(content=st.binary(max_size=200))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_file_whatever_is_in_it_breaks_the_reader(tmp_path: Path, content: bytes) -> None:
    for name in ("roll.csv", "roll.csv.gz"):
        table, problems = read(tmp_path, content, name)
        assert problems or table.columns


ODD = st.text(st.sampled_from('ab1;,"\t \r\né\u0301\u037e\u2003'), max_size=40)


@given(header=st.sampled_from(["ref,age", "ref;age", '"ref"', "a,b,c", "ref"]), rows=ODD, mark=st.booleans())
@settings(deadline=None, max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_columns_read_at_once_are_those_read_row_by_row(tmp_path: Path, header: str, rows: str, *, mark: bool) -> None:
    content = f"{header}\n{rows}"
    first = "\ufeff" if mark else ""
    table, problems = read(tmp_path, first + content)
    # A blank line before the header makes the file one that is read row by row.
    careful, careful_problems = read(tmp_path, f"{first}\n{content}")
    assert table.columns == careful.columns
    assert [line + 1 for line in table.lines] == list(careful.lines)
    assert [problem.split(" ", 1)[1] for problem in problems] == [
        problem.split(" ", 1)[1] for problem in careful_problems
    ]


def test_rows_that_are_wholly_blank_keep_the_lines_of_the_others(tmp_path: Path) -> None:
    table, problems = read(tmp_path, "ref,age\nP1,23\n,\n \t, \nP2,24\n")
    assert (problems, texts(table), list(table.lines)) == ([], ROWS, [2, 5])


def test_a_long_file_is_looked_through_in_pieces(tmp_path: Path) -> None:
    rows = [f'"P{i}","Elm ""{i % 7}"" Road, town"' for i in range(400_000)]
    content = "\r\n".join(['"ref","hub"', *rows]).encode()
    table, problems = read(tmp_path, content)
    assert problems == []
    assert table.lines == range(2, 400_002)  # read at once
    assert (table.columns["ref"][-1], table.columns["hub"][399_999]) == ("P399999", f'Elm "{399_999 % 7}" Road, town')
    assert table.sha256 == hashlib.sha256(content).hexdigest()
    assert read(tmp_path, content + b'\r\n"P,1')[1] == [f'roll.csv:400002:1: {QUOTE}""yes"""']


def test_only_the_columns_that_are_wanted_are_read(tmp_path: Path) -> None:
    path = tmp_path / "roll.csv"
    path.write_text("ref,hub,age\nP1,a,23\nP2,b,NA\nP3,c,1.50\n", encoding="utf-8")
    problems = Problems()
    table = read_csv_table(path, problems, "roll.csv", {"hub": "category", "zebra": "text"})
    assert texts(table) == {"hub": ["a", "b", "c"]}
    assert need_columns(table, ["age", "hub"], problems)
    assert not need_columns(table, ["agee"], problems)
    problems.add(field_problem(table, 2, "age", "is odd", "look again"))
    assert [str(problem) for problem in problems] == [
        "roll.csv:1:1: has no column `agee`; did you mean `age`?",
        "roll.csv:4:3: age: is odd; look again",
    ]
    numbers = read_csv_table(path, problems, "roll.csv", {"age": "number", "ref": "text"}).columns["age"]
    assert numbers.values.to_pylist() == [23, None, 1.5]
    assert len(read_csv_table(path, problems, "roll.csv", {"zebra": "text"})) == 3


def test_a_row_is_blank_where_all_its_fields_are_read_or_not(tmp_path: Path) -> None:
    path = tmp_path / "roll.csv"
    path.write_text("ref,hub,age\nP1,a,23\n,,\nP2,,NA\n", encoding="utf-8")
    for wanted in ({"hub": "text"}, {"age": "number"}):
        table = read_csv_table(path, Problems(), "roll.csv", wanted)
        assert (list(table.columns["hub"]), list(table.lines)) == (["a", ""], [2, 4])
