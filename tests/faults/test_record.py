"""The page of the long fault runs is what their record says, and the record is long enough."""

from __future__ import annotations

import csv
import importlib.util
from pathlib import Path
from types import ModuleType

from tests.support.faults import FAULTS, SIGNALS, WAYS

ROOT = Path(__file__).resolve().parents[2]
RECORD = ROOT / "docs" / "faults.csv"


def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("run_faults", ROOT / "scripts" / "run_faults.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_made_from_the_record() -> None:
    assert (ROOT / "docs" / "faults.md").read_text(encoding="utf-8") == script().table(RECORD)


def test_two_hundred_runs_over_every_fault_and_way_doubled_and_misstated_nothing() -> None:
    with RECORD.open(newline="", encoding="utf-8") as file:
        runs = list(csv.DictReader(file))
    assert len({run["seed"] for run in runs}) == len(runs) >= 200
    assert {(run["fault"], run["way"]) for run in runs} == {
        (fault, way) for fault in (*FAULTS, *SIGNALS) for way in WAYS
    }
    for run in runs:
        assert (run["doubled"], run["misstated"]) == ("0", "0"), run
        assert int(run["messages"]) == int(run["taken"]) + int(run["not_sent"]) + int(run["unknown"])
        assert int(run["unknown"]) == int(run["unknown_usual"]) + int(run["unknown_reminder"])
