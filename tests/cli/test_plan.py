"""`nudge power` and `nudge simulate`, as a person uses them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.support.trials import write_trial

POWER = {"baseline": "60%", "power": "80%", "alpha": "5%"}


def nudge(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "nudge.cli.main", *words], cwd=folder, env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("plan")
    write_trial(made, 60, power=POWER)
    return made


def test_power_says_what_can_be_shown_and_draws_it(folder: Path) -> None:
    done = nudge(folder, "power", "small.yaml", "--svg", "curve.svg")
    assert (done.returncode, done.stderr) == (0, "")
    assert "one council is not enough to find 5 points: power 7 %; with" in done.stdout
    assert "Next: nudge simulate small.yaml" in done.stdout
    assert (folder / "curve.svg").read_text().startswith("<svg")


def test_power_in_json_has_every_figure(folder: Path) -> None:
    line = json.loads(nudge(folder, "power", "small.yaml", "--json").stdout)["lines"][0]
    assert line["units"] == 60
    assert set(line["verdicts"]) == {"nothing", "worthwhile", "the prior"}
    assert set(line["priors"]) == {"sceptical", "nudge_unit", "first_reminder", "rewording", "parent_texts"}


def test_power_without_a_baseline_says_what_to_write(tmp_path: Path) -> None:
    write_trial(tmp_path, 20)
    done = nudge(tmp_path, "power", "small.yaml")
    assert done.returncode == 2
    assert "add `baseline: 62%` to the `power` block" in done.stderr
    assert "Traceback" not in done.stderr


def test_simulate_in_json_is_json(folder: Path) -> None:
    done = nudge(folder, "simulate", "small.yaml", "--runs", "40", "--effect", "10 points", "--json")
    content = json.loads(done.stdout)
    assert list(content["scenarios"]) == ["10 points"]
    found = content["scenarios"]["10 points"][0]["operating"]
    assert found["truth"] == pytest.approx(0.1 * 0.99), "one in a hundred opts out before"
    assert content["runs"] == 40


def test_the_self_test_passes_on_a_sound_file(folder: Path) -> None:
    done = nudge(folder, "simulate", "small.yaml", "--aa", "--runs", "300")
    assert done.returncode == 0
    assert "The A/A test passed" in done.stdout


def test_an_effect_nobody_can_read_is_refused(folder: Path) -> None:
    done = nudge(folder, "simulate", "small.yaml", "--effect", "big")
    assert done.returncode == 2
    assert "or `nothing` or `worthwhile`" in done.stderr


def test_run_ends_with_a_report(folder: Path) -> None:
    done = nudge(folder, "simulate", "small.yaml", "--run", "--folder", "out")
    assert done.returncode == 0, done.stderr
    assert "found" in done.stdout
    assert (folder / "out" / "reports" / "small.html").exists()
