"""Estimators a file names or a kind of outcome needs: what they give, what they refuse, what stands beside them."""

from __future__ import annotations

from dataclasses import replace
from math import exp, log
from typing import Any

import numpy as np
import pytest

from nudge.analysis.comparison import Pair
from nudge.analysis.estimators import estimator
from nudge.analysis.inference import answer
from nudge.analysis.named import named, named_names
from nudge.analysis.verdict import equivalence_verdict, margin_verdict, p_beyond
from nudge.trial.records.analysis import AnalysisRows, Design, Estimate
from tests.analysis.builders import BLOCKED, CLUSTER, COMPLETE, SHAPES, made_up, outcome, pair, results, rows, trial

KINDS = {
    "logit": "binary", "rate_ratio": "count", "rate_difference": "count", "negative_binomial": "count",
    "survival": "time_to_event", "cox": "time_to_event", "ordinal": "ordinal",
}  # fmt: skip
MODELS = ("logit", "rate_ratio", "rate_difference", "negative_binomial")


def of_kind(kind: str, shape: str = "individuals", seed: int = 3) -> Pair:
    """A made-up comparison whose outcome is of a kind."""
    latent = made_up(SHAPES[shape], seed)
    rng = np.random.default_rng(seed)
    y = latent.y
    if kind == "binary":
        return replace(latent, y=(y > 0.3).astype(float))
    if kind == "count":
        return replace(latent, y=rng.poisson(np.exp(np.clip(y, -3, 2)) * rng.gamma(1, 1, y.size)).astype(float))
    if kind == "ordinal":
        return replace(latent, y=np.digitize(y, [-0.5, 0.4, 1.0]).astype(float))
    time, followed = np.ceil(rng.exponential(20 * np.exp(-y))), rng.integers(15, 57, y.size).astype(float)
    return replace(latent, y=np.minimum(time, followed), event=(time <= followed).astype(float))


def found(made: Pair, name: str, design: Design = COMPLETE) -> Any:
    return answer(made, design, binary=KINDS[name] == "binary", average="person", named=name)


@pytest.mark.parametrize("name", KINDS)
class TestEveryNamedEstimator:
    def test_turning_the_arms_round_turns_the_sign(self, name: str) -> None:
        made = of_kind(KINDS[name])
        one, other = found(made, name), found(replace(made, treated=~made.treated), name)
        assert other.estimate == pytest.approx(-one.estimate, rel=1e-6)
        assert other.std_error == pytest.approx(one.std_error, rel=1e-6)

    def test_row_order_and_codes_do_not_matter(self, name: str) -> None:
        made = of_kind(KINDS[name], "households")
        order = np.random.default_rng(7).permutation(made.y.size)
        moved = made.only(order)
        turned = replace(moved, unit=made.unit.max() - moved.unit)
        one, other = found(made, name), found(turned, name)
        assert other.estimate == pytest.approx(one.estimate, rel=1e-7)
        assert other.std_error == pytest.approx(one.std_error, rel=1e-7)
        assert other.df == pytest.approx(one.df, rel=1e-6)

    def test_blocks_and_covariates_are_taken(self, name: str) -> None:
        made = of_kind(KINDS[name], "blocks with covariates")
        one = found(made, name, BLOCKED)
        assert one.std_error is not None, one.note
        assert one.choice.estimator == name

    def test_it_says_what_it_takes(self, name: str) -> None:
        assert name in named_names()
        assert KINDS[name] in named(name).KINDS


@pytest.mark.parametrize("name", ["logit", "rate_difference"])
def test_without_covariates_a_difference_of_expectations_is_the_difference_in_means(name: str) -> None:
    """Also its HC2 and CR2: the model's last step is saturated."""
    for shape, design in (("individuals", COMPLETE), ("sites", CLUSTER)):
        made = of_kind(KINDS[name], shape)
        one, plain = found(made, name, design), answer(made, design, binary=False, average="person")
        assert one.estimate == pytest.approx(plain.estimate, rel=1e-9)
        assert one.std_error == pytest.approx(plain.std_error, rel=1e-9)
        assert one.vcov == plain.vcov


def test_a_ratio_of_rates_is_that_of_events_over_exposure() -> None:
    made = replace(of_kind("count"), exposure=np.random.default_rng(1).uniform(0.5, 4, 60))
    assert made.exposure is not None
    rates = [made.y[side].sum() / made.exposure[side].sum() for side in (made.treated, ~made.treated)]
    one = found(made, "rate_ratio")
    assert one.estimate == pytest.approx(log(rates[0] / rates[1]), rel=1e-9)
    assert one.means == pytest.approx(tuple(rates))
    assert found(made, "rate_difference").estimate == pytest.approx(rates[0] - rates[1], rel=1e-9)


def test_a_ratio_does_not_change_with_the_unit_of_exposure() -> None:
    made = replace(of_kind("count"), exposure=np.random.default_rng(1).uniform(0.5, 4, 60))
    days = replace(made, exposure=np.asarray(made.exposure) * 365)
    for name in ("rate_ratio", "negative_binomial"):
        assert found(days, name).estimate == pytest.approx(found(made, name).estimate, rel=1e-6)
        assert found(days, name).std_error == pytest.approx(found(made, name).std_error, rel=1e-6)


def test_an_order_is_all_that_counts() -> None:
    made = of_kind("ordinal")
    assert found(replace(made, y=np.exp(made.y)), "ordinal") == found(made, "ordinal")


def test_without_anyone_lost_a_mean_time_is_a_mean() -> None:
    made = of_kind("time_to_event")
    known = replace(made, event=np.ones(made.y.size))
    assert known.y[known.treated].max() != known.y[~known.treated].max()
    one, plain = found(known, "survival"), answer(known, COMPLETE, binary=False, average="person")
    assert (one.estimate, one.std_error, one.df) == pytest.approx((plain.estimate, plain.std_error, plain.df), rel=1e-9)


def test_pairs_take_values_per_row_and_no_models() -> None:
    made = of_kind("ordinal", "pairs")
    one = found(made, "ordinal", BLOCKED)
    assert (one.vcov, one.df) == ("paired", 14)
    two = of_kind("binary", "pairs")
    refused = found(replace(two, y=np.arange(two.y.size) % 3 / 2), "rate_ratio", BLOCKED)
    assert np.isnan(refused.estimate)
    assert "a column for every block cannot be fitted here: every block is a pair" in refused.note


def test_separation_never_returns_a_number() -> None:
    """No one with x = 0 had the event, so its coefficient runs away; R warns and prints one."""
    x = [0] * 50 + [1] * 70
    y = [0] * 50 + [1, 1, 0, 1, 0, 1, 1] * 10
    made = pair(y, [1, 0] * 60, covariates={"x": x})
    one = answer(made, COMPLETE, binary=True, average="person", named="logit")
    assert np.isnan(one.estimate)
    assert (one.std_error, one.df, one.interval(0.95)) == (None, None, None)
    assert one.p_value is not None
    assert one.note.startswith("no estimate by logit: the logit model does not converge: some group has no events")
    without = answer(replace(made, covariates={}), COMPLETE, binary=True,
                     average="person", named="logit")  # fmt: skip
    assert np.isfinite(without.estimate)


def test_an_arm_without_events_has_a_score_interval_by_logit_and_no_ratio() -> None:
    made = pair([1] * 6 + [0] * 24 + [0] * 30, [1] * 30 + [0] * 30)
    one = found(made, "logit")
    assert (one.vcov, one.std_error) == ("score", None)
    two = answer(made, COMPLETE, binary=True, average="person", named="rate_ratio")
    assert np.isnan(two.estimate)
    assert "one arm has no event (6 and 0), so there is no ratio" in two.note
    assert two.p_value == pytest.approx(0.0237, abs=3e-3)  # Fisher's exact test of 6 of 30 and 0 of 30
    assert two.interval(0.95) is None


@pytest.mark.parametrize(
    ("name", "change", "why"),
    [
        ("rate_ratio", {"y": -1.0}, "some counts are below 0"),
        ("rate_ratio", {"exposure": 0.0}, "1 rows have no exposure above 0"),
        ("rate_ratio", {"exposure": np.nan}, "1 rows have no exposure above 0"),
        ("negative_binomial", {"y": 0.5}, "some counts are not whole numbers"),
        ("survival", {"y": -1.0}, "some times are below 0"),
    ],
)
def test_what_cannot_be_is_refused_by_name(name: str, change: dict[str, float], why: str) -> None:
    made = of_kind(KINDS[name])
    if "exposure" in change:
        made = replace(made, exposure=np.ones(made.y.size))
    for key, value in change.items():
        getattr(made, key)[0] = value
    one = found(made, name)
    assert np.isnan(one.estimate)
    assert why in one.note


def test_counts_that_vary_no_more_than_poisson_s_have_no_dispersion() -> None:
    made = pair([1, 2] * 40, [1, 1, 0, 0] * 20)
    assert "finds no dispersion" in found(made, "negative_binomial").note


def test_an_arm_to_whom_it_never_happened_has_no_curve_to_compare() -> None:
    made = of_kind("time_to_event")
    none = replace(made, event=np.where(made.treated, np.asarray(made.event), 0.0))
    one = found(none, "survival")
    assert np.isnan(one.estimate)
    assert "one arm has no event" in one.note
    assert one.p_value is not None
    assert one.p_value < 0.01


def test_few_clusters_leave_a_p_value_from_the_draw_alone() -> None:
    made = of_kind("time_to_event", "sites")
    chosen = [np.unique(made.unit[made.treated == side])[:2] for side in (True, False)]
    four = made.only(np.isin(made.unit, np.concatenate(chosen)))
    one = found(four, "survival", CLUSTER)
    assert np.isnan(one.estimate)
    assert "degrees of freedom are left; p from the difference in means over all 6 draws" in one.note
    assert (one.p_value or 0) * 6 == pytest.approx(round((one.p_value or 0) * 6))
    two = found(made, "cox", CLUSTER)
    assert "a ratio of hazards needs 30 clusters for its error, and there are 24" in two.note
    assert two.p_value is not None


def days(n: int = 40) -> AnalysisRows:
    made = of_kind("time_to_event")
    given = rows(made.y.tolist(), np.where(made.treated, "plan", "usual").tolist())
    return replace(given, event=made.event)


class TestLines:
    def test_times_take_mean_times_with_a_ratio_of_hazards_beside_and_nothing_of_means(self) -> None:
        timed = outcome(kind="time_to_event", better="lower", worthwhile="2 days")
        lines = results(trial(outcomes={"came": timed}), {"came": days()}).estimates
        assert [(one.estimator, one.scale, one.label) for one in lines] == [
            ("survival", "mean", "prespecified"), ("cox", "log_ratio", "sensitivity"),
        ]  # fmt: skip
        sooner, hazard = (one.estimate or 0 for one in lines)
        assert lines[0].mean_arm is not None
        assert lines[0].mean_control is not None
        assert sooner == pytest.approx(lines[0].mean_control - lines[0].mean_arm)
        assert (sooner > 0) == (hazard > 0)  # sooner is better, and so is a higher hazard

    def test_curves_are_kept_for_the_report(self) -> None:
        timed = outcome(kind="time_to_event", better="lower", worthwhile="2 days")
        curves = results(trial(outcomes={"came": timed}), {"came": days()}).curves
        assert [one.arm for one in curves] == ["usual", "plan"]
        assert all(one.at_risk[0] == one.n and one.had_at[0] == 0 for one in curves)
        assert all(list(one.had) == sorted(one.had) for one in curves)

    def test_answers_in_an_order_take_the_chance_of_doing_better(self) -> None:
        made = of_kind("ordinal")
        lines = results(
            trial(outcomes={"came": outcome(kind="ordinal")}),
            {"came": rows(made.y.tolist(), np.where(made.treated, "plan", "usual").tolist())},
        ).estimates  # fmt: skip
        assert [one.estimator for one in lines] == ["ordinal"]
        assert lines[0].verdict is not None

    def test_a_count_takes_what_the_draw_allows_unless_a_rate_is_named(self) -> None:
        made = of_kind("count")
        given = {"came": rows(made.y.tolist(), np.where(made.treated, "plan", "usual").tolist())}
        plain = outcome(kind="count", unit="visits", worthwhile="1 visits")
        assert results(trial(outcomes={"came": plain}), given).estimates[0].estimator == "difference_in_means"
        ratio = plain | {"estimator": "rate_ratio", "worthwhile": "1.2 times"}
        lines = results(trial(outcomes={"came": ratio}), given).estimates
        assert [(one.estimator, one.scale) for one in lines[:2]] == [
            ("rate_ratio", "log_ratio"), ("rate_difference", "mean"),
        ]  # fmt: skip
        assert exp(lines[0].estimate or 0) == pytest.approx((lines[0].mean_arm or 0) / (lines[0].mean_control or 1))

    def test_worthwhile_of_a_ratio_is_held_to_its_logarithm(self) -> None:
        y = [3] * 40 + [4] * 40 + [2] * 40 + [3] * 40
        ratio = outcome(kind="count", unit="visits", estimator="rate_ratio", worthwhile="1.2 times")
        (line, _) = results(
            trial(outcomes={"came": ratio}), {"came": rows(y, ["plan"] * 80 + ["usual"] * 80)}
        ).estimates  # fmt: skip
        assert line.estimate == pytest.approx(log(3.5 / 2.5))
        assert line.conf_low is not None
        assert line.conf_low > log(1.2)
        assert line.verdict == "firmly worthwhile"


class TestMargins:
    def given(self, **changes: Any) -> Estimate:
        said = outcome(margin="10 points") | changes
        y = [1] * 60 + [0] * 40 + [1] * 58 + [0] * 42
        return results(trial(outcomes={"came": said}), {"came": rows(y, ["plan"] * 100 + ["usual"] * 100)}).estimates[0]

    def test_no_worse_needs_the_interval_above_the_margin(self) -> None:
        undecided = self.given(hypothesis="non_inferiority")
        assert undecided.verdict == "undecided"
        assert undecided.p_margin == pytest.approx(0.0435, abs=1e-3)  # by hand: t = (.02 + .1) / .0700
        wide = self.given(hypothesis="non_inferiority", margin="15 points")
        assert (wide.verdict, (wide.p_margin or 1) < 0.025) == ("no worse", True)

    def test_equivalence_needs_both_sides(self) -> None:
        assert self.given(hypothesis="equivalence", margin="15 points").verdict == "undecided"
        assert self.given(hypothesis="equivalence", margin="20 points").verdict == "equivalent"

    def test_a_margin_beside_superiority_leaves_the_verdict_and_gives_the_test(self) -> None:
        line = self.given()
        assert line.verdict == "undecided"
        assert line.p_margin is not None

    @pytest.mark.parametrize(
        ("low", "high", "no_worse", "equal"),
        [
            (-0.5, 0.5, "no worse", "equivalent"), (-1.5, 0.5, "undecided", "undecided"),
            (-3, -1.1, "worse by more than the margin", "not equivalent"), (1.1, 3, "no worse", "not equivalent"),
            (0.5, 3, "no worse", "undecided"), (-0.9, -0.1, "no worse", "equivalent"),
        ],
    )  # fmt: skip
    def test_by_the_interval(self, low: float, high: float, no_worse: str, equal: str) -> None:
        assert margin_verdict(low, high, 1.0) == no_worse
        assert equivalence_verdict(low, high, 1.0) == equal

    def test_two_one_sided_tests_as_statsmodels_has_them(self) -> None:
        """The larger p of `ttost_ind` with equal variances, and the interval says the same at twice the level."""
        from statsmodels.stats.weightstats import ttost_ind

        rng = np.random.default_rng(4)
        one, other = rng.normal(0.1, 1, 40), rng.normal(0, 1, 40)
        p, (_, p_low, _), _ = ttost_ind(one, other, -0.5, 0.5)
        error = float(np.sqrt((one.var(ddof=1) + other.var(ddof=1)) / 40))
        gap = float(one.mean() - other.mean())
        assert p_beyond(gap, error, 78, 0.5, both=True) == pytest.approx(p, rel=1e-9)
        assert p_beyond(gap, error, 78, 0.5, both=False) == pytest.approx(p_low, rel=1e-9)


def test_every_named_estimator_offers_scores_that_do_not_hang_on_the_arms() -> None:
    for name, kind in KINDS.items():
        made = of_kind(kind)
        assert named(name).scores(made) == pytest.approx(named(name).scores(replace(made, treated=~made.treated)))
        assert estimator(name).ESTIMAND.startswith("average effect")
