"""R run on the spot on fresh rows, beside the stored numbers: needs Debian's R packages."""

from __future__ import annotations

import csv
import shutil
import subprocess
from dataclasses import replace
from math import sqrt
from pathlib import Path

import numpy as np
import pytest

from nudge.analysis import marginal
from nudge.analysis.comparison import Pair
from nudge.analysis.estimators import estimator
from nudge.analysis.linear_effect import THE_ARM

pytestmark = pytest.mark.needs("r")
HERE = Path(__file__).parent
SEEDS = (1, 2)
Found = dict[str, tuple[float, float, float]]


def fresh(seed: int) -> dict[str, np.ndarray]:
    """Rows of 36 sites, another trial for every seed."""
    rng = np.random.default_rng([20_270_400, seed])
    site = np.repeat(np.arange(36), rng.integers(3, 12, 36))
    arm, block, x = (site + site // 6) % 2, site // 12, rng.normal(size=site.size).round(2)
    push = 0.4 * arm + 0.3 * x + rng.normal(0, 0.4, 36)[site]
    time, followed = np.ceil(rng.exponential(30 * np.exp(-push))), rng.integers(20, 57, site.size)
    exposure = rng.uniform(0.5, 2, site.size).round(1)
    counts = rng.poisson(exposure * np.exp(push))
    y, yes = (push + rng.normal(size=site.size)).round(3), (rng.random(site.size) < 1 / (1 + np.exp(-push))).astype(int)
    chance = rng.uniform(0.2, 0.8, site.size).round(2)
    return {
        "site": site, "arm": arm, "block": block, "x": x, "y": y, "yes": yes, "count": counts, "exposure": exposure,
        "days": np.minimum(time, followed).astype(int), "event": (time <= followed).astype(int),
        "chance": chance, "sent": (rng.random(site.size) < chance).astype(int),
    }  # fmt: skip


def by_r(rows: dict[str, np.ndarray], folder: Path) -> Found:
    path = folder / "rows.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerows([list(rows), *zip(*(values.tolist() for values in rows.values()), strict=True)])
    shutil.copy(HERE / "live.R", folder / "live.R")
    done = subprocess.run(
        ["Rscript", "--vanilla", str(folder / "live.R"), str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    return {name: (float(estimate), float(error), float(df)) for name, estimate, error, df in lines}


@pytest.fixture(scope="module", params=SEEDS)
def both(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, np.ndarray], Found]:
    rows = fresh(request.param)
    return rows, by_r(rows, tmp_path_factory.mktemp("r"))


def pair(rows: dict[str, np.ndarray], outcome: str, *, alone: bool = False) -> Pair:
    n = rows["site"].size
    return Pair(
        y=rows[outcome].astype(float), treated=rows["arm"] == 1,
        unit=np.arange(n) if alone else rows["site"].astype(np.int64), block=np.zeros(n, dtype=np.int64),
        weight=np.full(n, 2.0), covariates={},
    )  # fmt: skip


def with_x(made: Pair, rows: dict[str, np.ndarray]) -> Pair:
    return replace(made, covariates={"x": rows["x"]})


@pytest.mark.parametrize("name", ["individuals", "sites", "lin", "effects", "club"])
def test_linear_estimators(name: str, both: tuple[dict[str, np.ndarray], Found]) -> None:
    """estimatr and clubSandwich. Of individuals estimatr's df is n − k, ours Satterthwaite's."""
    rows, r = both
    made = pair(rows, "y", alone=name == "individuals")
    if name in {"lin", "club"}:
        made = with_x(made, rows)
    if name == "effects":
        made = replace(made, block=rows["block"].astype(np.int64))
    how = {"effects": ("fixed_effects", "none"), "lin": ("difference_in_means", "interacted"),
           "club": ("difference_in_means", "additive")}.get(name, ("difference_in_means", "none"))  # fmt: skip
    found = estimator(how[0]).estimate(made, how[1])
    estimate, error, df = r[name]
    assert (found.estimate, found.std_error) == pytest.approx((estimate, error), rel=1e-9)
    if name != "individuals":
        assert found.df == pytest.approx(df, rel=1e-7)


def test_times(both: tuple[dict[str, np.ndarray], Found]) -> None:
    """survival's Greenwood error has no n/(n − 1) by arm; its clustered one no G/(G − 1)."""
    rows, r = both
    timed = replace(pair(rows, "days", alone=True), event=rows["event"].astype(float))
    found = estimator("survival").estimate(timed, "none")
    assert found.estimate == pytest.approx(r["mean_time"][0], rel=1e-9)
    n = [int((rows["arm"] == side).sum()) for side in (0, 1)]
    assert found.std_error == pytest.approx(r["mean_time"][1], rel=1 / min(n))
    sites = with_x(replace(timed, unit=rows["site"].astype(np.int64), block=rows["block"].astype(np.int64)), rows)
    hazard = estimator("cox").estimate(sites, "additive")
    assert hazard.estimate == pytest.approx(r["cox"][0], rel=1e-6)
    assert hazard.std_error == pytest.approx(r["cox"][1] * sqrt(36 / 35), rel=1e-6)


def test_ratios(both: tuple[dict[str, np.ndarray], Found]) -> None:
    """metafor's effect sizes from counts: closed forms of what the models give without covariates."""
    rows, r = both
    yes = pair(rows, "yes", alone=True)
    linear = marginal.modelled(yes, marginal.LOGIT, covariates=False).linear
    arm = linear.contrast(THE_ARM)
    odds = (linear.estimate(arm), float(np.sqrt(arm @ linear.bread @ arm)))
    assert odds == pytest.approx(r["log_odds"][:2], rel=1e-7)
    model = marginal.modelled(yes, marginal.POISSON, covariates=False)
    found, gradient = marginal.log_ratio(model)
    error = marginal.sandwich(yes, model, gradient, "CR0").std_error
    assert (found, error) == pytest.approx(r["risk_ratio"][:2], rel=1e-8)
    rates = estimator("rate_ratio").estimate(replace(pair(rows, "count"), exposure=rows["exposure"]), "none")
    assert rates.estimate == pytest.approx(r["rate_ratio"][0], rel=1e-9)


def test_moments(both: tuple[dict[str, np.ndarray], Found]) -> None:
    """geepack, each site's rows taken as one person's decision points."""
    rows, r = both
    own = np.where(rows["sent"] == 1, rows["chance"], 1 - rows["chance"])
    drawn = replace(with_x(pair(rows, "y"), rows), treated=rows["sent"] == 1, weight=1 / own)
    found = estimator("micro_randomised").estimate(drawn, "additive")
    assert (found.estimate, found.std_error, found.df) == pytest.approx(r["moments"], rel=1e-9)
