"""Imputation within arm: Rubin's rules as R has them, models as statsmodels fits them, and where the truth is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.stats import t

from nudge.analysis.imputation import completed, logistic, pooled
from nudge.trial.errors import EstimationRefused
from nudge.trial.records.analysis import AnalysisRows, Estimate
from nudge.trial.records.columns import Coded
from tests.analysis.builders import BLOCKED, CLUSTER, outcome, results, rows, trial

Q = [0.105, 0.112, 0.098, 0.121, 0.101]
U = [error**2 for error in (0.0338, 0.0341, 0.0335, 0.0345, 0.0338)]


@pytest.mark.parametrize(("df_complete", "df"), [(142, 105.933468438753295), (8, 5.9517805073396)])
def test_rubin_s_rules_as_mice_has_them(df_complete: float, df: float) -> None:
    """R's mice 3.15.0: pool.scalar(Q, U, n = df_complete + 2, k = 2)."""
    found = pooled(Q, U, df_complete)
    assert found.estimate == pytest.approx(0.1074, rel=1e-12)
    assert found.std_error**2 == pytest.approx(0.001254398, rel=1e-9)
    assert found.lost == pytest.approx(0.088851235809930 / 1.088851235809930, rel=1e-9)
    assert found.df == pytest.approx(df, rel=1e-9)


def test_sets_that_agree_lose_nothing() -> None:
    found = pooled([0.1] * 5, [0.04] * 5, 40)
    assert found.std_error == pytest.approx(0.2)
    assert found.lost == 0
    assert found.df == pytest.approx(41 / 43 * 40)


def test_the_weak_prior_hardly_moves_a_fit_of_many_rows() -> None:
    rng = np.random.default_rng(2)
    x = np.column_stack([np.ones(5000), rng.normal(size=(5000, 2))])
    y = (rng.random(5000) < 1 / (1 + np.exp(-x @ [0.2, 0.7, -0.4]))).astype(float)
    times = rng.integers(0, 3, 5000).astype(float)
    theirs = sm.GLM(y, x, family=sm.families.Binomial(), freq_weights=times).fit().params
    assert logistic(x, y, times) == pytest.approx(np.asarray(theirs), abs=2e-4)


def test_a_predictor_that_tells_all_apart_does_no_harm() -> None:
    x = np.column_stack([np.ones(40), np.repeat([-1.0, 1.0], 20)])
    found = logistic(x, (x[:, 1] > 0).astype(float), np.ones(40))
    assert 2 < found[1] < 8


def some_missing(seed: int, n: int = 1500, *, binary: bool = True) -> tuple[AnalysisRows, float]:
    """Those with a high x do better and, in the arm, are known less often; the true effect is 10 points or 0.5."""
    rng = np.random.default_rng(seed)
    treated = rng.permutation(np.arange(n) % 2 == 0)
    x = rng.normal(size=n)
    effect = 0.1 if binary else 0.5
    level = np.clip(0.4 + 0.15 * x, 0.02, 0.88)
    y = (
        (rng.random(n) < level + effect * treated).astype(float)
        if binary
        else x + effect * treated + rng.normal(size=n)
    )
    unknown = rng.random(n) < np.where(treated, 1 / (1 + np.exp(-(x - 0.5) * 2)), 0.1)
    made = rows(
        np.where(unknown, np.nan, y).tolist(), np.where(treated, "plan", "usual").tolist(),
        columns={"x": ("number", x.tolist())},
    )  # fmt: skip
    return made, effect


def imputed(of: AnalysisRows, **changes: object) -> list[Estimate]:
    made = trial(analysis={"covariates": ["x"], **changes}, outcomes={"came": outcome()})
    return [line for line in results(made, {"came": of}).estimates if line.estimator == "imputation"]


def test_the_line_says_what_it_assumes() -> None:
    (line,) = imputed(some_missing(3)[0])
    assert "missing outcomes filled in 50 times within each arm" in line.note
    assert "are taken to be like those known with the same x" in line.note
    assert line.label == "sensitivity"
    assert line.std_error is not None
    assert line.conf_low is not None
    assert not imputed(some_missing(3)[0], imputations=0)


def test_blocks_and_clusters_foretell_too() -> None:
    """Half the clusters' outcomes are all one, half all zero: whoever is missing is filled in like the neighbours."""
    rng = np.random.default_rng(5)
    unit = np.repeat(np.arange(40), 30)
    level = np.where(unit % 4 < 2, 0.95, 0.05)
    y = (rng.random(unit.size) < level).astype(float)
    unknown = rng.random(unit.size) < 0.3
    of = rows(
        np.where(unknown, np.nan, y).tolist(), np.where(unit % 2 == 0, "plan", "usual").tolist(), unit=unit.tolist()
    )
    filled = next(iter(completed(of, ("plan", "usual"), (), 1, kind="binary")))
    assert np.mean(filled[unknown & (level > 0.5)]) > 0.85
    assert np.mean(filled[unknown & (level < 0.5)]) < 0.15
    assert (filled[~unknown] == y[~unknown]).all()
    made = trial(outcomes={"came": outcome()})
    (line,) = [one for one in results(made, {"came": of}, CLUSTER).estimates if one.estimator == "imputation"]
    assert "with the same cluster" in line.note
    blocked = replace(of, unit=np.arange(unit.size), block=(unit % 4).astype(np.int64))
    blocked = replace(blocked, arm=Coded.of(np.where(rng.random(unit.size) < 0.5, "plan", "usual").tolist()))
    filled = next(iter(completed(blocked, ("plan", "usual"), (), 1, kind="binary")))
    assert np.mean(filled[unknown & (level > 0.5)]) > 0.85
    (line,) = [one for one in results(made, {"came": blocked}, BLOCKED).estimates if one.estimator == "imputation"]
    assert "with the same block" in line.note


def test_too_few_known_outcomes_are_refused() -> None:
    of = rows([1, 0, 1] + [np.nan] * 40 + [1, 0] * 20, ["plan"] * 43 + ["usual"] * 40)
    with pytest.raises(EstimationRefused, match="too few outcomes are known in plan"):
        next(iter(completed(of, ("plan", "usual"), (), 1, kind="binary")))
    assert not [one for one in results(trial(), {"came": of}).estimates if one.estimator == "imputation"]


@pytest.mark.slow
@pytest.mark.parametrize("binary", [True, False])
def test_the_truth_is_held_and_complete_cases_miss_it(*, binary: bool) -> None:
    """150 trials: the mean within three Monte Carlo errors of the truth, where complete cases are far off."""
    found, careless, covered = [], [], 0
    truth = 0.0
    for seed in range(150):
        of, truth = some_missing(seed, 500, binary=binary)
        arm, known = of.arm.is_("plan"), ~np.isnan(of.outcome)
        kind = "binary" if binary else "continuous"
        sets = list(completed(of, ("plan", "usual"), ("x",), 8, kind=kind, seed=seed))
        effects = [float(y[arm].mean() - y[~arm].mean()) for y in sets]
        variances = [float(y[arm].var(ddof=1) / arm.sum() + y[~arm].var(ddof=1) / (~arm).sum()) for y in sets]
        one = pooled(effects, variances, 498)
        found.append(one.estimate)
        covered += abs(one.estimate - truth) <= float(t.ppf(0.975, one.df)) * one.std_error
        careless.append(of.outcome[known & arm].mean() - of.outcome[known & ~arm].mean())
    error = np.std(found) / np.sqrt(150)
    assert np.mean(found) == pytest.approx(truth, abs=3 * error)
    assert abs(np.mean(careless) - truth) > 5 * error
    assert covered / 150 >= 0.95 - 3 * np.sqrt(0.05 * 0.95 / 150)
