"""The house: imports point one way, files fit in a head, every command can be learned from itself."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

STAGES = {"people", "design", "messages", "delivery", "outcomes", "analysis", "report", "evidence"}
MAY_IMPORT = (
    {stage: {stage, "trial"} for stage in STAGES}
    | {
        "trial": {"trial"},
        "store": {"store", "trial"},
        "workflow": {"workflow", "store", "trial", *STAGES},
        "service": {"service", "workflow", "trial"},
        "cli": {"cli", "service", "workflow", "trial"},
    }
)  # fmt: skip
MODULES = sorted((ROOT / "nudge").rglob("*.py"))


def _imports(path: Path) -> set[str]:
    """The parts of nudge a module imports, also for its types only."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        found |= {name.split(".")[1] for name in names if name.startswith("nudge.") and "." in name}
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_one_way(path: Path) -> None:
    parts = path.relative_to(ROOT / "nudge").parts
    if len(parts) == 1:
        return
    wrong = {name for name in _imports(path) if name != "__version__"} - MAY_IMPORT[parts[0]]
    assert not wrong, f"{path.name} in {parts[0]} may import only {sorted(MAY_IMPORT[parts[0]])}, not {sorted(wrong)}"


def test_the_rule_would_notice_a_wrong_import(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.py"
    wrong.write_text("from nudge.store import ledger\nimport nudge.delivery.rules\n")
    assert _imports(wrong) == {"store", "delivery"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_file_outgrows_a_head(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400, "split it by meaning"


def test_help_imports_nothing_heavy() -> None:
    code = "import sys, nudge.cli.main; print(sorted(m for m in sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    heavy = ("numpy", "pandas", "scipy", "statsmodels", "sqlalchemy", "pydantic", "fastapi", "jinja2", "cryptography")
    assert not [name for name in heavy if f"'{name}'" in loaded], "`nudge --help` must answer at once"
