"""A simulated wedge's p-values are the report's own: the same schedules, drawn again, on the same rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nudge.analysis.comparison import pair_of
from nudge.analysis.drawn_wedge import wedge_fits
from nudge.analysis.schedules import schedule_p_values
from nudge.analysis.wedge_answer import schedule_test
from nudge.design.methods import method
from nudge.trial.records.analysis import AnalysisRows, Phases, StoredLaw
from nudge.trial.records.columns import Coded
from nudge.workflow.checking.examine import examine
from nudge.workflow.planning.plans import plans_of, sizes_of
from nudge.workflow.planning.simulated_world import setting_of
from nudge.workflow.planning.simulating import Asked, simulate_trial
from nudge.workflow.planning.simulating_wedge import made_sums, schedules_of, wedge_plan
from tests.support.trials import START
from tests.support.wedge import wedge_rows, write_wedge

RUNS = 2
NINE = wedge_rows(9, 20)
"""Of nine sites there are 1,680 schedules, and all are taken; of twelve more than are drawn."""
WEDGES: dict[str, dict[str, Any]] = {
    "averaged over the time since": {"rows": NINE},
    "one constant effect": {"rows": NINE, "analysis": {"estimand": "immediate", "covariates": []}},
    "every site and period counts the same": {"rows": NINE, "analysis": {"average": "cluster", "covariates": []}},
    "a crossing that takes a week": {"rows": NINE, "randomise": {"transition": "7 days"}},
    "schedules by chance": {"analysis": {"estimand": "immediate", "covariates": []}},
}


@pytest.mark.parametrize("name", WEDGES)
def test_one_set_of_schedules_gives_what_each_trial_s_own_test_gives(name: str, tmp_path: Path) -> None:
    examined = examine(write_wedge(tmp_path, **WEDGES[name]), START)
    trial, rng = examined.trial, np.random.default_rng(3)
    sizes = sizes_of(trial, examined.roll)
    setting = setting_of(trial, examined.roll, plans_of(trial, examined.roll, sizes), sizes, 0.0, rng)
    plan = wedge_plan(trial, examined.roll, setting.people, START)
    assert plan is not None
    drawn = method(setting.law.method).redraws(setting.units, setting.law, RUNS, rng).astype(np.int64) + 1
    added = np.array([0.0, 0.3, 0.3, 0.3])
    rows, sums = made_sums(plan, setting.worlds["came"], drawn, added, rng, alike=True)
    own = wedge_fits(plan.cells, rows, sums, drawn, times=plan.times, by_cell=plan.by_cell)
    schedules = schedules_of(plan, setting.units, setting.law)
    assert (schedules.chance is not None) == (len(setting.units) == 9)
    by_t, by_size = schedule_p_values(
        plan.cells, rows[0], sums, own, schedules.steps, schedules.chance, times=plan.times, by_cell=plan.by_cell
    )
    every = None if schedules.chance is None else ((schedules.steps - 1).astype(np.int8), schedules.chance)
    law = setting.design.law
    assert law is not None
    design = type(setting.design)(
        "stepped_wedge", clusters=True, blocks=False, law=StoredLaw(law.arms, law.redraw, every),
        estimand=setting.design.estimand,
    )  # fmt: skip
    for run in range(RUNS):
        pair = pair_of(rows_of(plan, rows[run], sums[run], drawn[run]), "plan", "usual")
        average = trial.analysis.average
        studentised = schedule_test(pair, design, average, studentised=True)
        bare = schedule_test(pair, design, average, studentised=False)
        assert studentised is not None
        assert bare is not None
        assert by_t[run] == pytest.approx(studentised.p_value, abs=1e-9)
        assert by_size[run] == pytest.approx(bare.p_value, abs=1e-9)


def rows_of(plan: Any, rows: np.ndarray, sums: np.ndarray, step_of: np.ndarray) -> AnalysisRows:
    """Everyone of one run; their events as the sums allow."""
    number = rows.astype(np.int64)
    cell = np.repeat(np.arange(number.size), number)
    place = np.arange(cell.size) - np.repeat(np.cumsum(number) - number, number)
    unit, period, complete = plan.cells.cluster[cell], plan.cells.period[cell], plan.cells.complete[cell]
    step = step_of[unit]
    arm = np.where(step <= complete, "plan", np.where(step > period, "usual", ""))
    return AnalysisRows(
        (place < sums[cell]).astype(float), Coded.of(arm.tolist()), unit, np.zeros(cell.size, dtype=np.int64),
        np.full(cell.size, np.nan), {}, {}, phases=Phases(period, complete, step, plan.cells.steps),
    )  # fmt: skip


def test_below_twenty_sites_a_true_null_is_rejected_no_oftener_than_said(tmp_path: Path) -> None:
    path = write_wedge(tmp_path, rows=NINE, power={"baseline": "50%", "icc": 0.03, "cac": 0.8, "known": "90%"})
    made = simulate_trial(path, START, Asked(runs=400, effects={"nothing": 0.0}), lambda *_: None)
    nothing = made.scenarios["nothing"][0].operating
    assert nothing.rejected.value <= 0.05 + 3 * (0.05 * 0.95 / 400) ** 0.5
    assert nothing.rejected != nothing.found, "p from the schedule, intervals from t"
    assert any("p comes from drawing the schedule again, as in the report" in note for note in made.notes)


def test_from_twenty_sites_p_values_are_those_of_t(tmp_path: Path) -> None:
    made = simulate_trial(
        write_wedge(tmp_path, rows=wedge_rows(20, 6)), START, Asked(runs=50, effects={"nothing": 0.0}), lambda *_: None
    )
    nothing = made.scenarios["nothing"][0].operating
    assert nothing.rejected == nothing.found
    assert not any("drawing the schedule again" in note for note in made.notes)
