"""What rows of counts, times and ordered answers add to a variance, held to statsmodels, R's Hmisc and the papers."""

from __future__ import annotations

from math import exp, log, sqrt

import numpy as np
import pytest
from scipy.stats import norm
from statsmodels.stats.contingency_tables import Table2x2
from statsmodels.stats.nonparametric import rank_compare_2indep
from statsmodels.stats.rates import power_negbin_ratio_2indep, power_poisson_ratio_2indep

from nudge.design.power import Block, Plan, detectable_effect, factor_needed, power, standard_error
from nudge.design.power_laws import Answers, Days, Hazards, OutcomeLaw, Rates

LAWS: list[OutcomeLaw] = [
    Rates(1.5, 1, dispersion=0.8), Rates(1.5, -1, dispersion=0.8), Rates(1.5, -1, ratio=False, dispersion=0.8),
    Rates(0.4, -1, once=True), Rates(0.4, 1, ratio=False, once=True), Days(0.4, 56, -1), Days(0.4, 56, 1),
    Hazards(0.4, 56, 1), Hazards(0.4, 56, -1), Answers((0.1, 0.2, 0.4, 0.3), 1), Answers((), -1),
]  # fmt: skip
IDS = [str(law) for law in LAWS]


def planned(law: OutcomeLaw, treated: float, control: float | None = None) -> Plan:
    return Plan((Block(treated, treated if control is None else control),), 0.05, law=law)


@pytest.mark.parametrize(("rate", "ratio", "treated", "control"), [(1.5, 1.3, 200, 200), (0.4, 0.7, 300, 150)])
def test_a_ratio_of_poisson_rates_is_statsmodels_s(rate: float, ratio: float, treated: int, control: int) -> None:
    law, size = Rates(rate, 1 if ratio > 1 else -1), abs(log(ratio))
    theirs = power_poisson_ratio_2indep(
        rate * ratio, rate, treated, control / treated, 1, value=1, alternative="two-sided", method_var="alt",
        return_results=True,
    )  # fmt: skip
    error, df = standard_error(planned(law, treated, control), size)
    assert error == pytest.approx(theirs.std_alt / sqrt(treated), rel=1e-9)
    # Theirs takes normal quantiles, and t's are a little wider.
    assert theirs.power - 0.004 < power(planned(law, treated, control), size) <= theirs.power
    assert df > 200


@pytest.mark.parametrize(
    ("rate", "ratio", "dispersion", "treated", "control"),
    [(1.5, 1.3, 0.8, 200, 200), (5.0, 2.0, 0.5, 22, 22), (2.0, 0.7, 1.2, 50, 100)],
)
def test_a_ratio_of_dispersed_rates_is_statsmodels_s(
    rate: float, ratio: float, dispersion: float, treated: int, control: int
) -> None:
    """Zhu & Lakkis 2014, as statsmodels has it; 5 events, twice as many, dispersion .5: 22 in each arm for 80 %."""
    law, size = Rates(rate, 1 if ratio > 1 else -1, dispersion=dispersion), abs(log(ratio))
    theirs = power_negbin_ratio_2indep(
        rate * ratio, rate, treated, control / treated, 1, dispersion=dispersion, method_var="alt", return_results=True
    )
    plan = planned(law, treated, control)
    assert standard_error(plan, size)[0] == pytest.approx(theirs.std_alt / sqrt(treated), rel=1e-9)
    assert power(plan, size) == pytest.approx(theirs.power, abs=0.02)


def test_a_ratio_of_risks_has_the_error_of_the_two_by_two_table() -> None:
    """Zou 2004: the robust error of a Poisson fit to a yes or no is that of the log risk ratio."""
    table = Table2x2([[70, 130], [100, 100]])
    law = Rates(0.5, -1, once=True)
    error, _ = standard_error(planned(law, 200), -log(0.35 / 0.5))
    assert error == pytest.approx(table.log_riskratio_se, rel=1e-9)


def test_events_of_hazards_are_schoenfeld_s() -> None:
    """Collett 2015, Modelling Survival Data, 15.2: a ratio of .57 found 9 times in 10 at 5 % takes 133 deaths."""
    law, size = Hazards(0.6, 365, -1), -log(0.57)
    share = (law.share + 1 - float(law.left(0.57)[-1])) / 2
    factor = factor_needed(Plan((Block(1000, 1000),), 0.05, law=law), size, 0.9)
    assert factor is not None
    # t on some 400 degrees of freedom needs half a death more than the normal.
    assert factor * 2000 * share == pytest.approx(133, abs=1)


def test_mean_days_are_those_of_a_constant_hazard() -> None:
    """With days short against the window, Royston & Parmar 2013's integrals over an exponential time."""
    law = Days(0.4, 20_000, -1)
    hazard = -log(0.6)
    mean = (1 - exp(-hazard)) / hazard
    second = 2 * (1 - exp(-hazard) * (1 + hazard)) / hazard**2
    assert law.mean(1.0) / 20_000 == pytest.approx(mean, rel=1e-4)
    assert law.variances(0.0, 0.5)[1] / 20_000**2 == pytest.approx(second - mean**2, rel=1e-3)


@pytest.mark.parametrize("turn", [-1, 1])
def test_days_gained_are_days_gained(turn: int) -> None:
    law = Days(0.4, 56, turn)
    assert turn * (law.mean(law.ratio(4.0)) - law.mean(1.0)) == pytest.approx(4.0, abs=1e-8)


def test_whitehead_s_example_of_ordered_answers() -> None:
    """Hmisc: posamsize(c(.1, .2, .4, .3), 1.2) gives 3,148 in all for 80 %; its shares are the average of both arms."""
    average, shift = np.array([0.1, 0.2, 0.4, 0.3]), log(1.2) / 2
    below = np.cumsum(average)[:-1]
    arm, control = (
        np.diff([0.0, *(1 / (1 + np.exp(-(np.log(below / (1 - below)) - side * shift)))), 1.0]) for side in (1, -1)
    )
    law = Answers(tuple(control.tolist()), 1)
    effect = float(arm @ (np.cumsum(control) - control / 2)) - 0.5
    assert law.under(effect) == pytest.approx(arm, abs=1e-9)
    assert power(planned(law, 1574), effect) == pytest.approx(0.8, abs=0.005)


def test_answers_vary_as_brunner_and_munzel_say() -> None:
    law = Answers((0.2, 0.5, 0.2, 0.1), 1)
    rows = [np.repeat(np.arange(4), np.rint(shares * 20_000).astype(int)) for shares in (law.under(0.1), law.usual())]
    theirs = rank_compare_2indep(*rows)
    treated, control = (float(one.size) for one in rows)
    assert theirs.prob1 - 0.5 == pytest.approx(0.1, abs=1e-4)
    error, _ = standard_error(planned(law, treated, control), 0.1)
    assert error == pytest.approx(sqrt(theirs.var / theirs.nobs), rel=1e-3)


def test_without_ties_answers_vary_as_an_even_share() -> None:
    """Noether 1987: 1/12 in either arm where nothing differs."""
    assert Answers((), 1).variances(0.0, 0.5) == pytest.approx((1 / 12, 1 / 12), rel=2e-4)


@pytest.mark.parametrize("law", LAWS, ids=IDS)
def test_nothing_differs_by_nothing_and_more_by_more(law: OutcomeLaw) -> None:
    sizes = [law.most() * share for share in (0.0, 0.2, 0.4, 0.8)]
    apart = [law.apart(size) for size in sizes]
    assert apart == pytest.approx(sizes, rel=1e-6, abs=1e-9)
    assert [law.apart(size, size) for size in sizes] == pytest.approx([0.0] * 4, abs=1e-12)
    half = [law.apart(size, reached=0.5) for size in sizes[1:]]
    assert all(0 < some < whole for some, whole in zip(half, sizes[1:], strict=True))
    found = detectable_effect(planned(law, 300), 0.8)
    assert found is not None
    assert power(planned(law, 300), found) == pytest.approx(0.8, abs=1e-6)


@pytest.mark.parametrize("law", LAWS, ids=IDS)
def test_made_up_values_have_the_mean_and_spread_that_the_formula_takes(law: OutcomeLaw) -> None:
    """Of 200,000 people without a message: rates and their variance, or shares that come to what was stated."""
    luck = np.random.default_rng(5).random(200_000)
    value = np.searchsorted(law.cumulative(0.0), luck, side="right").astype(float)
    if isinstance(law, Rates):
        wide = law.variances(0.0, 0.5)[1] * (law.rate**2 if law.ratio else 1.0)
        assert value.mean() == pytest.approx(law.rate, abs=4 * sqrt(wide / luck.size))
        assert value.var() == pytest.approx(wide, rel=0.03)
    elif isinstance(law, Answers):
        assert np.bincount(value.astype(int), minlength=law.usual().size) / luck.size == pytest.approx(
            law.usual(), abs=0.006
        )
    elif isinstance(law, Days | Hazards):
        assert (value < law.days).mean() == pytest.approx(law.share, abs=0.005)
    if isinstance(law, Days):
        days = np.minimum(value + 1, law.days)
        assert days.mean() == pytest.approx(law.mean(1.0), abs=0.2)
        assert days.var() == pytest.approx(law.variances(0.0, 0.5)[1], rel=0.02)


def test_exposures_that_differ_make_dispersion_weigh_more() -> None:
    """Simulated: the log of a rate over people followed for one or three years each."""
    law = Rates(0.8, 1, dispersion=0.9, exposure=2.0, uneven=0.5)
    rng, years = np.random.default_rng(7), np.tile([1.0, 3.0], 200)
    size = 1 / 0.9
    counts = rng.negative_binomial(size, size / (size + 0.8 * years), (20_000, years.size))
    spread = np.log(counts.sum(axis=1) / years.sum()).std()
    assert spread == pytest.approx(sqrt(law.variances(0.0, 0.5)[1] / years.size), rel=0.02)


def test_clusters_inflate_a_ratio_as_they_do_a_mean() -> None:
    law = Rates(1.5, 1, dispersion=0.8)
    alone = standard_error(planned(law, 300), 0.2)[0]
    schools = Plan((Block(10, 10),), 0.05, rows=30, icc=0.03, law=law)
    assert standard_error(schools, 0.2)[0] / alone == pytest.approx(sqrt(1 + 29 * 0.03), rel=1e-9)
    assert power(schools, 0.3) < norm.sf(norm.ppf(0.975) - 0.3 / standard_error(schools, 0.3)[0]), "t on few sites"
