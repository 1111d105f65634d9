"""The demonstration, as a newcomer runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from nudge.trial.errors import Refused
from nudge.workflow.acting.demonstration import Demonstration, run_demonstration, summary
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Demonstration:
    return run_demonstration(tmp_path_factory.mktemp("demo") / "nudge-demo", lambda *_: None)


def test_the_published_trial_gives_the_published_numbers(made: Demonstration) -> None:
    """estimatr 1.0.0 on causaldata's social_insure; commands in the reference data."""
    planned, area = made.replication.estimates
    assert planned.estimate == pytest.approx(0.105646865012154, rel=1e-9)
    assert planned.std_error == pytest.approx(0.0338663034145195, rel=1e-9)
    assert planned.df == pytest.approx(141.223943353765, rel=1e-9)
    assert area.estimate == pytest.approx(0.106120962025257, rel=1e-9)
    assert area.std_error == pytest.approx(0.0330336834515487, rel=1e-9)
    assert area.df == pytest.approx(75.4068485859361, rel=1e-9)
    assert made.replication.careless[0].std_error == pytest.approx(0.0264560366189537, rel=1e-9)


def test_the_published_trial_s_report_says_who_was_randomised(made: Demonstration) -> None:
    text = " ".join(made.reports[0].read_text().split())
    assert "166 natural villages were randomised, not 1,410 households" in text
    assert "What a careless analysis would say" in text
    assert "replication (no lock)" in text


def test_the_council_trial_sends_every_message_once_as_a_file(made: Demonstration) -> None:
    files = list((made.folder / "outbox").iterdir())
    assert len(files) == made.sent == made.outbox_files
    assert {file.suffix for file in files} == {".txt", ".eml"}
    mobiles = [line for file in files if file.suffix == ".txt" for line in file.read_text().splitlines()[:1]]
    assert len(mobiles) <= 900
    assert all(line.startswith("To: +447700900") for line in mobiles)
    emails = [file.read_text() for file in files if file.suffix == ".eml"]
    assert all("@example.org" in text for text in emails)


def test_the_council_trial_is_marked_as_made_up_everywhere(made: Demonstration) -> None:
    assert made.council.demonstration
    assert "This is not a real trial." in made.reports[1].read_text()
    assert json.loads((made.folder / "trial" / "two-year-review.lock.json").read_text())["demonstration"] is True
    assert (
        (made.folder / "trial" / "people" / "two-year-review.csv").read_text().splitlines()[1].startswith("SYNTHETIC")
    )


def test_the_summary_has_ten_lines_with_truth_beside_interval(made: Demonstration) -> None:
    lines = summary(made)
    assert len(lines) == 10
    assert "truth +10.0 points; found" in lines[6]
    assert made.truth == {"plan - reminder": 0.0, "reminder - usual": pytest.approx(0.10, abs=0.01)}


def test_run_again_it_replaces_its_folder_and_gives_the_same(made: Demonstration) -> None:
    (made.folder / "left over.txt").write_text("from an earlier run")
    again = run_demonstration(made.folder, lambda *_: None)
    assert not (made.folder / "left over.txt").exists()
    assert again.council.estimates == made.council.estimates
    assert again.council.fingerprint == made.council.fingerprint


def test_a_folder_it_did_not_make_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(Refused, match="exists and was not made by `nudge demo`; name another with --folder"):
        run_demonstration(tmp_path, lambda *_: None)
    assert (tmp_path / "mine.txt").read_text() == "mine"


def test_an_installed_wheel_runs_the_demonstration_in_an_empty_folder(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path / "dist")],
        cwd=ROOT, check=True, capture_output=True,
    )  # fmt: skip
    wheel = next((tmp_path / "dist").glob("*.whl"))
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    empty = tmp_path / "empty"
    empty.mkdir()
    environment = os.environ | {"PYTHONPATH": str(tmp_path / "site")}
    where = subprocess.run(
        [sys.executable, "-c", "import nudge; print(nudge.__file__)"], cwd=empty, env=environment, check=True,
        capture_output=True, text=True,
    ).stdout  # fmt: skip
    assert str(tmp_path / "site") in where, "the wheel's own copy is used, not the checkout"
    done = subprocess.run(
        [sys.executable, "-m", "nudge.cli.main", "demo", "--json"], cwd=empty, env=environment, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (empty / "nudge-demo" / "reports" / "two-year-review.html").exists()
