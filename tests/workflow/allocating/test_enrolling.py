"""Families who come one by one: an arm each, once, whoever else enrols them at the same moment."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from nudge.store.audit import actions
from nudge.store.enrolment import batch_chances
from nudge.store.people import load_allocation, load_roll
from nudge.store.tables import allocations, sends
from nudge.trial.errors import ProblemsFound, Refused
from nudge.trial.load import load_trial
from nudge.workflow.allocating.enrolling import Enrolled, enrol_file, enrol_rows
from nudge.workflow.desk import Desk
from nudge.workflow.dispatching.launching import pause_trial
from nudge.workflow.law import law_of
from nudge.workflow.reporting.analysing import analyse_trial
from nudge.workflow.reporting.collecting import collect_outcomes
from tests.support.trials import (
    Bench,
    family,
    lock_draw_and_launch,
    trial_values,
    write_rolling_trial,
    write_rows,
    write_trial,
)

pytestmark = pytest.mark.usefixtures("each_database")


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def launched(bench: Bench, **randomise: Any) -> tuple[Path, Desk]:
    file, desk = write_rolling_trial(bench.folder, **randomise), bench.desk()
    lock_draw_and_launch(file, desk)
    return file, desk


def come(bench: Bench, desk: Desk, *rows: dict[str, str]) -> Enrolled:
    write_rows(bench.folder / "come.csv", list(rows))
    return enrol_file("small", bench.folder / "come.csv", desk)


def arms(desk: Desk, file: Path) -> dict[str, str]:
    with desk.store.begin() as connection:
        return {row.unit: row.arm for row in load_allocation(connection, "small", law_of(load_trial(file).trial)).rows}


def test_families_get_arms_and_messages_as_they_come(bench: Bench) -> None:
    file, desk = launched(bench)
    first = come(bench, desk, *(family(i) for i in range(10)))
    bench.clock.advance_to(bench.clock.now() + timedelta(days=3))
    second = come(bench, desk, *(family(i) for i in range(10, 24)))
    assert len(first.new) + len(second.new) == 24
    assert Counter(arms(desk, file).values()).keys() == {"usual", "reminder"}
    with desk.store.begin() as connection:
        due = Counter(connection.scalars(sa.select(sends.c.due_at)))
    days = {moment.date().isoformat(): number for moment, number in due.items()}
    assert days == {"2027-01-13": 10, "2027-01-16": 14}, "two days after each family's own allocation"
    assert first.messages == first.by_arm["reminder"]


def test_one_by_one_or_together_is_the_same_draw(bench: Bench, tmp_path: Path) -> None:
    file, desk = launched(bench)
    for i in range(12):
        come(bench, desk, family(i))
    other = Bench(tmp_path / "other")
    same, there = launched(other)
    come(other, there, *(family(i) for i in range(12)))
    assert arms(desk, file) == arms(there, same)


def test_a_family_that_is_sent_again_keeps_its_arm(bench: Bench) -> None:
    file, desk = launched(bench)
    come(bench, desk, *(family(i) for i in range(6)))
    before = arms(desk, file)
    again = come(bench, desk, *(family(i) for i in range(8)))
    assert (again.already, len(again.new)) == (6, 2)
    assert {unit: arm for unit, arm in arms(desk, file).items() if unit in before} == before


def test_a_sibling_joins_the_household_by_name_or_by_phone(bench: Bench) -> None:
    file, desk = launched(bench)
    come(bench, desk, family(0), family(2))
    written = sent(desk)
    later = come(bench, desk, family(7, household_ref="H0000"), family(8, mobile="07700900002", email=""))
    assert (later.joined, later.new, later.messages) == (2, (), 0)
    assert sent(desk) == written, "the household has had its messages planned"
    with desk.store.begin() as connection:
        roll = load_roll(connection, "small", load_trial(file).trial.population.columns)
    assert [(unit.id, len(unit.people)) for unit in roll.units] == [("H0000", 2), ("H0002", 2)]
    assert (roll.assessed_units, roll.assessed_people) == (2, 4)


def sent(desk: Desk, status: str | None = None) -> int:
    query = sa.select(sa.func.count()).select_from(sends)
    with desk.store.begin() as connection:
        return connection.scalar(query.where(sends.c.status == status) if status else query) or 0


def test_a_sibling_in_a_refuge_stops_the_household_s_messages(bench: Bench) -> None:
    _, desk = launched(bench)
    come(bench, desk, *(family(i) for i in range(4)))
    for i in range(4):
        later = come(bench, desk, family(10 + i, household_ref=f"H{i:04d}", refuge="yes"))
        assert later.left_out == {"excluded: refuge": 1}
    assert sent(desk, "planned") == 0
    assert sent(desk, "cancelled") > 0


def test_someone_left_out_may_come_again_when_they_take_part(bench: Bench) -> None:
    file, desk = launched(bench)
    first = come(bench, desk, family(0, safe_to_text="", safe_to_email=""), family(1))
    assert first.left_out == {"no safe route to reach the family": 1}
    second = come(bench, desk, family(0))
    assert len(second.new) == 1
    with desk.store.begin() as connection:
        roll = load_roll(connection, "small", load_trial(file).trial.population.columns)
    assert (roll.assessed_people, len(roll.units), roll.exclusions) == (2, 2, ())


def test_flaws_of_the_rows_enrol_nobody(bench: Bench) -> None:
    file, desk = launched(bench)
    with pytest.raises(ProblemsFound, match=r"come\.csv:3:4: visit: `soon` is not a day"):
        come(bench, desk, family(0), family(1, visit="soon"))
    assert arms(desk, file) == {}


def test_families_join_a_running_trial_only(bench: Bench) -> None:
    _, desk = launched(bench)
    pause_trial("small", desk)
    with pytest.raises(Refused, match="small is paused, and families join a running trial only; nudge resume small"):
        come(bench, desk, family(0))


def test_nobody_joins_a_trial_that_was_drawn_at_once(bench: Bench) -> None:
    file, desk = write_trial(bench.folder), bench.desk()
    lock_draw_and_launch(file, desk)
    with pytest.raises(Refused, match="small was drawn all at once; nobody joins it after its draw"):
        come(bench, desk, family(99))


def test_a_changed_arm_is_noticed_before_anyone_else_is_drawn(bench: Bench) -> None:
    _, desk = launched(bench)
    come(bench, desk, *(family(i) for i in range(6)))
    other = sa.case((allocations.c.arm == "usual", "reminder"), else_="usual")
    with desk.store.begin() as connection:
        connection.execute(allocations.update().where(allocations.c.unit == "H0003").values(arm=other))
    with pytest.raises(Refused, match="the arm stored for `H0003` is not the one that was drawn"):
        come(bench, desk, family(9))


@pytest.mark.parametrize(
    ("method", "given"),
    [("simple", {}), ("permuted_blocks", {"blocks": ["area"]}), ("minimisation", {"balance_on": ["area"]})],
)
def test_every_rolling_method_goes_from_enrolment_to_a_result(bench: Bench, method: str, given: dict[str, Any]) -> None:
    file, desk = launched(bench, method=method, **given)
    for start in range(0, 40, 10):
        come(bench, desk, *(family(i) for i in range(start, start + 10)))
        bench.clock.advance_to(bench.clock.now() + timedelta(days=1))
    write_rows(bench.folder / "outcomes" / "came.csv", [{"person_ref": "P0001", "day": "2027-01-20"}])
    bench.clock.advance_to(datetime.fromisoformat("2027-06-01T00:00:00+00:00"))
    collect_outcomes(file, desk)
    found = analyse_trial(file, desk)
    assert found.estimates[0].n == 40
    assert all(check.status != "problem" for check in found.checks)


def test_four_processes_that_enrol_the_same_families_allocate_each_once(bench: Bench) -> None:
    file, desk = launched(bench)
    families = [family(i) for i in range(60)]
    for part in range(4):
        write_rows(bench.folder / f"part{part}.csv", families[part * 10 :] + families[: part * 10])
    environment = {
        "PATH": "/usr/bin:/bin", "NUDGE_DATABASE_URL": bench.settings().database_url,
        "NUDGE_KEYS_FILE": str(bench.folder / "keys" / "keys.json"), "PYTHONPATH": str(Path(__file__).parents[3]),
    }  # fmt: skip
    command = [sys.executable, "-m", "nudge.cli.main", "enrol", "small", "--json"]
    running = [
        subprocess.Popen([*command, str(bench.folder / f"part{part}.csv")], env=environment, stdout=subprocess.PIPE)
        for part in range(4)
    ]
    told: dict[str, str] = {}
    for process in running:
        out, _ = process.communicate(timeout=120)
        assert process.returncode == 0
        new = json.loads(out)["new"]
        assert not told.keys() & new.keys(), "a family enrolled by one process is known to the next"
        told |= new
    assert told == arms(desk, file)
    assert len(told) == 60
    with desk.store.begin() as connection:
        assert [row["action"] for row in actions(connection, "small")].count("enrol") == 4


def adaptive(bench: Bench) -> tuple[Path, Desk]:
    values = trial_values()
    population = {key: value for key, value in values["population"].items() if key != "people"}
    send = "2 days after allocation at 10:00"
    plain, plan = ({"messages": [{"template": "visit", "send": send}]} for _ in range(2))
    file = write_trial(
        bench.folder, population=population, randomise={"method": "adaptive", "batch": 12},
        arms={"usual": {"control": True, "receives": "a letter"}, "plain": plain, "plan": plan},
        analysis={"comparisons": ["plain - usual", "plan - usual"]},
    )  # fmt: skip
    desk = bench.desk()
    lock_draw_and_launch(file, desk)
    return file, desk


def test_an_adaptive_batch_is_logged_before_it_is_drawn_and_learns_from_what_has_matured(bench: Bench) -> None:
    file, desk = adaptive(bench)
    come(bench, desk, *(family(i) for i in range(12)))
    came = [{"person_ref": unit.replace("H", "P"), "day": "2027-01-20"}
            for unit, arm in arms(desk, file).items() if arm == "plan"]  # fmt: skip
    write_rows(bench.folder / "outcomes" / "came.csv", [*came, {"person_ref": "nobody", "day": "2027-01-20"}])
    bench.clock.advance_to(datetime.fromisoformat("2027-03-01T00:00:00+00:00"))
    collect_outcomes(file, desk)
    later = come(bench, desk, *(family(i) for i in range(12, 36)))
    with desk.store.begin() as connection:
        logged = batch_chances(connection, "small")
        drawn = {row.unit: row for row in load_allocation(connection, "small", law_of(load_trial(file).trial)).rows}
    assert len(logged) == 2
    assert logged[0][0] == pytest.approx(1 / 3, abs=1e-4), "the control keeps its share"
    assert logged[0][2] > logged[0][1], "every family of this arm came, and none of the other"
    assert min(logged[0]) >= 0.1
    for unit, arm in later.new:
        batch = drawn[unit].group
        assert batch in {2, 3}
        assert drawn[unit].probability == logged[batch - 2][["usual", "plain", "plan"].index(arm)]


def test_rows_may_come_as_values(bench: Bench) -> None:
    _, desk = launched(bench)
    done = enrol_rows("small", [family(i) for i in range(3)], desk)
    assert len(done.new) == 3
