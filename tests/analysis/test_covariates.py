"""Baseline columns: coded texts, and which model columns they make."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from nudge.analysis.covariates import coded_columns, matrix, names_of
from nudge.analysis.foreseen import column_of
from nudge.trial.records.columns import Coded, Column

EVERY = 200_000
"""More rows than are looked at together."""


def test_texts_are_coded_in_the_order_in_which_they_come() -> None:
    made = Coded.of(["b", None, "a", "", "b"])
    assert (made.codes.tolist(), made.levels, len(made)) == ([0, -1, 1, -1, 0], ("b", "a"), 5)
    assert made.texts() == ["b", None, "a", None, "b"]
    assert made.is_("b").tolist() == [True, False, False, False, True]
    assert not made.is_("c").any()
    assert made.among(["a", "c"]).tolist() == [False, False, True, False, False]
    assert made.count("b") == 2
    assert made.at(np.array([1, 2])).texts() == [None, "a"]
    assert made.at(slice(3, None)).texts() == [None, "b"]


def test_values_become_columns_by_their_kind() -> None:
    number, yes_no = column_of([1.5, None], "number"), column_of([True, False, None], "yes_no")
    assert isinstance(number, np.ndarray)
    assert isinstance(yes_no, np.ndarray)
    assert number[0] == 1.5
    assert np.isnan(number[1])
    assert yes_no[:2].tolist() == [1.0, 0.0]
    assert np.isnan(yes_no[2])
    assert isinstance(column_of(["a", None], "category"), Coded)


def test_a_column_of_0_and_1_is_coded_and_one_of_more_values_is_not() -> None:
    made = coded_columns({"yes": np.array([0.0, 1, 1]), "x": np.array([0.0, 1, 2])}, np.ones(3, dtype=bool))
    assert (isinstance(made["yes"], Coded), isinstance(made["x"], Coded)) == (True, False)
    assert matrix(made, 3).tolist() == [[0, 0], [1, 1], [1, 2]]


@pytest.mark.parametrize("apart", [0, 1])
@pytest.mark.parametrize("at", [5, EVERY - 1])
def test_an_indicator_stays_where_one_row_alone_tells_it_from_the_others(apart: int, at: int) -> None:
    """`x` and `y` are blank on the same rows but for one, wherever that is."""
    rng = np.random.default_rng(5)
    x, y = rng.normal(size=EVERY), rng.normal(size=EVERY)
    blank = rng.random(EVERY) < 0.2
    blank[at] = False
    x[blank] = np.nan
    y[blank] = np.nan
    if apart:
        y[at] = np.nan
    columns: Mapping[str, Column] = {"x": x, "y": y}
    names = names_of(coded_columns(columns, np.ones(EVERY, dtype=bool)))
    assert names == ("x", "y", "x blank", *(["y blank"] if apart else []))


def test_an_indicator_that_several_columns_make_up_together_is_left_out() -> None:
    rng = np.random.default_rng(6)
    area = rng.choice(["north", "south", "west", "east"], EVERY)
    x = rng.normal(size=EVERY)
    x[(area == "south") | (area == "west")] = np.nan
    columns: Mapping[str, Column] = {"x": x, "area": Coded.of(area.tolist())}
    names = names_of(coded_columns(columns, np.ones(EVERY, dtype=bool)))
    assert names == ("x", "area=north", "area=south", "area=west")


def test_rows_that_do_not_inform_settle_nothing() -> None:
    columns: Mapping[str, Column] = {"c": Coded.of(["b", "a", "c"]), "x": np.array([1.0, 1.0, 2.0])}
    made = coded_columns(columns, np.array([True, True, False]))
    assert names_of(made) == ("c=b",)
    assert matrix(made, 3).tolist() == [[1], [0], [0]]
