"""Ways of drawing, and the seed: what every file in design/methods/ owes."""

from __future__ import annotations

import hashlib

import pytest

from nudge.design.methods import method, method_names
from nudge.design.seed import PublishedSeed, SystemSeed, commitment
from nudge.trial.errors import InputError
from nudge.trial.records.design import DrawUnit, Law, Seed


@pytest.mark.parametrize("name", method_names())
def test_a_method_draws_every_unit_once_and_tells_its_chances(name: str) -> None:
    drawing = method(name)
    assert ("cluster" in name, "blocked" in name) == (drawing.UNITS == "sites", drawing.BLOCKS == "required")
    law = Law("trial", name, ("a", "b"), (2, 1), ())
    units = [DrawUnit(f"u{i}", (str(i % 3),)) for i in range(30)]
    allocation = drawing.draw(units, law, Seed(b"s" * 32, b"salt"))
    assert sorted(row.unit for row in allocation.rows) == sorted(unit.id for unit in units)
    assert {row.arm: row.probability for row in allocation.rows} == {"a": 2 / 3, "b": 1 / 3}
    assert {row.unit: row.block for row in allocation.rows} == {unit.id: unit.block for unit in units}


def test_an_unknown_method_is_refused_with_the_nearest() -> None:
    with pytest.raises(InputError, match="did you mean `cluster`"):
        method("clustered")
    with pytest.raises(InputError, match="use .*blocked, blocked_cluster, cluster, complete,"):
        method("coin")


def test_a_seed_is_committed_by_hash() -> None:
    seed = Seed(b"\x01" * 32, b"\x02" * 32)
    assert commitment(seed) == hashlib.sha256(b"nudge-seed-1\0" + b"\x01" * 32).hexdigest()
    assert commitment(seed) == commitment(Seed(seed.value, b"another salt"))


def test_the_system_gives_a_new_seed_each_time_and_a_phrase_the_same() -> None:
    one, other = SystemSeed().new(), SystemSeed().new()
    assert one.value != other.value
    assert one.salt != other.salt
    assert (len(one.value), len(one.salt), one.published) == (32, 32, False)
    assert PublishedSeed("a phrase").new() == PublishedSeed("a phrase").new()
    assert PublishedSeed("a phrase").new().value != PublishedSeed("another").new().value
    assert PublishedSeed("a phrase").new().published
