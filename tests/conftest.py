"""What every test may use: reference data where it is, and groups that are left out aloud.

A test marked `needs("…")` runs only where that group's parts are there. Elsewhere it is left
out and said so at the end, with how to get it; with CI=true its absence is a failure.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections import Counter
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.databases import databases_of, postgresql_is_there

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parent.parent


def _reference_folder() -> Path | None:
    named = os.environ.get("NUDGE_REFERENCE_DATA")
    return Path(named) if named and Path(named).is_dir() else None


@cache
def _r_packages() -> bool:
    """Whether R has every package that the live reference uses."""
    needed = ["estimatr", "clubSandwich", "sandwich", "survival", "MASS", "metafor", "geepack", "mvtnorm", "rpact"]
    asked = f"q(status = !all(sapply(c({', '.join(map(repr, needed))}), requireNamespace, quietly = TRUE)))"
    return subprocess.run(["Rscript", "-e", asked], capture_output=True, check=False).returncode == 0


GROUPS: dict[str, tuple[Callable[[], bool], str]] = {
    "reference data": (
        lambda: _reference_folder() is not None,
        "set NUDGE_REFERENCE_DATA to the folder that holds data/, vectors/ and specs/",
    ),
    "r": (
        lambda: shutil.which("Rscript") is not None and _r_packages(),
        "install the Debian packages whose names begin with r-cran- in packages.debian",
    ),
    "postgresql": (postgresql_is_there, "pip install 'nudge-trials[dev]', or name a server in NUDGE_TEST_POSTGRESQL"),
    "browser": (lambda: shutil.which("chromium") is not None, "install Debian's chromium"),
}
_left_out: Counter[str] = Counter()


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker in item.iter_markers("needs"):
        group = marker.args[0]
        available, remedy = GROUPS[group]
        if available():
            continue
        if os.environ.get("CI") == "true":
            pytest.fail(f"{group} is missing: {remedy}", pytrace=False)
        _left_out[group] += 1
        pytest.skip(f"needs {group}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for group, number in _left_out.items():
        terminalreporter.write_line(f"left out: {number} tests that need {group}; to run them, {GROUPS[group][1]}")


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.needs("postgresql"))])
def each_database(request: pytest.FixtureRequest) -> Iterator[str]:
    """The test runs on SQLite and again on PostgreSQL; a bench's desk and `database_url` follow it."""
    with databases_of(request.param):
        yield request.param


@pytest.fixture
def on_postgresql() -> Iterator[None]:
    """The test runs on PostgreSQL only; it is to be marked needs("postgresql")."""
    with databases_of("postgresql"):
        yield


@pytest.fixture(scope="session")
def reference_folder() -> Path:
    """The folder of reference data; only for tests marked needs("reference data")."""
    folder = _reference_folder()
    if folder is None:
        raise AssertionError('mark the test with @pytest.mark.needs("reference data")')
    return folder


@pytest.fixture(scope="session")
def reference(reference_folder: Path) -> Callable[[str], dict[str, dict[str, Any]]]:
    """Entries of a data set's reference.json by their id."""

    def entries(name: str) -> dict[str, dict[str, Any]]:
        content = json.loads((reference_folder / "data" / name / "reference.json").read_text())
        return {entry["id"]: entry for entry in content["results"]}

    return entries
