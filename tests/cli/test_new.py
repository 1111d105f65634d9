"""`nudge new` and `nudge schema` as a person meets them: in a terminal, and in a script."""

from __future__ import annotations

import inspect
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Self

import pytest
import typer.main

from nudge.cli.main import app
from nudge.cli.new import new
from nudge.workflow.writing.questions import QUESTIONS
from nudge.workflow.writing.schema import shipped_schema
from tests.conftest import ROOT


def nudge(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "nudge.cli.main", *words], cwd=folder, env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, timeout=120, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip


HEARING = (
    "import runpy, signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "runpy.run_module('nudge.cli.main', run_name='__main__')"
)
"""A shell's background jobs begin deaf to Ctrl-C, and so would whatever they start."""


class Terminal:
    """`nudge` in a pseudo-terminal: type when it waits, read what it shows."""

    def __init__(self, folder: Path, *words: str) -> None:
        self.master, worker = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-c", HEARING, *words], cwd=folder, stdin=worker, stdout=worker, stderr=worker,
            env=os.environ | {"PYTHONPATH": str(ROOT), "TERM": "dumb"},
        )  # fmt: skip
        os.close(worker)
        self.shown = ""
        self.seen = 0

    def until(self, text: str, seconds: float = 60) -> None:
        """Wait for a text after the one last waited for."""
        end = time.monotonic() + seconds
        while text not in self.shown[self.seen :]:
            ready, _, _ = select.select([self.master], [], [], max(end - time.monotonic(), 0))
            assert ready, f"{text!r} did not come:\n{self.shown[-1500:]}"
            try:
                self.shown += os.read(self.master, 65536).decode(errors="replace").replace("\r\n", "\n")
            except OSError:  # the other end is closed
                raise AssertionError(f"{text!r} did not come:\n{self.shown[-1500:]}") from None
        self.seen = self.shown.index(text, self.seen) + len(text)

    def type(self, text: str) -> None:
        os.write(self.master, text.encode())

    def end(self) -> int:
        return self.process.wait(60)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.master)


def test_every_question_has_a_flag_and_no_flag_is_without_question() -> None:
    flags = set(inspect.signature(new).parameters) - {"file", "yes", "force", "json"}
    assert flags == set(QUESTIONS)
    group = typer.main.get_command(app)
    shown = {option for param in group.commands["new"].params for option in param.opts}  # type: ignore[attr-defined]
    assert {f"--{key.replace('_', '-')}" for key in QUESTIONS} <= shown


def test_in_a_script_flags_and_defaults_make_the_file(tmp_path: Path) -> None:
    done = nudge(tmp_path, "new", "reading-club", "--outcome", "joined", "--baseline", "31%", "--templates", "1")
    assert done.returncode == 0, done.stderr
    assert "wrote experiments/reading-club.yaml, and trial.schema.json beside it" in done.stdout
    assert "Before it can launch:" in done.stdout
    assert done.stdout.rstrip().endswith("Next: nudge check experiments/reading-club.yaml")
    assert nudge(tmp_path, "check", "experiments/reading-club.yaml").returncode == 0
    told = json.loads(nudge(tmp_path, "new", "second", "--json").stdout)
    assert (told["file"], told["errors"]) == ("experiments/second.yaml", [])
    assert {problem["level"] for problem in told["before_launch"]} == {"launch"}


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["new"], 2, "which file to write is not said; give it a name: nudge new school-attendance"),
        (["new", "small", "--worthwhile", "5%"], 2, "--worthwhile: `5%` could be relative or absolute; write"),
        (["new", "Small One"], 2, "`Small One` is not a usable name"),
    ],
)
def test_what_cannot_be_is_refused_and_leaves_nothing(
    tmp_path: Path, words: list[str], code: int, sentence: str
) -> None:
    done = nudge(tmp_path, *words)
    assert done.returncode == code
    assert done.stderr.startswith(sentence)
    assert list(tmp_path.iterdir()) == []


def _answer_all(terminal: Terminal) -> int:
    """Take every default, but for one wrong answer and its mending; returns how many were asked."""
    terminal.until("Name: ")
    terminal.type("choir\n")
    asked = 0
    for key, question in QUESTIONS.items():
        if question.only_if in {"duty_team", "distal", "owner", "basis"}:
            continue
        terminal.until(question.ask)
        terminal.until("[" if question.default else "> ")
        if key == "worthwhile":
            terminal.type("5%\n")
            terminal.until("`5%` could be relative or absolute")
            terminal.type("3 points\n")
        else:
            terminal.type("\n")
        asked += 1
    terminal.until("Next: nudge check experiments/choir.yaml")
    return asked


def test_in_a_terminal_the_nine_steps_are_asked(tmp_path: Path) -> None:
    with Terminal(tmp_path, "new") as terminal:
        asked = _answer_all(terminal)
        assert terminal.end() == 0
    assert asked > 30
    assert re.findall(r"Step (\d) of 9", terminal.shown) == [str(step) for step in range(1, 10)]
    assert "appointment/reminder (reminder, email, sms)" in terminal.shown
    text = (tmp_path / "experiments" / "choir.yaml").read_text()
    assert "worthwhile: 3 points" in text
    assert nudge(tmp_path, "check", "experiments/choir.yaml").returncode == 0


@pytest.mark.parametrize("by", ["Ctrl-C", "end of input"])
def test_stopping_half_way_leaves_nothing(tmp_path: Path, by: str) -> None:
    with Terminal(tmp_path, "new", "choir") as terminal:
        terminal.until("[Choir] ")
        terminal.type("A title\n")
        terminal.until(QUESTIONS["question"].ask)
        terminal.until("] ")
        if by == "Ctrl-C":
            time.sleep(1)  # between showing a prompt and reading, a signal waits for the next key
            terminal.process.send_signal(signal.SIGINT)
        else:
            terminal.type("\x04")
        terminal.until("stopped; nothing was written")
        assert terminal.end() == 130
    assert list(tmp_path.iterdir()) == []


def test_schema_prints_what_ships_or_writes_it_beside(tmp_path: Path) -> None:
    assert nudge(tmp_path, "schema").stdout.strip() == shipped_schema().strip()
    told = json.loads(nudge(tmp_path, "schema", "--to", "trials", "--json").stdout)
    assert (tmp_path / told["schema"]).read_text() == shipped_schema()
    assert "Next: nudge check" in nudge(tmp_path, "schema", "--to", "trials").stdout
