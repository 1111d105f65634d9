"""Money: Fieller's theorem and the delta method by hand, R and simulation; no ratio where it could be anything."""

from __future__ import annotations

from dataclasses import replace
from math import sqrt

import numpy as np
import pytest
from scipy.stats import t

from nudge.analysis.economics import CostEffect, bootstrap, cost_effect, cost_per_reached
from nudge.analysis.lines import Line
from nudge.analysis.money import money, reach_costs
from nudge.trial.model import Trial
from nudge.trial.quantities import Comparison
from nudge.trial.records.analysis import AnalysisRows
from tests.analysis.builders import COMPLETE, outcome, pair, results, rows, trial

PRICES = {"currency": "GBP", "prices": "2026", "per_unit": {"plan": "2"}, "setup": {"plan": "120"},
          "benefit": [{"per": "came", "value": "31", "payer": "council", "cashable": "yes", "over": "12 months"},
                      {"per": "came", "value": "10", "payer": "NHS", "cashable": "no"}]}  # fmt: skip


def made(events: int, control: int, n: int = 300) -> tuple[Trial, AnalysisRows]:
    values = [1] * events + [0] * (n - events) + [1] * control + [0] * (n - control)
    return trial(costs=PRICES), rows(values, ["plan"] * n + ["usual"] * n)


def test_fieller_and_delta_by_hand() -> None:
    """cost 10 (SE 1), effect 0.5 (SE 0.1), covariance 0.03, 30 df; the quadratic solved here by its roots."""
    of = CostEffect(10, 0.5, (1.0, 0.03, 0.01), 30)
    q = float(t.ppf(0.975, 30))
    roots = sorted(np.roots([0.25 - q**2 * 0.01, -2 * (5 - q**2 * 0.03), 100 - q**2]).real.tolist())
    assert of.fieller(0.95) == pytest.approx(tuple(roots))
    error = sqrt(1 - 2 * 20 * 0.03 + 400 * 0.01) / 0.5
    assert of.delta(0.95) == pytest.approx((20 - q * error, 20 + q * error))
    low, high = roots
    assert low < 20 < high
    assert CostEffect(10, 0.1, (1.0, 0.0, 0.01), 30).fieller(0.95) is None


def test_a_certain_cost_over_a_wide_effect_has_the_effect_s_own_limits() -> None:
    """With a cost that does not vary, cost / effect runs between cost / upper and cost / lower end."""
    of = CostEffect(2.0, 0.1, (0.0, 0.0, 0.0009), 500)
    q = float(t.ppf(0.975, 500)) * 0.03
    assert of.fieller(0.95) == pytest.approx((2 / (0.1 + q), 2 / (0.1 - q)))


def test_costs_and_outcomes_that_go_together() -> None:
    """The covariance from two fits is the one of the arms' own rows (Neyman)."""
    rng = np.random.default_rng(1)
    n = 400
    y = rng.random(2 * n)
    cost = np.where(np.arange(2 * n) < n, 3 + 2 * y + rng.normal(0, 0.3, 2 * n), 0.0)
    kind = outcome(kind="continuous", unit="marks", worthwhile="1 marks")
    of = rows(y.tolist(), ["plan"] * n + ["usual"] * n)
    line = Line(trial(outcomes={"came": kind}), "came", trial(outcomes={"came": kind}).outcomes["came"],
                Comparison("plan", "usual"), of, COMPLETE, None, 1)  # fmt: skip
    found = cost_effect(line, cost)
    assert found is not None
    one, _ = found
    assert one.cost == pytest.approx(float(cost[:n].mean()))
    assert one.variances[0] == pytest.approx(float(cost[:n].var(ddof=1)) / n, rel=1e-9)
    assert one.variances[1] == pytest.approx(float(np.cov(cost[:n], y[:n])[0, 1]) / n, rel=1e-8)


def test_every_number_of_a_trial_with_prices() -> None:
    """£2 a unit and £120 once over 300 units: £2.40 each; 20 points: £12 for one more."""
    values, of = made(180, 120)
    lines = results(values, {"came": of}).estimates
    (one,) = money(values, {"came": of}, COMPLETE, lines, {})
    assert one.extra_cost == pytest.approx(2.4)
    assert one.per_extra == pytest.approx(12.0)
    assert (one.fieller_low, one.fieller_high) == pytest.approx(
        (2.4 / (lines[0].conf_high or 0), 2.4 / (lines[0].conf_low or 0))
    )
    assert one.bootstrap_low == pytest.approx(one.fieller_low, rel=0.05)
    assert one.bootstrap_high == pytest.approx(one.fieller_high, rel=0.12)
    council, nhs = one.payers
    assert council.net == pytest.approx(31 * 0.2 - 2.4)
    assert council.months == pytest.approx(12 / (31 / 12))
    assert (nhs.cashable, nhs.months) == (False, None)
    assert nhs.net_low < nhs.net < nhs.net_high


@pytest.mark.parametrize(
    ("events", "control", "why"), [(130, 120, "includes zero"), (90, 150, "did worse than its comparison")]
)
def test_no_ratio_where_it_could_be_anything(events: int, control: int, why: str) -> None:
    values, of = made(events, control)
    (one,) = money(values, {"came": of}, COMPLETE, results(values, {"came": of}).estimates, {})
    assert (one.per_extra, one.fieller_low, one.bootstrap_low, one.delta_low) == (None, None, None, None)
    assert why in one.why
    assert one.payers[0].months is None
    assert one.payers[0].net == pytest.approx(31 * (events - control) / 300 - 2.4)


def test_what_units_spent_is_shared_by_their_people() -> None:
    values = trial(costs={"currency": "GBP", "prices": "2026"})
    of = rows([1, 0, 1, 1, 0, 0, 1, 0], ["plan"] * 4 + ["usual"] * 4, unit=[0, 0, 1, 1, 2, 2, 3, 3])
    received = of.outcome * 0 + [1, 1, 0, 0, 0, 0, 0, 0]
    of = AnalysisRows(of.outcome, of.arm, of.unit, of.block, of.probability, {}, {}, received)
    assert values.costs is not None
    (plan,) = reach_costs(values.costs, of, {0: 0.12, 1: 0.04}, 0.95)
    assert (plan.arm, plan.reached) == ("plan", 1)
    assert plan.cost == pytest.approx(0.16)
    assert plan.per_reached == pytest.approx(0.16)


def test_cost_per_reached_is_a_ratio_of_totals() -> None:
    """Cochran (1977), eq. 6.13: s² of cost − R·reached, over n and the mean reached squared."""
    cost, reached = np.array([2.0, 2, 3, 2, 4]), np.array([1.0, 0, 1, 1, 1])
    ratio, low, high = cost_per_reached(cost, reached, 0.95)
    assert ratio == 13 / 4
    left = cost - 13 / 4 * reached
    error = sqrt(float((left**2).sum()) / 4 / 5) / 0.8
    assert high == pytest.approx(13 / 4 + float(t.ppf(0.975, 4)) * error)
    assert low == pytest.approx(13 / 4 - float(t.ppf(0.975, 4)) * error)
    assert cost_per_reached(cost, np.zeros(5), 0.95) == (None, None, None)


@pytest.mark.slow
def test_intervals_hold_the_true_ratio() -> None:
    """400 trials of 240 people, costs that go with the outcome; the truth is £2 / .2 = £10."""
    rng = np.random.default_rng(7)
    held, arm = np.zeros(3), np.arange(240) < 120
    for _ in range(400):
        y = rng.normal(0, 0.5, 240) + 0.2 * arm
        cost = arm * (2 + 0.5 * (y - 0.2) + rng.normal(0, 0.4, 240))
        sides = np.cov(cost[arm], y[arm]) / 120, np.cov(cost[~arm], y[~arm]) / 120
        both = sides[0] + sides[1]
        effects = [float(one[arm].mean() - one[~arm].mean()) for one in (cost, y)]
        of = CostEffect(effects[0], effects[1], (both[0, 0], both[0, 1], both[1, 1]), 238)
        drawn = bootstrap(replace(pair(y.tolist(), arm.tolist()), received=cost), 0.95, draws=200)
        held += [end is None or end[0] <= 10 <= end[1] for end in (of.fieller(0.95), of.delta(0.95), drawn)]
    assert held[0] / 400 == pytest.approx(0.95, abs=3 * sqrt(0.05 * 0.95 / 400))
    assert (held[1:] / 400 > 0.88).all()
