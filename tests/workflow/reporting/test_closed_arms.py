"""An arm held back while others go on: nobody new joins it, and only families enrolled beside it compare with it."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import ttest_ind

from nudge.store.enrolment import closed_spells
from nudge.store.people import load_allocation
from nudge.trial.errors import Refused
from nudge.trial.load import load_trial
from nudge.trial.records.analysis import Estimate
from nudge.trial.records.report import Results
from nudge.workflow.allocating.enrolling import Enrolled, enrol_rows
from nudge.workflow.allocating.replaying import publish_draw, replay
from nudge.workflow.desk import Desk
from nudge.workflow.dispatching.halting import halt_sending, lift_sending
from nudge.workflow.dispatching.launching import close_trial
from nudge.workflow.dispatching.sending import send_due
from nudge.workflow.dispatching.watching import watch_harm
from nudge.workflow.hearing.replying import opt_out
from nudge.workflow.law import law_of
from nudge.workflow.reporting.analysing import analyse_trial
from nudge.workflow.reporting.collecting import collect_outcomes
from nudge.workflow.reporting.telling import write_report
from tests.support.trials import Bench, family, lock_draw_and_launch, trial_values, write_rows, write_trial

METHODS: list[dict[str, Any]] = [
    {"method": "simple"}, {"method": "permuted_blocks", "blocks": ["area"]},
    {"method": "minimisation", "balance_on": ["area"]}, {"method": "adaptive", "batch": 200},
]  # fmt: skip


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def launched(
    bench: Bench, randomise: dict[str, Any], multiplicity: str = "holm", **changes: Any
) -> tuple[Path, Desk]:  # fmt: skip
    values = trial_values()
    population = {key: value for key, value in values["population"].items() if key != "people"}
    plain, text = ({"messages": [{"template": "visit", "send": "2 days after allocation at 10:00"}]} for _ in range(2))
    plan = {"comparisons": ["plan - usual", "plain - usual"], "covariates": [*randomise.get("balance_on", [])],
            "multiplicity": multiplicity}  # fmt: skip
    file = write_trial(
        bench.folder, population=population, randomise=randomise, analysis=plan,
        arms={"usual": {"control": True, "receives": "a letter"}, "plain": plain, "plan": text}, **changes,
    )  # fmt: skip
    desk = bench.desk()
    lock_draw_and_launch(file, desk)
    return file, desk


def come(desk: Desk, first: int, number: int) -> Enrolled:
    return enrol_rows("small", [family(i, mobile="") for i in range(first, first + number)], desk)


def drawn(file: Path, desk: Desk) -> list[str]:
    """Arms in the order of enrolment."""
    with desk.store.begin() as connection:
        return [row.arm for row in load_allocation(connection, "small", law_of(load_trial(file).trial)).rows]


def three_spells(desk: Desk) -> list[Enrolled]:
    """Thirty families, thirty while `plan` is held back, thirty when it is let go again; all within one moment."""
    found = [come(desk, 0, 30)]
    halt_sending(desk, "small", "plan", "a wrong link")
    found.append(come(desk, 30, 30))
    lift_sending(desk, "small", "plan")
    found.append(come(desk, 60, 30))
    return found


def results(bench: Bench, file: Path, desk: Desk) -> Results:
    """Everyone enrolled early came, nobody later: comparing across spells would find an effect that is not there."""
    came = [{"person_ref": f"P{i:04d}", "day": "2027-01-20"} for i in range(30) if i % 4]
    came += [{"person_ref": f"P{i:04d}", "day": "2027-01-20"} for i in range(60, 90) if i % 4 == 1]
    write_rows(bench.folder / "outcomes" / "came.csv", came)
    bench.clock.advance_to(datetime(2027, 6, 1, tzinfo=UTC))
    collect_outcomes(file, desk)
    return analyse_trial(file, desk, folder=bench.folder / "results")


def line(found: Results, arm: str) -> Estimate:
    return next(one for one in found.estimates if one.arm == arm and one.label == "prespecified")


@pytest.mark.parametrize("randomise", METHODS, ids=lambda one: one["method"])
def test_nobody_joins_an_arm_that_is_held_back_and_the_draw_can_be_made_again(
    bench: Bench, randomise: dict[str, Any]
) -> None:
    _, desk = launched(bench, randomise)
    first, meanwhile, after = three_spells(desk)
    assert first.by_arm.keys() == after.by_arm.keys() == {"usual", "plain", "plan"}
    assert meanwhile.by_arm.keys() == {"usual", "plain"}
    assert meanwhile.told == ("plan is held back, so these were drawn among usual and plain",)
    assert (first.told, after.told) == ((), ())
    again = replay("small", desk)
    assert (again.rows, again.different) == (90, ())


def test_only_families_enrolled_beside_it_compare_with_it(bench: Bench) -> None:
    file, desk = launched(bench, {"method": "permuted_blocks"})
    three_spells(desk)
    arms = np.array(drawn(file, desk))
    found = results(bench, file, desk)
    came = np.array([bool(i % 4) if i < 30 else i >= 60 and i % 4 == 1 for i in range(90)], dtype=float)
    beside = np.r_[0:30, 60:90]
    with_plan, without = line(found, "plan"), line(found, "plain")
    sides = [came[beside][arms[beside] == arm] for arm in ("plan", "usual")]
    welch = ttest_ind(*sides, equal_var=False)
    assert with_plan.estimate == pytest.approx(sides[0].mean() - sides[1].mean())
    assert (with_plan.estimate or 0) / (with_plan.std_error or 1) == pytest.approx(welch.statistic)
    assert with_plan.n_control == Counter(arms[beside])["usual"] < without.n_control == Counter(arms)["usual"]
    left_out = Counter(arms[30:60])["usual"]
    assert f"concurrent controls only: {left_out} people" in with_plan.note
    assert "concurrent" not in without.note
    assert (with_plan.estimator, without.estimator) == ("difference_in_means", "difference_in_means")


def test_the_report_says_it_and_the_frozen_data_give_the_same(bench: Bench) -> None:
    file, desk = launched(bench, {"method": "permuted_blocks"})
    three_spells(desk)
    found = results(bench, file, desk)
    (said,) = [check.detail for check in found.checks if check.name == "closed arm"]
    assert said == (
        "plan took no new units from 11 January 2027 to 11 January 2027 (a wrong link); the 30 that came "
        "meanwhile were drawn among usual and plain, and plan is compared only with units enrolled while it was open"
    )
    page = write_report(found, load_trial(file).trial, bench.folder / "results").read_text(encoding="utf-8")
    assert "plan is compared only with units enrolled while it was open" in page
    assert "Concurrent controls only" in page or "concurrent controls only" in page
    (frozen,) = (bench.folder / "results").glob("*.parquet")
    again = analyse_trial(file, desk, frozen)
    assert [one.estimate for one in again.estimates] == [one.estimate for one in found.estimates]
    assert [one.n_control for one in again.estimates] == [one.n_control for one in found.estimates]


def test_a_harm_rule_closes_its_arm_to_those_who_come_later(bench: Bench) -> None:
    rule = {"opt_out": {"limit": "2%", "after": "5 sends"}}
    file, desk = launched(bench, {"method": "permuted_blocks"}, stopping=rule)
    come(desk, 0, 60)
    bench.clock.advance_to(bench.clock.now() + timedelta(days=2, hours=2))
    send_due(desk)
    written = [f"H{i:04d}" for i, arm in enumerate(drawn(file, desk)) if arm == "plan"]
    for unit in written[:12]:
        opt_out(desk, trial="small", unit=unit)
    assert len(watch_harm(desk)) == 1
    assert "plan" not in come(desk, 60, 30).by_arm
    with desk.store.begin() as connection:
        (spell,) = closed_spells(connection, "small")
    assert (spell.arm, spell.first, spell.end, spell.because) == ("plan", 60, None, "harm rule: opt_out")
    assert replay("small", desk).different == ()


def test_one_arm_alone_is_no_draw(bench: Bench) -> None:
    _, desk = launched(bench, {"method": "permuted_blocks"})
    halt_sending(desk, "small", "plan", "a wrong link")
    halt_sending(desk, "small", "plain", "a wrong link")
    with pytest.raises(Refused, match="plan and plain of small are held back, and one arm alone is no draw"):
        come(desk, 0, 4)
    lift_sending(desk, "small", "plain")
    assert come(desk, 0, 4).by_arm.keys() <= {"usual", "plain"}


def test_holding_back_the_whole_trial_closes_no_arm(bench: Bench) -> None:
    file, desk = launched(bench, {"method": "permuted_blocks"})
    halt_sending(desk, "small", "", "look first")
    come(desk, 0, 30)
    assert set(drawn(file, desk)) == {"usual", "plain", "plan"}


def test_what_is_published_of_the_draw_holds_the_spells(bench: Bench) -> None:
    _, desk = launched(bench, {"method": "permuted_blocks"})
    three_spells(desk)
    bench.clock.advance_to(datetime(2027, 6, 1, tzinfo=UTC))
    close_trial("small", desk)
    _, facts = publish_draw("small", desk, bench.folder)
    assert json.loads(facts.read_text(encoding="utf-8"))["parameters"]["closed"] == [["plan", 30, 60]]
    assert replay("small", desk, facts.with_name("small.draw.csv")).different == ()


def test_a_family_adjusted_over_draws_falls_back_and_says_why(bench: Bench) -> None:
    file, desk = launched(bench, {"method": "permuted_blocks"}, multiplicity="romano_wolf")
    three_spells(desk)
    assert (
        "Holm's adjustment instead of Romano and Wolf's: an arm took nobody"
        in line(results(bench, file, desk), "plain").note
    )
