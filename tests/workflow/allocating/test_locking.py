"""Lock and draw: once, for good, and nothing changes unseen."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from nudge.design.seed import SystemSeed
from nudge.store.audit import actions, broken_link
from nudge.store.people import earlier_draws
from nudge.store.tables import contacts, people
from nudge.trial.clock import SystemClock
from nudge.trial.errors import KeysMissing, LockBroken, ProblemsFound, Refused
from nudge.workflow.allocating.locking import allocate_trial, lock_trial
from nudge.workflow.allocating.signing import approve_trial
from nudge.workflow.checking.examine import examine
from nudge.workflow.desk import Desk
from nudge.workflow.dispatching.launching import launch_trial
from tests.support.databases import stored_bytes
from tests.support.trials import Bench, family, lock_draw_and_launch, trial_values, write_rows, write_trial

pytestmark = pytest.mark.usefixtures("each_database")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write_trial(tmp_path)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Bench(tmp_path).desk()


def test_locking_twice_changes_nothing(file: Path, desk: Desk) -> None:
    first, second = lock_trial(file, desk), lock_trial(file, desk)
    assert (first.fingerprint, first.number) == (second.fingerprint, 1)


def test_the_lock_file_names_everything_that_was_fixed(file: Path, desk: Desk) -> None:
    lock = lock_trial(file, desk)
    kept = json.loads(file.with_name("small.lock.json").read_text())
    assert kept["fingerprint"] == lock.fingerprint
    assert set(kept["templates"]) == {"visit/sms.en", "visit/email.en"}
    assert kept["roll"]["file"] == "people/small.csv"
    assert kept["demonstration"] is True
    assert kept["decisions"]["comparisons"]["reminder - usual"]["estimator"] == "block_weighted"
    assert len(kept["seed_commitment"]) == 64


def test_a_real_lock_has_a_seed_of_its_own_that_nothing_shows(file: Path, tmp_path: Path) -> None:
    settings = Bench(tmp_path).settings()
    lock = lock_trial(file, Desk(settings, SystemClock(), SystemSeed()))
    assert not lock.demonstration
    other = Bench(tmp_path / "other").settings()
    assert lock_trial(file, Desk(other)).seed_commitment != lock.seed_commitment


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda f: f.write_text(f.read_text().replace("5 points", "4 points")),
         "the trial file differs from its lock at outcomes.came.worthwhile; put it back"),
        (lambda f: (f.parent / "message_templates/visit/sms.j2").write_text("---\nsender: Council\n---\nOther.\n"),
         "these templates differ from what was locked: visit/sms.en"),
        (lambda f: write_rows(f.parent / "people/small.csv", [family(i) for i in range(39)]),
         "the roll people/small.csv differs from what was locked"),
    ],
)  # fmt: skip
def test_a_changed_file_template_or_roll_is_refused_by_name(
    file: Path, desk: Desk, change: Callable[[Path], object], sentence: str
) -> None:
    lock_trial(file, desk)
    change(file)
    with pytest.raises(LockBroken, match=sentence):
        allocate_trial(file, desk)


def test_a_comment_or_the_order_of_keys_breaks_no_lock(file: Path, desk: Desk) -> None:
    lock_trial(file, desk)
    text = file.read_text()
    title = next(line for line in text.splitlines() if line.startswith("title:"))
    file.write_text("# a comment\n" + text.replace(title + "\n", "") + title + "\n")
    assert allocate_trial(file, desk).counts == {"usual": 20, "reminder": 20}


def test_a_new_lock_needs_a_reason_and_both_draws_are_kept(file: Path, desk: Desk) -> None:
    first = lock_trial(file, desk)
    allocate_trial(file, desk)
    file.write_text(file.read_text().replace("5 points", "4 points"))
    with pytest.raises(Refused, match="give the reason: nudge lock FILE --reason"):
        lock_trial(file, desk)
    second = lock_trial(file, desk, reason="the margin was a slip of the pen")
    assert (second.number, second.seed_commitment) == (2, first.seed_commitment)
    allocate_trial(file, desk)
    with desk.store.begin() as connection:
        kept = earlier_draws(connection, "small")
        assert broken_link(connection) is None
        assert [row["action"] for row in actions(connection, "small")] == ["lock", "allocate", "lock", "allocate"]
    assert [(draw["lock_number"], draw["counts"]) for draw in kept] == [(1, {"usual": 20, "reminder": 20})]


def test_after_launch_nothing_is_locked_anew(file: Path, desk: Desk) -> None:
    lock_draw_and_launch(file, desk)
    file.write_text(file.read_text().replace("5 points", "4 points"))
    with pytest.raises(Refused, match="small is launched: families may have been written to"):
        lock_trial(file, desk, reason="too late")


def test_allocating_twice_shows_the_same_draw(file: Path, desk: Desk, tmp_path: Path) -> None:
    lock_trial(file, desk)
    first = allocate_trial(file, desk)
    second = allocate_trial(file, Bench(tmp_path).desk())
    assert not first.repeated
    assert second.repeated
    assert first.allocation.rows == second.allocation.rows


def test_arms_are_drawn_only_after_the_lock(file: Path, desk: Desk) -> None:
    with pytest.raises(Refused, match="small is not locked in this database; lock it first: nudge lock FILE"):
        allocate_trial(file, desk)


def test_a_file_with_errors_is_not_locked_and_nothing_is_written(file: Path, desk: Desk) -> None:
    rows = [family(i) for i in range(10)]
    rows[3]["visit"] = "soon"
    write_rows(file.parent / "people/small.csv", rows)
    with pytest.raises(ProblemsFound, match=r"people/small\.csv:5:4: visit: `soon` is not a day"):
        lock_trial(file, desk)
    with desk.store.begin() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(people)) == 0


def test_locking_needs_keys_and_says_how_to_make_them(file: Path, tmp_path: Path) -> None:
    desk = Bench(tmp_path).desk(keys_file=None)
    with pytest.raises(KeysMissing, match="nudge keys new"):
        lock_trial(file, desk)
    with desk.store.begin() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(people)) == 0


def test_contact_details_are_nowhere_in_the_open(file: Path, desk: Desk, tmp_path: Path) -> None:
    lock_trial(file, desk)
    desk.store.dispose()
    content = stored_bytes(tmp_path)
    assert b"P0001" in content
    assert b"7700900" not in content
    assert b"family1@example.org" not in content
    with desk.store.begin() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(contacts)) == 60


def test_a_demonstration_and_a_real_launch_do_not_mix(file: Path, tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    desk = bench.desk()
    lock_trial(file, desk)
    allocate_trial(file, desk)
    with pytest.raises(Refused, match="was locked for a demonstration; a real trial accepts neither"):
        launch_trial(file, Desk(bench.settings()))
    bench.clock.advance_to(bench.clock.now() + timedelta(days=1))
    approve_trial(file, desk, "Sam Second")
    assert launch_trial(file, desk).rows == 20


@pytest.mark.parametrize(
    ("population", "method", "sentence"),
    [
        ({"people": None}, "complete", "does not say where the roll of people is; add `people: people/roll.csv`"),
        ({}, "permuted_blocks", "is a roll, and this method takes families as they come; leave `people` out"),
    ],
)
def test_a_roll_is_there_where_the_method_wants_one(
    tmp_path: Path, desk: Desk, population: dict[str, Any], method: str, sentence: str
) -> None:
    given = trial_values()["population"] | population
    file = write_trial(tmp_path, population=given, randomise={"method": method})
    found = [str(problem) for problem in examine(file, desk.clock.now()).problems]
    assert any(sentence in problem for problem in found), found
