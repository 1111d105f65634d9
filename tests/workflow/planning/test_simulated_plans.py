"""Runs of a simulated trial are what the real analysis gives on the very same rows, method by method."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nudge.analysis.analyse import analyse
from nudge.analysis.operating import Tally
from nudge.trial.problems import Level
from nudge.trial.records.analysis import AnalysisRows, Estimate, Floats
from nudge.trial.records.columns import Coded, some_rows
from nudge.workflow.checking.examine import examine
from nudge.workflow.planning.plans import plans_of, sizes_of
from nudge.workflow.planning.powering import power_of
from nudge.workflow.planning.simulated_world import Setting, runs_of, setting_of
from nudge.workflow.planning.simulating import Asked, compared, simulate_trial
from tests.support.trials import START, family, trial_values, write_trial

RUNS, CHECKED = 6, 3
POWER = {"baseline": "60%", "power": "80%", "alpha": "5%", "reached": "90%", "known": "95%", "r2": "0.2"}
COLUMNS = {
    "area": "category", "visit": "date", "refuge": "yes_no", "age": "number", "imd": "category", "eldest": "yes_no",
}  # fmt: skip
"""Columns of the roll of these tests."""


def people(households: int) -> list[dict[str, str]]:
    """Two in each third household; some ages blank."""
    rng = np.random.default_rng(4)
    return [
        family(
            i, person_ref=f"P{i:04d}{child}", age="" if i % 9 == 0 else f"{rng.normal(24, 2):.1f}",
            imd=str(i % 4 + 1), eldest="yes" if i % 2 else "no",
        )
        for i in range(households) for child in range(2 if i % 3 == 0 else 1)
    ]  # fmt: skip


def arms_of(names: tuple[str, ...], **levels: dict[str, Any]) -> dict[str, Any]:
    usual: dict[str, Any] = {"control": "true", "receives": "the usual letter"}
    return {
        name: ({"messages": [{"template": "visit", "send": "7 days before visit at 10:00"}]} if i else usual)
        | levels.get(name, {})
        for i, name in enumerate(names)
    }


def file_of(folder: Path, randomise: dict[str, Any], households: int = 120, **changes: Any) -> Path:
    """A trial with covariates, drawn in some way."""
    population = trial_values()["population"] | {"columns": COLUMNS}
    given = {"population": population, "power": POWER, "randomise": randomise} | changes
    given.setdefault("analysis", {"comparisons": ["reminder - usual"], "covariates": ["age", "eldest"]})
    return write_trial(folder, rows=people(households), **given)


THREE = arms_of(("usual", "reminder", "plan"))
CROSSED = arms_of(
    ("usual", "reminder", "call", "both"),
    usual={"levels": {"text": "no", "call": "no"}}, reminder={"levels": {"text": "yes", "call": "no"}},
    call={"levels": {"text": "no", "call": "yes"}}, both={"levels": {"text": "yes", "call": "yes"}},
)  # fmt: skip
IMD = {"comparisons": ["reminder - usual"], "covariates": ["age", "imd"]}
PLANS: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "complete": ({"method": "complete"}, {}, "difference_in_means"),
    "blocked, three arms": ({"method": "blocked", "blocks": ["area"]}, {"arms": THREE}, "block_weighted"),
    "small blocks": (
        {"method": "blocked", "blocks": ["area", "imd"]}, {"arms": THREE, "households": 36}, "fixed_effects",
    ),
    "households that count the same": (
        {"method": "blocked", "blocks": ["area"]},
        {"analysis": {"comparisons": ["reminder - usual"], "covariates": ["age"], "average": "cluster"}},
        "cluster_means",
    ),
    "matched pairs": ({"method": "matched_pairs", "balance_on": ["age", "imd"]}, {}, "paired"),
    "rerandomised": (
        {"method": "rerandomised", "balance_on": ["age", "imd"], "accept": {"share": "10%"}}, {"analysis": IMD},
        "difference_in_means",
    ),
    "factorial": ({"method": "factorial"}, {"arms": CROSSED, "households": 160}, "difference_in_means"),
    "waitlist": ({"method": "waitlist", "steps": ["2027-09-01"]}, {}, "difference_in_means"),
}  # fmt: skip


def setting(path: Path) -> Setting:
    examined = examine(path, START)
    assert not examined.at(Level.ERROR), [str(one) for one in examined.at(Level.ERROR)]
    sizes = sizes_of(examined.trial, examined.roll)
    planned = plans_of(examined.trial, examined.roll, sizes)
    return setting_of(examined.trial, examined.roll, planned, sizes, 0.01, np.random.default_rng(5))


def analysed(made: Setting, arms: np.ndarray, rows: Floats, sums: Floats) -> Estimate:
    """The planned line of one run, from rows for everyone in an order of their own."""
    assert made.of is not None
    assert made.baseline is not None
    order = np.random.default_rng(1).permutation(made.of.size)
    unit = made.of[order]
    outcome = np.where(rows[order] > 0, sums[order], np.nan)
    chance = np.full(unit.size, np.nan) if made.chance is None else made.chance[unit, arms[unit]]
    table = AnalysisRows(
        outcome, Coded(arms[unit].astype(np.int32), made.law.arms), unit, made.block[unit], chance,
        {name: some_rows(values, order) for name, values in made.baseline.values.items()}, made.baseline.types,
    )  # fmt: skip
    lines = analyse(made.trial, {"came": table}, made.design, "prespecified", {}).estimates
    return next(one for one in lines if one.label == "prespecified" and one.role == "primary")


def hold(made: Setting, estimator: str) -> None:
    """Some runs, one by one, against the batch."""
    arms, outcomes = runs_of(made, RUNS, lambda _: np.linspace(0, 0.1, len(made.law.arms)), np.random.default_rng(9))
    rows, sums, _ = outcomes["came"]
    tally = Tally()
    tally.add(compared(made, made.planned[0], arms, rows, sums), made.design)
    seen = set()
    for run in range(CHECKED):
        one = analysed(made, arms[run], rows[run], sums[run])
        seen.add(one.estimator)
        assert tally.estimate[0][run] == pytest.approx(one.estimate, rel=1e-9, abs=1e-12)
        if one.std_error is None:
            assert np.isnan(tally.std_error[0][run])
            continue
        assert tally.std_error[0][run] == pytest.approx(one.std_error, rel=1e-9)
        assert tally.df[0][run] == pytest.approx(one.df, rel=1e-9)
        assert tally.p_value[0][run] == pytest.approx(one.p_value, rel=1e-8)
    assert estimator in seen
    assert tally.by_rows < RUNS


@pytest.mark.parametrize("name", PLANS)
def test_a_run_is_what_the_real_analysis_gives(name: str, tmp_path: Path) -> None:
    randomise, changes, estimator = PLANS[name]
    hold(setting(file_of(tmp_path, randomise, **changes)), estimator)


ROLLING: dict[str, tuple[dict[str, Any], str]] = {
    "permuted_blocks": ({"blocks": ["area"]}, "difference_in_means"),
    "minimisation": ({"balance_on": ["area", "eldest"]}, "difference_in_means"),
    "simple": ({}, "difference_in_means"),
    "adaptive": ({"batch": 100}, "batched"),
}


def rolling_file(folder: Path, method: str, **randomise: Any) -> Path:
    """A trial that families join as they come: no roll, so units and their columns are made up."""
    population = {key: value for key, value in trial_values()["population"].items() if key != "people"}
    arms = arms_of(("usual", "reminder", "plan") if method == "adaptive" else ("usual", "reminder"))
    for arm in arms.values():
        for message in arm.get("messages", ()):
            message["send"] = "2 days after allocation at 10:00"
    covariates = ["age", *randomise.get("balance_on", ())]
    return write_trial(
        folder, population=population | {"columns": COLUMNS}, arms=arms, randomise={"method": method} | randomise,
        power=POWER | {"units": 400, "people": 1.2, "cv": 0.4},
        analysis={"comparisons": ["reminder - usual"], "covariates": covariates},
    )  # fmt: skip


@pytest.mark.parametrize("name", ROLLING)
def test_rolling_draws_are_replayed_too(name: str, tmp_path: Path) -> None:
    randomise, estimator = ROLLING[name]
    hold(setting(rolling_file(tmp_path, name, **randomise)), estimator)


def test_an_adaptive_trial_keeps_its_level_and_gives_the_better_arm_more(tmp_path: Path) -> None:
    """statistics.md 18: batches are combined, so a null is rejected about 5 % of the time though chances moved."""
    file = rolling_file(tmp_path, "adaptive", batch=100)
    made = simulate_trial(file, START, Asked(runs=300, effects={"nothing": 0.0}), lambda *_: None)
    nothing = made.scenarios["nothing"][0].operating
    assert abs(nothing.rejected.value - 0.05) < 4 * np.sqrt(0.05 * 0.95 / 300)
    assert abs(nothing.bias.value) < 4 * nothing.bias.mc_error
    assert any("every outcome known of the batches before it" in note for note in made.notes)
    arms, _ = runs_of(setting(file), 200, lambda _: np.array([0.0, 0.15, 0.0]), np.random.default_rng(3))
    late = [(arms[:, 300:] == k).mean() for k in range(3)]
    assert late[1] > 1.5 * late[2], "an arm that adds 15 points is given more than one that adds nothing"
    assert abs(late[0] - 1 / 3) < 0.02, "the control keeps its third"


@pytest.mark.slow
def test_covariates_that_foretell_bring_the_power_the_formula_says(tmp_path: Path) -> None:
    """statistics.md 29: formula and simulation within 2 points, with an r2 that the columns of the roll carry."""
    file = file_of(tmp_path, {"method": "complete"}, 600, power=POWER | {"r2": "0.15", "icc": 0.3, "reached": "100%"})
    foretold = power_of(file, START).lines[0]
    made = simulate_trial(file, START, Asked(runs=2000, opt_out=0.0, effects={"worthwhile": None}), lambda *_: None)
    found = made.scenarios["worthwhile"][0].operating
    assert abs(found.found.value - foretold.power) < 0.02 + 2 * found.found.mc_error
    assert abs(found.bias.value) < 4 * found.bias.mc_error
    assert abs(found.coverage.value - 0.95) < 4 * found.coverage.mc_error
