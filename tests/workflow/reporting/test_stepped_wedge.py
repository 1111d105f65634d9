"""A stepped wedge from file to report: messages that cross over, families who come later, periods in the analysis."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from nudge.analysis.wedge_answer import FEW
from nudge.store.account import exposures
from nudge.store.ledger import next_due
from nudge.store.people import load_allocation, load_roll
from nudge.store.tables import people as people_table
from nudge.store.tables import sends
from nudge.trial.load import load_trial
from nudge.trial.problems import Level
from nudge.trial.records.delivery import Status
from nudge.workflow.allocating.enrolling import enrol_file
from nudge.workflow.allocating.joining import NOT_DRAWN
from nudge.workflow.allocating.locking import allocate_trial, lock_trial
from nudge.workflow.allocating.placing import IN_TRANSITION, arms_of_people, primary_window
from nudge.workflow.checking.examine import examine
from nudge.workflow.desk import Desk
from nudge.workflow.dispatching.sending import send_due
from nudge.workflow.dispatching.standing import standing
from nudge.workflow.dispatching.watching import watch_harm
from nudge.workflow.hearing.replying import opt_out
from nudge.workflow.law import law_of
from nudge.workflow.planning.simulating import Asked, simulate_trial
from nudge.workflow.reporting.analysing import analyse_trial
from nudge.workflow.reporting.collecting import collect_outcomes
from nudge.workflow.reporting.telling import write_report
from nudge.workflow.writing.protocolling import write_protocol
from tests.support.trials import START, Bench, lock_draw_and_launch, write_rows
from tests.support.wedge import STEPS, wedge_family, wedge_rows, write_visits, write_wedge

LEAD = timedelta(days=7)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def steps_of(desk: Desk, file: Path) -> dict[str, int]:
    with desk.store.begin() as connection:
        rows = load_allocation(connection, "small", law_of(load_trial(file).trial)).rows
    return {row.unit: row.step or 0 for row in rows}


def launched(bench: Bench, **changes: Any) -> tuple[Path, Desk]:
    file, desk = write_wedge(bench.folder, **changes), bench.desk()
    lock_draw_and_launch(file, desk)
    return file, desk


def ledger(desk: Desk) -> list[Any]:
    query = sa.select(
        sends.c.unit,
        sends.c.person,
        sends.c.arm,
        sends.c.message,
        sends.c.planned_at,
        sends.c.status,
        sends.c.reason,
        sends.c.template,
    )
    with desk.store.begin() as connection:
        return list(connection.execute(query.order_by(sends.c.planned_at, sends.c.id)))


def send_everything(bench: Bench, desk: Desk) -> None:
    while True:
        with desk.store.begin() as connection:
            due = next_due(connection)
        if due is None:
            return
        bench.clock.advance_to(due)
        send_due(desk)


def test_the_new_arms_words_go_from_the_crossing_on_and_the_controls_before(bench: Bench) -> None:
    file, desk = launched(bench)
    step = steps_of(desk, file)
    rows = ledger(desk)
    assert len(rows) == 120
    for row in rows:
        crossed = row.planned_at.date() >= date.fromisoformat(STEPS[step[row.unit] - 1])
        assert (row.arm, row.message) == (("plan", "plan.1") if crossed else ("usual", "usual.1"))
    send_everything(bench, desk)
    assert Counter(row.status for row in ledger(desk)) == {Status.ACCEPTED: 120}, [
        row.reason for row in ledger(desk) if row.status != Status.ACCEPTED
    ]
    texts = [path.read_text() for path in bench.outbox]
    assert sum("how will you" in text.lower() for text in texts) == sum(row.arm == "plan" for row in rows)


def test_until_a_crossing_is_complete_the_controls_words_go(bench: Bench) -> None:
    file, desk = launched(bench, randomise={"transition": "14 days"})
    step = steps_of(desk, file)
    takes = timedelta(days=14)
    for row in ledger(desk):
        crossed = row.planned_at.date() >= date.fromisoformat(STEPS[step[row.unit] - 1]) + takes
        assert row.arm == ("plan" if crossed else "usual")


def test_what_the_other_arm_would_have_sent_is_a_virtual_row_of_that_family(bench: Bench) -> None:
    arms = {
        "usual": {"control": "true", "receives": "the usual letter"},
        "plan": {"messages": [{"template": "plan", "send": "7 days before visit at 10:00"}]},
    }
    _, desk = launched(bench, arms=arms)
    rows = ledger(desk)
    assert {(row.arm, row.template, row.status) for row in rows} == {
        ("usual", "", Status.PLANNED), ("plan", "plan", Status.PLANNED)
    }  # fmt: skip
    assert len({row.person for row in rows}) == len(rows) == 120


def test_what_a_family_would_have_been_sent_does_not_hold_back_what_it_is_sent(bench: Bench) -> None:
    """The control's text is due four days before the plan's: the unsent one must not use up the week."""
    arms = {
        "usual": {"control": "true", "messages": [{"template": "visit", "send": "7 days before visit at 10:00"}]},
        "plan": {"messages": [{"template": "plan", "send": "3 days before visit at 10:00"}]},
    }
    _, desk = launched(bench, arms=arms, randomise={"transition": "7 days"})
    assert sum(not row.template for row in ledger(desk)) > 100
    send_everything(bench, desk)
    real = [row for row in ledger(desk) if row.template]
    number = Counter(row.person for row in real)
    assert {row.status for row in real if number[row.person] == 1} == {Status.ACCEPTED}
    assert {row.status for row in real if number[row.person] == 2} <= {Status.ACCEPTED, Status.EXPIRED}, (
        "who is sent both words across the crossing has had the week's message"
    )


def test_harm_at_sites_is_counted_by_families_and_not_by_sites(bench: Bench) -> None:
    """One family of twelve schools that asks for an end is one of 120, and pauses nothing at 2 %."""
    _, desk = launched(bench, stopping={"opt_out": {"limit": "2%", "after": "20 sends"}})
    send_everything(bench, desk)
    opt_out(desk, address="07700 900000")
    with desk.store.begin() as connection:
        by_arm = exposures(connection, "small", [], sites=True)
    assert sum(one.units for one in by_arm.values()) == 120
    assert sum(one.opted_out for one in by_arm.values()) == 1
    assert watch_harm(desk) == []


def test_status_tells_who_has_crossed(bench: Bench) -> None:
    _, desk = launched(bench, randomise={"transition": "7 days"})
    (one,) = standing(desk)
    assert one.allocated == {"usual": 12, "plan": 0}
    assert one.crossings == [
        "step 1, 1 March 2027: 4 sites, to come", "step 2, 1 April 2027: 4 sites, to come",
        "step 3, 3 May 2027: 4 sites, to come",
    ]  # fmt: skip
    bench.clock.advance_to(datetime(2027, 4, 2, tzinfo=UTC))
    (one,) = standing(desk)
    assert one.allocated == {"usual": 8, "plan": 4}
    assert one.crossings[0].endswith("crossed")
    assert one.crossings[1].endswith("crossing until 8 April 2027")


def test_families_who_come_later_join_their_sites_step(bench: Bench) -> None:
    file, desk = launched(bench)
    bench.clock.advance_to(datetime(2027, 4, 12, 9, tzinfo=UTC))
    step = steps_of(desk, file)
    rows = [
        wedge_family(900, 0, date(2027, 4, 30)), wedge_family(902, 1, date(2027, 6, 1)),
        wedge_family(904, 77, date(2027, 6, 1)), wedge_family(0, 0, date(2027, 6, 1)),
        wedge_family(906, 2, date(2027, 6, 1)) | {"mobile": "07700900900", "email": ""},
    ]  # fmt: skip
    write_rows(bench.folder / "come.csv", rows)
    before = len(ledger(desk))
    done = enrol_file("small", bench.folder / "come.csv", desk)
    assert (done.new, done.already, done.joined, done.messages, done.left_out) == ((), 1, 3, 3, {NOT_DRAWN: 1})
    assert done.told[0].startswith("their sites' days were drawn before they came")
    late = {row.person: row for row in ledger(desk) if row.person in {"P0900", "P0902", "P0906"}}
    assert len(ledger(desk)) == before + 3
    crossed = date(2027, 4, 23) >= date.fromisoformat(STEPS[step["S00"] - 1])
    assert late["P0900"].arm == ("plan" if crossed else "usual")
    assert late["P0902"].arm == "plan", "in June every site has crossed"
    again = enrol_file("small", bench.folder / "come.csv", desk)
    assert (again.already, again.joined, again.messages) == (4, 0, 0)
    with desk.store.begin() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(people_table)) == 123


def test_a_sibling_who_comes_later_shares_the_familys_message(bench: Bench) -> None:
    _, desk = launched(bench)
    shared = {"mobile": "07700900000", "email": ""}
    write_rows(bench.folder / "come.csv", [wedge_family(950, 0, date(2027, 6, 1)) | shared])
    done = enrol_file("small", bench.folder / "come.csv", desk)
    assert (done.joined, done.messages) == (1, 0)


def arms_at_anchor(desk: Desk, file: Path) -> dict[str, str]:
    trial = load_trial(file).trial
    with desk.store.begin() as connection:
        roll = load_roll(connection, "small", trial.population.columns)
        allocation = load_allocation(connection, "small", law_of(trial))
    return arms_of_people(trial, primary_window(trial), roll.units, allocation, START)


def finished(bench: Bench, **changes: Any) -> tuple[Path, Desk]:
    file, desk = launched(bench, **changes)
    send_everything(bench, desk)
    write_visits(bench.folder, arms_at_anchor(desk, file))
    bench.clock.advance_to(datetime(2027, 9, 1, tzinfo=UTC))
    collect_outcomes(file, desk)
    return file, desk


@pytest.mark.slow
def test_from_file_to_report(bench: Bench) -> None:
    file, desk = finished(bench)
    results = analyse_trial(file, desk, folder=bench.folder / "frozen")
    assert results.data is not None
    again = analyse_trial(file, desk, data=bench.folder / "frozen" / results.data.file)
    assert repr(again.estimates) == repr(results.estimates), "the frozen file knows the periods"
    planned, *beside = [line for line in results.estimates if line.outcome == "came"]
    assert (planned.estimator, planned.vcov, planned.label) == ("exposure_averaged", "CR2", "prespecified")
    assert planned.estimand == "ITT: average effect of having crossed, over the periods since crossing"
    assert (planned.n, planned.n_clusters, planned.covariates) == (120, 12, ("prior",))
    assert f"fewer than {FEW} clusters" in planned.note
    assert "in period 3 every cluster has crossed" in planned.note
    assert [line.note.split(";")[0] for line in beside] == [
        "without covariates", "averaged over each cluster, shown because there are 12 clusters",
        "the other estimand: one constant effect from the day of crossing",
    ]  # fmt: skip
    assert planned.conf_low is not None
    assert planned.conf_high is not None
    assert planned.conf_low < 0.2 < planned.conf_high, "the truth is 20 points"
    assert [check.status for check in results.checks if check.name in {"reconciliation", "contamination"}] == ["ok"]
    assert {one.arm for one in results.flow if one.step == "allocated"} == {
        "step 1, from 1 March 2027", "step 2, from 1 April 2027", "step 3, from 3 May 2027",
    }  # fmt: skip
    assert sum(one.people for one in results.periods) == 120
    for one in results.periods:
        assert one.arm == ("plan" if one.period >= one.step else "usual")
    (careless,) = results.careless
    assert careless.what == "All people after a crossing held against all before one"
    page = write_report(results, load_trial(file).trial, bench.folder / "reports").read_text()
    assert "from 3 May 2027" in page
    assert "Regression on clusters, periods and each number of periods since crossing, averaged" in page
    stored = json.loads((bench.folder / "reports" / "small.results.json").read_text())
    assert len(stored["periods"]) == len(results.periods)


@pytest.mark.slow
def test_whoever_is_anchored_in_a_transition_counts_in_neither_arm(bench: Bench) -> None:
    file, desk = finished(bench, randomise={"transition": "14 days"}, analysis={"estimand": "immediate"})
    arms = Counter(arms_at_anchor(desk, file).values())
    results = analyse_trial(file, desk)
    planned = results.estimates[0]
    assert planned.estimator == "immediate_effect"
    assert arms[IN_TRANSITION] > 0
    assert planned.n == 120 - arms[IN_TRANSITION]
    assert f"{arms[IN_TRANSITION]} rows in a transition are in neither arm" in planned.note
    assert sum(one.people for one in results.periods if one.arm == IN_TRANSITION) == arms[IN_TRANSITION]
    linkage = next(check.detail for check in results.checks if check.name == "linkage")
    assert f"of {IN_TRANSITION}" in linkage


def said(folder: Path, level: Level, **changes: Any) -> list[str]:
    file = write_wedge(folder, **changes)
    return [f"{one.path}: {one.what}" for one in examine(file, START).at(level)]


def outcomes(window: str | None) -> dict[str, Any]:
    came: dict[str, Any] = {
        "role": "primary", "kind": "binary", "better": "higher", "question": "Did they come?", "worthwhile": "5 points",
        "source": {"csv_file": "outcomes/came.csv", "id": "person_ref", "date": "day", "value": "present",
                   "no_record": "did_not_happen", "covers": "all clinics"},
    }  # fmt: skip
    return {"came": came | ({"window": window} if window else {})}


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "a window longer than a step": (
        {"outcomes": outcomes("56 days from visit - 7 days")},
        "outcomes.came.window: is longer than the 31 days between two steps, so a family's window would run far into "
        "the time after its site has crossed",
    ),
    "an anchor of the site": (
        {"outcomes": outcomes("28 days from first_planned_send")},
        "outcomes.came.window: opens on one day for a whole site (`first_planned_send`), so its families cannot be "
        "placed in the periods of a stepped wedge",
    ),
    "a transition longer than a step": (
        {"randomise": {"transition": "40 days"}},
        "randomise.transition: is longer than the 31 days between two steps, so one crossing runs into the next",
    ),
    "the control against the arm": (
        {"analysis": {"comparisons": ["usual - plan"]}},
        "analysis.comparisons[1]: holds the control against what sites cross to",
    ),
    "subgroups": (
        {"analysis": {"subgroups": ["prior"]}}, "analysis.subgroups: cannot be told apart in a stepped wedge",
    ),
    "fixed effects": (
        {"analysis": {"sensitivity": [{"fixed_effects": "prior"}]}},
        "analysis.sensitivity[1].fixed_effects: stands beside effects of every site and every period, which hold what "
        "a stepped wedge can hold",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_refused_in_a_plain_sentence(name: str, tmp_path: Path) -> None:
    changes, expected = REFUSED[name]
    assert said(tmp_path, Level.ERROR, **changes) == [expected]


def test_a_declared_transition_allows_a_longer_window(tmp_path: Path) -> None:
    changes = {"outcomes": outcomes("56 days from visit - 7 days"), "randomise": {"transition": "14 days"}}
    assert said(tmp_path, Level.ERROR, **changes) == []


def test_steps_when_nobody_comes_stand_before_a_launch(tmp_path: Path) -> None:
    assert said(tmp_path, Level.LAUNCH, randomise={"steps": ["2028-03-01", "2028-04-01", "2028-05-03"]}) == [
        "randomise.steps: nobody's window for came opens between the first step and the last, where some sites have "
        "crossed and others have not"
    ]


def test_an_estimand_means_nothing_elsewhere(tmp_path: Path) -> None:
    file = write_wedge(tmp_path, analysis={"estimand": "immediate"})
    text = file.read_text().replace("method: stepped_wedge", "method: cluster")
    start = text.index("  steps:")
    file.write_text(text[:start] + text[text.index("outcomes:", start) :])
    assert [f"{one.path}: {one.what}" for one in examine(file, START).at(Level.ERROR)] == [
        "analysis.estimand: does not apply: only a stepped wedge has a choice of estimand"
    ]


def test_families_counted_on_one_side_and_written_to_on_the_other_stand_before_a_launch(tmp_path: Path) -> None:
    parted = said(tmp_path, Level.LAUNCH, outcomes=outcomes("28 days from visit"))
    assert len(parted) == 1
    assert parted[0].endswith("could be counted on one side of a crossing and written to on the other")
    number = int(parted[0].split(": ")[1].split()[0])
    visits = [date.fromisoformat(row["visit"]) for row in wedge_rows()]
    days = [date.fromisoformat(step) for step in STEPS]
    assert number == sum(any(visit - LEAD < day <= visit for day in days) for visit in visits)


def test_too_few_sites_for_any_p_value_stand_before_a_launch(tmp_path: Path) -> None:
    assert said(tmp_path, Level.LAUNCH, rows=wedge_rows(3, 40)) == [
        "randomise: 3 sites can be drawn in 6 ways only, so no p-value of theirs can be below 17 %"
    ]


def test_many_sites_have_schedules_enough(tmp_path: Path) -> None:
    assert said(tmp_path, Level.LAUNCH, rows=wedge_rows(30, 4)) == []


def test_a_site_is_no_household_that_is_written_to_too_often(tmp_path: Path) -> None:
    assert said(tmp_path, Level.LAUNCH) == []


def test_simulated_by_its_own_schedule_and_estimator(tmp_path: Path) -> None:
    file = write_wedge(tmp_path)
    found = simulate_trial(file, START, Asked(runs=300), lambda _what, _done, _of: None)
    nothing = found.scenarios["nothing"][0].operating
    assert abs(nothing.bias.value) < 4 * nothing.bias.mc_error
    assert abs(nothing.coverage.value - 0.95) < 4 * 0.0126
    assert any("drawing the schedule again" in note for note in found.notes)


def test_the_protocol_tells_the_steps_and_who_counts_where(bench: Bench) -> None:
    file = write_wedge(bench.folder, randomise={"transition": "7 days"})
    desk = bench.desk()
    lock_trial(file, desk)
    allocate_trial(file, desk)
    _, written, _ = write_protocol(file, desk, bench.folder / "protocol")
    page = written.read_text(encoding="utf-8")
    assert "steps on 1 March 2027, 1 April 2027 and 3 May 2027; a crossing takes 7 days" in page
    assert "step 1 4, step 2 4, step 3 4" in page
    assert "in the arm that the drawn schedule has in force on the day their window opens" in page
