"""Named estimators against R on the same made-up rows; how both were made stands in estimators.R and made_rows.py."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from functools import cache
from math import sqrt
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy import stats

from nudge.analysis import marginal
from nudge.analysis.comparison import Pair
from nudge.analysis.estimators import cox, estimator, ordinal, survival
from nudge.analysis.estimators.micro_randomised import centred_model
from nudge.analysis.estimators.negative_binomial import likeliest_dispersion
from nudge.analysis.linear_effect import THE_ARM
from nudge.analysis.sandwich import clustered
from nudge.analysis.survival_times import KaplanMeier, horizon, log_rank, restricted_values

if TYPE_CHECKING:
    from nudge.trial.records.analysis import Floats

HERE = Path(__file__).parent
R: dict[str, dict[str, Any]] = json.loads((HERE / "estimators.json").read_text(encoding="utf-8"))["results"]
WITH = {
    "plain": (), "x": ("x",), "exposed": ("exposure",), "blocks": ("x", "block", "exposure"),
}  # fmt: skip


@cache
def columns(name: str) -> dict[str, list[str]]:
    with (HERE / name).open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {key: [row[key] for row in rows] for key in rows[0]}


def numbers(name: str) -> Floats:
    return np.array([float(value) for value in columns("made_rows.csv")[name]])


def made(outcome: str, given: tuple[str, ...] = (), *, alone: bool = False) -> Pair:
    """The rows of the made-up trial. alone: as if every row had been drawn by itself."""
    n = numbers("site").size
    return Pair(
        y=numbers(outcome), treated=numbers("arm") == 1,
        unit=np.arange(n) if alone else numbers("site").astype(np.int64),
        block=numbers("block").astype(np.int64) if "block" in given else np.zeros(n, dtype=np.int64),
        weight=np.full(n, 2.0), covariates={"x": numbers("x")} if "x" in given else {},
        exposure=numbers("exposure") if "exposure" in given else None,
        event=numbers("event") if outcome == "days" else None,
    )  # fmt: skip


CASES = [
    *(("logit", "yes", how, tuple(one for one in WITH[how] if one != "exposure")) for how in ("plain", "x", "blocks")),
    *((name, "count", how, WITH[how]) for name in ("rate_ratio", "rate_difference")
      for how in ("plain", "exposed", "blocks")),
]  # fmt: skip


@pytest.mark.parametrize(("name", "outcome", "how", "given"), CASES)
def test_effects_averaged_over_the_rows(name: str, outcome: str, how: str, given: tuple[str, ...]) -> None:
    """R stops its models at 1e-14 of the deviance, which leaves about nine digits of an error."""
    expected = R[f"{name}.{how}"]
    adjustment = "additive" if "x" in given else "none"
    found = estimator(name).estimate(made(outcome, given), adjustment)
    assert found.estimate == pytest.approx(expected["estimate"], rel=1e-9)
    assert found.std_error == pytest.approx(expected["std_error"], rel=1e-8)
    assert found.df == pytest.approx(expected["df"], rel=1e-7)
    assert found.std_error == pytest.approx(expected["cr2_glm"], rel=3e-3)
    assert found.vcov == "CR2"
    by_row = estimator(name).estimate(made(outcome, given, alone=True), adjustment)
    assert by_row.std_error == pytest.approx(expected["hc2"], rel=1e-8)
    assert by_row.vcov == "HC2"


@pytest.mark.parametrize(("how", "given"), [("plain", ()), ("exposed", ("x", "exposure"))])
def test_negative_binomial(how: str, given: tuple[str, ...]) -> None:
    """glm.nb is likelihood all through: 1e-6 for the dispersion."""
    expected = R[f"negative_binomial.{how}"]
    pair = made("count", given, alone=True)
    found = likeliest_dispersion(marginal.prepared(pair, covariates="x" in given))
    assert found == pytest.approx(expected["dispersion"], rel=1e-6)
    model = marginal.modelled(pair, marginal.negative_binomial(found), covariates="x" in given)
    estimate, gradient = marginal.log_ratio(model)
    assert estimate == pytest.approx(expected["estimate"], rel=1e-7)
    assert marginal.sandwich(pair, model, gradient, "CR0").std_error == pytest.approx(expected["hc0"], rel=1e-7)


@pytest.mark.parametrize(("side", "name"), [(1, "arm"), (0, "control")])
def test_the_curve_its_area_and_how_each_row_moves_it(side: int, name: str) -> None:
    pair = made("days")
    here, last = pair.treated == side, R["survival.rmean"]["last"]
    assert pair.event is not None
    assert horizon(pair) == last
    time, event = pair.y[here], pair.event[here]
    curve = KaplanMeier.of(time, event)
    assert curve.at(np.array([7.0, 14.0, 28.0, 42.0])) == pytest.approx(R[f"survival.curve.{side}"]["surv"], rel=1e-12)
    days = (7, 14, 28, 42)
    assert [int((time >= day).sum()) for day in days] == R[f"survival.curve.{side}"]["at_risk"]
    values = restricted_values(time, event, last)
    assert values.mean() == pytest.approx(R["survival.rmean"][name], rel=1e-12)
    moved = (values - values.mean()) / time.size
    assert sqrt(float((moved**2).sum())) == pytest.approx(R["survival.rmean"][f"greenwood_{name}"], rel=1e-9)
    assert sqrt(float((moved**2).sum())) == pytest.approx(R["survival.jackknife"][name], rel=1e-9)
    by_site = np.bincount(pair.unit[here], moved)
    assert sqrt(float((by_site**2).sum())) == pytest.approx(R["survival.jackknife"][f"{name}_by_site"], rel=1e-9)


def test_difference_of_mean_times() -> None:
    expected = R["survival.rmean"]
    found = survival.estimate(made("days", alone=True), "none")
    assert found.estimate == pytest.approx(expected["arm"] - expected["control"], rel=1e-9)
    assert found.means == pytest.approx((expected["arm"], expected["control"]), rel=1e-12)
    # HC2 is the jackknife's sum of squares times n/(n - 1) in each arm.
    arms = [int((numbers("arm") == side).sum()) for side in (1, 0)]
    parts = [expected[f"greenwood_{name}"] ** 2 * n / (n - 1) for name, n in zip(("arm", "control"), arms, strict=True)]
    assert found.std_error == pytest.approx(sqrt(sum(parts)), rel=1e-9)


@pytest.mark.parametrize(("blocks", "name"), [((), "plain"), (("block",), "blocks")])
def test_log_rank(blocks: tuple[str, ...], name: str) -> None:
    statistic, p = log_rank(made("days", blocks))
    assert statistic == pytest.approx(R[f"logrank.{name}"]["statistic"], rel=1e-9)
    assert p == pytest.approx(stats.chi2.sf(statistic, 1), rel=1e-9)


@pytest.mark.parametrize(("how", "given"), [("plain", ()), ("x", ("x",)), ("blocks", ("x", "block"))])
def test_cox(how: str, given: tuple[str, ...]) -> None:
    """R's variance has no factor for few clusters; ours has G/(G − 1)."""
    expected, adjustment = R[f"cox.{how}"], "additive" if given else "none"
    found = cox.estimate(made("days", given), adjustment)
    assert found.estimate == pytest.approx(expected["estimate"], rel=1e-9)
    assert found.std_error == pytest.approx(expected["by_site"] * sqrt(30 / 29), rel=1e-9)
    n = numbers("arm").size
    by_row = cox.estimate(made("days", given, alone=True), adjustment)
    assert by_row.std_error == pytest.approx(expected["by_row"] * sqrt(n / (n - 1)), rel=1e-9)


def test_the_chance_of_doing_better() -> None:
    found = ordinal.estimate(made("level", alone=True), "none")
    assert found.estimate == pytest.approx(R["ordinal.win"]["estimate"] - 0.5, rel=1e-9)
    assert found.std_error == pytest.approx(R["ordinal.brunner_munzel"]["std_error"], rel=1e-9)
    arm, level = numbers("arm"), numbers("level")
    theirs = stats.brunnermunzel(level[arm == 0], level[arm == 1])
    assert found.estimate / found.std_error == pytest.approx(theirs.statistic, rel=1e-9)


def moments(given: tuple[str, ...]) -> Pair:
    read = columns("made_decisions.csv")
    here = [i for i, one in enumerate(read["available"]) if one == "yes"]
    chance, sent, mood, steps, person = (
        np.array([float(read[name][i]) for i in here]) for name in ("chance", "sent", "mood", "steps", "person")
    )
    return Pair(
        y=steps, treated=sent == 1, unit=person.astype(np.int64), block=np.zeros(len(here), dtype=np.int64),
        weight=1 / chance, covariates={"mood": mood} if given else {},
    )  # fmt: skip


@pytest.mark.parametrize(("how", "given"), [("plain", ()), ("mood", ("mood",))])
def test_micro_randomised(how: str, given: tuple[str, ...]) -> None:
    expected = R[f"micro_randomised.{how}"]
    found = estimator("micro_randomised").estimate(moments(given), "additive" if given else "none")
    assert found.estimate == pytest.approx(expected["estimate"], rel=1e-9)
    assert found.std_error == pytest.approx(expected["std_error"], rel=1e-9)
    assert found.std_error == pytest.approx(expected["cr3"], rel=1e-9)
    assert found.df == 24 - 2 - len(given)


def test_micro_randomised_with_one_chance_for_all_is_mancl_and_derouen_s_gee() -> None:
    """statsmodels' bias-reduced covariance of independence GEE, which takes no weights."""
    from statsmodels.genmod.generalized_estimating_equations import GEE

    pair = replace(moments(("mood",)), weight=np.full(moments(()).y.size, 2.0))
    x = np.column_stack([np.ones(pair.y.size), pair.treated - 0.5, pair.matrix])
    theirs = GEE(pair.y, x, groups=pair.unit).fit(cov_type="bias_reduced", scale=1.0)
    model = centred_model(pair, covariates=True)
    error = clustered(model, pair.unit, model.contrast(THE_ARM), "CR3").std_error
    assert model.estimate(model.contrast(THE_ARM)) == pytest.approx(theirs.params[1], rel=1e-9)
    assert error == pytest.approx(theirs.bse[1], rel=1e-9)


def test_the_rows_are_those_of_the_script() -> None:
    import importlib.util

    spec = importlib.util.spec_from_file_location("made_rows", HERE / "made_rows.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    for name, rows in (("made_rows.csv", script.rows()), ("made_decisions.csv", script.decisions())):
        assert columns(name) == {key: [str(row[key]) for row in rows] for key in rows[0]}
