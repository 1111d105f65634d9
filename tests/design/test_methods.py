"""Ways of drawing, and the seed: what every file in design/methods/ owes."""

from __future__ import annotations

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nudge.design.chance import Keyed
from nudge.design.methods import method, method_names
from nudge.design.seed import PublishedSeed, SystemSeed, commitment
from nudge.trial.errors import InputError
from nudge.trial.records.design import DrawUnit, Law, Seed

THE_FOUR = ("complete", "blocked", "cluster", "blocked_cluster")


@pytest.mark.parametrize("name", THE_FOUR)
def test_the_first_four_are_named_for_what_they_draw_and_where(name: str) -> None:
    drawing = method(name)
    assert ("cluster" in name, "blocked" in name) == (drawing.UNITS == "sites", drawing.BLOCKS == "required")
    law = Law("trial", name, ("a", "b"), (2, 1), ())
    units = [DrawUnit(f"u{i}", (str(i % 3),)) for i in range(30)]
    allocation = drawing.draw(units, law, Seed(b"s" * 32, b"salt"))
    assert {row.arm: row.probability for row in allocation.rows} == {"a": 2 / 3, "b": 1 / 3}


def test_every_method_of_the_issue_is_there() -> None:
    assert set(method_names()) == {
        *THE_FOUR, "simple", "matched_pairs", "rerandomised", "minimisation", "permuted_blocks", "factorial",
        "stepped_wedge", "waitlist", "adaptive",
    }  # fmt: skip


@given(key=st.binary(max_size=100), message=st.binary(max_size=200))
def test_digests_in_bulk_are_those_of_the_standard_library(key: bytes, message: bytes) -> None:
    assert Keyed(key).digest(message) == hmac.digest(key, message, "sha256")


def test_an_unknown_method_is_refused_with_the_nearest() -> None:
    with pytest.raises(InputError, match="did you mean `cluster`"):
        method("clustered")
    with pytest.raises(InputError, match="use adaptive, blocked, .* or waitlist"):
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
