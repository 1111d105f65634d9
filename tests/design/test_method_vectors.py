"""Every method's draw is the one that another program made from its description."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import Any

import pytest

from nudge.design.methods import method, method_names
from nudge.trial.records.design import Allocated, DrawUnit, Law, Seed

VECTORS = Path(__file__).parent / "vectors"
CASES: list[dict[str, Any]] = json.loads((VECTORS / "methods_v1.json").read_text(encoding="ascii"))["cases"]


def law_of(case: dict[str, Any]) -> Law:
    return Law(
        case["trial"],
        case["method"],
        tuple(case["arms"]),
        tuple(case["ratio"]),
        (),
        case["parameters"],
        case["control"],
    )


def shown(method_name: str, row: Allocated) -> Any:
    if method_name == "stepped_wedge":
        return row.step
    return [row.arm, row.group] if method_name in {"matched_pairs", "adaptive"} else row.arm


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["trial"])
def test_the_draw_is_the_one_another_program_made(case: dict[str, Any]) -> None:
    units = [DrawUnit(unit["id"], tuple(unit["block"]), unit["columns"]) for unit in case["units"]]
    seed = Seed(bytes.fromhex(case["seed"]), bytes.fromhex(case["salt"]))
    allocation = method(case["method"]).draw(units, law_of(case), seed)
    drawn = dict(case["drawn"])
    assert drawn.pop("", None) == allocation.facts.get("attempts")
    assert {row.unit: shown(case["method"], row) for row in allocation.rows} == drawn


def test_the_stored_vectors_are_what_their_script_makes() -> None:
    script = VECTORS / "make_methods_v1.py"
    text = script.read_text(encoding="utf-8")
    assert "import nudge" not in text
    assert "from nudge" not in text
    assert runpy.run_path(str(script))["content"]() == (VECTORS / "methods_v1.json").read_text(encoding="ascii")


def test_every_method_has_vectors() -> None:
    first = json.loads((VECTORS / "draw_v1.json").read_text(encoding="ascii"))["cases"]
    assert {case["method"] for case in [*first, *CASES]} == set(method_names())
