"""Columns of many rows at once say what the reader of single fields says of each."""

from __future__ import annotations

from datetime import date
from math import isnan
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nudge.trial.csv_files import read_csv_table
from nudge.trial.problems import Problems
from nudge.trial.quantities import GrammarError
from nudge.trial.records.columns import Coded
from nudge.trial.records.tables import Table
from nudge.trial.tables import typed, typed_column
from nudge.trial.texts import Texts, as_text
from nudge.trial.typed_columns import analysis_column, number_column


def one_column(values: object) -> Table:
    texts = Texts(values)
    return Table("rows.csv", {"x": texts}, range(2, len(texts) + 2), "")


def by_field(texts: list[str], kind: str) -> tuple[list[float], list[str]]:
    """Each text read by itself: numbers, and the place and the sentence of each problem."""
    numbers, said = [], []
    for line, text in enumerate(texts, start=2):
        value = None
        try:
            value = typed(text.strip(), kind)
        except GrammarError as error:
            said.append(f"rows.csv:{line}:1: x: {error.what}; {error.remedy}")
        numbers.append(float("nan") if value is None else float(str(value * 1)))  # type: ignore[operator]
    return numbers, said


WRITTEN = st.one_of(
    st.floats().map(str), st.integers().map(str), st.decimals(allow_nan=False).map(str),
    st.sampled_from(["", " ", "NA", "N/A", "nan", "NAN", "nan(1)", "inf", "-Infinity", "+1", "1.", ".5", "-.5", "1,5",
                     "1,234", "٣", "²", " 12 ", "\u200312", "1e5", "1e400", "1e-400", "0x10", "1_0", "1e", "1d5", "1f",
                     "--1", "1 2", "0" * 400 + "1", "yes", "No", "true", "1.0", "old"]),
    st.text("0123456789.,-+eE nifaNAx", max_size=8),
)  # fmt: skip


@given(texts=st.lists(WRITTEN, max_size=8), kind=st.sampled_from(["number", "yes_no"]))
@settings(deadline=None, max_examples=500)
def test_a_column_of_numbers_is_what_its_fields_are(texts: list[str], kind: str) -> None:
    problems = Problems()
    found = number_column(one_column(pa.array(texts, pa.string())), "x", kind, problems)
    numbers, said = by_field(texts, kind)
    np.testing.assert_array_equal(found, numbers)
    assert [str(problem) for problem in problems] == said


@given(texts=st.lists(WRITTEN, min_size=1, max_size=6))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_csv_file_read_as_numbers_is_what_its_fields_are(tmp_path: Path, texts: list[str]) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("x;arm\n" + "".join(f"{text};a\n" for text in texts), encoding="utf-8")
    problems = Problems()
    table = read_csv_table(path, problems, "rows.csv", {"x": "number"})
    found = number_column(table, "x", "number", problems)
    numbers, said = by_field(texts, "number")
    np.testing.assert_array_equal(found, numbers)
    assert [str(problem) for problem in problems] == said


OWN = {
    "whole numbers": (pa.array([1, None, 3]), [1, np.nan, 3]),
    "large whole numbers": (pa.array([2**53 + 1, -(2**62) + 3]), [float(2**53 + 1), float(-(2**62) + 3)]),
    "numbers": (pa.array([1.5, None, float("nan"), -0.0]), [1.5, np.nan, np.nan, 0.0]),
    "numbers of half the length": (pa.array([0.1], pa.float32()), [float(np.float32(0.1))]),
    "amounts": (pa.array([1.5, None]).cast(pa.decimal128(5, 2)), [1.5, np.nan]),
    "numbers as text": (pa.array([" 1", "2,5", None, "NA"]), [1, 2.5, np.nan, np.nan]),
    "numbers as coded text": (pa.array(["1", "2.0", "1", None]).dictionary_encode(), [1, 2, 1, np.nan]),
    "numbers as long text": (pa.array(["1", ""], pa.large_string()), [1, np.nan]),
    "nothing": (pa.array([None, None]), [np.nan, np.nan]),
}


@pytest.mark.parametrize(("values", "numbers"), OWN.values(), ids=OWN)
def test_numbers_of_a_files_own_type(values: pa.Array, numbers: list[float]) -> None:
    problems = Problems()
    np.testing.assert_array_equal(number_column(one_column(values), "x", "number", problems), numbers)
    assert len(problems) == 0


def test_what_is_no_number_is_told_whatever_its_type() -> None:
    problems = Problems()
    found = number_column(one_column(pa.array([1.0, float("inf"), 2.0])), "x", "number", problems)
    np.testing.assert_array_equal(found, [1, np.nan, 2])
    assert isnan(number_column(one_column(pa.array([True])), "x", "number", problems)[0])
    assert [str(problem) for problem in problems] == [
        "rows.csv:2:1: x: `yes` is not a number; write digits, such as 12.5",
        "rows.csv:3:1: x: `inf` is not a number; write digits, such as 12.5",
    ]


def test_yes_and_no_of_a_files_own_type() -> None:
    for values in (pa.array([True, None, False]), pa.array([1, None, 0]), pa.array([1.0, None, 0.0])):
        found = number_column(one_column(values), "x", "yes_no", Problems())
        np.testing.assert_array_equal(found, [1, np.nan, 0])


@given(st.lists(st.sampled_from(["a", " a", "b ", "", " ", "\u2003", "é", "e\u0301", "NA", None])))
def test_levels_are_the_texts_a_person_sees_in_the_order_of_the_rows(texts: list[str | None]) -> None:
    seen = [as_text(text) for text in texts]
    for values in (
        pa.array(texts, pa.string()), pa.array(texts, pa.string()).dictionary_encode(),
        pa.chunked_array([texts[:3], texts[3:], []], pa.string()),
    ):  # fmt: skip
        column = analysis_column(one_column(values), "x", "category", Problems())
        assert isinstance(column, Coded)
        assert column.texts() == [text or None for text in seen]
        assert column.levels == tuple(dict.fromkeys(text for text in seen if text))
        assert list(Texts(values)) == seen


def test_levels_of_a_files_own_type_are_the_texts_a_person_sees() -> None:
    for values, texts in (
        (pa.array([2.0, 0.0, -0.0, None, 2.5]), ["2", "0", "0", None, "2.5"]),
        (pa.array([2.0, float("nan"), 2.0, None]), ["2", None, "2", None]),
        (pa.array([7, 8, None, 7], pa.int8()), ["7", "8", None, "7"]),
        (pa.array([[1], [2], [1]]), ["[1]", "[2]", "[1]"]),
    ):
        column = analysis_column(one_column(values), "x", "category", Problems())
        assert isinstance(column, Coded)
        assert column.texts() == texts


def test_one_day_in_two_ways_of_writing_is_one_level() -> None:
    problems = Problems()
    table = one_column(pa.array(["31/01/2027", "2027-01-31", "NA", "soon", ""]))
    column = analysis_column(table, "x", "date", problems)
    assert isinstance(column, Coded)
    assert column.texts() == ["2027-01-31", "2027-01-31", None, None, None]
    assert typed_column(table, "x", "date", Problems()) == [date(2027, 1, 31)] * 2 + [None] * 3
    assert [str(problem) for problem in problems] == [
        "rows.csv:5:1: x: `soon` is not a day; write 2027-01-31 or 31/01/2027"
    ]


def test_where_another_column_has_each_text() -> None:
    mine = Texts(pa.chunked_array([["b", " c"], ["", None, "x", "b"]]))
    other = Texts(pa.array(["c", "b ", "", "b"]))
    assert mine.found_in(other).tolist() == [1, 0, -1, -1, -1, 1]
    assert Texts(pa.array([10, 11])).found_in(Texts(pa.array([11.0, 10.0]))).tolist() == [1, 0]
