"""Where rows come from: CSV, Parquet, and tables that a package carries."""

from __future__ import annotations

import gzip
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from nudge.outcomes.columns import as_table
from nudge.outcomes.sources import as_source, read_source, source_name
from nudge.trial.parts.population import DataSource
from nudge.trial.problems import Problems
from nudge.trial.records.tables import Table
from nudge.trial.tables import EMPTY, typed


def read(folder: Path, **where: Any) -> tuple[Table, list[str]]:
    problems = Problems()
    table = read_source(DataSource.model_validate(where), folder, problems)
    return table, [str(problem) for problem in problems]


@pytest.mark.parametrize(
    "where",
    [{"csv_file": "a.csv"}, {"parquet_file": "a.parquet"}, {"package": {"name": "causaldata", "table": "snow"}}],
    ids=["csv_file", "parquet_file", "package"],
)
def test_the_key_that_is_filled_in_names_the_source(where: dict[str, Any]) -> None:
    assert source_name(DataSource.model_validate(where)) == next(iter(where))


def test_a_file_on_the_command_line_is_known_by_its_ending() -> None:
    assert as_source(Path("/data/rows.parquet")) == DataSource(parquet_file="/data/rows.parquet")
    assert as_source(Path("/data/rows.csv.gz")) == DataSource(csv_file="/data/rows.csv.gz")


def test_a_csv_file_lies_relative_to_the_trial_file_and_is_named_as_there(tmp_path: Path) -> None:
    (tmp_path / "outcomes").mkdir()
    (tmp_path / "outcomes" / "came.csv.gz").write_bytes(gzip.compress(b"ref,day\nP1,2027-01-12\n"))
    table, problems = read(tmp_path, csv_file="outcomes/came.csv.gz")
    assert table.columns == {"ref": ["P1"], "day": ["2027-01-12"]}
    assert (table.name, problems) == ("outcomes/came.csv.gz", [])
    assert read(tmp_path, csv_file="outcomes/none.csv")[1] == [
        "outcomes/none.csv: there is no such file; check the path; it is relative to the trial file"
    ]


COLUMNS = {
    "whole numbers": ([1, None, 30], ["1", "", "30"]),
    "numbers": ([1.0, 2.5, None, float("nan")], ["1", "2.5", "", ""]),
    "large numbers": ([7700900123.0, 1e15], ["7700900123", "1000000000000000"]),
    "small numbers": ([0.00001], ["0.00001"]),
    "amounts": ([Decimal("1.50"), None], ["1.50", ""]),
    "yes and no": ([True, False, None], ["yes", "no", ""]),
    "days": ([date(2027, 1, 31), None], ["2027-01-31", ""]),
    "moments": ([datetime(2027, 1, 31, 10, 15), None], ["2027-01-31T10:15:00", ""]),  # noqa: DTZ001 - as files have them
    "moments in a zone": ([datetime(2027, 1, 31, 10, 15, tzinfo=UTC)], ["2027-01-31T10:15:00+00:00"]),
    "text": (["a", " b ", "", None], ["a", "b", "", ""]),
}


@pytest.mark.parametrize(("values", "text"), COLUMNS.values(), ids=COLUMNS)
def test_a_parquet_files_columns_are_the_text_a_person_would_see(
    tmp_path: Path, values: list[object], text: list[str]
) -> None:
    parquet.write_table(pa.table({"column": values}), tmp_path / "rows.parquet")
    table, problems = read(tmp_path, parquet_file="rows.parquet")
    assert problems == []
    assert table.columns["column"] == text
    assert list(table.lines) == list(range(1, len(values) + 1))


def test_a_parquet_files_columns_come_with_their_names_and_the_digest_knows_their_content(tmp_path: Path) -> None:
    def digest(**columns: list[object]) -> str:
        parquet.write_table(pa.table(columns), tmp_path / "rows.parquet")
        return read(tmp_path, parquet_file="rows.parquet")[0].sha256

    assert digest(a=[1], b=[2]) == digest(a=[1], b=[2])
    assert len({digest(a=[1], b=[2]), digest(a=[1], b=[3]), digest(a=[1], c=[2])}) == 3


NOT_PARQUET = "rows.parquet: is not a Parquet file, or is damaged; fetch or export it again"


@pytest.mark.parametrize("content", [b"", b"ref,day\nP1,2027-01-12\n", b"PAR1" + b"\xff" * 200 + b"PAR1"])
def test_a_file_that_is_no_parquet_file(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "rows.parquet").write_bytes(content)
    table, problems = read(tmp_path, parquet_file="rows.parquet")
    assert table is EMPTY
    assert problems == [NOT_PARQUET]


def test_a_parquet_file_with_damaged_pages(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    parquet.write_table(pa.table({"ref": [f"P{i}" for i in range(500)]}), path)
    content = bytearray(path.read_bytes())
    content[8:200] = b"\xff" * 192
    path.write_bytes(content)
    assert read(tmp_path, parquet_file="rows.parquet")[1] == [NOT_PARQUET]


def test_a_folder_is_no_parquet_file(tmp_path: Path) -> None:
    (tmp_path / "rows.parquet").mkdir()
    assert read(tmp_path, parquet_file="rows.parquet")[1] == [NOT_PARQUET]


def test_a_parquet_file_that_is_not_there(tmp_path: Path) -> None:
    assert read(tmp_path, parquet_file="none.parquet")[1] == [
        "none.parquet: there is no such file; check the path; it is relative to the trial file"
    ]


def test_a_parquet_file_with_a_column_twice(tmp_path: Path) -> None:
    parquet.write_table(pa.table([[1], [2], [3]], names=["ref", "day", "ref"]), tmp_path / "rows.parquet")
    table, problems = read(tmp_path, parquet_file="rows.parquet")
    assert table is EMPTY
    assert problems == ["rows.parquet: the column name `ref` stands twice; give every column a name of its own"]


def test_a_table_of_a_package_is_read_as_published(tmp_path: Path) -> None:
    # Cai, de Janvry and Sadoulet (2015), second round, as causaldata carries it: 1,410 households, 166 natural villages
    table, problems = read(tmp_path, package={"name": "causaldata", "table": "social_insure"})
    assert problems == []
    assert table.name == "causaldata.social_insure"
    assert len(table) == 1410
    assert set(table.columns["default"]) == {"0", "1"}
    assert set(table.columns["takeup_survey"]) == {"0", "1"}
    assert len(set(table.columns["address"])) == 166


def test_a_table_that_the_package_has_not(tmp_path: Path) -> None:
    table, problems = read(tmp_path, package={"name": "causaldata", "table": "social_insurance"})
    assert table is EMPTY
    assert problems == [
        "causaldata.social_insurance: causaldata has no table `social_insurance`; did you mean `social_insure`?"
    ]
    assert read(tmp_path, package={"name": "causaldata", "table": "zzz"})[1] == [
        "causaldata.zzz: causaldata has no table `zzz`; check the name of the table"
    ]


def test_what_pandas_leaves_out_is_blank() -> None:
    frame = pd.DataFrame({"day": pd.to_datetime(["2027-01-31", None]), "number": [1.0, None], "text": ["a", None]})
    table = as_table("frame", {title: frame[title].tolist() for title in frame.columns})
    assert table.columns == {"day": ["2027-01-31T00:00:00", ""], "number": ["1", ""], "text": ["a", ""]}


def test_a_table_without_columns_has_no_rows() -> None:
    assert len(as_table("none", {})) == 0


@given(st.lists(st.none() | st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(10**15), 10**15)))
def test_a_number_comes_back_as_the_same_number(values: list[float | None]) -> None:
    table = as_table("rows", {"column": values})
    assert [typed(text, "number") for text in table.columns["column"]] == values


@given(st.lists(st.none() | st.dates(date(1900, 1, 1), date(2199, 12, 31)) | st.booleans()))
def test_days_and_yes_or_no_come_back_as_they_were(values: list[date | bool | None]) -> None:
    kinds = ["yes_no" if isinstance(value, bool) else "date" for value in values]
    table = as_table("rows", {"column": values})
    assert [typed(text, kind) for text, kind in zip(table.columns["column"], kinds, strict=True)] == values
