"""`nudge protocol` as a person runs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.test_new import nudge
from tests.support.trials import write_trial


def test_it_lists_what_is_unmet_and_says_what_comes_next(tmp_path: Path) -> None:
    file = write_trial(tmp_path)
    done = nudge(tmp_path, "protocol", file.name)
    assert done.returncode == 0, done.stderr
    assert "page  reports/small.protocol.html" in done.stdout
    assert "draft: This is a draft: nothing is locked" in done.stdout
    assert "   4 Registration: add `protocol: {registration: …}`" in done.stdout
    assert done.stdout.rstrip().endswith("Next: nudge check small.yaml --launch")
    assert not (tmp_path / "nudge.sqlite3").exists()
    told = json.loads(nudge(tmp_path, "protocol", file.name, "--to", "out", "--json").stdout)
    assert (told["label"], told["fingerprint"], told["page"]) == ("draft", None, "out/small.protocol.html")
    assert {"item": "7a", "topic": "Funding", "add": "add `protocol: {funding: …}`"} in told["unmet"]


def test_registration_text_is_written_instead(tmp_path: Path) -> None:
    file = write_trial(tmp_path)
    done = nudge(tmp_path, "protocol", file.name, "--registration", "aea")
    assert done.returncode == 0, done.stderr
    assert "text  reports/small.aea.md" in done.stdout
    assert "  Keywords: add `protocol: {keywords: …}`" in done.stdout
    assert [path.name for path in (tmp_path / "reports").iterdir()] == ["small.aea.md"]
    told = json.loads(nudge(tmp_path, "protocol", file.name, "--registration", "osf", "--json").stdout)
    assert told["file"] == "reports/small.osf.md"
    assert all(set(field) == {"field", "add"} for field in told["unmet"])


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["protocol", "absent.yaml"], "absent.yaml: there is no such file; check the name"),
        (["protocol", "small.yaml", "--registration", "isrctn"], "isrctn"),
    ],
)
def test_bad_input_is_told_and_writes_nothing(tmp_path: Path, words: list[str], sentence: str) -> None:
    write_trial(tmp_path)
    done = nudge(tmp_path, *words)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "reports").exists()
