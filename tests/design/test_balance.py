"""Balance as standardised differences (Austin 2009, Statistics in Medicine 28:3083-3107), by hand."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan, sqrt

import pytest

from nudge.analysis.foreseen import column_of
from nudge.design.balance import balance
from nudge.trial.quantities import Comparison
from nudge.trial.records.columns import Coded
from nudge.trial.records.design import BalanceRow
from nudge.trial.records.people import Value

PAIR = Comparison("plan", "usual")
ARMS = ["usual"] * 4 + ["plan"] * 4


def rows_of(kind: str, values: Sequence[Value]) -> list[BalanceRow]:
    return balance({"x": column_of(values, kind)}, Coded.of(ARMS), [PAIR], {"x": kind})


def test_a_number() -> None:
    (row,) = rows_of("number", [1, 2, 3, 4, 2, 4, 6, 8])
    # Means 2.5 and 5; sample variances 5/3 and 20/3; (5 − 2.5) / √((5/3 + 20/3) / 2) = √1.5.
    assert (row.mean_control, row.mean_arm) == (2.5, 5)
    assert row.standardised_difference == pytest.approx(sqrt(1.5), rel=1e-12)


def test_yes_or_no() -> None:
    (row,) = rows_of("yes_no", [True, False, False, False, True, True, True, False])
    # (3/4 − 1/4) / √((3/16 + 3/16) / 2) = 2 / √3.
    assert row.standardised_difference == pytest.approx(2 / sqrt(3), rel=1e-12)


def test_a_category_level_by_level_with_blanks_a_level_of_their_own() -> None:
    rows = rows_of("category", ["en", "en", "cy", None, "en", "cy", "cy", "cy"])
    assert [(row.level, row.mean_control, row.mean_arm) for row in rows] == [
        ("blank", 0.25, 0.0), ("cy", 0.25, 0.75), ("en", 0.5, 0.25),
    ]  # fmt: skip
    by_level = {row.level: row.standardised_difference for row in rows}
    assert by_level["cy"] == pytest.approx(2 / sqrt(3), rel=1e-12)
    assert by_level["blank"] == pytest.approx(-0.25 / sqrt(0.1875 / 2), rel=1e-12)


def test_blanks_of_a_number_are_left_out() -> None:
    (row,) = rows_of("number", [1, 2, 3, None, 2, None, None, 4])
    assert (row.mean_control, row.mean_arm) == (2, 3)
    assert row.standardised_difference == pytest.approx(1 / sqrt((1 + 2) / 2), rel=1e-12)


def test_what_never_varies() -> None:
    (same,) = rows_of("number", [1.0] * 8)
    (apart,) = rows_of("number", [1.0] * 4 + [2.0] * 4)
    (nothing,) = rows_of("number", [None] * 8)
    (single,) = rows_of("number", [1.0, None, None, None, 2.0, 3.0, None, None])
    assert same.standardised_difference == 0
    assert isnan(apart.standardised_difference)
    assert isnan(nothing.standardised_difference)
    assert isnan(single.standardised_difference)


def test_dates_and_texts_are_not_described() -> None:
    assert rows_of("date", [None] * 8) == rows_of("text", ["a"] * 8) == []
