"""`nudge pool`, as a person uses it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT


def nudge(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "nudge.cli.main", *words], cwd=folder, env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


@pytest.fixture
def effects(tmp_path: Path) -> Path:
    """Sixteen made-up effects, two of each trial, less precise ones larger."""
    rows = [f"s{i},{0.02 + 0.01 * (i % 4) + 0.002 * i},{0.01 + 0.002 * i},t{i // 2},probability" for i in range(16)]
    (tmp_path / "effects.csv").write_text("study,effect,std_error,trial,scale\n" + "\n".join(rows), encoding="utf-8")
    return tmp_path


def test_a_pool_for_people(effects: Path) -> None:
    done = nudge(effects, "pool", "effects.csv")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("16 effects of 16 studies in 8 publications or trials (probability)")
    wanted = (
        "mean      +", "points, 95% interval", "the next  ", "a standard deviation of 0.", "I² ",
        "level by level: publication ", "Egger's slope", "PET, ", "PEESE, ", "Next: nudge power FILE",
    )  # fmt: skip
    for said in wanted:
        assert said in done.stdout


def test_a_pool_for_machines(effects: Path) -> None:
    content = json.loads(nudge(effects, "pool", "effects.csv", "--json").stdout)
    assert content["k"] == 16
    assert set(content["tau2_by_level"]) == {"publication", "effect"}
    assert content["mean"]["conf_low"] < content["mean"]["estimate"] < content["mean"]["conf_high"]


def test_what_is_wrong_is_said_without_a_trace(effects: Path) -> None:
    done = nudge(effects, "pool", "nowhere.csv", "effects.csv")
    assert done.returncode == 2
    assert "nowhere.csv: there is no such file" in done.stderr
    one = effects / "one.csv"
    one.write_text("study,effect,std_error,trial\na,1,1,T\nb,1,2,T\n", encoding="utf-8")
    refused = nudge(effects, "pool", "one.csv")
    assert (refused.returncode, refused.stderr) == (
        1, "all effects are of one publication or trial; pool effects of several\n"
    )  # fmt: skip
