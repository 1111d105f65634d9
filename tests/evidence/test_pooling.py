"""Pooling: what must hold whatever the effects, how often its interval holds, and when it gives none."""

from __future__ import annotations

from dataclasses import replace
from math import sqrt

import numpy as np
import pytest
from scipy.stats import t

from nudge.evidence.answers import answered
from nudge.evidence.pooling import pool
from nudge.evidence.random_effects import random_effects
from nudge.trial.errors import EstimationRefused
from nudge.trial.records.evidence import Effects


def effects(
    values: list[float], errors: list[float], study: list[str] | None = None, publication: list[str] | None = None
) -> Effects:
    names = tuple(map(str, range(len(values)))) if study is None else tuple(study)
    return Effects(np.array(values), np.array(errors) ** 2, names, None if publication is None else tuple(publication))


def made_up(seed: int, groups: int = 14, size: int = 3) -> Effects:
    rng = np.random.default_rng(seed)
    group = np.repeat(np.arange(groups), rng.integers(1, 2 * size, groups))
    error = rng.uniform(0.05, 0.2, group.size)
    truth = 0.2 + 0.15 * rng.normal(size=groups)[group] + 0.1 * rng.normal(size=group.size)
    return Effects(truth + error * rng.normal(size=group.size), error**2, tuple(f"s{g}" for g in group))


def test_two_effects_by_hand() -> None:
    """Equal errors: the mean, τ² = s² − v, and the error of a plain mean on one degree of freedom."""
    made = pool(effects([0.1, 0.5], [0.1, 0.1]))
    assert made.mean.estimate == pytest.approx(0.3)
    assert made.tau2 == pytest.approx(0.08 - 0.01, rel=1e-6)
    assert made.mean.std_error == pytest.approx(sqrt(0.08 / 2))
    assert made.mean.df == 1
    assert made.mean.conf_high == pytest.approx(0.3 + float(t.ppf(0.975, 1)) * 0.2)
    assert made.prediction_low is None, "two effects say nothing of a third"
    assert made.q == pytest.approx(8.0)


def test_the_interval_is_never_narrower_than_walds() -> None:
    made = pool(effects([0.2, 0.201, 0.199, 0.2], [0.1] * 4))
    assert made.tau2 == 0
    assert made.mean.std_error == pytest.approx(0.05)
    assert made.careless == (), "effects that do not differ may be taken as one"


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_what_must_not_matter(seed: int) -> None:
    """Order, names, and the unit; the sign turns with the effects."""
    plain = made_up(seed)
    found = pool(plain)
    order = np.random.default_rng(seed).permutation(plain.k)
    shuffled = pool(Effects(plain.effect[order], plain.variance[order], tuple(f"x{plain.study[i]}" for i in order)))
    turned = pool(replace(plain, effect=-100 * plain.effect, variance=1e4 * plain.variance))
    for other, by in ((shuffled, 1.0), (turned, -100.0)):
        assert other.mean.estimate == pytest.approx(by * found.mean.estimate, rel=1e-6)
        assert other.mean.std_error == pytest.approx(abs(by) * found.mean.std_error, rel=1e-5)
        assert other.mean.df == pytest.approx(found.mean.df, rel=1e-4)
        assert other.i2 == pytest.approx(found.i2, rel=1e-5)


def test_the_likelihood_is_at_its_height() -> None:
    """The restricted likelihood written out with whole matrices, no better on any side of what was found."""
    plain = made_up(5)
    group = np.unique(plain.study, return_inverse=True)[1]
    alike = [group[:, None] == group[None, :], np.eye(plain.k)]

    def likelihood(sigma2: tuple[float, ...]) -> float:
        whole = np.diag(plain.variance) + sum(s * one for s, one in zip(sigma2, alike, strict=True))
        inverse, one = np.linalg.inv(whole), np.ones(plain.k)
        inside = one @ inverse @ one
        left = plain.effect - one @ inverse @ plain.effect / inside
        return float(-(np.linalg.slogdet(whole)[1] + np.log(inside) + left @ inverse @ left) / 2)

    found = random_effects(plain.effect, plain.variance, np.ones((plain.k, 1)), [group, np.arange(plain.k)])
    best = likelihood(found.sigma2)
    for i in range(2):
        for step in (0.98, 1.02):
            moved = tuple(s * step if j == i else s for j, s in enumerate(found.sigma2))
            assert likelihood(moved) < best


def test_few_groups_give_no_interval() -> None:
    rng = np.random.default_rng(3)
    made = pool(effects(rng.normal(0.2, 0.2, 12).tolist(), [0.1] * 12, ["a"] * 5 + ["b"] * 4 + ["c"] * 3))
    assert (made.mean.conf_low, made.mean.p_value, made.prediction_low) == (None, None, None)
    assert made.mean.note.startswith("no interval: 3 groups leave")


def test_one_publication_is_no_pool() -> None:
    with pytest.raises(EstimationRefused, match="all effects are of one publication"):
        pool(effects([0.1, 0.2], [0.1, 0.1], ["a", "b"], ["p", "p"]))


def test_studies_of_one_publication_lean_on_each_other() -> None:
    """The careless answers stand beside the mean, and are narrower."""
    rng = np.random.default_rng(8)
    publication = np.repeat(np.arange(20), 6)
    study = publication * 3 + np.tile(np.repeat(np.arange(3), 2), 20)
    values = 0.3 * rng.normal(size=20)[publication] + 0.05 * rng.normal(size=120)
    made = pool(effects(values.tolist(), [0.05] * 120, [f"s{i}" for i in study], [f"p{i}" for i in publication]))
    what = [one.what for one in made.careless]
    assert what == [
        "one true effect assumed for all (fixed effect)",
        "120 effects counted as if each came from a publication of its own",
        "errors by the 60 studies, as if publications did not hold several",
    ]
    assert all(one.std_error < made.mean.std_error for one in made.careless)
    assert "there are 20" in made.careless[2].why
    (nested,) = made.sensitivity
    assert nested.how.startswith("random effects of publication, study and effect")


@pytest.mark.parametrize("k", [9, 10])
def test_asymmetry_is_not_asked_of_a_few(k: int) -> None:
    rng = np.random.default_rng(2)
    made = pool(effects(rng.normal(0.2, 0.2, k).tolist(), rng.uniform(0.05, 0.2, k).tolist()))
    assert (made.small_studies is None) == (k < 10)
    assert pool(effects(rng.normal(0.2, 0.2, 12).tolist(), [0.1] * 12)).small_studies is None, "one error for all"


def test_errors_that_raise_effects_are_taken_away() -> None:
    """Nothing but small-study effects: the mean is pulled up, PET is not."""
    rng = np.random.default_rng(4)
    error = rng.uniform(0.02, 0.4, 200)
    made = pool(effects((1.5 * error + error * rng.normal(size=200)).tolist(), error.tolist()))
    small = made.small_studies
    assert small is not None
    assert (made.mean.conf_low or 0) > 0.05
    assert small.slope.estimate == pytest.approx(1.5, abs=3 * small.slope.std_error)
    assert small.pet.estimate == pytest.approx(0, abs=3 * small.pet.std_error)
    assert small.pet.estimate < small.peese.estimate < made.mean.estimate


@pytest.mark.slow
@pytest.mark.parametrize(("groups", "size"), [(8, 0), (20, 2)])
def test_the_interval_holds_its_level(groups: int, size: int) -> None:
    """300 pools with a known mean; size 0: every effect of its own study. Within three Monte Carlo errors."""
    held, runs = 0, 300
    for seed in range(runs):
        plain = made_up(seed + 1000, groups, max(size, 1))
        alone, group = np.arange(plain.k), np.unique(plain.study, return_inverse=True)[1]
        levels = [alone] if size == 0 else [group, alone]
        made = random_effects(plain.effect, plain.variance, np.ones((plain.k, 1)), levels)
        one = answered(made, np.ones(1), 0.95, "")
        held += one.conf_low is not None and one.conf_high is not None and one.conf_low <= 0.2 <= one.conf_high
    assert held / runs == pytest.approx(0.95, abs=3 * sqrt(0.05 * 0.95 / runs))
