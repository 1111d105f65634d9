"""A draw made again: by whoever has the seed, whatever has been erased since."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from nudge.store.tables import allocations
from nudge.trial.errors import KeysMissing, Refused
from nudge.workflow.allocating.enrolling import enrol_rows
from nudge.workflow.allocating.locking import allocate_trial, lock_trial
from nudge.workflow.allocating.replaying import publish_draw, replay
from nudge.workflow.desk import Desk
from nudge.workflow.dispatching.launching import close_trial
from tests.conftest import ROOT
from tests.support.trials import Bench, family, lock_draw_and_launch, write_rolling_trial, write_trial

AT_ONCE: dict[str, dict[str, Any]] = {
    "simple": {}, "complete": {}, "blocked": {"blocks": ["area"]}, "matched_pairs": {"balance_on": ["area"]},
    "rerandomised": {"balance_on": ["area"], "accept": {"share": "20%"}},
}  # fmt: skip


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def drawn(bench: Bench, method: str, **given: Any) -> Desk:
    file, desk = write_trial(bench.folder, randomise={"method": method} | given), bench.desk()
    lock_trial(file, desk)
    allocate_trial(file, desk)
    return desk


def change(desk: Desk, name: str, **values: Any) -> None:
    with desk.store.begin() as connection:
        connection.execute(allocations.update().where(allocations.c.unit == name).values(**values))


def other_arm(desk: Desk, unit: str) -> None:
    with desk.store.begin() as connection:
        arm = connection.scalar(sa.select(allocations.c.arm).where(allocations.c.unit == unit))
    change(desk, unit, arm={"usual": "reminder", "reminder": "usual"}[str(arm)])


@pytest.mark.parametrize(("method", "given"), AT_ONCE.items(), ids=AT_ONCE)
def test_every_draw_is_made_again_also_where_families_were_erased(
    bench: Bench, method: str, given: dict[str, Any]
) -> None:
    desk = drawn(bench, method, **given)
    assert replay("small", desk) == replace(replay("small", desk), rows=40, different=(), revealed=False)
    change(desk, "H0007", unit="erased-5f0a")
    change(desk, "H0021", unit="erased-77c1")
    assert replay("small", desk).different == ()


def test_a_row_that_differs_is_named(bench: Bench) -> None:
    desk = drawn(bench, "blocked", blocks=["area"])
    other_arm(desk, "H0012")
    different = replay("small", desk).different
    assert len(different) == 1
    assert "(unit `H0012`) has " in different[0]
    assert ", and the seed gives " in different[0]


@pytest.mark.parametrize("method", ["simple", "permuted_blocks", "minimisation"])
def test_families_who_came_one_by_one(bench: Bench, method: str) -> None:
    given = {"balance_on": ["area"]} if method == "minimisation" else {}
    desk = bench.desk()
    lock_draw_and_launch(write_rolling_trial(bench.folder, method=method, **given), desk)
    enrol_rows("small", [family(i) for i in range(25)], desk)
    enrol_rows("small", [family(50, household_ref="H0003", area="elsewhere")], desk)
    assert (replay("small", desk).rows, replay("small", desk).different) == (25, ())
    other_arm(desk, "H0011")
    assert any("`H0011`" in row for row in replay("small", desk).different)


def test_after_the_close_no_keys_are_needed(bench: Bench) -> None:
    file, desk = write_trial(bench.folder), bench.desk()
    lock_draw_and_launch(file, desk)
    keyless = bench.desk(keys_file=None)
    with pytest.raises(KeysMissing, match="the seed of small is revealed at its close, and until then the keys open"):
        replay("small", keyless)
    with pytest.raises(Refused, match="the seed of small is revealed at its close; close it first"):
        publish_draw("small", keyless, bench.folder)
    close_trial("small", desk)
    assert replay("small", keyless) == replace(replay("small", keyless), rows=40, different=(), revealed=True)


def test_an_audit_file_is_held_against_the_draw(bench: Bench) -> None:
    desk = drawn(bench, "complete")
    path = bench.folder / "small.draw.csv"
    assert replay("small", desk, path).different == ()
    lines = path.read_text().splitlines()
    arm = "usual" if ",usual," in lines[3] else "reminder"
    path.write_text("\n".join([*lines[:3], lines[3].replace(arm, "mine"), *lines[5:]]) + "\n")
    different = replay("small", desk, path).different
    assert f"has mine, and the database {arm}" in different[0]
    assert different[0].startswith("small.draw.csv:4: ")
    assert different[1].endswith("is in the database and not here")


def test_a_third_party_needs_numpy_alone(bench: Bench) -> None:
    file, desk = write_trial(bench.folder), bench.desk()
    lock_draw_and_launch(file, desk)
    close_trial("small", desk)
    rows, facts = publish_draw("small", desk, bench.folder)
    command = [sys.executable, str(ROOT / "docs" / "check_draw.py"), str(rows), str(facts)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "40 of 40 arms are those that the seed gives\n")
    assert "H00" not in rows.read_text() + facts.read_text(), "nothing in it names a family"
