"""Numbers that R gave, reproduced to nine digits, and a list of those nobody computes yet."""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from tests.reference.not_covered import ELSEWHERE, NOT_COVERED
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


@pytest.mark.parametrize("data", sorted(NOT_COVERED))
def test_every_reference_number_is_computed_or_listed_with_a_reason(data: str, reference: Reference) -> None:
    known = set(reference(data))
    listed = {pattern: {name for name in known if fnmatchcase(name, pattern)} for pattern in NOT_COVERED[data]}
    held = {pattern: {name for name in known if fnmatchcase(name, pattern)} for pattern in ELSEWHERE.get(data, {})}
    computed = {name for where, name in COMPUTED if where == data}.union(*held.values())
    assert computed <= known
    for pattern, names in listed.items():
        assert names, f"no id is like {pattern}"
        assert not names & computed, "computed now: take it off the list"
    assert computed.union(*listed.values()) == known, "neither computed nor listed"
    assert all((Path(__file__).parent / where).exists() for where in ELSEWHERE.get(data, {}).values())


def test_no_reference_number_stands_twice_in_the_table() -> None:
    assert len(COMPUTED) == len(set(COMPUTED))
