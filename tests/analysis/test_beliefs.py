"""The Bayesian companion: R's integrals, the textbook's closed form, and Gelman and Carlin's own function."""

from __future__ import annotations

from math import inf, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from nudge.analysis.beliefs import Product, companions, exaggeration, posterior
from nudge.design.priors import PRIORS
from nudge.report.beside import beliefs_in_words
from nudge.trial.records.analysis import Estimate
from nudge.trial.records.companions import Belief, Exaggeration
from nudge.trial.records.design import Prior
from tests.analysis.builders import outcome, results, rows, trial


@pytest.mark.parametrize(
    ("estimate", "std_error", "df", "mean", "sd", "expected"),
    [
        # R 4.2.2: integrate() over 59 stretches of dnorm(x, m, sd) * dt((x - e) / s, df) / s, rel.tol 1e-12;
        # uniroot() for the quantiles: mean, 2.5 %, 97.5 %, above 0, above 5 points (the last: half a point).
        (0.1056469, 0.0338663, 141.22, 0, 0.01,
         [8.07936281246e-03, -1.08469723947e-02, 2.69842359790e-02, 7.98784383563e-01, 6.80055210953e-06]),
        (0.1056469, 0.0338663, 141.22, 0.014, 0.02,
         [0.03723252028593, 0.00303296710183, 0.07125834613949, 0.98353104424404, 0.23178201510563]),
        (0.08, 0.03, 6, 0.014, 0.02,
         [0.0303766537896, -0.0071316045659, 0.0658468576222, 0.9451210937673, 0.1457802456827]),
        (0.001, 0.004, 12, 0.001, 0.003,
         [0.001, -0.00371704563217, 0.00571704563217, 0.66252610026683, 0.04782014072302]),
    ],
)  # fmt: skip
def test_as_r_integrates_it(
    estimate: float, std_error: float, df: float, mean: float, sd: float, expected: list[float]
) -> None:
    found = posterior(Product(estimate, std_error, df, Prior("one", mean, sd, "")))
    limit = 0.05 if sd > 0.005 else 0.005
    got = [found.mean, found.quantile(0.025), found.quantile(0.975), found.above(0), found.above(limit)]
    assert got == pytest.approx(expected, rel=1e-9)


@given(
    st.floats(-0.3, 0.3), st.floats(0.001, 0.1), st.sampled_from(sorted(PRIORS)), st.floats(-0.1, 0.1),
)  # fmt: skip
def test_with_a_normal_likelihood_precisions_add(estimate: float, std_error: float, name: str, limit: float) -> None:
    prior = PRIORS[name]
    ours, theirs = 1 / std_error**2, 1 / prior.sd**2
    mean, sd = (ours * estimate + theirs * prior.mean) / (ours + theirs), sqrt(1 / (ours + theirs))
    if abs(mean - prior.mean) > 8 * prior.sd:
        return  # so far from the prior, the file's prior is refuted rather than weighed
    found = posterior(Product(estimate, std_error, inf, prior))
    # Against the posterior's own spread: seven of the prior's from its middle the sums lose a few digits.
    assert abs(found.mean - mean) < 1e-5 * sd
    assert abs(found.quantile(0.9) - float(norm.ppf(0.9, mean, sd))) < 1e-5 * sd
    assert found.above(limit) == pytest.approx(float(norm.sf(limit, mean, sd)), rel=1e-6, abs=1e-9)


@pytest.mark.parametrize(
    ("truth", "std_error", "df", "power", "sign", "size"),
    [
        # Gelman & Carlin (2014), retrodesign(A, s): .05, .46, 77 and .06, .24, 9.5 as printed; the digits are
        # R's pt and integrate().
        (0.1, 3.28, inf, 0.0501064820937, 0.464422843038, 76.6891641109),
        (2, 8.1, 1e9, 0.0570129406019, 0.2396176551247, 9.5366276095754),
        (0.014, 0.02, 20, 0.0962119219286, 0.0592723767553, 3.7313687013218),
    ],
)
def test_how_far_a_small_p_misleads(
    truth: float, std_error: float, df: float, power: float, sign: float, size: float
) -> None:
    assert exaggeration(truth, std_error, df, 0.05) == pytest.approx((power, sign, size), rel=1e-8)


def test_beliefs_are_calibrated_where_the_prior_is_true() -> None:
    """Effects drawn from the prior, estimates around them: the 95 % of belief holds the effect 95 % of the time."""
    rng = np.random.default_rng(8)
    prior, held = PRIORS["nudge_unit"], 0
    for _ in range(600):
        truth = rng.normal(prior.mean, prior.sd)
        found = posterior(Product(truth + rng.normal(0, 0.015), 0.015, inf, prior))
        held += found.quantile(0.025) <= truth <= found.quantile(0.975)
    assert held / 600 == pytest.approx(0.95, abs=3 * sqrt(0.05 * 0.95 / 600))


def _found(**analysis: object) -> tuple[Estimate, tuple[Belief, ...], tuple[Exaggeration, ...]]:
    made = trial(analysis=analysis, outcomes={"came": outcome()})
    values = [1] * 60 + [0] * 60 + [1] * 40 + [0] * 80
    lines = results(made, {"came": rows(values, ["plan"] * 120 + ["usual"] * 120)}).estimates
    return lines[0], *companions(made, lines, PRIORS)


def test_a_file_names_its_priors_and_the_report_says_each_in_a_sentence() -> None:
    _, beliefs, misled = _found(priors=["parent_texts"])
    (one,) = beliefs
    assert one.prior == "parent_texts"
    assert 0.001 < one.mean < 0.003
    (about,) = beliefs_in_words(beliefs, misled)
    assert about.about == "Came, plan compared with usual"
    assert about.sentences[0].startswith(
        "Whoever began with the parent texts belief (+0.1 points, give or take 0.3) should now expect +0.1 points"
    )
    assert about.sentences[0].endswith("less than 0.1 % probability that it is worthwhile.")


def test_without_a_word_in_the_file_a_sceptic_and_a_nudge_unit_are_asked() -> None:
    line, beliefs, misled = _found()
    assert [one.prior for one in beliefs] == ["sceptical", "nudge_unit"]
    assert [one.truth for one in misled] == [0.014, 0.05]
    assert line.verdict is not None
    assert all(0 < one.mean < (line.estimate or 0) for one in beliefs)
