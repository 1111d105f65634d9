"""The draw: pinned by vectors that another program made, fair in its margins, blind to row order."""

from __future__ import annotations

import json
import random
import runpy
import unicodedata
from collections import Counter
from math import sqrt
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nudge.design.draw import draw_within_blocks, places
from nudge.design.methods import method
from nudge.trial.errors import InputError
from nudge.trial.records.design import DrawUnit, Law, Seed

VECTORS = Path(__file__).parent / "vectors"
CASES: list[dict[str, Any]] = json.loads((VECTORS / "draw_v1.json").read_text(encoding="ascii"))["cases"]


def seeded(number: int) -> Seed:
    return Seed(number.to_bytes(32, "big"), b"salt")


def law(ratio: tuple[int, ...], name: str = "trial") -> Law:
    return Law(name, "complete", tuple("abcdefgh"[: len(ratio)]), ratio, ())


def units_of(case: dict[str, Any]) -> list[DrawUnit]:
    return [DrawUnit(unit["id"], tuple(unit["block"])) for unit in case["units"]]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["trial"])
def test_the_draw_is_the_one_another_program_made(case: dict[str, Any]) -> None:
    described = Law(case["trial"], case["method"], tuple(case["arms"]), tuple(case["ratio"]), ())
    seed = Seed(bytes.fromhex(case["seed"]), bytes.fromhex(case["salt"]))
    allocation = method(case["method"]).draw(units_of(case), described, seed)
    assert {row.unit: {"digest": row.digest, "arm": row.arm} for row in allocation.rows} == case["drawn"]


def test_the_stored_vectors_are_what_their_script_makes() -> None:
    script = VECTORS / "make_draw_v1.py"
    assert "import nudge" not in script.read_text(encoding="utf-8")
    assert "from nudge" not in script.read_text(encoding="utf-8")
    assert runpy.run_path(str(script))["content"]() == (VECTORS / "draw_v1.json").read_text(encoding="ascii")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["trial"])
def test_row_order_does_not_matter(case: dict[str, Any]) -> None:
    described = Law(case["trial"], case["method"], tuple(case["arms"]), tuple(case["ratio"]), ())
    units = units_of(case)
    shuffled = random.Random(1).sample(units, len(units))
    assert draw_within_blocks(units, described, seeded(5)) == draw_within_blocks(shuffled, described, seeded(5))


def test_how_an_accent_is_stored_does_not_matter() -> None:
    def arms(form: Any) -> list[str]:
        units = [DrawUnit(unicodedata.normalize(form, f"Zoë {i}"), (unicodedata.normalize(form, "Café"),))
                 for i in range(20)]  # fmt: skip
        return [row.arm for row in draw_within_blocks(units, law((1, 1)), seeded(3)).rows]

    assert arms("NFC") == arms("NFD")


@pytest.mark.parametrize(
    "twins", [("H1", "H1"), (unicodedata.normalize("NFC", "Zoë"), unicodedata.normalize("NFD", "Zoë"))]
)
def test_two_units_of_one_name_are_refused(twins: tuple[str, str]) -> None:
    with pytest.raises(InputError, match="two units are called"):
        draw_within_blocks([DrawUnit(name) for name in twins], law((1, 1)), seeded(1))


def test_another_seed_trial_or_block_gives_another_draw() -> None:
    units = [DrawUnit(f"u{i}") for i in range(60)]
    elsewhere = [DrawUnit(unit.id, ("x",)) for unit in units]

    def arms(of: list[DrawUnit], name: str, seed: int) -> tuple[str, ...]:
        return tuple(row.arm for row in draw_within_blocks(of, law((1, 1), name), seeded(seed)).rows)

    first = arms(units, "trial", 1)
    assert first == arms(units, "trial", 1)
    assert first != arms(units, "trial", 2)
    assert first != arms(units, "other", 1)
    # The order within a block hangs on unit and trial alone; the block settles only the remainder.
    assert first == arms(elsewhere, "trial", 1)


@given(
    n=st.integers(0, 200), ratio=st.lists(st.integers(1, 30), min_size=2, max_size=6).map(tuple),
    seed=st.integers(0, 2**64),
)  # fmt: skip
def test_counts_lie_within_one_of_their_share(n: int, ratio: tuple[int, ...], seed: int) -> None:
    found = places(n, (), law(ratio), seeded(seed))
    assert sum(found) == n
    assert all(abs(number - n * share / sum(ratio)) < 1 for number, share in zip(found, ratio, strict=True))


@pytest.mark.parametrize(("n", "ratio"), [(1, (1, 1)), (2, (1, 1, 1)), (3, (2, 1, 1)), (5, (3, 1)), (4, (5, 1, 1, 1))])
def test_an_extra_place_has_exactly_its_missing_fraction_as_chance(n: int, ratio: tuple[int, ...]) -> None:
    draws = 4000
    total = sum(ratio)
    extra = [0] * len(ratio)
    for seed in range(draws):
        for k, number in enumerate(places(n, ("b",), law(ratio), seeded(seed))):
            extra[k] += number - n * ratio[k] // total
    for k, share in enumerate(ratio):
        chance = n * share % total / total
        assert abs(extra[k] / draws - chance) <= 4 * sqrt(chance * (1 - chance) / draws)


@pytest.mark.parametrize(("sizes", "ratio"), [((3, 5, 1), (2, 1, 1)), ((2, 2, 2), (1, 1, 1)), ((7,), (3, 1))])
def test_every_unit_has_its_arm_s_chance(sizes: tuple[int, ...], ratio: tuple[int, ...]) -> None:
    units = [DrawUnit(f"{block}-{i}", (str(block),)) for block, size in enumerate(sizes) for i in range(size)]
    draws = 3000
    counts: Counter[tuple[str, str]] = Counter()
    for seed in range(draws):
        counts.update((row.unit, row.arm) for row in draw_within_blocks(units, law(ratio), seeded(seed)).rows)
    described = law(ratio)
    for unit in units:
        for arm in described.arms:
            chance = described.probability(arm)
            # 27 comparisons at most: 4 Monte Carlo errors are passed by chance once in 600 runs of fixed seeds.
            assert abs(counts[unit.id, arm] / draws - chance) <= 4 * sqrt(chance * (1 - chance) / draws)


def test_neighbours_in_a_block_are_drawn_without_pattern() -> None:
    units = [DrawUnit(f"u{i}") for i in range(4)]
    draws = 3000
    together = 0
    for seed in range(draws):
        arm = {row.unit: row.arm for row in draw_within_blocks(units, law((1, 1)), seeded(seed)).rows}
        together += arm["u0"] == arm["u1"]
    # Of the six ways to pick two of four, two put u0 and u1 together.
    assert abs(together / draws - 1 / 3) <= 4 * sqrt(2 / 9 / draws)
