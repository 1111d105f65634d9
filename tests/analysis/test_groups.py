"""Groups by table: what numpy finds by sorting."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from nudge.analysis import groups

# Ranges that a table serves and ranges so wide that codes are sorted.
ANY = st.sampled_from([3, 60, 10_000_000]).flatmap(
    lambda top: arrays(np.int64, st.integers(1, 40), elements=st.integers(-top, top))
)
CODES = arrays(np.int64, st.integers(1, 40), elements=st.integers(0, 60))


@given(ANY)
def test_codes_are_those_of_sorting(values: np.ndarray) -> None:
    kept, codes = np.unique(values, return_inverse=True)
    found, of = groups.numbered(values)
    assert found.tolist() == codes.tolist() == groups.compact(values).tolist()
    assert of.tolist() == kept.tolist()
    assert groups.distinct(values) == kept.size


@given(CODES)
def test_the_first_row_of_every_code(codes: np.ndarray) -> None:
    assert groups.first_rows(codes).tolist() == np.unique(codes, return_index=True)[1].tolist()


@given(CODES)
def test_rows_by_code(codes: np.ndarray) -> None:
    whole = groups.compact(codes)
    assert [rows.tolist() for rows in groups.rows_by_code(whole)] == [
        np.flatnonzero(whole == one).tolist() for one in range(whole.max() + 1)
    ]


@given(CODES)
def test_codes_settle_values_where_no_row_is_unlike(codes: np.ndarray) -> None:
    of = np.array([0.5, np.nan, 2.0])[codes % 3]
    assert groups.rows_unlike(codes, of).size == 0
    changed = of.copy()
    row = int(codes.size // 2)
    changed[row] = 7.0
    unlike = set(codes[groups.rows_unlike(codes, changed)].tolist())
    assert unlike == ({int(codes[row])} if (codes == codes[row]).sum() > 1 else set())


def test_runs_meet_without_a_gap() -> None:
    """More rows than are read at a time."""
    rng = np.random.default_rng(3)
    codes, sides, values = rng.integers(0, 9, 200_000), rng.random(200_000) < 0.4, rng.normal(size=200_000)
    for given_values in (None, values):
        expected = [
            [float((np.ones(values.size) if given_values is None else values)[(codes == i) & (sides == side)].sum())
             for side in (False, True)]
            for i in range(9)
        ]  # fmt: skip
        assert groups.by_side(codes, sides, given_values) == pytest.approx(np.array(expected), rel=1e-12)
    assert groups.first_rows(codes).tolist() == np.unique(codes, return_index=True)[1].tolist()
    table = np.arange(10) * 3
    assert (groups.looked_up(table, codes) == codes * 3).all()
    late = np.zeros(200_000)
    late[-1] = 1
    assert groups.rows_unlike(np.zeros(200_000, dtype=np.int64), late).size > 0
    assert not groups.alike(late, np.ones(200_000, dtype=bool))
    assert groups.alike(late, late == 0)


def test_nothing_has_no_codes() -> None:
    none = np.empty(0, dtype=np.int64)
    assert groups.compact(none).size == groups.distinct(none) == groups.first_rows(none).size == 0
    assert groups.alike(np.empty(0), none > 0)
