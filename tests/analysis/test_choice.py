"""Which estimator a design allows (statistics.md 5, 6, 8, 9), in the analysis and, before the draw, in the lock."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from nudge.analysis.comparison import BlockCounts, choose, constant_probability, pair_of
from nudge.analysis.covariates import coded_columns, matrix, names_of
from nudge.analysis.foreseen import column_of, foreseen_choices
from nudge.trial.errors import EstimationRefused
from nudge.trial.records.analysis import Design
from nudge.trial.records.design import Law
from nudge.trial.records.people import Person, Unit
from tests.analysis.builders import BLOCKED, BLOCKED_CLUSTER, CLUSTER, COMPLETE, pair, rows, trial

UNKNOWN = Design(None, clusters=False, blocks=False)


def counts(*by_block: tuple[int, int]) -> BlockCounts:
    return BlockCounts(np.array([one for one, _ in by_block]), np.array([other for _, other in by_block]))


@pytest.mark.parametrize(
    ("design", "by_block", "clustered", "constant", "estimator", "vcov"),
    [
        (COMPLETE, [(40, 40)], False, True, "difference_in_means", "HC2"),
        (COMPLETE, [(40, 40)], True, True, "difference_in_means", "CR2"),
        (UNKNOWN, [(40, 40)], False, True, "difference_in_means", "HC2"),
        (CLUSTER, [(10, 10)], True, True, "difference_in_means", "CR2"),
        (CLUSTER, [(10, 10)], False, True, "difference_in_means", "CR2"),
        (COMPLETE, [(40, 40)], False, False, "inverse_probability", "HC2"),
        (BLOCKED, [(2, 2), (5, 3)], False, False, "block_weighted", "HC2"),
        (BLOCKED, [(2, 2), (5, 3)], True, True, "block_weighted", "CR2"),
        (BLOCKED, [(40, 40)], False, True, "difference_in_means", "HC2"),
        (BLOCKED, [(1, 1), (1, 1), (1, 1)], False, True, "paired", "paired"),
        (BLOCKED, [(1, 1), (1, 1), (1, 0)], False, True, "paired", "paired"),
        (BLOCKED, [(1, 2), (1, 2)], False, True, "fixed_effects", "HC2"),
        (BLOCKED, [(1, 1), (4, 4)], False, True, "fixed_effects", "HC2"),
        (BLOCKED, [(1, 1), (2, 4)], False, False, "inverse_probability", "HC2"),
        (BLOCKED_CLUSTER, [(1, 2), (3, 6)], True, True, "fixed_effects", "CR2"),
        (BLOCKED_CLUSTER, [(2, 2), (0, 3)], True, True, "block_weighted", "CR2"),
    ],
)
def test_rule_6(
    design: Design, by_block: list[tuple[int, int]], estimator: str, vcov: str, *, clustered: bool, constant: bool
) -> None:
    found = choose(
        counts(*by_block), design, clustered=clustered, columns=0, constant_probability=constant, average="person"
    )
    assert (found.estimator, found.vcov, found.adjustment) == (estimator, vcov, "none")
    assert found.because


@pytest.mark.parametrize(
    ("design", "clustered", "estimator"),
    [
        (CLUSTER, True, "cluster_means"), (BLOCKED_CLUSTER, True, "cluster_means"), (CLUSTER, False, "cluster_means"),
        (COMPLETE, True, "cluster_means"), (COMPLETE, False, "difference_in_means"),
    ],
)  # fmt: skip
def test_rule_8_averages_over_clusters_where_there_are_any(design: Design, estimator: str, *, clustered: bool) -> None:
    found = choose(
        counts((12, 12)), design, clustered=clustered, columns=0, constant_probability=True, average="cluster"
    )
    assert found.estimator == estimator


@pytest.mark.parametrize(
    ("columns", "smaller", "adjustment"),
    [
        (0, 5, "none"), (1, 4, "none"), (1, 5, "additive"), (1, 9, "additive"), (1, 10, "interacted"),
        (3, 14, "none"), (3, 15, "additive"), (3, 29, "additive"), (3, 30, "interacted"),
    ],
)  # fmt: skip
def test_rule_9_limits_columns_by_the_units_of_the_smaller_arm(columns: int, smaller: int, adjustment: str) -> None:
    found = choose(
        counts((smaller, 500)), COMPLETE, clustered=False, columns=columns, constant_probability=True, average="person"
    )
    assert found.adjustment == adjustment


@pytest.mark.parametrize(
    ("by_block", "constant", "adjustment"),
    [([(1, 2)] * 40, True, "additive"), ([(1, 2)] * 39 + [(2, 2)], False, "additive"), ([(1, 1)] * 40, True, "none")],
)
def test_covariates_stand_beside_block_effects_and_pairs_take_none(
    by_block: list[tuple[int, int]], adjustment: str, *, constant: bool
) -> None:
    found = choose(
        counts(*by_block), BLOCKED, clustered=False, columns=2, constant_probability=constant, average="person"
    )
    assert found.adjustment == adjustment


def test_the_chances_are_those_of_the_draw_where_they_are_known() -> None:
    def constant(weight: list[float] | None) -> bool:
        return constant_probability(pair([0, 1, 0, 1, 0], [1, 0, 1, 0, 0], block=[0, 0, 1, 1, 1], weight=weight))

    assert not constant(None)
    assert constant([2, 2, 2, 2, 2])
    assert constant([3, 1.5, 3, 1.5, 1.5])
    assert not constant([2, 2, 3, 1.5, 1.5])


def model_columns(**given: tuple[str, Sequence[object]]) -> dict[str, list[float]]:
    """The model's columns of baseline values of a type each."""
    number = len(next(iter(given.values()))[1])
    coded = coded_columns(
        {name: column_of(of, kind) for name, (kind, of) in given.items()}, np.ones(number, dtype=bool)
    )
    return dict(zip(names_of(coded), matrix(coded, number).T.tolist(), strict=True))


def test_categories_become_dummies_and_blanks_a_level() -> None:
    assert model_columns(c=("category", ["b", "a", None, "c"])) == {
        "c=a": [0, 1, 0, 0], "c=b": [1, 0, 0, 0], "c=c": [0, 0, 0, 1],
    }  # fmt: skip


def test_a_blank_number_is_filled_with_the_mean_and_marked() -> None:
    made = model_columns(x=("number", [1.0, None, 5.0, 3.0]), yes=("yes_no", [True, None, False, True]))
    # Both are blank on the same row: one indicator serves both, since two could not be told apart.
    assert made == {
        "x": [1, 3, 5, 3], "x blank": [0, 1, 0, 0], "yes": [1, pytest.approx(2 / 3), 0, 1],
    }  # fmt: skip


def test_a_number_and_a_category_left_blank_together_need_one_indicator() -> None:
    x, c = ("number", [1.0, None, 5.0, 3.0, None, 2.0]), ("category", ["a", None, "b", "a", None, "b"])
    assert list(model_columns(x=x, c=c)) == ["x", "c=a", "c=b"]


def test_a_column_that_is_the_same_for_all_or_blank_for_all_is_no_column() -> None:
    assert model_columns(x=("number", [4.0] * 3), y=("number", [None] * 3), z=("category", ["a"] * 3)) == {}


def test_levels_are_those_of_the_two_arms_and_of_blocks_that_inform_them() -> None:
    made = rows(
        [0, 1, 0, 1, 1, 0, 1], ["plan", "usual", "plan", "usual", "plan", "other", "usual"],
        block=[0, 0, 0, 0, 1, 0, 0],
        columns={"c": ("category", ["a", "b", "b", "a", "only in a block of one arm", "only in another arm", "a"])},
    )  # fmt: skip
    found = pair_of(made, "plan", "usual", ["c"])
    assert found.names == ("c=b",)


@pytest.mark.parametrize(
    ("arms", "block", "said"),
    [
        (["plan", "usual", "plan", "usual"], [0, 0, 0, 0], "2 of 2 units have rows in both arms"),
        (["plan", "plan", "usual", "usual"], [0, 1, 0, 0], "1 of 2 units have rows in several blocks"),
    ],
)
def test_a_unit_is_in_one_arm_and_one_block(arms: list[str], block: list[int], said: str) -> None:
    made = rows([0, 1, 0, 1], arms, unit=[4, 4, 9, 9], block=block)
    with pytest.raises(EstimationRefused, match=said):
        pair_of(made, "plan", "usual")


def families(*sizes: int, people: int = 1) -> list[Unit]:
    """Units in blocks of these sizes."""
    return [
        Unit(f"{b}-{i}", tuple(Person(f"{b}-{i}-{k}", f"{b}-{i}", 1, {}, "en", ()) for k in range(people)), (str(b),))
        for b, size in enumerate(sizes) for i in range(size)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("sizes", "ratio", "people", "estimator", "vcov"),
    [
        ((40, 12, 4), (1, 1), 1, "block_weighted", "HC2"),
        ((40, 12, 4), (1, 1), 2, "block_weighted", "CR2"),
        ((40, 12, 3), (1, 1), 1, "fixed_effects", "HC2"),
        ((2, 2, 2), (1, 1), 1, "paired", "paired"),
        ((3, 3, 3), (1, 1), 1, "fixed_effects", "HC2"),
        ((40, 12, 2), (1, 1), 1, "fixed_effects", "HC2"),
        ((40, 12, 1), (1, 1), 1, "block_weighted", "HC2"),
        ((40, 12, 5), (3, 1), 1, "fixed_effects", "HC2"),
        ((40, 12, 8), (3, 1), 1, "block_weighted", "HC2"),
        ((40,), (1, 1), 1, "difference_in_means", "HC2"),
    ],
)
def test_the_lock_foresees_what_every_draw_will_allow(
    sizes: tuple[int, ...], ratio: tuple[int, ...], people: int, estimator: str, vcov: str
) -> None:
    made = trial(randomise={"method": "blocked", "blocks": ["area"]}, allocation=None)
    law = Law("made-up", "blocked", ("usual", "plan"), ratio, ("area",))
    found = foreseen_choices(made, law, families(*sizes, people=people), BLOCKED)
    assert {name: (choice.estimator, choice.vcov) for name, choice in found.items()} == {
        "plan - usual": (estimator, vcov)
    }


def test_pairs_in_a_block_of_three_arms_are_foreseen() -> None:
    arms = {"usual": {"control": True}, "a": {}, "b": {}}
    made = trial(randomise={"method": "blocked", "blocks": ["area"]}, allocation=None, arms=arms)
    law = Law("made-up", "blocked", ("usual", "a", "b"), (1, 1, 1), ("area",))
    found = foreseen_choices(made, law, families(*[3] * 8), BLOCKED)
    assert {choice.estimator for choice in found.values()} == {"paired"}
