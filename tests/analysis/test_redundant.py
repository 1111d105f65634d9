"""Covariates that say nothing new are left out by name and change no number; what absorbs the arm is refused."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.regression.linear_model import OLS

from nudge.analysis.comparison import Pair
from nudge.analysis.inference import answer
from nudge.trial.records.analysis import Design, Floats
from tests.analysis.builders import BLOCKED, CLUSTER, COMPLETE, pair

N = 120
RNG = np.random.default_rng(20)
TREATED = RNG.permutation(np.repeat([0, 1], N // 2))
AGE, SIZE = RNG.normal(size=N), RNG.normal(size=N)
Y = AGE + 0.3 * TREATED + RNG.normal(size=N)
HALF = np.repeat([0, 1], N // 2)


def made(block: np.ndarray | None = None, y: Floats = Y, **covariates: Floats) -> Pair:
    """A comparison; `hub__north` names the column hub=north."""
    columns = {name.replace("__", "="): values.tolist() for name, values in covariates.items()}
    return pair(y.tolist(), TREATED.tolist(), covariates=columns, block=None if block is None else block.tolist())


@pytest.mark.parametrize("named", [None, "logit"])
def test_a_covariate_given_twice_is_left_out_by_name_and_changes_no_number(named: str | None) -> None:
    y = (Y > 0).astype(float) if named else Y
    once, twice = (
        answer(one, COMPLETE, binary=named is not None, average="person", named=named)
        for one in (made(y=y, age=AGE, size=SIZE), made(y=y, age=AGE, size=SIZE, months=12 * AGE + 1))
    )
    assert twice.choice.left_out == ("months",)
    assert once.std_error is not None
    assert (twice.estimate, twice.std_error) == pytest.approx((once.estimate, once.std_error), rel=1e-8)
    assert twice.note.startswith("months says nothing that blocks and other covariates do not, so it is left out")


def test_a_covariate_that_blocks_settle_is_left_out_by_name() -> None:
    plain, settled = (
        answer(one, BLOCKED, binary=False, average="person")
        for one in (made(HALF, age=AGE), made(HALF, area__south=HALF.astype(float), age=AGE))
    )
    assert settled.choice.left_out == ("area=south",)
    assert settled.note.startswith("area says nothing that blocks")
    assert plain.std_error is not None
    assert (settled.estimate, settled.std_error) == pytest.approx((plain.estimate, plain.std_error), rel=1e-9)


def test_one_level_that_others_settle_is_named_with_its_column() -> None:
    hub = np.arange(N) % 4
    columns = {f"hub__{i}": (hub == i).astype(float) for i in (1, 2, 3)}
    found = answer(made(even=(hub % 2 == 0).astype(float), **columns), COMPLETE, binary=False, average="person")
    assert found.choice.left_out == ("hub=3",)
    assert found.note.startswith("hub=3 says nothing")


def rare(*, both: bool) -> Floats:
    """A level of three in the arm, and with `both` one in the control, who then stands alone there."""
    here = np.zeros(N)
    here[np.flatnonzero(TREATED)[:3]] = 1.0
    here[np.flatnonzero(TREATED == 0)[: int(both)]] = 1.0
    return here


@pytest.mark.parametrize(("both", "why"), [(False, "arm × hub=rare cannot be told apart"), (True, "one unit alone")])
def test_a_rare_level_stands_beside_the_arm_and_is_not_crossed_with_it(why: str, *, both: bool) -> None:
    """By hand: least squares on the arm and the covariates (HC2 from statsmodels)."""
    level = rare(both=both)
    found = answer(made(age=AGE, hub__rare=level), COMPLETE, binary=False, average="person")
    by_hand = OLS(Y, np.column_stack([np.ones(N), TREATED, AGE, level])).fit(cov_type="HC2")
    assert found.choice.adjustment == "additive"
    assert f"covariates stand beside the arm and not crossed with it, since {why}" in found.note
    assert (found.estimate, found.std_error) == pytest.approx((by_hand.params[1], by_hand.bse[1]), rel=1e-9)


@pytest.mark.parametrize(("design", "average"), [(COMPLETE, "person"), (CLUSTER, "cluster")])
def test_a_covariate_that_is_the_arm_itself_gives_no_interval(design: Design, average: str) -> None:
    sites = np.arange(N) // 2
    by_site = np.repeat(TREATED[: N // 2], 2)
    rows = pair(Y.tolist(), by_site.tolist(), unit=sites.tolist(), covariates={"copy": by_site.astype(float).tolist()})
    found = answer(rows, design, binary=False, average=average)
    assert (found.std_error, found.choice.adjustment) == (None, "none")
    assert "copy" in found.note
    assert "cannot be told apart" in found.note
    assert found.p_value is not None
