"""metafor and clubSandwich run on the spot on fresh effects: needs Debian's R packages."""

from __future__ import annotations

import csv
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from nudge.evidence.pooling import pool
from nudge.trial.records.evidence import Effects

pytestmark = pytest.mark.needs("r")
HERE = Path(__file__).parent
Found = dict[str, list[float]]


def fresh(seed: int) -> Effects:
    """Effects of 24 publications, one to five each, small studies finding more."""
    rng = np.random.default_rng([20_270_500, seed])
    publication = np.repeat(np.arange(24), rng.integers(1, 6, 24))
    error = rng.uniform(0.05, 0.3, publication.size).round(3)
    truth = 0.1 + 0.15 * rng.normal(size=24)[publication] + 0.1 * rng.normal(size=publication.size)
    effect = (truth + 0.5 * error + error * rng.normal(size=publication.size)).round(4)
    names = tuple(map(str, publication))
    return Effects(effect, error**2, tuple(map(str, range(publication.size))), names)


def by_r(effects: Effects, folder: Path) -> Found:
    path = folder / "effects.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["effect", "variance", "publication"])
        writer.writerows(zip(effects.effect, effects.variance, effects.publication or (), strict=True))
    shutil.copy(HERE / "live_pool.R", folder / "live_pool.R")
    done = subprocess.run(
        ["Rscript", "--vanilla", str(folder / "live_pool.R"), str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return {name: [float(one) for one in rest] for name, *rest in map(str.split, done.stdout.splitlines())}


@pytest.fixture(scope="module", params=[1, 2])
def both(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Effects, Found]:
    effects = fresh(request.param)
    return effects, by_r(effects, tmp_path_factory.mktemp("r"))


@pytest.mark.parametrize("which", ["all", "alike"])
def test_independent_effects(which: str, both: tuple[Effects, Found]) -> None:
    """`alike` are so alike that Hartung and Knapp's error falls below Wald's, which then stands (metafor's ad hoc)."""
    effects, r = both
    values = effects.effect if which == "all" else 0.2 + (effects.effect - effects.effect.mean()) / 50
    made = pool(Effects(values, effects.variance, effects.study))
    assert [made.mean.estimate, made.mean.std_error, made.mean.df] == pytest.approx(r[f"alone.{which}"], rel=1e-7)
    assert [made.prediction_low, made.prediction_high] == pytest.approx(r[f"alone.{which}.next"], rel=1e-7)
    assert [made.tau2, 100 * made.i2, made.q] == pytest.approx(r[f"alone.{which}.spread"], rel=1e-6)
    assert (made.tau2 == 0) == (which == "alike")


def test_effects_in_publications(both: tuple[Effects, Found]) -> None:
    effects, r = both
    made = pool(effects)
    assert [made.mean.estimate, made.mean.std_error, made.mean.df] == pytest.approx(r["nested"], rel=1e-5)
    assert list(made.tau2_by_level.values()) == pytest.approx(r["nested.sigma2"], rel=1e-4)
    assert [made.prediction_low, made.prediction_high] == pytest.approx(r["nested.next"], rel=1e-5)


@pytest.mark.parametrize("which", ["slope", "pet", "peese"])
def test_small_studies(which: str, both: tuple[Effects, Found]) -> None:
    effects, r = both
    small = pool(effects).small_studies
    assert small is not None
    found = getattr(small, which)
    assert [found.estimate, found.std_error, found.df] == pytest.approx(r[which], rel=1e-4)
