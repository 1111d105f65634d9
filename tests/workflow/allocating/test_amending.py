"""Signatures before launch and changes after it: by whom, of what, and what the report says of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from nudge.store.audit import actions, broken_link
from nudge.store.trials import trial_state
from nudge.trial.errors import InputError, LockBroken, Refused
from nudge.trial.load import load_trial
from nudge.workflow.allocating.amending import amend_trial, differences_from_lock
from nudge.workflow.allocating.locking import allocate_trial, lock_trial
from nudge.workflow.allocating.signing import approve_trial
from nudge.workflow.desk import Desk
from nudge.workflow.dispatching.launching import launch_trial, resume_trial
from nudge.workflow.dispatching.standing import standing
from nudge.workflow.reporting.analysing import analyse_trial
from nudge.workflow.reporting.collecting import collect_outcomes
from nudge.workflow.reporting.telling import write_report
from tests.support.trials import Bench, lock_draw_and_launch, write_rows, write_trial

pytestmark = pytest.mark.usefixtures("each_database")


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.fixture
def desk(bench: Bench) -> Desk:
    return bench.desk()


@pytest.fixture
def file(bench: Bench) -> Path:
    return write_trial(bench.folder)


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def state(desk: Desk) -> str:
    with desk.store.begin() as connection:
        found = trial_state(connection, "small")
    assert found is not None
    return found.state


def test_nothing_is_launched_that_only_its_author_has_read(file: Path, desk: Desk) -> None:
    lock_trial(file, desk)
    allocate_trial(file, desk)
    with pytest.raises(Refused, match="lock 1 of small is approved by nobody; a second person reads it and signs"):
        launch_trial(file, desk)
    assert standing(desk)[0].next_command == "nudge approve FILE --as 'THEIR NAME'"
    approve_trial(file, desk, "Sam Second")
    assert standing(desk)[0].next_command == "nudge launch FILE"
    launch_trial(file, desk)


@pytest.mark.parametrize("name", ["tester", "Tester", "  TESTER "])
def test_the_author_cannot_approve(file: Path, desk: Desk, name: str) -> None:
    lock_trial(file, desk)
    with pytest.raises(Refused, match="locked small, and nobody approves their own trial"):
        approve_trial(file, desk, name)


def test_nor_can_the_author_of_an_earlier_lock(file: Path, bench: Bench, desk: Desk) -> None:
    lock_trial(file, desk)
    edit(file, "5 points", "4 points")
    lock_trial(file, bench.desk(actor="another"), "a smaller change would matter too")
    with pytest.raises(Refused, match="tester locked small"):
        approve_trial(file, desk, "tester")


def test_an_approver_has_a_name(file: Path, desk: Desk) -> None:
    lock_trial(file, desk)
    with pytest.raises(InputError, match="the approver has no name; write --as"):
        approve_trial(file, desk, "  ")


def test_a_signature_is_on_one_fingerprint_only(file: Path, desk: Desk) -> None:
    lock_trial(file, desk)
    approve_trial(file, desk, "Sam Second")
    edit(file, "5 points", "4 points")
    with pytest.raises(LockBroken, match="outcomes.came.worthwhile"):
        approve_trial(file, desk, "Sam Second")
    lock_trial(file, desk, "a smaller change would matter too")
    allocate_trial(file, desk)
    with pytest.raises(Refused, match="lock 2 of small is approved by nobody"):
        launch_trial(file, desk)


def test_what_cannot_be_launched_cannot_be_approved(bench: Bench, desk: Desk) -> None:
    file = write_trial(bench.folder, coproduction=None)
    lock_trial(file, desk)
    with pytest.raises(Refused, match="cannot be approved:\n.*`coproduction` is missing"):
        approve_trial(file, desk, "Sam Second")


def test_signing_twice_is_signing_once(file: Path, desk: Desk) -> None:
    lock_trial(file, desk)
    signed = [approve_trial(file, desk, "Sam Second") for _ in range(2)]
    assert signed[0] == signed[1]


def test_before_launch_a_change_is_a_new_lock(file: Path, desk: Desk) -> None:
    lock_trial(file, desk)
    edit(file, "5 points", "4 points")
    with pytest.raises(Refused, match="small has not launched, so it is locked anew; nudge lock FILE --reason"):
        amend_trial(file, desk, "why not")


def test_a_minor_change_is_in_force_at_once(file: Path, desk: Desk) -> None:
    lock_draw_and_launch(file, desk)
    edit(file, "owner: Head", "owner: Deputy head")
    made = amend_trial(file, desk, "the owner moved on")
    assert (made.lock.number, made.lock.amendment, made.lock.changes) == (2, "minor", ("decision.owner",))
    assert [(one.path, one.before, one.after) for one in made.changes] == [("decision.owner", "Head", "Deputy head")]
    assert state(desk) == "launched"
    with desk.store.begin() as connection:
        assert actions(connection, "small")[-1]["detail"]["reason"] == "the owner moved on"
        assert broken_link(connection) is None


def test_a_major_change_waits_for_a_second_signature(file: Path, bench: Bench, desk: Desk) -> None:
    lock_draw_and_launch(file, desk)
    (bench.folder / "message_templates" / "visit" / "sms.j2").write_text(
        "---\nsender: Council\n---\nCouncil: your visit, {{ visit }}. To stop, call 01632 960123.\n"
    )
    made = amend_trial(file, desk, "the words were too long")
    assert (made.lock.amendment, made.lock.changes, made.paused) == ("major", ("templates.visit/sms.en",), True)
    assert state(desk) == "paused"
    with pytest.raises(Refused, match="lock 2 of small is approved by nobody"):
        resume_trial("small", desk)
    assert standing(desk)[0].next_command == "nudge approve FILE --as 'THEIR NAME'"
    approve_trial(file, desk, "Sam Second")
    resume_trial("small", desk)
    assert state(desk) == "launched"


SETTLED = {
    "how arms are drawn": ("method: blocked", "method: complete\n  # blocked", "randomise.method: the draw is made"),
    "when a message goes": ("7 days before", "6 days before", "arms.reminder.messages: messages stand in the ledger"),
    "who takes part": ("exclude: refuge", "exclude: refuge or area == 'north'",
                       "population.exclude: who takes part was settled before the draw"),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "sentence"), SETTLED.values(), ids=SETTLED)
def test_what_the_draw_settled_stays(file: Path, desk: Desk, old: str, new: str, sentence: str) -> None:
    lock_draw_and_launch(file, desk)
    edit(file, old, new)
    if "complete" in new:
        edit(file, "  blocks:\n  - area\n", "")
    with pytest.raises(Refused, match="these cannot change once small has launched") as caught:
        amend_trial(file, desk, "second thoughts")
    assert sentence in str(caught.value)


def test_an_amendment_has_a_change_and_a_reason(file: Path, desk: Desk) -> None:
    lock_draw_and_launch(file, desk)
    with pytest.raises(Refused, match="small is as it was locked"):
        amend_trial(file, desk, "nothing in particular")
    with pytest.raises(InputError, match="an amendment has no reason"):
        amend_trial(file, desk, " ")


def test_differences_are_told_against_any_lock(file: Path, desk: Desk) -> None:
    lock_draw_and_launch(file, desk)
    edit(file, "owner: Head", "owner: Deputy head")
    amend_trial(file, desk, "the owner moved on")
    assert differences_from_lock(file, desk)[1] == []
    lock, found = differences_from_lock(file, desk, 1)
    assert (lock.number, [one.path for one in found]) == (1, ["decision.owner"])
    with pytest.raises(InputError, match="small has no lock 7; its locks are 1 to 2"):
        differences_from_lock(file, desk, 7)


def results_after(file: Path, desk: Desk, bench: Bench) -> tuple[str, str, str]:
    write_rows(bench.folder / "outcomes" / "came.csv", [{"person_ref": "P0001", "day": "2027-01-25"}])
    bench.clock.advance_to(bench.clock.now().replace(year=2028))
    collect_outcomes(file, desk)
    found = analyse_trial(file, desk)
    page = write_report(replace(found, balance=()), load_trial(file).trial, bench.folder / "reports")
    return found.label, found.estimates[0].label, page.read_text()


def test_an_estimate_whose_plan_changed_is_amended_and_the_report_says_how(
    file: Path, desk: Desk, bench: Bench
) -> None:
    lock_draw_and_launch(file, desk)
    edit(file, "5 points", "4 points")
    amend_trial(file, desk, "the council would act on less")
    approve_trial(file, desk, "Sam Second")
    label, line, page = results_after(file, desk, bench)
    assert (label, line) == ("amended", "amended")
    assert "A major change after launch" in page
    assert "the council would act on less" in page
    assert "by Sam Second" in page


def test_an_estimate_whose_plan_did_not_change_stays_as_it_was_planned(file: Path, desk: Desk, bench: Bench) -> None:
    lock_draw_and_launch(file, desk)
    edit(file, "owner: Head", "owner: Deputy head")
    amend_trial(file, desk, "the owner moved on")
    assert results_after(file, desk, bench)[:2] == ("amended", "prespecified")


def test_a_change_without_an_amendment_is_exploratory(file: Path, desk: Desk, bench: Bench) -> None:
    lock_draw_and_launch(file, desk)
    results_after(file, desk, bench)
    edit(file, "5 points", "4 points")
    found = analyse_trial(file, desk)
    assert (found.label, found.estimates[0].label) == ("differs from its lock", "exploratory")
