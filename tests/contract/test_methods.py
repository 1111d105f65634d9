"""What every file in design/methods/ owes: each is found by itself, and tried under every law it accepts."""

from __future__ import annotations

import random
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from math import sqrt
from typing import Any, cast

import numpy as np
import pytest
from scipy.stats import chisquare

from nudge.design.methods import ENUMERATION_LIMIT, Method, RollingMethod, TooMany, method, method_names
from nudge.trial.errors import InputError
from nudge.trial.records.design import Allocated, DrawUnit, Law, Seed

SEEDS = 300
REDRAWS = 6_000
RATIOS = ((1, 1), (2, 1), (1, 1, 1), (2, 2, 1), (1, 1, 1, 1), (2, 1, 1, 1))
LEVELS = {"a": ("no", "no"), "b": ("no", "yes"), "c": ("yes", "no"), "d": ("yes", "yes")}
MANY_CELLS = 40

Support = dict[tuple[int, ...], Fraction]


def parameters(ratio: Sequence[int]) -> dict[str, Any]:
    """A value for every key a method may take."""
    total = sum(ratio)
    return {
        "balance_on": ["age", "area", "first_child"], "accept": {"share": 0.4}, "probability": 0.85,
        "sizes": [total, 2 * total], "steps": ["2027-03-01"], "transition": "7 days", "batch": 3 * len(ratio),
        "floor": 0.05, "levels": {arm: dict(zip("xy", LEVELS[arm], strict=True)) for arm in "abcd"[: len(ratio)]},
    }  # fmt: skip


def candidates(name: str) -> Iterator[Law]:
    """Laws of all shapes; whether a method accepts one is for it to say."""
    taken = method(name).PARAMETERS
    # Sites in four uneven arms need so many sites that listing their draws takes minutes.
    for ratio in RATIOS[: 5 if method(name).UNITS == "sites" else 6]:
        values = parameters(ratio)
        for steps in (["2027-03-01"], ["2027-03-01", "2027-04-01", "2027-05-01"]):
            given = {key: values[key] for key in taken} | ({"steps": steps} if "steps" in taken else {})
            yield Law("trial", name, tuple("abcd"[: len(ratio)]), ratio, ("area",), given, control="a")
            if "steps" not in taken:
                break


def accepted(name: str) -> list[Law]:
    return [law for law in candidates(name) if not list(method(name).flaws(law))]


CASES = [pytest.param(name, law, id=f"{name}-{':'.join(map(str, law.ratio))}-{len(law.parameters.get('steps', ()))}")
         for name in method_names() for law in accepted(name)]  # fmt: skip
every_law = pytest.mark.parametrize(("name", "law"), CASES)


def unit(i: int, name: str) -> DrawUnit:
    block = () if method(name).BLOCKS == "never" else ("north" if i % 3 else "south",)
    columns = {"age": [3.0, None, 5.5, 1.0, 4.0, 2.5][i % 6], "area": "abba"[i % 4], "first_child": i % 2 == 0}
    if "number" not in getattr(method(name), "BALANCES", {"number"}):
        columns["age"] = ["old", None, "young"][i % 3]
    return DrawUnit(f"u{i}", block, columns)


def few_units(name: str, law: Law) -> list[DrawUnit]:
    """The fewest units, from four, that this law can draw."""
    for n in range(4, 40):
        units = [unit(i, name) for i in range(n)]
        try:
            method(name).refuse(units, law)
        except InputError:
            continue
        return units
    raise AssertionError(f"{name} draws no small number of units")


def seeded(number: int) -> Seed:
    return Seed(number.to_bytes(32, "big"), b"salt")


def position(drawing: Method, law: Law, row: Allocated) -> int:
    """What a row was given, by position among the options."""
    return drawing.options(law).index(row.arm) if drawing.options(law) == law.arms else (row.step or 0) - 1


def drawn_positions(name: str, units: Sequence[DrawUnit], law: Law, seed: Seed) -> tuple[int, ...]:
    rows = {row.unit: row for row in method(name).draw(units, law, seed).rows}
    return tuple(position(method(name), law, rows[one.id]) for one in units)


KNOWN: dict[str, Support] = {}


def whole_law(name: str, units: Sequence[DrawUnit], law: Law) -> Support:
    """The law as the method lists it; kept, because several tests hold other things against it."""
    key = repr((units, law))
    if key not in KNOWN:
        listed = list(method(name).every_draw(units, law))
        assert len({arms for arms, _ in listed}) == len(listed), "each draw is listed once"
        KNOWN[key] = dict(listed)
    return KNOWN[key]


def same_law(found: Counter[tuple[int, ...]], law: Mapping[tuple[int, ...], Fraction]) -> None:
    """Draws come as often as the law says: all of them where they are few, else unit by unit and pair by pair."""
    assert set(found) <= set(law), "a draw that the law does not have"
    draws = found.total()
    if len(law) <= MANY_CELLS:
        expected = np.array([float(chance) for chance in law.values()]) * draws
        assert chisquare([found[arms] for arms in law], expected).pvalue > 1e-4
        return
    events = {arms: happened(arms) for arms in law}
    expected_of: defaultdict[tuple[str, int, int], float] = defaultdict(float)
    times: Counter[tuple[str, int, int]] = Counter()
    for arms, chance in law.items():
        for event in events[arms]:
            expected_of[event] += float(chance)
    for arms, number in found.items():
        times.update(dict.fromkeys(events[arms], number))
    for event, share in expected_of.items():
        assert abs(times[event] / draws - share) <= 4.5 * sqrt(share * max(1 - share, 0) / draws) + 1e-12


def happened(arms: tuple[int, ...]) -> list[tuple[str, int, int]]:
    """Each unit's arm, and whether neighbours share one."""
    pairs = [("pair", i, int(arms[i] == arms[i - 1])) for i in range(len(arms))]
    return [*pairs, *(("arm", i, arm) for i, arm in enumerate(arms))]


@pytest.mark.parametrize("name", method_names())
def test_a_method_says_what_it_is(name: str) -> None:
    drawing = method(name)
    assert drawing.UNITS in {"people", "sites", "either"}
    assert drawing.BLOCKS in {"never", "optional", "required"}
    assert drawing.ENROLMENT in {"at_once", "rolling", "either"}
    assert drawing.REQUIRED <= drawing.PARAMETERS <= set(parameters((1, 1)))
    assert hasattr(drawing, "register") == (drawing.ENROLMENT != "at_once")
    assert hasattr(drawing, "BALANCES") == ("balance_on" in drawing.PARAMETERS)
    assert drawing.__doc__
    assert accepted(name), "no law is without flaw"


@pytest.mark.parametrize("name", method_names())
def test_a_flaw_names_a_place_what_is_wrong_and_what_to_do(name: str) -> None:
    for law in candidates(name):
        for flaw in method(name).flaws(law):
            assert flaw.path[0] in {"arms", "randomise"}
            assert flaw.what
            assert flaw.remedy


@every_law
def test_every_unit_is_drawn_once_with_its_chance(name: str, law: Law) -> None:
    drawing, units = method(name), few_units(name, law)
    allocation = drawing.draw(units, law, seeded(1))
    assert sorted(row.unit for row in allocation.rows) == sorted(one.id for one in units)
    assert {row.arm for row in allocation.rows} <= set(law.arms)
    assert {row.unit: row.block for row in allocation.rows} == {one.id: one.block for one in units}
    assert allocation == drawing.draw(units, law, seeded(1)) or any(row.probability != row.probability
                                                                    for row in allocation.rows)  # fmt: skip
    chances = drawing.probabilities(units, law)
    assert chances.shape == (len(units), len(drawing.options(law)))
    assert chances.sum(axis=1) == pytest.approx(1)
    rows = {row.unit: row for row in allocation.rows}
    for i, one in enumerate(units):
        row = rows[one.id]
        if not np.isnan(row.probability):
            assert row.probability == pytest.approx(chances[i, position(drawing, law, row)])


@every_law
def test_the_listed_law_has_the_chances_it_tells(name: str, law: Law) -> None:
    drawing, units = method(name), few_units(name, law)
    listed = whole_law(name, units, law)
    assert sum(listed.values()) == 1
    exact = np.zeros((len(units), len(drawing.options(law))))
    for arms, chance in listed.items():
        exact[np.arange(len(units)), arms] += float(chance)
    simulated = name == "minimisation"
    assert np.abs(exact - drawing.probabilities(units, law)).max() < (0.05 if simulated else 1e-9)


@every_law
def test_draws_of_many_seeds_follow_the_listed_law(name: str, law: Law) -> None:
    units = few_units(name, law)
    listed = whole_law(name, units, law)
    same_law(Counter(drawn_positions(name, units, law, seeded(seed)) for seed in range(SEEDS)), listed)


@every_law
def test_re_draws_follow_the_listed_law(name: str, law: Law) -> None:
    units = few_units(name, law)
    listed = whole_law(name, units, law)
    redrawn = method(name).redraws(units, law, REDRAWS, np.random.default_rng(1))
    assert redrawn.shape == (REDRAWS, len(units))
    assert redrawn.dtype == np.int8
    same_law(Counter(map(tuple, redrawn.tolist())), listed)


@every_law
def test_arms_and_steps_can_change_places(name: str, law: Law) -> None:
    units = few_units(name, law)
    mirrored = replace(law, arms=law.arms[::-1], ratio=law.ratio[::-1])
    last = len(method(name).options(law)) - 1
    turned = {tuple(last - k for k in arms): chance for arms, chance in whole_law(name, units, mirrored).items()}
    assert turned == whole_law(name, units, law)


@every_law
def test_row_order_matters_only_where_it_is_the_order_of_enrolment(name: str, law: Law) -> None:
    drawing = method(name)
    units = [unit(i, name) for i in range(24)]
    if drawing.ENROLMENT == "at_once":
        shuffled = random.Random(1).sample(units, len(units))
        assert drawing.draw(units, law, seeded(5)) == drawing.draw(shuffled, law, seeded(5))
        return
    law = with_batches(law, 24)
    whole = drawing.draw(units, law, seeded(5)).rows
    book = cast("RollingMethod", drawing).register(law, seeded(5))
    one_by_one = {row.unit: row.arm for row in map(book.enter, units)}
    assert one_by_one == {row.unit: row.arm for row in whole}
    first_ones = {row.unit: row.arm for row in drawing.draw(units[:9], law, seeded(5)).rows}
    assert first_ones == {one.id: one_by_one[one.id] for one in units[:9]}


def with_batches(law: Law, n: int) -> Law:
    """The law with chances logged for batches enough for n units, where it has batches."""
    if "batch" not in law.parameters:
        return law
    rest = len(law.arms) - 1
    logged = [(10_000 - 1_500 * rest) / 10_000, *[0.15] * rest]
    return replace(law, parameters={**law.parameters, "batches": [logged] * n})


@every_law
def test_how_an_accent_is_stored_does_not_matter(name: str, law: Law) -> None:
    def arms(form: Any) -> list[tuple[str, int | None]]:
        units = [replace(unit(i, name), id=unicodedata.normalize(form, f"Zoë {i}")) for i in range(24)]
        drawn = {row.unit: row for row in method(name).draw(units, with_batches(law, 24), seeded(3)).rows}
        return [(drawn[one.id].arm, drawn[one.id].step) for one in units]

    assert arms("NFC") == arms("NFD")


@every_law
def test_two_units_of_one_name_are_refused(name: str, law: Law) -> None:
    units = [unit(i, name) for i in range(24)]
    twins = [*units[:-1], replace(units[-1], id=units[0].id)]
    with pytest.raises(InputError, match="two units are called `u0`"):
        method(name).draw(twins, with_batches(law, 24), seeded(1))


@every_law
def test_another_seed_or_trial_gives_another_draw(name: str, law: Law) -> None:
    units, law = [unit(i, name) for i in range(60)], with_batches(law, 60)
    first = drawn_positions(name, units, law, seeded(1))
    assert first == drawn_positions(name, units, law, seeded(1))
    assert first != drawn_positions(name, units, law, seeded(2))
    assert first != drawn_positions(name, units, replace(law, trial="other"), seeded(1))


@every_law
def test_a_law_with_too_many_draws_says_so(name: str, law: Law) -> None:
    units = [unit(i, name) for i in range(200)]
    with pytest.raises(TooMany, match=f"at most {ENUMERATION_LIMIT:,} are listed"):
        list(method(name).every_draw(units, with_batches(law, 200)))
