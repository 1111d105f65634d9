"""The stepped wedge against R (clubSandwich on the raw rows), and its fast form against the plain one."""

from __future__ import annotations

import csv
import json
from collections import Counter
from dataclasses import replace
from math import factorial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import t

from nudge.analysis.comparison import Pair, pair_of
from nudge.analysis.drawn_wedge import Cells, wedge_fits
from nudge.analysis.estimators import estimator
from nudge.analysis.inference import answer
from nudge.analysis.wedge import cluster_periods
from nudge.analysis.wedge_answer import schedule_test
from nudge.analysis.wedge_lines import about_the_periods
from nudge.design.methods import stepped_wedge
from nudge.trial.errors import EstimationRefused
from nudge.trial.records.analysis import AnalysisRows, Design, Phases, StoredLaw
from nudge.trial.records.columns import Coded
from nudge.trial.records.design import DrawUnit, Law

FOLDER = Path(__file__).parent / "stepped_wedge"
REFERENCE = json.loads((FOLDER / "reference.json").read_text())
STEPS, GAP, TRANSITION = 3, 30, 10
SITES = [DrawUnit(f"{i}") for i in range(9)]
LAW = Law("t", "stepped_wedge", ("usual", "plan"), (1, 1), (), {"steps": ["1", "2", "3"]}, "usual")


def read() -> dict[str, np.ndarray]:
    with (FOLDER / "rows.csv").open(encoding="utf-8") as file:
        found = list(csv.DictReader(file))
    return {name: np.array([float(row[name]) for row in found]) for name in found[0]}


def analysis_rows(outcome: str = "score", *, transition: bool = False) -> AnalysisRows:
    column = read()
    day, step = column["day"].astype(np.int64), column["step"].astype(np.int64)
    starts = np.arange(STEPS) * GAP
    period = (day[:, None] >= starts).sum(axis=1)
    complete = (day[:, None] >= starts + TRANSITION * transition).sum(axis=1)
    arm = Coded(np.where(step <= complete, 0, np.where(step <= period, -1, 1)).astype(np.int32), ("plan", "usual"))
    n = day.size
    return AnalysisRows(
        outcome=column[outcome], arm=arm, unit=column["site"].astype(np.int64), block=np.zeros(n, dtype=np.int64),
        probability=np.full(n, 1 / 3), covariates={"need": column["need"].astype(float)}, types={"need": "number"},
        phases=Phases(period, complete, step, STEPS),
    )  # fmt: skip


def pair(outcome: str = "score", covariates: tuple[str, ...] = (), *, transition: bool = False) -> Pair:
    return pair_of(analysis_rows(outcome, transition=transition), "plan", "usual", covariates)


def law(*, every: bool = True) -> StoredLaw:
    def redraw(number: int, rng: np.random.Generator) -> Any:
        return stepped_wedge.redraws(SITES, LAW, number, rng)

    if not every:
        return StoredLaw(("1", "2", "3"), redraw)
    draws, chances = zip(*stepped_wedge.every_draw(SITES, LAW), strict=True)
    return StoredLaw(("1", "2", "3"), redraw, (np.array(draws, dtype=np.int8), np.array(chances, dtype=float)))


CASES: dict[str, tuple[str, Pair, str]] = {
    "immediate": ("immediate_effect", pair(), "none"),
    "exposure_averaged": ("exposure_averaged", pair(), "none"),
    "immediate_adjusted": ("immediate_effect", pair(covariates=("need",)), "additive"),
    "exposure_averaged_adjusted": ("exposure_averaged", pair(covariates=("need",)), "additive"),
    "immediate_binary": ("immediate_effect", pair("came"), "none"),
    "immediate_transition": ("immediate_effect", pair(transition=True), "none"),
    "exposure_averaged_transition": ("exposure_averaged", pair(transition=True), "none"),
    "immediate_cluster_periods": ("immediate_effect", cluster_periods(pair()), "none"),
    "exposure_averaged_cluster_periods": ("exposure_averaged", cluster_periods(pair()), "none"),
}


def test_every_number_of_r_has_a_case() -> None:
    assert set(CASES) == {name for name in REFERENCE if name != "made_by" and not name.startswith("design_")}


@pytest.mark.parametrize("name", CASES)
def test_equal_to_r(name: str) -> None:
    how, rows, adjustment = CASES[name]
    fitted = estimator(how).estimate(rows, adjustment)
    found = {"estimate": fitted.estimate, "std_error": fitted.std_error, "df": fitted.df}
    assert found == pytest.approx(REFERENCE[name], rel=1e-9)


def test_a_covariate_that_is_the_same_for_a_whole_site_is_left_out_by_name_and_changes_no_number() -> None:
    rows = analysis_rows()
    area = Coded((rows.unit % 2).astype(np.int32), ("north", "south"))
    named = replace(rows, covariates={"area": area}, types={"area": "category"})
    design = Design("stepped_wedge", clusters=True, blocks=False, estimand="immediate", law=law(every=False))
    found = answer(pair_of(named, "plan", "usual", ("area",)), design, binary=False, average="person")
    assert (found.choice.left_out, found.choice.adjustment) == (("area=south",), "none")
    assert found.note.startswith("area says nothing that clusters and other covariates do not, so it is left out")
    plain = {"estimate": found.estimate, "std_error": found.std_error, "df": found.df}
    assert plain == pytest.approx(REFERENCE["immediate"], rel=1e-9)


def cells_of_rows(rows: Pair) -> tuple[Cells, np.ndarray, np.ndarray]:
    assert rows.phases is not None
    key = (rows.unit * 4 + rows.phases.period) * 4 + rows.phases.complete
    kept, cell = np.unique(key, return_inverse=True)
    return (
        Cells(kept // 16, kept // 4 % 4, kept % 4, STEPS), np.bincount(cell).astype(float), np.bincount(cell, rows.y)
    )  # fmt: skip


@pytest.mark.parametrize("transition", [False, True])
@pytest.mark.parametrize("averaged", [False, True])
def test_many_schedules_at_once_are_each_what_the_estimator_gives(*, averaged: bool, transition: bool) -> None:
    rows = analysis_rows(transition=transition)
    assert rows.phases is not None
    cells, n, s = cells_of_rows(pair_of(_whole(rows), "plan", "usual"))
    drawn = stepped_wedge.redraws(SITES, LAW, 12, np.random.default_rng(3)).astype(np.int64) + 1
    times = cells.times_since if averaged else ()
    found = wedge_fits(cells, n, s, drawn, times=times)
    how = estimator("exposure_averaged" if averaged else "immediate_effect")
    for i, steps in enumerate(drawn):
        step = steps[rows.unit]
        phases = Phases(rows.phases.period, rows.phases.complete, step, STEPS)
        crossed = np.where(step <= phases.complete, 0, np.where(step <= phases.period, -1, 1))
        arm = Coded(crossed.astype(np.int32), ("plan", "usual"))
        under = AnalysisRows(rows.outcome, arm, rows.unit, rows.block, rows.probability, {}, {}, phases=phases)
        one = how.estimate(pair_of(under, "plan", "usual"), "none")
        assert (found.estimate[i], found.std_error[i], found.df[i]) == pytest.approx(
            (one.estimate, one.std_error, one.df), rel=1e-9
        )


def _whole(rows: AnalysisRows) -> AnalysisRows:
    """Everyone in the control, so that no row is apart."""
    return replace(rows, arm=Coded.of(["usual"] * len(rows.arm)), covariates={}, types={})


def test_all_schedules_are_gone_through_where_they_are_few() -> None:
    test = schedule_test(
        pair(), Design("stepped_wedge", clusters=True, blocks=False, law=law(), estimand="immediate"), "person",
        studentised=True,
    )  # fmt: skip
    assert test is not None
    number = factorial(9) // factorial(3) ** 3
    assert test.how == f"t over all {number:,} schedules there could have been"
    drawn = schedule_test(
        pair(), Design("stepped_wedge", clusters=True, blocks=False, law=law(every=False), estimand="immediate"),
        "person", studentised=True,
    )  # fmt: skip
    assert drawn is not None
    assert drawn.p_value == pytest.approx(test.p_value, abs=0.02)


@pytest.mark.parametrize("transition", [False, True])
def test_relabelling_the_arms_flips_the_sign(*, transition: bool) -> None:
    one = estimator("immediate_effect").estimate(pair(transition=transition), "none")
    rows = pair(transition=transition)
    other = estimator("immediate_effect").estimate(
        Pair(-rows.y, rows.treated, rows.unit, rows.block, rows.weight, rows.covariates, phases=rows.phases), "none",
    )  # fmt: skip
    assert (other.estimate, other.std_error) == pytest.approx((-one.estimate, one.std_error), rel=1e-9)


def design(estimand: str = "immediate", stored: StoredLaw | None = None) -> Design:
    return Design("stepped_wedge", clusters=True, blocks=False, law=stored, estimand=estimand)


def test_below_twenty_clusters_p_is_of_the_schedule_and_the_interval_of_t() -> None:
    found = answer(pair(), design(stored=law()), binary=False, average="person")
    assert found.std_error == pytest.approx(REFERENCE["immediate"]["std_error"], rel=1e-9)
    assert found.note == "p from t over all 1,680 schedules there could have been"
    assert found.p_value is not None
    assert round(found.p_value * 1680) == pytest.approx(found.p_value * 1680), "a share of the schedules"


def test_from_twenty_clusters_up_p_is_that_of_t() -> None:
    one = pair()
    assert one.phases is not None
    here = one.phases
    phases = Phases(np.tile(here.period, 3), np.tile(here.complete, 3), np.tile(here.step, 3), STEPS)
    many = Pair(
        np.tile(one.y, 3) + np.repeat([0.0, 0.3, -0.2], one.y.size), np.tile(one.treated, 3),
        np.concatenate([one.unit, one.unit + 9, one.unit + 18]), np.tile(one.block, 3), np.tile(one.weight, 3),
        {}, phases=phases,
    )  # fmt: skip
    found = answer(many, design(), binary=False, average="person")
    assert found.std_error is not None
    assert found.df is not None
    assert found.estimate == pytest.approx(REFERENCE["immediate"]["estimate"], rel=1e-9)
    assert found.p_value == pytest.approx(2 * t.sf(abs(found.estimate / found.std_error), found.df), rel=1e-9)
    assert found.note == ""


def test_where_an_arm_has_no_event_only_counts_and_p_are_given() -> None:
    rows = pair("came")
    rows.y[rows.treated] = 0.0
    found = answer(rows, design(stored=law()), binary=True, average="person")
    assert (found.std_error, found.interval(0.95), found.choice.estimator) == (None, None, "immediate_effect")
    assert found.note.startswith(f"0 of {int(rows.treated.sum())} and ")
    assert found.p_value is not None


def test_a_wedge_without_a_period_that_compares_is_refused() -> None:
    rows = pair()
    assert rows.phases is not None
    late = rows.only((rows.phases.period == 0) | (rows.phases.period == STEPS))
    found = answer(late, design(), binary=False, average="person")
    assert np.isnan(found.estimate)
    assert found.note == (
        "no estimate: no period has clusters that have crossed and clusters that have not, so the effects of periods "
        "absorb the arm"
    )
    with pytest.raises(EstimationRefused, match="2 clusters cannot tell"):
        estimator("immediate_effect").estimate(rows.only(rows.unit < 2), "none")


def test_too_few_degrees_of_freedom_leave_the_estimate_and_the_schedule() -> None:
    rows = pair()
    few = rows.only(rows.unit < 4)
    found = answer(few, design("exposure_averaged", law()), binary=False, average="person")
    assert (found.std_error, found.interval(0.95)) == (None, None)
    assert found.note.startswith("no interval: ")
    assert "; p from the estimate over all 1,680 schedules" in found.note
    assert found.p_value is not None


def test_rows_in_a_transition_are_counted_apart() -> None:
    rows = pair(transition=True)
    settling = int(read()["settling"].sum())
    assert rows.crossing is not None
    assert (rows.crossing.y.size, rows.y.size + settling) == (settling, 235)
    said = about_the_periods(rows)
    assert f"{settling} rows in a transition are in neither arm" in said
    assert said.endswith("in period 3 every cluster has crossed, which compares nobody with the control")
    assert Counter(rows.treated.tolist())[True] == int(read()["crossed"].sum()) - settling
