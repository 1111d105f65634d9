"""From an interval to words: every row of statistics.md 11, in its order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nudge.analysis.verdict import harm_verdict, verdict


@pytest.mark.parametrize(
    ("estimate", "low", "high", "said"),
    [
        (-0.05, -0.09, -0.01, "harmful"),
        (-0.01, -0.04, 0.02, "too small to matter"),
        (0.02, 0.001, 0.04, "too small to matter"),
        (0.0, 0.0, 0.0, "too small to matter"),
        (0.08, 0.06, 0.10, "firmly worthwhile"),
        (0.08, 0.05, 0.11, "firmly worthwhile"),
        (0.06, 0.01, 0.11, "worthwhile"),
        (0.05, 0.001, 0.10, "worthwhile"),
        (0.04, 0.01, 0.07, "undecided: better than control, size uncertain"),
        (0.06, 0.0, 0.12, "undecided"),
        (0.01, -0.04, 0.06, "undecided"),
        (0.02, -0.01, 0.05, "undecided"),
        (-0.02, -0.10, 0.06, "undecided"),
    ],
)
def test_the_first_that_matches(estimate: float, low: float, high: float, said: str) -> None:
    assert verdict(estimate, low, high, 0.05) == said


@given(
    st.tuples(*[st.floats(-1, 1)] * 3).map(sorted), st.floats(0.001, 0.5),
)  # fmt: skip
def test_there_is_always_a_verdict_and_it_is_never_no_effect(bounds: list[float], worthwhile: float) -> None:
    low, estimate, high = bounds
    said = verdict(estimate, low, high, worthwhile)
    assert "no effect" not in said
    assert ("worthwhile" in said) <= (low > 0 and estimate >= worthwhile)
    assert (said == "harmful") == (high < 0)


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [(-0.02, -0.001, "harmful"), (-0.004, 0.01, "within the margin"), (-0.006, 0.004, "undecided"),
     (-0.005, 0.004, "undecided"), (0.001, 0.01, "within the margin")],
)  # fmt: skip
def test_a_harm_against_its_margin(low: float, high: float, said: str) -> None:
    assert harm_verdict(low, high, 0.005) == said
