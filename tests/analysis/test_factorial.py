"""Main effects are averages over the other factors: against statsmodels' cell means and R's published cells."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import statsmodels.api as sm

from nudge.analysis.factorial import arm_means, factor_effects
from nudge.analysis.sandwich import clustered
from nudge.trial.records.analysis import AnalysisRows, Estimate
from tests.analysis.builders import BLOCKED, CLUSTER, COMPLETE, outcome, results, rows, trial
from tests.reference.routes import rows_of

TWO_BY_TWO = {
    "neither": {"text": "no", "letter": "no"}, "text": {"text": "yes", "letter": "no"},
    "letter": {"text": "no", "letter": "yes"}, "both": {"text": "yes", "letter": "yes"},
}  # fmt: skip
ARMS: dict[str, Any] = {
    name: {"levels": levels} | ({"control": True} if name == "neither" else {}) for name, levels in TWO_BY_TWO.items()
}


def made_up(sizes: tuple[int, ...] = (40, 60, 50, 90), blocks: int = 1) -> AnalysisRows:
    rng = np.random.default_rng(3)
    arm = np.repeat(list(TWO_BY_TWO), sizes)
    block = np.arange(arm.size) % blocks
    mean = dict(zip(TWO_BY_TWO, (0.0, 1.0, 0.5, 2.5), strict=True))
    y = np.array([mean[one] for one in arm]) + rng.normal(size=arm.size) + block
    return rows(y.tolist(), arm.tolist(), block=block.tolist())


def lines(made: AnalysisRows, design: Any = COMPLETE, arms: dict[str, Any] = ARMS) -> list[Estimate]:
    described = trial(arms=arms, outcomes={"came": outcome(kind="continuous", worthwhile="1 point", unit="points")})
    return [one for one in results(described, {"came": made}, design).estimates if one.role == "factor"]


def test_a_main_effect_is_the_mean_of_the_simple_effects() -> None:
    """HC2 of the cell means' contrast, as statsmodels gives it; cells of unequal size count the same."""
    made = made_up()
    x = np.column_stack([made.arm.is_(name) for name in TWO_BY_TWO]).astype(float)
    theirs = sm.OLS(made.outcome, x).fit(cov_type="HC2")
    contrast = np.array([-0.5, 0.5, -0.5, 0.5])
    text, letter = lines(made)
    assert (text.arm, text.control) == ("text: yes", "text: no")
    assert text.estimate == pytest.approx(float(contrast @ theirs.params), rel=1e-9)
    assert text.std_error == pytest.approx(float(np.sqrt(contrast @ theirs.cov_params() @ contrast)), rel=1e-9)
    assert (text.n_arm, text.n_control) == (150, 90)
    assert letter.arm == "letter: yes"
    assert {one.family for one in (text, letter)} == {"factors"}
    assert all(one.p_adjusted is not None and one.verdict is None for one in (text, letter))


def test_blocks_are_compared_within() -> None:
    """Every arm's mean adjusted to the same mixture of blocks."""
    made = made_up((40, 60, 50, 90), blocks=2)
    share = np.bincount(made.block) / made.block.size
    means = {
        name: sum(share[b] * made.outcome[made.arm.is_(name) & (made.block == b)].mean() for b in (0, 1))
        for name in TWO_BY_TWO
    }
    text = lines(made, BLOCKED)[0]
    by_hand = (means["text"] - means["neither"] + means["both"] - means["letter"]) / 2
    assert text.estimate == pytest.approx(by_hand, rel=1e-9)


def test_sites_take_cr2() -> None:
    made = made_up((48, 48, 48, 48))
    made = replace(made, unit=np.arange(192) // 6)
    text = lines(made, CLUSTER)[0]
    assert text.vcov == "CR2"
    assert text.n_clusters == 32
    assert (text.df or 0) < 30


@pytest.mark.parametrize(
    "levels",
    [
        {"a": {"text": "no"}, "b": {"text": "yes"}},
        {name: of for name, of in TWO_BY_TWO.items() if name != "both"},
        {**TWO_BY_TWO, "both": {"text": "yes"}},
        {**TWO_BY_TWO, "again": {"text": "yes", "letter": "yes"}},
    ],
    ids=["one factor", "a combination without an arm", "an arm without a factor", "two arms alike"],
)
def test_what_is_no_complete_factorial_has_no_main_effects(levels: dict[str, dict[str, str]]) -> None:
    assert factor_effects(levels) == []


def test_three_levels_weigh_to_nothing() -> None:
    levels = {f"{a}{b}": {"size": a, "ask": b} for a in "123" for b in "xy"}
    effects = factor_effects(levels)
    assert [(one.factor, one.level, one.against) for one in effects] == [
        ("size", "2", "1"), ("size", "3", "1"), ("ask", "y", "x"),
    ]  # fmt: skip
    for effect in effects:
        assert sum(effect.weights.values()) == pytest.approx(0)
        assert sum(weight for weight in effect.weights.values() if weight > 0) == pytest.approx(1)


@pytest.mark.needs("reference data")
def test_cells_and_their_main_effects_as_in_r(
    reference: Callable[[str], dict[str, dict[str, Any]]], reference_folder: Path
) -> None:
    """social_insure: R's table of cells, and its CR2 coefficients: main = simple effect + half the interaction."""
    expected, table = reference("social_insure"), rows_of(reference_folder, "social_insure")
    default, intensive = table.numbers("default_buy"), table.numbers("intensive_session")
    names = [f"{int(a)}{int(b)}" for a, b in zip(default, intensive, strict=True)]
    villages = table.codes("natural_village", np.zeros(0, dtype=np.int64))
    made = rows(table.numbers("takeup").tolist(), names, unit=villages.tolist())
    model, unit = arm_means(made, ["00", "01", "10", "11"])
    for cell in expected["cells"]["table"]:
        name = f"{cell['default_buy']}{cell['intensive_session']}"
        assert model.estimate(model.contrast(name)) == pytest.approx(cell["mean"], rel=1e-9)
        here = made.arm.is_(name)
        assert (here.sum(), np.unique(made.unit[here]).size) == (cell["n"], cell["villages"])
    simple = model.contrast("10") - model.contrast("00")
    found = clustered(model, unit, simple)
    entry = expected["factorial.CR2.default_buy"]
    assert (found.std_error, found.df) == pytest.approx((entry["std_error"], entry["df"]), rel=1e-9)
    (effect,) = [
        one for one in factor_effects({n: {"default": n[0], "intensive": n[1]} for n in ("00", "01", "10", "11")})
        if one.factor == "default"
    ]  # fmt: skip
    main = sum(weight * model.estimate(model.contrast(arm)) for arm, weight in effect.weights.items())
    half = expected["factorial.CR2.default_buy:intensive_session"]["estimate"] / 2
    assert main == pytest.approx(entry["estimate"] + half, rel=1e-9)


def test_every_line_says_what_it_averages_over() -> None:
    described = trial(
        arms=ARMS, analysis={"comparisons": ["text - neither", "both - letter", "both - neither"]},
        outcomes={"came": outcome(kind="continuous", worthwhile="1 point", unit="points")},
    )  # fmt: skip
    found = [one for one in results(described, {"came": made_up()}, COMPLETE).estimates if one.label != "sensitivity"]
    notes = {(one.arm, one.control): one.note for one in found}
    assert notes["text", "neither"] == (
        "simple effect of text: yes against no only where letter is no; its main effect averages over the other levels "
        "too"
    )
    assert "only where letter is yes" in notes["both", "letter"]
    assert notes["both", "neither"].startswith("text and letter differ at once between these arms: their joint effect")
    assert notes["text: yes", "text: no"] == (
        "main effect, averaged over letter (no and yes), every combination counting the same; it holds for none of "
        "them alone"
    )


def test_a_trial_of_single_arms_says_nothing_of_averages() -> None:
    (line,) = [one for one in results(trial(), {"came": rows([0, 1, 1, 0] * 9, ["plan", "usual"] * 18)}).estimates
               if one.role == "primary" and one.label != "sensitivity"]  # fmt: skip
    assert "effect" not in line.note


def test_answers_in_an_order_have_no_main_effects_and_say_so() -> None:
    described = trial(arms=ARMS, outcomes={"came": outcome(kind="ordinal")})
    found = results(described, {"came": made_up()}, COMPLETE)
    assert [one.what for one in found.remarks] == ["main effects"]
