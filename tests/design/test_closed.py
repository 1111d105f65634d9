"""Arms that take nobody for a while: what the register, the re-draws and the listed law make of them."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections import Counter, defaultdict
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from nudge.design.audit_file import audit_law, write_audit_file
from nudge.design.methods import RollingMethod, TooMany, method
from nudge.trial.records.design import DrawUnit, Law, Seed
from tests.conftest import ROOT

LAWS = [
    Law("trial", "simple", ("a", "b", "c"), (1, 1, 2), ()),
    Law("trial", "permuted_blocks", ("a", "b", "c"), (1, 1, 2), ()),
    Law("trial", "minimisation", ("a", "b", "c"), (1, 1, 1), (), {"balance_on": ["area"]}),
    Law("trial", "adaptive", ("a", "b", "c"), (1, 1, 1), (), {"batch": 6, "batches": [[0.2, 0.3, 0.5]] * 20}, "a"),
]
SPELLS = [["c", 3, 7], ["a", 9, None]]
UNITS = [DrawUnit(f"{i}", (), {"area": "north" if i % 3 else "south"}) for i in range(12)]


def closed(law: Law) -> Law:
    return replace(law, parameters={**law.parameters, "closed": SPELLS})


def named(law: Law) -> str:
    return law.method


def seed(number: int) -> Seed:
    return Seed(number.to_bytes(32), b"salt")


@pytest.mark.parametrize("law", LAWS, ids=named)
def test_nobody_gets_an_arm_that_is_closed(law: Law) -> None:
    drawing = cast("RollingMethod", method(law.method))
    shut = {"c": range(3, 7), "a": range(9, 12)}
    for number in range(60):
        rows = drawing.draw(UNITS, closed(law), seed(number)).rows
        of = {row.unit: row.arm for row in rows}
        assert not [i for arm, places in shut.items() for i in places if of[str(i)] == arm]
    redrawn = drawing.redraws(UNITS, closed(law), 500, np.random.default_rng(1))
    assert not (redrawn[:, 3:7] == 2).any()
    assert not (redrawn[:, 9:] == 0).any()


@pytest.mark.parametrize("law", LAWS, ids=named)
def test_re_draws_are_the_draws_of_many_seeds(law: Law) -> None:
    """Every unit's arms by 1,500 seeds and by 20,000 re-draws, within four and a half standard errors."""
    drawing, shut = cast("RollingMethod", method(law.method)), closed(law)
    by_seed = np.zeros((12, 3))
    for number in range(1500):
        for row in drawing.draw(UNITS, shut, seed(number)).rows:
            by_seed[int(row.unit), law.arms.index(row.arm)] += 1 / 1500
    redrawn = drawing.redraws(UNITS, shut, 20_000, np.random.default_rng(2))
    by_redraw = np.stack([(redrawn == k).mean(axis=0) for k in range(3)], axis=1)
    assert np.abs(by_seed - by_redraw).max() < 4.5 * np.sqrt(0.25 * (1 / 1500 + 1 / 20_000))
    told = drawing.probabilities(UNITS, shut)
    assert np.abs(told - by_redraw).max() < 4.5 * np.sqrt(0.25 * (1 / 2000 + 1 / 20_000))


@pytest.mark.parametrize("law", [one for one in LAWS if one.method != "permuted_blocks"], ids=named)
def test_the_listed_law_adds_up_and_has_the_chances_told(law: Law) -> None:
    few = UNITS[2:8]
    shut = replace(law, parameters={**law.parameters, "closed": [["c", 1, 4]]})
    found: defaultdict[tuple[int, int], Fraction] = defaultdict(Fraction)
    total = Fraction(0)
    for arms, chance in method(law.method).every_draw(few, shut):
        total += chance
        for i, arm in enumerate(arms):
            found[i, arm] += chance
    assert total == 1
    assert all(found[i, 2] == 0 for i in range(1, 4))
    told = method(law.method).probabilities(few, shut)
    listed = np.array([[float(found[i, k]) for k in range(3)] for i in range(6)])
    assert np.abs(told - listed).max() < (0.06 if law.method == "minimisation" else 1e-12)


def test_draws_with_places_passed_over_are_not_listed() -> None:
    with pytest.raises(TooMany, match="an arm was closed are not listed"):
        method("permuted_blocks").every_draw(UNITS[:4], closed(LAWS[1]))


def test_open_arms_keep_their_shares_in_permuted_blocks() -> None:
    """While one of 1:1:2 is closed the others come 1:2; a full permuted block evens them out."""
    law = replace(LAWS[1], parameters={"closed": [["b", 0, None]], "sizes": [4, 8]})
    many = [DrawUnit(f"{i}") for i in range(600)]
    counted = Counter(row.arm for row in method("permuted_blocks").draw(many, law, seed(7)).rows)
    assert counted.keys() == {"a", "c"}
    assert abs(counted["c"] - 2 * counted["a"]) <= 8


def test_anyone_can_make_a_simple_draw_with_a_closed_arm_again(tmp_path: Path) -> None:
    law, many = closed(LAWS[0]), [DrawUnit(f"{i}") for i in range(40)]
    drawing = cast("RollingMethod", method("simple"))
    book = drawing.register(law, Seed((5).to_bytes(32), b""))
    rows = tuple(book.enter(unit) for unit in many)
    allocation = replace(drawing.draw(many, law, Seed((5).to_bytes(32), b"")), rows=rows)
    write_audit_file(tmp_path / "audit.csv", allocation)
    (tmp_path / "draw.json").write_text(json.dumps(audit_law(law, Seed((5).to_bytes(32), b""))))
    command: list[str | Path] = [
        sys.executable,
        ROOT / "docs" / "check_draw.py",
        tmp_path / "audit.csv",
        tmp_path / "draw.json",
    ]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout) == (0, "40 of 40 arms are those that the seed gives\n")
    with (tmp_path / "audit.csv").open(encoding="utf-8") as file:
        assert not [row for row in csv.DictReader(file) if row["arm"] == "a" and int(row["order"]) > 9]
