"""The designer's guide, followed as it stands: from nothing to a locked trial."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from nudge.trial.library import shipped
from nudge.trial.parts.protocol import Protocol
from nudge.workflow.writing.schema import trial_schema
from tests.conftest import ROOT

GUIDE = (ROOT / "docs" / "writing-a-trial.md").read_text(encoding="utf-8")
FIRST = GUIDE.partition("# From nothing to a locked trial")[2].partition("# What the parts mean")[0]


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """The folder after every command, and what each step printed."""
    folder = tmp_path_factory.mktemp("guide")
    roll = folder / "nudge-demo" / "trial" / "people" / "two-year-review.csv"
    roll.parent.mkdir(parents=True)  # what `nudge demo` leaves; tests/pipeline/test_demo.py runs it
    shutil.copy(shipped("experiments") / "people" / "two-year-review.csv", roll)
    said: dict[str, str] = {}
    (filled,) = blocks(FIRST, "yaml")
    exports = ""
    for block in blocks(FIRST, "sh"):
        lines = "\n".join(line for line in block.splitlines() if not line.startswith(("pip install", "nudge demo")))
        run = subprocess.run(
            ["bash", "-ec", f'nudge() {{ "{sys.executable}" -m nudge.cli.main "$@"; }}\n{exports}\n{lines}'],
            cwd=folder, env=os.environ | {"HOME": str(folder / "home"), "PYTHONPATH": str(ROOT)},
            capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip
        assert run.returncode == 0, f"{block}\n{run.stdout}\n{run.stderr}"
        said[block] = run.stdout
        exports += "\n".join(line for line in block.splitlines() if line.startswith("export "))
        if "nudge new" in block:
            file = folder / "experiments" / "review-texts.yaml"
            text = file.read_text(encoding="utf-8")
            kept, _, left = text.partition("# These are wanted before launch")
            assert [line.split(":")[0] for line in left.splitlines()[1:]] == [
                "# safeguarding", "# data_protection", "# coproduction", "# decision",
            ]  # fmt: skip
            file.write_text(kept + filled, encoding="utf-8")
    return folder, said


def test_it_ends_with_a_locked_and_drawn_trial(followed: tuple[Path, dict[str, str]]) -> None:
    folder, said = followed
    last = list(said.values())[-1]
    assert "review-texts is locked (lock 1)." in last
    assert "The arms are drawn." in last
    assert "locked: Locked on" in last
    assert (folder / "experiments" / "review-texts.lock.json").exists()
    assert (folder / "reports" / "review-texts.protocol.docx").exists()
    assert (folder / "experiments" / "trial.schema.json").exists()


def test_on_the_way_nothing_stood_between_the_file_and_families(followed: tuple[Path, dict[str, str]]) -> None:
    checked = next(text for block, text in followed[1].items() if "nudge check" in block)
    assert "nothing stands between it and families" in checked
    tested = next(text for block, text in followed[1].items() if "--to 07700900123" in block)
    assert "plan: two-year-review/plan/sms.en accepted" in tested


@pytest.mark.parametrize("page", ["writing-a-trial.md", "protocol.md"])
def test_keys_shown_in_the_guides_are_keys_of_the_file(page: str) -> None:
    known = trial_schema()["properties"]
    for block in blocks((ROOT / "docs" / page).read_text(encoding="utf-8"), "yaml"):
        assert set(yaml.safe_load(block)) <= set(known)
        Protocol.model_validate(yaml.safe_load(block).get("protocol", {}))
