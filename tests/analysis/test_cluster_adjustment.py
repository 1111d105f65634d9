"""The two ways to adjust a cluster agree with each other and with SciPy's matrix power."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import fractional_matrix_power

from nudge.analysis.cluster_adjustment import SLIGHT, Slight, Turned, by_columns, by_rows


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("size", [0.9 * SLIGHT, 0.9])
def test_adjusted_as_the_matrix_power_says(power: float, size: float) -> None:
    rng = np.random.default_rng(3)
    rows = rng.normal(size=(5, 6, 4))
    grams = rows.transpose(0, 2, 1) @ rows
    grams *= size / np.trace(grams, axis1=1, axis2=2)[:, None, None]
    contrasts, scores = rng.normal(size=(4, 2)), rng.normal(size=(5, 4))
    (part,) = by_columns(grams, scores)
    assert isinstance(part, Slight if size < SLIGHT else Turned)
    found = part.adjusted(contrasts, power)
    for g, gram in enumerate(grams):
        expected = fractional_matrix_power(np.eye(4) - gram, -power) @ contrasts
        t, s = found.t[g].transpose(), found.s[g].transpose()
        assert t == pytest.approx(expected, rel=1e-11, abs=1e-13)
        assert s == pytest.approx(gram @ expected, rel=1e-11, abs=1e-13)


def test_clusters_of_both_kinds_are_parted_and_none_is_lost() -> None:
    grams = np.eye(3)[None] * np.array([0.001, 0.3, 0.01, 0.2])[:, None, None]
    scores = np.arange(12.0).reshape(4, 3)
    parts = by_columns(grams, scores)
    assert [type(part) for part in parts] == [Slight, Turned]
    assert sorted(np.concatenate([part.scores for part in parts])[:, 0]) == [0.0, 3.0, 6.0, 9.0]
    assert parts[0].leverage(np.ones(3), 0.0) == pytest.approx(0.03)
    assert parts[1].leverage(np.ones(3), 0.0) == pytest.approx(0.3)


def test_few_rows_and_their_columns_say_the_same() -> None:
    rng = np.random.default_rng(4)
    x, contrasts, scores = 0.2 * rng.normal(size=(3, 2, 4)), rng.normal(size=(4, 1)), np.zeros((3, 4))
    few = by_rows(x, scores).adjusted(contrasts, 0.5)
    (whole,) = by_columns(x.transpose(0, 2, 1) @ x, scores)
    many = whole.adjusted(contrasts, 0.5)
    assert few.t == pytest.approx(many.t, rel=1e-10, abs=1e-12)
    assert few.s == pytest.approx(many.s, rel=1e-10, abs=1e-12)
