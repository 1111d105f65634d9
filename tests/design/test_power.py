"""Power held to statsmodels, R's pwr, published design effects and the figures of the field."""

from __future__ import annotations

import json

import pytest
from statsmodels.stats.power import NormalIndPower, TTestIndPower

from nudge.design.phased import wedge_df, wedge_error
from nudge.design.planning import Aim, copies_needed
from nudge.design.power import (
    Block,
    Plan,
    design_effect,
    detectable_effect,
    expected_at,
    factor_needed,
    power,
    standard_error,
)
from nudge.design.priors import PRIORS
from tests.conftest import ROOT


def equal(units: float, **changes: float) -> Plan:
    """Two arms of `units` each."""
    return Plan((Block(units, units),), **({"alpha": 0.05} | changes))  # type: ignore[arg-type]  # plain numbers


@pytest.mark.parametrize(("units", "d"), [(20, 0.8), (64, 0.5), (100, 0.2), (393, 0.2)])
def test_means_equal_statsmodels(units: int, d: float) -> None:
    assert power(equal(units, spread=1.0), d) == pytest.approx(TTestIndPower().power(d, units, 0.05), abs=1e-9)


@pytest.mark.parametrize(("treated", "control", "d"), [(60, 90, 0.6), (30, 120, 0.5)])
def test_unequal_arms_are_near_the_pooled_test(treated: int, control: int, d: float) -> None:
    """Welch's degrees of freedom are fewer than the pooled test's, so the power is a little less."""
    pooled = TTestIndPower().power(d, treated, 0.05, ratio=control / treated)
    mine = power(Plan((Block(treated, control),), 0.05, spread=1.0), d)
    assert pooled - 0.02 < mine <= pooled


def test_r_s_pwr_on_sample_size_of_two_means() -> None:
    """pwr.t.test(d = 2/3, sig.level = .05, power = .9, type = "two.sample"): n = 48.26427 in each group."""
    factor = factor_needed(equal(10, spread=1.0), 2 / 3, 0.9)
    assert factor is not None
    assert factor * 10 == pytest.approx(48.26427, abs=1e-4)


def test_cohen_s_exercise_as_in_r_s_pwr() -> None:
    """Cohen 1988, exercise 2.1, p. 40; the example of pwr.t.test(d = 2 / 2.8, n = 30): power .78 (Cohen's table)."""
    assert power(equal(30, spread=2.8), 2.0) == pytest.approx(0.78, abs=0.005)


@pytest.mark.parametrize(("base", "effect", "units"), [(0.2, 0.05, 1000), (0.62, 0.08, 650), (0.08, 0.02, 3000)])
def test_proportions_are_near_statsmodels(base: float, effect: float, units: int) -> None:
    """Its arcsine approximation differs from the difference in proportions by less than a point here."""
    from statsmodels.stats.proportion import proportion_effectsize

    h = proportion_effectsize(base + effect, base)
    assert power(equal(units, baseline=base), effect) == pytest.approx(NormalIndPower().power(h, units, 0.05), abs=0.01)


@pytest.mark.parametrize(("rows", "deff"), [(10, 1.153), (20, 1.323), (40, 1.663), (80, 2.343)])
def test_design_effects_of_equal_clusters(rows: int, deff: float) -> None:
    """Killip, Mahfoud & Pearce 2004, Ann Fam Med 2:204, table: ICC .017."""
    assert design_effect(rows, 0.0, 0.017) == pytest.approx(deff, abs=5e-4)


def test_design_effect_of_unequal_clusters() -> None:
    """Evidential's stored vector (stats/test_cluster_power.py): ICC .39, mean 6, CV 5.16 give DEFT 8.08."""
    assert design_effect(6, 5.16, 0.39) ** 0.5 == pytest.approx(8.08, abs=0.005)


def test_little_variation_of_size_hardly_matters() -> None:
    """Eldridge, Ashby & Kerry 2006: below a CV of .23 it is negligible; an ICC of .05, 30 to a cluster."""
    assert design_effect(30, 0.23, 0.05) / design_effect(30, 0.0, 0.05) < 1.04
    assert design_effect(30, 0.65, 0.05) / design_effect(30, 0.0, 0.05) > 1.2


def mixed_model_error(each: int, steps: int, people: float, within: float, between: float) -> float:
    """Hussey & Hughes 2007, equation 8: cluster effects random, of this variance, and known."""
    clusters, periods = each * steps, steps + 1
    crossed = [[float(period > i % steps) for period in range(periods)] for i in range(clusters)]
    u = sum(map(sum, crossed))
    w = sum(sum(row[period] for row in crossed) ** 2 for period in range(periods))
    v = sum(sum(row) ** 2 for row in crossed)
    one = within / people
    top = clusters * one * (one + periods * between)
    below = (clusters * u - w) * one + (u**2 + clusters * periods * u - periods * w - clusters * v) * between
    return float((top / below) ** 0.5)


def test_a_wedge_whose_clusters_differ_widely_has_the_precision_of_the_mixed_model() -> None:
    """The formula gives swCRTdesign's example (24 clusters in 4 steps, 120 people, 5 % to 3.5 %, tau .01): .7861896.

    Fixed effects of clusters take out what a mixed model uses of the differences between clusters,
    so they are less precise, and as precise where clusters differ without bound.
    """
    from scipy.stats import norm

    within, between = 0.0425 * 0.9575, 0.01**2
    published = mixed_model_error(6, 4, 120, within, between)
    shift, limit = 0.015 / published, norm.ppf(0.975)
    assert norm.cdf(shift - limit) + norm.cdf(-shift - limit) == pytest.approx(0.7861896, abs=1e-6)
    mine = wedge_error((6, 6, 6, 6), 120, within + between, between / (within + between), 1.0)
    assert norm.cdf(0.015 / mine - limit) == pytest.approx(0.686, abs=5e-4), "as docs/power.md says"
    assert mine > published
    assert mine == pytest.approx(mixed_model_error(6, 4, 120, within, 1e6), rel=1e-6)


DESIGNS = json.loads((ROOT / "tests/reference/stepped_wedge/reference.json").read_text())


@pytest.mark.parametrize("averaged", [False, True])
@pytest.mark.parametrize(("name", "clusters"), [("6x4", (6, 6, 6, 6)), ("2x3", (2, 2, 2))])
def test_the_design_of_a_wedge_against_r(name: str, clusters: tuple[int, ...], *, averaged: bool) -> None:
    """Standard error of means of variance 1, and clubSandwich's degrees of freedom of CR2."""
    r = DESIGNS[f"design_{name}_{'averaged' if averaged else 'immediate'}"]
    assert wedge_error(clusters, 1, 1.0, 0.0, 1.0, averaged=averaged) == pytest.approx(r["std_error"], rel=1e-9)
    assert wedge_df(clusters, averaged=averaged) == pytest.approx(r["df"], rel=1e-9)


def test_periods_that_differ_cost_a_wedge_precision() -> None:
    alike = wedge_error((4, 4, 4), 30, 0.25, 0.05, 1.0)
    assert wedge_error((4, 4, 4), 30, 0.25, 0.05, 0.8) > alike
    # Without any likeness of clusters the wedge is a regression on periods, and cac says nothing.
    assert wedge_error((4, 4, 4), 30, 0.25, 0.0, 1.0) == wedge_error((4, 4, 4), 30, 0.25, 0.0, 0.5)


@pytest.mark.parametrize(
    ("base", "people", "points"),
    [
        (0.80, 3700, 3.5), (0.80, 37000, 1.1), (0.75, 1010, 7.2), (0.75, 12120, 2.2), (0.08, 6000, 2.1),
        (0.60, 750, 9.7), (0.60, 7500, 3.2), (0.12, 172, 16.8), (0.12, 5160, 2.7),
    ],
)  # fmt: skip
def test_detectable_effects_of_the_field(base: float, people: int, points: float) -> None:
    """domain.md 6b: 80 % power, two-sided 5 %, two arms."""
    found = detectable_effect(equal(people / 2, baseline=base), 0.8)
    assert found is not None
    assert found * 100 == pytest.approx(points, abs=0.12 if points < 15 else 0.5)


def test_appointments_of_one_child_count_by_their_design_effect() -> None:
    """domain.md 6b: 20,000 appointments at 8 to 9 %, design effect 1.3: 1.3 points."""
    plan = equal(5000, baseline=0.085, rows=2.0, icc=0.3)
    assert design_effect(2.0, 0.0, 0.3) == pytest.approx(1.3)
    found = detectable_effect(plan, 0.8)
    assert found is not None
    assert found * 100 == pytest.approx(1.3, abs=0.06)


@pytest.mark.parametrize(("r2", "arm"), [(0.0, 51_000), (0.5, 26_000)])
def test_days_absent_need_tens_of_thousands(r2: float, arm: int) -> None:
    """domain.md 6b: 0.21 days at a standard deviation of 12 needs about 51,000 an arm, 26,000 with R² .5."""
    factor = factor_needed(equal(1000, spread=12.0, r2=r2), 0.21, 0.8)
    assert factor is not None
    assert factor * 1000 == pytest.approx(arm, rel=0.02)


def test_one_council_is_not_enough() -> None:
    """domain.md 0.1: 1,010 a year at 75 %, a true 1.4 points: power 8 %, overstated 4.7 times, wrong sign 8 %."""
    found = expected_at(0.014, equal(505, baseline=0.75), 0.014)
    assert found.power == pytest.approx(0.08, abs=0.005)
    assert found.exaggeration == pytest.approx(4.7, abs=0.15)
    assert found.wrong_sign == pytest.approx(0.08, abs=0.01)


def test_ten_councils_reach_93_per_cent() -> None:
    """domain.md 0.1: 37,000 two-year reviews at 80 %, a true 1.4 points."""
    assert power(equal(18_500, baseline=0.80), 0.014) == pytest.approx(0.93, abs=0.01)


def test_copies_reach_what_was_asked() -> None:
    plan, aim = equal(505, baseline=0.75), Aim(0.03, 0.8, "nudge_unit")
    needed = copies_needed(plan, aim)
    assert needed is not None
    copies, chance = needed
    assert chance >= 0.8 > power(plan.times(copies - 1), 0.03)


def test_verdicts_are_a_whole_and_follow_the_truth() -> None:
    plan = equal(800, baseline=0.5)
    for effect in (-0.1, 0.0, 0.05, 0.1):
        assert sum(expected_at(effect, plan, 0.05).verdicts.values()) == pytest.approx(1.0)
    assert expected_at(-0.2, plan, 0.05).verdicts["harmful"] > 0.99
    assert expected_at(0.2, plan, 0.05).verdicts["firmly worthwhile"] > 0.99


def test_fewer_reached_or_known_is_less_power() -> None:
    full = power(equal(500, baseline=0.5), 0.08)
    assert power(equal(500, baseline=0.5, reached=0.8), 0.08) == pytest.approx(
        power(equal(500, baseline=0.5), 0.064), abs=1e-9
    )
    assert power(equal(500, baseline=0.5, known=0.8), 0.08) < full


def test_clusters_that_count_the_same_lose_nothing_by_equal_sizes() -> None:
    person = Plan((Block(15, 15),), 0.05, rows=30, icc=0.05, baseline=0.3)
    cluster = Plan((Block(15, 15),), 0.05, rows=30, icc=0.05, baseline=0.3, average="cluster", parameters=2)
    assert standard_error(cluster) == pytest.approx(standard_error(person))


def test_priors_are_those_of_the_evidence() -> None:
    """domain.md 3."""
    said = {name: (prior.mean, prior.sd) for name, prior in PRIORS.items()}
    assert said == {
        "sceptical": (0.0, 0.01), "nudge_unit": (0.014, 0.02), "first_reminder": (0.03, 0.03),
        "rewording": (0.0, 0.015), "parent_texts": (0.001, 0.003),
    }  # fmt: skip
