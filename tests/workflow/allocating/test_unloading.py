"""A wrong roll taken back: nothing of its people stays, and nothing can be done until another is locked."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from nudge.store.audit import actions, broken_link
from nudge.store.people import earlier_draws
from nudge.store.tables import allocations, contacts, exclusions, people, units
from nudge.trial.errors import InputError, Refused
from nudge.workflow.allocating.amending import amend_trial
from nudge.workflow.allocating.locking import allocate_trial, lock_trial
from nudge.workflow.allocating.signing import approve_trial
from nudge.workflow.allocating.unloading import undo_load
from nudge.workflow.desk import Desk
from nudge.workflow.dispatching.launching import launch_trial
from nudge.workflow.dispatching.standing import standing
from tests.support.trials import Bench, family, lock_draw_and_launch, write_rows, write_trial

WRONG = "the roll of another council"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Bench(tmp_path).desk()


def held(desk: Desk) -> dict[str, int]:
    with desk.store.begin() as connection:
        return {
            table.name: connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0
            for table in (people, units, contacts, exclusions, allocations)
        }


def test_a_roll_taken_back_leaves_nobody_and_the_diary_tells_of_it(tmp_path: Path, desk: Desk) -> None:
    rows = [family(i, refuge="yes" if i == 7 else "no") for i in range(40)]
    file = write_trial(tmp_path, rows=rows)
    lock = lock_trial(file, desk)
    made = undo_load("small", desk, WRONG)
    assert (made.people, made.units, made.left_out, made.drawn) == (39, 39, 1, False)
    assert made.contact_points == 39 + 20
    assert set(held(desk).values()) == {0}
    with desk.store.begin() as connection:
        last = actions(connection, "small")[-1]
        assert broken_link(connection) is None
    assert last["action"] == "undo load"
    assert (last["detail"]["reason"], last["detail"]["roll"]) == (WRONG, lock.roll_digest)
    assert standing(desk)[0].next_command == "nudge lock FILE --reason '…', with the right roll"


def test_until_another_is_locked_nothing_goes_on(tmp_path: Path, desk: Desk) -> None:
    file = write_trial(tmp_path)
    lock_trial(file, desk)
    undo_load("small", desk, WRONG)
    gone = "the roll of small was taken back, so nobody takes part; name the right one"
    for verb in (allocate_trial, launch_trial, lambda path, at: approve_trial(path, at, "Sam Second")):
        with pytest.raises(Refused, match=gone):
            verb(file, desk)
    with pytest.raises(Refused, match="small has not launched, so it is locked anew"):
        amend_trial(file, desk, "why")
    with pytest.raises(Refused, match="the roll of small was taken back, and a new lock loads another"):
        lock_trial(file, desk)
    with pytest.raises(Refused, match="the roll of small was taken back already"):
        undo_load("small", desk, WRONG)


@pytest.mark.parametrize("families", [40, 30])
def test_the_next_lock_loads_a_roll_even_the_same_one(tmp_path: Path, desk: Desk, families: int) -> None:
    file = write_trial(tmp_path)
    first = lock_trial(file, desk)
    undo_load("small", desk, WRONG)
    write_rows(tmp_path / "people" / "small.csv", [family(i) for i in range(families)])
    second = lock_trial(file, desk, "the right roll")
    assert (second.number, second.seed_commitment) == (2, first.seed_commitment)
    assert held(desk)["people"] == families
    assert allocate_trial(file, desk).counts == {"usual": families // 2, "reminder": families // 2}


def test_a_draw_from_a_wrong_roll_is_set_aside_and_told(tmp_path: Path, desk: Desk) -> None:
    file = write_trial(tmp_path)
    lock_trial(file, desk)
    allocate_trial(file, desk)
    assert undo_load("small", desk, WRONG).drawn
    assert held(desk)["allocations"] == 0
    with desk.store.begin() as connection:
        (earlier,) = earlier_draws(connection, "small")
    assert (earlier["reason"], sum(earlier["counts"].values())) == (WRONG, 40)


def test_once_families_may_have_been_written_to_nobody_is_taken_out(tmp_path: Path, desk: Desk) -> None:
    lock_draw_and_launch(write_trial(tmp_path), desk)
    with pytest.raises(Refused, match="small is launched: families may have been written to, and who takes part never"):
        undo_load("small", desk, WRONG)
    assert held(desk)["people"] == 40


def test_it_needs_a_lock_and_a_reason(tmp_path: Path, desk: Desk) -> None:
    with pytest.raises(Refused, match="small is not locked in this database"):
        undo_load("small", desk, WRONG)
    lock_trial(write_trial(tmp_path), desk)
    with pytest.raises(InputError, match="taking a roll back needs its reason"):
        undo_load("small", desk, " ")
