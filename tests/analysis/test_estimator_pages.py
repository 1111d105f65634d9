"""Every estimator has a page, the page is what the code says, and its evidence is there."""

from __future__ import annotations

import importlib.util
import json
import sys
from types import ModuleType

import pytest

from nudge.analysis.estimators import estimator, estimator_names
from tests.conftest import ROOT
from tests.reference.table import TABLE

FOLDER = ROOT / "docs" / "estimators"


def written() -> ModuleType:
    spec = importlib.util.spec_from_file_location("estimator_pages", FOLDER / "write.py")
    if spec is None or spec.loader is None:
        raise AssertionError("docs/estimators/write.py is a script")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up by name
    spec.loader.exec_module(module)
    return module


SCRIPT = written()
MADE_ROWS = json.loads((ROOT / "tests" / "reference" / "estimators.json").read_text(encoding="utf-8"))["results"]
"""R's numbers on rows of our own, held by tests/reference/test_named_estimators.py."""


def test_the_pages_are_those_the_script_writes_and_no_others() -> None:
    made = SCRIPT.everything()
    assert {path.name for path in made} == {path.name for path in FOLDER.glob("*.md")}
    for path, text in made.items():
        assert path.read_text(encoding="utf-8") == text, "run python docs/estimators/write.py"


@pytest.mark.parametrize("name", estimator_names())
def test_every_estimator_has_a_page_with_its_estimand(name: str) -> None:
    text = (FOLDER / f"{name}.md").read_text(encoding="utf-8")
    assert estimator(name).ESTIMAND[1:] in text
    assert all(f"**{part}" in text for part in ("Estimand", "Assumes", "Formula", "Sources", "Evidence"))


@pytest.mark.parametrize("name", sorted(SCRIPT.PAGES))
def test_its_evidence_is_there(name: str) -> None:
    page = SCRIPT.PAGES[name]
    held = {(row.data, row.id) for row in TABLE} | {("made_rows", one) for one in MADE_ROWS}
    assert page.tier.startswith(SCRIPT.R) == bool(page.r)
    assert set(page.r) <= held, "not a reference number that is held"
    assert all((ROOT / one).exists() for one in page.tests)
    assert page.r or page.tests
