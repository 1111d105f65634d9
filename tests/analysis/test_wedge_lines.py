"""What stands beside the plan of a stepped wedge: who was reached, who is missing, and what has no sound line."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from nudge.analysis.analyse import Analysed
from nudge.analysis.cace import complier_effect
from nudge.analysis.comparison import Choice, pair_of
from nudge.analysis.estimators import estimator
from nudge.analysis.missing import response_weights
from nudge.trial.records.analysis import AnalysisRows, Design, Estimate
from nudge.trial.records.columns import Coded
from tests.analysis.builders import outcome, results, trial
from tests.reference.test_stepped_wedge import analysis_rows

WEDGE = Design("stepped_wedge", clusters=True, blocks=False, estimand="immediate")


def with_gaps() -> AnalysisRows:
    of = analysis_rows()
    number = np.arange(of.outcome.size)
    reached = np.where(of.arm.is_("plan"), (number % 3 != 0).astype(float), 0.0)
    return replace(of, outcome=np.where(number % 8 == 0, np.nan, of.outcome), received=reached)


def analysed(of: AnalysisRows, design: Design = WEDGE, **analysis: Any) -> Analysed:
    described = trial(
        population={"columns": {"need": "number"}},
        analysis={"covariates": ["need"], "imputations": 5} | analysis,
        outcomes={"came": outcome(kind="continuous", worthwhile="1 point", unit="points")},
    )  # fmt: skip
    return results(described, {"came": of}, design)


def noted(found: Analysed, words: str) -> Estimate:
    (line,) = [one for one in found.estimates if words in one.note]
    return line


def test_the_effect_on_those_reached_is_two_stage_least_squares_within_periods() -> None:
    of = with_gaps()
    line = noted(analysed(of), "among those reached")
    pair = pair_of(of, "plan", "usual", ("need",))
    assert pair.received is not None
    choice = Choice("immediate_effect", "CR2", "additive" if line.covariates else "none", "")
    by_hand = complier_effect(pair, pair.received, choice)
    assert (line.estimate, line.std_error) == pytest.approx((by_hand.estimate, by_hand.std_error))
    assert (line.estimator, line.estimand[:4]) == ("two_stage_immediate_effect", "CACE")
    assert "taken to be the same from the day of crossing on" in line.note
    averaged = replace(WEDGE, estimand="exposure_averaged")
    assert noted(analysed(of, averaged), "among those reached").estimate == pytest.approx(line.estimate)


def test_weights_and_imputation_know_the_periods() -> None:
    of = with_gaps()
    found = analysed(of)
    weighted = noted(found, "weighted by the chance of an outcome")
    assert weighted.note.endswith("with the same need, period")
    need = of.covariates["need"]
    assert isinstance(need, np.ndarray)
    chance = response_weights(of, "plan", "usual", need[:, None])
    pair = replace(pair_of(of, "plan", "usual"), weight=chance[~np.isnan(of.outcome)])
    by_hand = estimator("immediate_effect").estimate(pair, "none")
    assert (weighted.estimate, weighted.std_error) == pytest.approx((by_hand.estimate, by_hand.std_error))
    imputed = noted(found, "filled in 5 times")
    assert "the same period, cluster and need" in imputed.note
    assert imputed.n == int((of.arm.codes >= 0).sum())


def test_lee_s_bounds_are_refused_by_name() -> None:
    said = {one.what: one.why for one in analysed(with_gaps()).remarks}
    assert "in a stepped wedge who has an outcome differs between periods" in said["Lee's bounds"]


def test_an_average_over_clusters_has_neither_weights_nor_an_effect_on_those_reached() -> None:
    said = {one.what for one in analysed(with_gaps(), average="cluster").remarks}
    assert {"effect among those reached", "weights by the chance of an outcome", "Lee's bounds"} <= said


def test_nobody_missing_and_nobody_reached_adds_nothing() -> None:
    notes = [one.note for one in analysed(analysis_rows()).estimates]
    assert not [one for one in notes if "reached" in one or "chance" in one or "filled" in one]


@pytest.mark.slow
def test_weights_by_period_take_back_what_goes_missing_with_time_and_need() -> None:
    """120 wedges of 12 clusters whose needier families, who do worse, are lost more often after the crossing."""
    off: dict[str, list[float]] = {"complete": [], "weighted": []}
    for seed in range(120):
        rng = np.random.default_rng(seed)
        n = 12 * 40
        unit, period = np.repeat(np.arange(12), 40), rng.integers(0, 4, n)
        step = unit % 3 + 1
        treated = period >= step
        need = rng.integers(0, 2, n)
        y = 0.5 * treated - 1.5 * need + 0.3 * period + 0.3 * rng.normal(size=12)[unit] + rng.normal(size=n)
        known = rng.random(n) < np.where(treated & (need == 1), 0.4, 0.95)
        base = analysis_rows()
        assert base.phases is not None
        of = AnalysisRows(
            np.where(known, y, np.nan), Coded(treated.astype(np.int32), ("usual", "plan")), unit,
            np.zeros(n, dtype=np.int64), np.full(n, 1 / 3), {"need": need.astype(float)}, {"need": "number"},
            phases=replace(base.phases, period=period, complete=period, step=step, steps=3),
        )  # fmt: skip
        pair = pair_of(of, "plan", "usual")
        chance = response_weights(of, "plan", "usual", need.astype(float)[:, None])
        weighted = replace(pair, weight=chance[known])
        for name, one in (("complete", pair), ("weighted", weighted)):
            off[name].append(estimator("immediate_effect").estimate(one, "none").estimate - 0.5)
    spread = float(np.std(off["weighted"]) / np.sqrt(120))
    assert abs(np.mean(off["weighted"])) < 3 * spread
    assert np.mean(off["complete"]) > 5 * spread
