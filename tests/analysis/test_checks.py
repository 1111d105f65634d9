"""Checks that stand beside the results: attrition, sample ratio, the flow that adds up; and the ICC."""

from __future__ import annotations

import numpy as np
import pytest

from nudge.analysis.checks import attrition, reconciliation, sample_ratio
from nudge.analysis.icc import anova_icc
from nudge.analysis.missing import needs_bounds
from nudge.analysis.multiplicity import adjusted
from nudge.trial.quantities import Comparison
from nudge.trial.records.report import FlowStep
from tests.analysis.builders import COMPLETE, rows

PAIR = Comparison("plan", "usual")


def lost(arm: int, control: int, n: int = 200) -> list[float]:
    return [np.nan] * arm + [1.0] * (n - arm) + [np.nan] * control + [0.0] * (n - control)


class TestAttrition:
    arms = ["plan"] * 200 + ["usual"] * 200

    def test_nobody_lost(self) -> None:
        check = attrition("came", rows(lost(0, 0), self.arms), PAIR, COMPLETE)
        assert (check.status, check.p_value) == ("ok", None)

    def test_alike_in_both_arms(self) -> None:
        check = attrition("came", rows(lost(20, 22), self.arms), PAIR, COMPLETE)
        assert check.status == "note"
        assert check.p_value is not None
        assert check.p_value > 0.5

    def test_very_unlike(self) -> None:
        check = attrition("came", rows(lost(60, 10), self.arms), PAIR, COMPLETE)
        assert check.status == "problem"
        assert check.values == {"arm": 0.7, "control": 0.95}

    def test_everybody_lost(self) -> None:
        check = attrition("came", rows(lost(200, 200), self.arms), PAIR, COMPLETE)
        assert (check.status, check.p_value) == ("note", None)

    def test_an_arm_nobody_was_in(self) -> None:
        check = attrition("came", rows([1.0, 0.0], ["usual", "usual"]), PAIR, COMPLETE)
        assert check.p_value is None


@pytest.mark.parametrize(
    ("counts", "ratio", "statistic"),
    [
        # (52 − 50)²/50 · 2
        ({"a": 52, "b": 48}, {"a": 1, "b": 1}, 0.16),
        # The designed ratio, not an equal one: (100 − 100)² …
        ({"a": 100, "b": 50}, {"a": 2, "b": 1}, 0.0),
        # R: chisq.test(c(16687, 33396), p = c(1/3, 2/3)), reference karlan_list/srm
        ({"a": 16687, "b": 33396}, {"a": 1, "b": 2}, 0.0048319789150011),
        ({"a": 20}, {"a": 1, "b": 1}, 20.0),
    ],
)
def test_the_sample_ratio(counts: dict[str, int], ratio: dict[str, int], statistic: float) -> None:
    check = sample_ratio(counts, ratio)
    assert check.values == {"statistic": pytest.approx(statistic, rel=1e-9, abs=1e-12)}
    assert check.status == ("problem" if statistic > 10.83 else "ok")  # χ² with one degree at .001


def test_a_flow_that_adds_up() -> None:
    flow = [
        FlowStep("assessed", None, "", 10, 12), FlowStep("excluded", None, "refuge", 2, 2),
        FlowStep("allocated", "plan", "", 4, 5), FlowStep("allocated", "usual", "", 4, 5),
        FlowStep("outcome", "plan", "known", 3, 4), FlowStep("outcome", "plan", "missing", 1, 1),
        FlowStep("outcome", "usual", "known", 4, 5),
    ]  # fmt: skip
    assert reconciliation(flow).status == "ok"
    short = reconciliation([step for step in flow if step.reason != "missing"])
    assert short.status == "problem"
    assert "of plan by outcomes are not those allocated" in short.detail
    assert reconciliation(flow[2:]).status == "ok"
    assert "assessed less excluded" in reconciliation([flow[0], *flow[2:]]).detail


def test_holm_by_hand() -> None:
    """Holm (1979): sorted p times 3, 2, 1, never falling; a fourth question without a p-value makes it 4, 3, 2."""
    assert adjusted([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert adjusted([0.01, 0.04, 0.03], 4) == pytest.approx([0.04, 0.09, 0.09])
    assert adjusted([0.9, 0.8]) == pytest.approx([1, 1])
    assert adjusted([]) == []


def test_icc_by_hand() -> None:
    """Two clusters of two: means 1 and 4, so MSB = 9; within squares 0.5 · 4 / 2 = 1 … (9 − 0.5) / (9 + 0.5)."""
    assert anova_icc(np.array([0.5, 1.5, 3.5, 4.5]), np.array([7, 7, 3, 3])) == pytest.approx((9 - 0.5) / (9 + 0.5))


def test_icc_of_what_cannot_be_alike() -> None:
    assert anova_icc(np.array([1.0, 0, 1]), np.array([0, 1, 2])) is None
    assert anova_icc(np.array([1.0, 0, 1]), np.array([0, 0, 0])) is None
    assert anova_icc(np.array([1.0, 1, 1, 1]), np.array([0, 0, 1, 1])) is None
    assert anova_icc(np.array([1.0, 1, 0, 0]), np.array([0, 0, 1, 1])) == 1


@pytest.mark.parametrize(
    ("arm", "control", "needed"), [(0, 0, False), (9, 11, False), (10, 10, False), (10, 11, True), (4, 0, False),
                                   (5, 0, True)],
)  # fmt: skip
def test_bounds_are_needed_above_five_per_cent_or_two_points(arm: int, control: int, *, needed: bool) -> None:
    assert needs_bounds(rows(lost(arm, control), ["plan"] * 200 + ["usual"] * 200), "plan", "usual") is needed
