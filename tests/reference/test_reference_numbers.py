"""Numbers that R gave, reproduced to nine digits, and a list of those nobody computes yet."""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.reference.not_covered import ELSEWHERE, NOT_COVERED, SAID
from tests.reference.routes import rows_of
from tests.reference.rows import Row
from tests.reference.table import FAMILIES, TABLE, Adjusted

pytestmark = pytest.mark.needs("reference data")
Reference = Callable[[str], dict[str, dict[str, Any]]]
COMPUTED = [(row.data, row.id) for row in TABLE] + [(family.data, family.id) for family in FAMILIES]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row.data}/{row.id}")
def test_agrees_with_r(row: Row, reference: Reference, reference_folder: Path) -> None:
    expected = reference(row.data)[row.id]
    found = row.how(rows_of(reference_folder, row.data))
    assert {name: found[name] for name in row.compared} == {
        name: pytest.approx(expected[name], rel=row.rel) for name in row.compared
    }


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: f"{family.data}/{family.id}")
def test_adjusted_p_values_agree_with_r(family: Adjusted, reference: Reference) -> None:
    entry = reference(family.data)[family.id]
    assert family.ours(entry) == pytest.approx(entry["adjusted"], rel=1e-12)


def test_every_reference_number_of_every_file_is_computed_or_listed_with_a_reason(
    reference: Reference, reference_folder: Path
) -> None:
    files = sorted(path.parent.name for path in reference_folder.glob("data/*/reference.json"))
    assert len(files) >= 7
    assert set(files) >= {data for data, _ in COMPUTED} | set(NOT_COVERED) | set(ELSEWHERE)
    for data in files:
        known = set(reference(data))
        listed = {pattern: _like(known, pattern) for pattern in NOT_COVERED.get(data, {})}
        held = {pattern: _like(known, pattern) for pattern in ELSEWHERE.get(data, {})}
        computed = {name for where, name in COMPUTED if where == data}.union(*held.values())
        assert computed <= known, data
        for pattern, names in {**listed, **held}.items():
            assert names, f"{data}: no id is like {pattern}"
        for pattern, names in listed.items():
            assert not names & computed, f"{data}, {pattern}: computed now: take it off the list"
        assert computed.union(*listed.values()) == known, f"{data}: neither computed nor listed"
        assert all((Path(__file__).parent / where).exists() for where in ELSEWHERE.get(data, {}).values())


def test_every_naive_or_degenerate_number_is_told_to_the_reader(reference: Reference, reference_folder: Path) -> None:
    """The sentences themselves are held by test_careless_answers.py, test_no_nonsense.py and tests/evidence."""
    wrong = set()
    for data in sorted(path.parent.name for path in reference_folder.glob("data/*/reference.json")):
        entries = reference(data)
        told: set[str] = set().union(*(_like(set(entries), pattern) for pattern in SAID.get(data, {})))
        wrong |= {f"{data}/{name}" for name, one in entries.items() if one.get("role") in {"naive", "degenerate"}}
        wrong -= {f"{data}/{name}" for name in told}
    assert not wrong, "no sentence says what is wrong with these"
    for patterns in SAID.values():
        for file, words in patterns.values():
            assert words in (ROOT / file).read_text(encoding="utf-8")


def _like(names: set[str], pattern: str) -> set[str]:
    return {name for name in names if fnmatchcase(name, pattern)}


def test_no_reference_number_stands_twice_in_the_table() -> None:
    assert len(COMPUTED) == len(set(COMPUTED))
