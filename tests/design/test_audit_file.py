"""What is published of a draw, and the script a third party checks it with."""

from __future__ import annotations

import ast
import csv
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from nudge.design.audit_file import COLUMNS, audit_law, audit_rows
from nudge.design.methods import method
from nudge.trial.records.design import Allocation, DrawUnit, Law, Seed
from tests.conftest import ROOT

SCRIPT = ROOT / "docs" / "check_draw.py"
SEED = Seed(bytes(range(32)), b"a secret salt")
UNITS = [DrawUnit(f"Zoë {i}", ("Café, Elm Road" if i % 3 else 'say "hi"',)) for i in range(97)]


def drawn(name: str, ratio: tuple[int, ...] = (3, 2, 1)) -> Allocation:
    return method(name).draw(UNITS, Law("trial-x", name, ("usual", "plan", "other"), ratio, ()), SEED)


def checked(folder: Path, allocation: Allocation, change: Callable[[list[dict[str, str]]], None]) -> tuple[int, str]:
    rows = list(audit_rows(allocation))
    change(rows)
    with (folder / "audit.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    (folder / "draw.json").write_text(json.dumps(audit_law(allocation.law, SEED)))
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "audit.csv", "draw.json"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert not done.stderr
    return done.returncode, done.stdout


@pytest.mark.parametrize("name", ["simple", "complete", "blocked", "cluster", "blocked_cluster"])
def test_the_script_finds_the_arms_that_were_drawn(name: str, tmp_path: Path) -> None:
    assert checked(tmp_path, drawn(name), lambda _: None) == (0, "97 of 97 arms are those that the seed gives\n")


@pytest.mark.parametrize("name", ["simple", "blocked"])
def test_the_script_names_a_row_that_was_changed(name: str, tmp_path: Path) -> None:
    allocation = drawn(name)
    was = next(audit_rows(allocation))
    now = "other" if was["arm"] == "usual" else "usual"
    code, said = checked(tmp_path, allocation, lambda rows: rows[0].update(arm=now))
    assert code == 1
    assert said.splitlines()[0] == f"row 2: {was['digest']} has {now}, not {was['arm']}"
    assert said.splitlines()[1].startswith("96 of 97")


def test_another_seed_is_noticed(tmp_path: Path) -> None:
    other = method("blocked").draw(UNITS, drawn("blocked").law, Seed(b"x" * 32, SEED.salt))
    assert checked(tmp_path, other, lambda _: None)[0] == 1


def test_the_script_is_short_and_needs_numpy_alone() -> None:
    text = SCRIPT.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 40
    named = {alias.name for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Import) for alias in node.names}
    assert named - set(sys.stdlib_module_names) == {"numpy"}
    parts = {node.module for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom)}
    assert parts == {"pathlib", "sys"}


def test_the_rows_name_nobody_and_keep_what_was_drawn() -> None:
    rows = list(audit_rows(drawn("blocked")))
    assert "Zo" not in json.dumps(rows)
    assert [row["digest"] for row in rows] == sorted(row["digest"] for row in rows)
    assert {row["block"] for row in rows} == {'["Café, Elm Road"]', '["say \\"hi\\""]'}
    wait = Law("trial-x", "waitlist", ("later", "now"), (1, 1), (), {"steps": ["2027-09-01"]}, control="later")
    steps = {(row["arm"], row["step"]) for row in audit_rows(method("waitlist").draw(UNITS, wait, SEED))}
    assert steps == {("later", "1"), ("now", "")}
    pairs = Law("trial-x", "matched_pairs", ("a", "b"), (1, 1), (), {"balance_on": ["x"]})
    units = [DrawUnit(f"u{i}", (), {"x": float(i)}) for i in range(5)]
    groups = sorted(row["group"] for row in audit_rows(method("matched_pairs").draw(units, pairs, SEED)))
    assert groups == ["", "1", "1", "2", "2"]


def test_rows_of_a_rolling_draw_stand_in_the_order_of_enrolment() -> None:
    law = Law("trial-x", "permuted_blocks", ("a", "b"), (1, 1), ())
    allocation = method("permuted_blocks").draw(UNITS, law, SEED)
    assert [row["digest"] for row in audit_rows(allocation)] == [row.digest for row in allocation.rows]
