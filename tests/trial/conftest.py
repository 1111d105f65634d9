from __future__ import annotations

from pathlib import Path

import pytest

from tests.trial.samples import Says, before_launch_of, errors_of


@pytest.fixture
def says(tmp_path: Path) -> Says:
    """The errors of a trial file with a given text."""
    return lambda text: errors_of(_written(tmp_path, text))


@pytest.fixture
def before_launch(tmp_path: Path) -> Says:
    """What a trial file with a given text lacks before it may reach families."""
    return lambda text: before_launch_of(_written(tmp_path, text))


def _written(folder: Path, text: str) -> Path:
    path = folder / "small.yaml"
    path.write_text(text, encoding="utf-8")
    return path
