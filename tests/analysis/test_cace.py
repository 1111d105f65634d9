"""The effect on those reached: Wald's ratio, Anderson and Rubin's interval, and when the line is shown."""

from __future__ import annotations

from dataclasses import replace
from math import inf

import numpy as np
import pytest

from nudge.analysis.answers import t_quantile
from nudge.analysis.cace import ComplierEffect, complier_effect
from nudge.analysis.comparison import Choice, Pair
from nudge.analysis.estimators import estimator
from nudge.analysis.inference import answer
from nudge.trial.errors import EstimationRefused
from nudge.trial.records.analysis import AnalysisRows, Estimate, Fitted, Floats
from tests.analysis.builders import CLUSTER, SHAPES, made_up, outcome, results, rows, trial

PLAIN = Choice("difference_in_means", "HC2", "none", "")


def reached_of(made: Pair, seed: int, share: float = 0.6) -> Floats:
    chance = np.random.default_rng(seed).random(made.y.size)
    return ((chance < share) & made.treated).astype(float)


@pytest.mark.parametrize("name", sorted(SHAPES))
def test_the_ratio_and_the_interval_for_every_design(name: str) -> None:
    """Anderson and Rubin's bounds are where the ITT effect on y − b·reached is just not rejected."""
    made, shape = made_up(SHAPES[name], seed=3), SHAPES[name]
    reached = reached_of(made, 1)
    choice = answer(made, shape.design, binary=False, average="person").choice
    found = complier_effect(made, reached, choice)

    def itt(y: Floats) -> Fitted:
        return estimator(choice.estimator).estimate(replace(made, y=y), choice.adjustment)

    assert found.estimate == pytest.approx(itt(made.y).estimate / itt(reached).estimate, rel=1e-9)
    assert found.reached == pytest.approx(itt(reached).estimate, rel=1e-9)
    critical = t_quantile(0.95, found.itt.df)
    ((low, high),) = found.anderson_rubin(critical)
    for bound in (low, high):
        left = itt(made.y - bound * reached)
        assert abs(left.estimate / left.std_error) == pytest.approx(critical, rel=1e-6)
    assert low < found.estimate < high


def test_everyone_reached_is_the_itt() -> None:
    made = made_up(SHAPES["individuals"])
    found = complier_effect(made, made.treated.astype(float), PLAIN)
    assert (found.estimate, found.std_error, found.df) == pytest.approx(
        (found.itt.estimate, found.itt.std_error, found.itt.df), rel=1e-9
    )


def test_nobody_reached_is_refused() -> None:
    made = made_up(SHAPES["individuals"])
    with pytest.raises(EstimationRefused, match="nobody more was reached"):
        complier_effect(made, np.zeros(made.y.size), PLAIN)


def weak(estimate: float, reached: float) -> ComplierEffect:
    itt = Fitted(estimate, 1.0, 50.0, "difference_in_means", "HC2", 2)
    return ComplierEffect(estimate / reached, 1.0, 50.0, "HC2", reached, itt, (1.0, 0.0, 0.01))


def test_few_reached_leave_an_interval_without_end() -> None:
    """Share .1 with standard error .1: t = 1. An effect far from 0 still excludes some values; one near does not."""
    far, near = weak(5.0, 0.1).anderson_rubin(2.0), weak(0.5, 0.1).anderson_rubin(2.0)
    assert near == ((-inf, inf),)
    assert len(far) == 2
    assert (far[0][0], far[1][1]) == (-inf, inf)
    for bound in (far[0][1], far[1][0]):
        assert abs(5.0 - bound * 0.1) / np.sqrt(1 + bound**2 * 0.01) == pytest.approx(2.0)


def two_arms(received: list[float], n: int = 60) -> AnalysisRows:
    rng = np.random.default_rng(4)
    values = (rng.random(2 * n) < np.repeat([0.6, 0.3], n)).astype(float)
    made = rows(values.tolist(), ["plan"] * n + ["usual"] * n)
    return replace(made, received=np.array(received))


def lines(made: AnalysisRows, better: str = "higher") -> list[Estimate]:
    described = trial(outcomes={"came": outcome(better=better)})
    return [one for one in results(described, {"came": made}).estimates if one.estimand.startswith("CACE")]


def test_a_line_beside_the_plan() -> None:
    (one,) = lines(two_arms([1.0] * 45 + [0.0] * 75))
    whole = results(trial(), {"came": two_arms([0.0] * 120)}).estimates[0]
    assert one.label == "sensitivity"
    assert one.verdict is None
    assert one.estimate == pytest.approx((whole.estimate or 0) / 0.75)
    assert "75.0% of plan" in one.note
    assert "Anderson-Rubin interval" in one.note
    (turned,) = lines(two_arms([1.0] * 45 + [0.0] * 75), better="lower")
    assert turned.estimate == pytest.approx(-(one.estimate or 0))


def test_an_unknown_fate_counts_both_ways() -> None:
    as_not, as_reached = lines(two_arms([1.0] * 30 + [np.nan] * 15 + [0.0] * 75))
    assert "50.0% of plan; 15 of unknown fate count as not reached" in as_not.note
    assert "75.0% of plan; 15 of unknown fate count as reached" in as_reached.note
    assert abs(as_not.estimate or 0) > abs(as_reached.estimate or 0)


@pytest.mark.parametrize("received", [[0.0] * 120, [1.0] * 120])
def test_no_line_where_nobody_or_the_control_too_was_reached(received: list[float]) -> None:
    assert not lines(two_arms(received))


def clinics(*, continuous: bool = False) -> AnalysisRows:
    """20 clinics of 12 families, alike within, three in four families of the arm reached."""
    rng = np.random.default_rng(11)
    of = np.repeat(np.arange(20), 12)
    latent = rng.normal(size=20)[of] + 0.8 * (of % 2) + rng.normal(size=of.size)
    values = latent if continuous else (latent > 0).astype(float)
    made = rows(values.tolist(), np.where(of % 2, "plan", "usual").tolist(), unit=of.tolist())
    return replace(made, received=((np.arange(of.size) % 4 > 0) & (of % 2 == 1)).astype(float))


@pytest.mark.parametrize("continuous", [False, True])
def test_those_reached_counted_as_if_each_had_been_drawn(*, continuous: bool) -> None:
    """Two-stage least squares written out: (z'x)⁻¹ z'e with HC2 of the stage on allocation."""
    made = clinics(continuous=continuous)
    kind = {"kind": "continuous", "unit": "visits", "worthwhile": "1 visits"} if continuous else {}
    analysed = results(trial(outcomes={"came": outcome(**kind)}), {"came": made}, CLUSTER)
    people, reached = analysed.careless
    z, x, y = made.arm.is_("plan"), made.received, made.outcome
    assert x is not None
    share = x[z].mean()
    effect = (y[z].mean() - y[~z].mean()) / share
    left = y - effect * x
    error = np.sqrt(sum(left[side].var(ddof=1) / side.sum() for side in (z, ~z))) / share
    assert (reached.estimate, reached.std_error) == pytest.approx((effect, error), rel=1e-9)
    assert reached.what == "among those reached, 240 people counted as if each had been randomised"
    assert {people.scale, reached.scale} == {"mean" if continuous else "probability"}
    (shown,) = [one for one in analysed.estimates if one.estimand.startswith("CACE")]
    assert shown.std_error is not None
    assert shown.std_error > 1.05 * reached.std_error


def test_those_reached_have_no_careless_answer_where_each_was_drawn() -> None:
    assert results(trial(), {"came": two_arms([1.0] * 45 + [0.0] * 75)}).careless == ()
