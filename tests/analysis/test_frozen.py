"""Columns frozen and thawed: the same again, and files from before texts were kept as dictionaries."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from nudge.analysis.frozen import AnalysisData, freeze, thaw
from nudge.trial.records.analysis import AnalysisRows
from nudge.trial.records.columns import Coded

TYPES = {"area": "category", "age": "number", "first": "yes_no"}


def data(number: int = 6) -> AnalysisData:
    again = -(-number // 6)
    rows = AnalysisRows(
        outcome=np.tile([1.0, 0, np.nan, 1, 0, 1], again)[:number],
        arm=Coded(np.tile([1, 0, 1, -1, 0, 1], again)[:number].astype(np.int32), ("usual", "plan")),
        unit=np.arange(number), block=np.zeros(number, dtype=np.int64), probability=np.full(number, np.nan),
        covariates={
            "area": Coded(np.tile([2, 1, -1, 0, 1, 2], again)[:number].astype(np.int32), ("west", "east", "north")),
            "age": np.tile([20.5, np.nan, 31, 40, 22, 23], again)[:number],
            "first": np.tile([1, 0, np.nan, 0, 1, 1.0], again)[:number],
        },
        types=TYPES,
    )  # fmt: skip
    return AnalysisData("small", None, {"came": rows}, "prespecified")


@pytest.mark.parametrize("number", [6, 1_100_000])
def test_what_was_frozen_comes_back_and_freezes_to_the_same_bytes(tmp_path: Path, number: int) -> None:
    """Also where it takes more than one of the file's groups of rows."""
    made = data(number)
    file = tmp_path / "frozen.parquet"
    file.write_bytes(freeze(made))
    again = thaw(file, TYPES)
    one, other = made.rows_of["came"], again.rows_of["came"]
    assert (other.arm.levels, other.arm.codes.tolist()) == (one.arm.levels, one.arm.codes.tolist())
    for name, column in one.covariates.items():
        found = other.covariates[name]
        if isinstance(column, Coded):
            assert isinstance(found, Coded)
            assert (found.levels, found.codes.tolist()) == (column.levels, column.codes.tolist())
        else:
            np.testing.assert_array_equal(found, column)
    assert freeze(again) == file.read_bytes()


def test_a_file_that_keeps_plain_texts_thaws_to_the_same_rows(tmp_path: Path) -> None:
    """As files were written before: texts as they are, the arm of a transition an empty one."""
    rows = data().rows_of["came"]
    columns = {
        "arm": pa.array([arm or "" for arm in rows.arm.texts()]), "unit": pa.array(rows.unit),
        "block": pa.array(rows.block), "probability": pa.array(rows.probability),
        "baseline.area": pa.array(["north", "east", None, "west", "east", "north"]),
        "baseline.age": pa.array([20.5, None, 31.0, 40.0, 22.0, 23.0]),
        "baseline.first": pa.array([True, False, None, False, True, True]),
        "outcome.came": pa.array(rows.outcome),
    }  # fmt: skip
    about: dict[str, object] = {
        "trial": "small", "fingerprint": None, "label": "prespecified", "foreseen": {}, "labels": {},
        "windows_open": {},
    }  # fmt: skip
    file = tmp_path / "old.parquet"
    parquet.write_table(
        pa.table(columns).replace_schema_metadata({b"nudge analysis data": json.dumps(about)}), file
    )  # fmt: skip
    thawed = thaw(file, TYPES).rows_of["came"]
    assert thawed.arm.texts() == rows.arm.texts()
    area = thawed.covariates["area"]
    assert isinstance(area, Coded)
    assert area.texts() == ["north", "east", None, "west", "east", "north"]
    for name in ("age", "first"):
        np.testing.assert_array_equal(thawed.covariates[name], rows.covariates[name])
