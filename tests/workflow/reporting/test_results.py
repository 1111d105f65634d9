"""Collect, analyse, report on a small trial, stage by stage."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from nudge.store.people import load_allocation
from nudge.store.tables import contacts
from nudge.trial.errors import LockBroken, ProblemsFound, Refused
from nudge.trial.load import load_trial
from nudge.workflow.desk import Desk
from nudge.workflow.dispatching.sending import send_due
from nudge.workflow.law import law_of
from nudge.workflow.reporting.analysing import analyse_trial
from nudge.workflow.reporting.collecting import collect_outcomes, end_of_day
from nudge.workflow.reporting.telling import report_trial, results_from_json, results_json
from tests.support.trials import Bench, family, lock_draw_and_launch, write_rows, write_trial

DUE = datetime(2027, 1, 18, 10, tzinfo=UTC)
OVER = datetime(2027, 3, 1, tzinfo=UTC)
pytestmark = pytest.mark.usefixtures("each_database")


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def sent(bench: Bench, **changes: Any) -> tuple[Path, Desk]:
    """A trial of 40 families whose messages have gone out."""
    file = write_trial(bench.folder, **changes)
    desk = bench.desk()
    lock_draw_and_launch(file, desk)
    bench.clock.advance_to(DUE)
    send_due(desk)
    return file, desk


def arms(file: Path, desk: Desk) -> dict[str, str]:
    trial = load_trial(file).trial
    with desk.store.begin() as connection:
        return {row.unit: row.arm for row in load_allocation(connection, trial.trial, law_of(trial)).rows}


def records(file: Path, desk: Desk, usual: int, reminder: int, day: str = "2027-01-26") -> None:
    """So many families of each arm came, on one day."""
    left = {"usual": usual, "reminder": reminder}
    rows = []
    for unit, arm in arms(file, desk).items():
        if left[arm]:
            left[arm] -= 1
            rows.append({"person_ref": unit.replace("H", "P"), "day": day})
    write_rows(file.parent / "outcomes" / "came.csv", [*rows, {"person_ref": "someone else", "day": day}])


def test_the_whole_way_gives_the_counts_that_were_put_in(bench: Bench) -> None:
    file, desk = sent(bench)
    records(file, desk, usual=5, reminder=12)
    bench.clock.advance_to(OVER)
    linked = collect_outcomes(file, desk)[0]
    assert (linked.records, linked.matched, linked.outside_window) == (18, 17, 0)
    results = analyse_trial(file, desk)
    line = results.estimates[0]
    assert (line.mean_arm, line.mean_control) == (12 / 20, 5 / 20)
    assert (line.n, line.n_arm, line.n_control, line.n_allocated_arm, line.n_allocated_control) == (40, 20, 20, 20, 20)
    assert (line.label, line.estimator, line.vcov) == ("prespecified", "block_weighted", "HC2")
    assert line.verdict in {"worthwhile", "firmly worthwhile"}
    assert {check.name: check.status for check in results.checks}["reconciliation"] == "ok"


def test_collecting_and_analysing_again_gives_the_same(bench: Bench) -> None:
    file, desk = sent(bench)
    records(file, desk, usual=5, reminder=12)
    bench.clock.advance_to(OVER)
    results = []
    for _ in range(2):
        collect_outcomes(file, desk)
        results.append(analyse_trial(file, desk))
    assert results[0].estimates == results[1].estimates


def test_events_outside_the_window_do_not_count(bench: Bench) -> None:
    file, desk = sent(bench)
    records(file, desk, usual=5, reminder=12, day="2027-02-16")
    bench.clock.advance_to(OVER)
    assert collect_outcomes(file, desk)[0].outside_window == 17
    assert analyse_trial(file, desk).estimates[0].mean_arm == 0


def test_before_the_windows_close_there_is_no_verdict(bench: Bench) -> None:
    file, desk = sent(bench)
    records(file, desk, usual=5, reminder=12)
    bench.clock.advance_to(DUE + timedelta(days=10))
    linked = collect_outcomes(file, desk)[0]
    assert sum(states.get("not_yet", 0) for states in linked.counts.values()) == 40
    results = analyse_trial(file, desk)
    assert results.estimates[0].verdict is None
    assert {check.name: check.detail for check in results.checks}[
        "maturity"
    ] == "came: 40 of 40 cannot have happened yet"


def test_at_a_look_what_cannot_have_happened_yet_is_not_missing(bench: Bench) -> None:
    """Half of the windows are open: no worst case of ±100 points, no attrition, one plain sentence for a verdict."""
    rows = [family(i, visit="2027-01-25" if i % 2 else "2027-03-25") for i in range(60)]
    file, desk = sent(bench, rows=rows)
    records(file, desk, usual=5, reminder=12)
    bench.clock.advance_to(datetime(2027, 2, 20, tzinfo=UTC))
    collect_outcomes(file, desk)
    results = analyse_trial(file, desk, folder=bench.folder / "reports")
    planned = results.estimates[0]
    assert (planned.n, planned.n_allocated_arm + planned.n_allocated_control) == (30, 60)
    assert not [line for line in results.estimates if "case" in line.note]
    said = {check.name: check.detail for check in results.checks}
    assert said["attrition"] == "came: an outcome is known for 100.0% of reminder and 100.0% of usual"
    assert "only the 30 of 60 people whose window has closed are counted" in said["not shown"]
    page = report_trial(file, desk, bench.folder / "reports").read_text(encoding="utf-8")
    assert (
        "<strong>No verdict yet.</strong> 30 windows are still open, and it is read when the last has closed.</p>"
        in page
    )
    (frozen,) = (bench.folder / "reports").glob("*.parquet")
    again = analyse_trial(file, desk, frozen)
    assert [line.note for line in again.estimates] == [line.note for line in results.estimates]


def test_records_that_are_complete_only_to_a_day_leave_later_windows_open(bench: Bench) -> None:
    file, desk = sent(bench)
    records(file, desk, usual=5, reminder=12)
    bench.clock.advance_to(OVER)
    linked = collect_outcomes(file, desk, end_of_day("2027-02-10", file))[0]
    assert sum(states.get("not_yet", 0) for states in linked.counts.values()) == 40


def test_a_wrong_day_is_refused_with_an_example(bench: Bench) -> None:
    file, _ = sent(bench)
    with pytest.raises(Exception, match="`tomorrow` is not a day; write 2027-01-31"):
        end_of_day("tomorrow", file)


def test_every_flaw_of_the_records_is_named_and_nothing_is_kept(bench: Bench) -> None:
    file, desk = sent(bench)
    write_rows(
        file.parent / "outcomes" / "came.csv",
        [
            {"person_ref": "P0001", "day": "soon"},
            {"person_ref": "P0002", "day": ""},
            {"person_ref": "P0003", "day": "2027-02-30"},
        ],
    )
    bench.clock.advance_to(OVER)
    with pytest.raises(ProblemsFound) as found:
        collect_outcomes(file, desk)
    assert [str(problem) for problem in found.value.problems] == [
        "outcomes/came.csv:2:2: day: `soon` is not a day; write 2027-01-31 or 31/01/2027",
        "outcomes/came.csv:3:2: day: is blank; give the day it happened",
        "outcomes/came.csv:4:2: day: `2027-02-30` is not a day; write 2027-01-31 or 31/01/2027",
    ]
    with pytest.raises(Refused, match="no outcomes of small are collected; collect them: nudge collect FILE"):
        analyse_trial(file, desk)


def test_a_missing_file_of_records_is_named(bench: Bench) -> None:
    file, desk = sent(bench)
    with pytest.raises(ProblemsFound, match=r"outcomes/came\.csv: there is no such file; check the path"):
        collect_outcomes(file, desk)


def test_a_changed_plan_is_refused_when_collecting_and_told_when_analysing(bench: Bench) -> None:
    file, desk = sent(bench)
    records(file, desk, usual=5, reminder=12)
    bench.clock.advance_to(OVER)
    collect_outcomes(file, desk)
    file.write_text(file.read_text().replace("5 points", "1 points"))
    with pytest.raises(LockBroken, match="outcomes.came.worthwhile"):
        collect_outcomes(file, desk)
    results = analyse_trial(file, desk)
    assert results.label == "differs from its lock"
    assert {line.label for line in results.estimates} == {"exploratory"}
    assert results.checks[1].status == "problem"


def test_rows_of_a_file_are_refused_for_a_trial_drawn_here(bench: Bench, tmp_path: Path) -> None:
    file, desk = sent(bench)
    with pytest.raises(Refused, match="`--data` is for trials run elsewhere"):
        analyse_trial(file, desk, tmp_path / "x.csv")


def test_the_report_stands_alone_and_results_json_holds_the_same(bench: Bench) -> None:
    file, desk = sent(bench)
    records(file, desk, usual=5, reminder=12)
    bench.clock.advance_to(OVER)
    collect_outcomes(file, desk)
    results = analyse_trial(file, desk)
    page = report_trial(file, desk, bench.folder / "reports")
    text = page.read_text()
    assert "http://" not in text
    assert "https://" not in text
    assert "<script" not in text
    assert "Of every 100 people, about 25 had the outcome “came” with usual." in text
    kept = json.loads(page.with_suffix(".results.json").read_text())
    assert kept == json.loads(results_json(results))
    assert results_json(results_from_json(kept)) == results_json(results)


def test_a_report_before_the_analysis_says_what_to_do(bench: Bench) -> None:
    file, desk = sent(bench)
    with pytest.raises(Refused, match="small has not been analysed; analyse it: nudge analyse FILE"):
        report_trial(file, desk, bench.folder)


def test_looks_are_kept_from_result_to_result(bench: Bench) -> None:
    plan = {"comparisons": ["reminder - usual"], "looks": {"at": ["50%"], "spending": "pocock"}}
    later = [family(i, visit="2027-01-25" if i % 2 else "2027-02-15") for i in range(300)]
    file, desk = sent(bench, rows=later, analysis=plan)
    records(file, desk, usual=40, reminder=80)
    bench.clock.advance_to(DUE + timedelta(days=30))
    collect_outcomes(file, desk)
    early = analyse_trial(file, desk)
    assert early.estimates[0].verdict is None
    (look,) = early.looks
    assert (look.number, look.final) == (1, False)
    assert {check.name: check.detail for check in early.checks}["looks"].startswith(
        "windows are open and results have not been served before; looks are planned"
    )
    report_trial(file, desk, bench.folder / "reports")
    again = analyse_trial(file, desk)
    assert "served 2 times before" in {check.name: check.detail for check in again.checks}["looks"]
    assert [one.number for one in again.looks] == [1]
    records(file, desk, usual=50, reminder=90, day="2027-02-10")
    bench.clock.advance_to(OVER + timedelta(days=20))
    collect_outcomes(file, desk)
    final = analyse_trial(file, desk)
    assert [(one.number, one.final) for one in final.looks][-1][1]
    assert final.estimates[0].verdict is not None


def test_looking_without_a_plan_is_said(bench: Bench) -> None:
    file, desk = sent(bench)
    records(file, desk, usual=5, reminder=12)
    bench.clock.advance_to(DUE + timedelta(days=10))
    collect_outcomes(file, desk)
    said = {check.name: check.detail for check in analyse_trial(file, desk).checks}["looks"]
    assert said.endswith("no looks are planned, so nothing here may stop the trial or change it")


def test_money_is_counted_from_the_ledger_and_the_report_says_what_it_buys(bench: Bench) -> None:
    """Two arms of 60; half of the families have a mobile and cost 4p, the rest an email at 1p: 2.5p each."""
    costs = {"currency": "GBP", "prices": "2027", "sms": "0.04", "email": "0.01",
             "benefit": {"per": "came", "value": "31", "payer": "the council", "cashable": "no"}}  # fmt: skip
    file, desk = sent(bench, families=120, costs=costs)
    records(file, desk, usual=15, reminder=40)
    bench.clock.advance_to(OVER)
    collect_outcomes(file, desk)
    results = analyse_trial(file, desk)
    (money,) = results.money
    line = results.estimates[0]
    assert money.extra_cost == pytest.approx(0.025, abs=0.004)
    assert money.per_extra == pytest.approx(money.extra_cost / (line.estimate or 1), rel=1e-9)
    page = report_trial(file, desk, bench.folder / "reports").read_text(encoding="utf-8")
    assert "<h2>What it costs</h2>" in page
    assert "An extra “came” costs £0." in page
    assert "not cashable: worth something, but no budget becomes smaller" in page
    assert "<h2>What is on record, by arm</h2>" in page
    assert "What to believe now, given what was believed before" in page


def test_a_phone_that_two_arms_come_to_share_is_said(bench: Bench) -> None:
    file, desk = sent(bench)
    arm_of = arms(file, desk)
    one, other = (next(unit for unit, arm in arm_of.items() if arm == name) for name in ("usual", "reminder"))
    table = contacts.c
    with desk.store.begin() as connection:
        whose = sa.and_(table.person == one.replace("H", "P"), table.channel == "email")
        lookup = connection.scalar(sa.select(table.lookup).where(whose))
        connection.execute(
            contacts.update()
            .where(table.person == other.replace("H", "P"), table.channel == "email")
            .values(lookup=lookup)
        )
    records(file, desk, usual=5, reminder=12)
    bench.clock.advance_to(OVER)
    collect_outcomes(file, desk)
    said = [check.detail for check in analyse_trial(file, desk).checks if check.name == "contamination"]
    assert said == [
        "units that share a phone or an email with another arm, and may have read its words: 1 in reminder and 1 in "
        "usual; they count as allocated"
    ]
