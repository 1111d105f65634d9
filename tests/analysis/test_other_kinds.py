"""What stands beside a verdict where the outcome is no mean: answers in an order, times, counts, a logistic model."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.stats import mannwhitneyu

from nudge.analysis.analyse import Analysed
from nudge.analysis.comparison import pair_of
from nudge.analysis.imputation import completed
from nudge.analysis.in_view import matured
from nudge.analysis.subgroups import Levels, interaction
from nudge.trial.records.analysis import AnalysisRows, Estimate
from nudge.trial.records.columns import Coded
from tests.analysis.builders import CLUSTER, COMPLETE, outcome, results, rows, trial

KINDS: dict[str, dict[str, Any]] = {
    "ordinal": {"kind": "ordinal", "worthwhile": "5 points"},
    "survival": {"kind": "time_to_event", "better": "lower", "worthwhile": "2 days"},
    "cox": {"kind": "time_to_event", "better": "lower", "worthwhile": "1.2 times", "estimator": "cox"},
    "rate_ratio": {"kind": "count", "worthwhile": "1.2 times", "estimator": "rate_ratio"},
    "negative_binomial": {"kind": "count", "worthwhile": "1.2 times", "estimator": "negative_binomial"},
    "logit": {"kind": "binary", "estimator": "logit"},
}
PLAN = {"covariates": ["x"], "subgroups": ["area"], "imputations": 5, "multiplicity": "none"}
LAST = 60.0


def made(name: str, *, seed: int = 3, n: int = 400, effect: float = 0.6, missing: bool = True) -> AnalysisRows:
    """Half in either arm; those with a high x do better and are known less often."""
    rng = np.random.default_rng(seed)
    x, arm = rng.integers(0, 2, n), np.arange(n) % 2
    push = effect * arm + 0.8 * x
    draws = {
        "ordinal": np.searchsorted([-0.5, 0.5, 1.5], push + rng.logistic(size=n)) + 1.0,
        "time": np.ceil(rng.exponential(40 * np.exp(-push))),
        "count": rng.negative_binomial(1.5, 1.5 / (1.5 + np.exp(push))).astype(float),
        "binary": (rng.random(n) < 1 / (1 + np.exp(0.4 - push))).astype(float),
    }  # fmt: skip
    kind = {"survival": "time", "cox": "time", "ordinal": "ordinal", "logit": "binary"}.get(name, "count")
    y = draws[kind]
    known = (rng.random(n) < np.where((x == 1) & (arm == 1), 0.5, 0.95)) | (not missing)
    found = rows(
        np.where(known, np.minimum(y, LAST) if kind == "time" else y, np.nan).tolist(),
        np.where(arm == 1, "plan", "usual").tolist(),
        columns={"x": ("number", x.tolist()), "area": ("category", [f"a{i}" for i in rng.integers(0, 2, n)])},
    )  # fmt: skip
    return replace(found, event=np.where(known, y <= LAST, np.nan)) if kind == "time" else found


def analysed(name: str, of: AnalysisRows, **analysis: Any) -> Analysed:
    described = trial(
        population={"columns": {"x": "number", "area": "category"}}, analysis=PLAN | analysis,
        outcomes={"came": outcome(**KINDS[name])},
    )  # fmt: skip
    return results(described, {"came": of}, COMPLETE)


def with_note(found: Analysed, note: str) -> Estimate:
    return next(one for one in found.estimates if one.note.startswith(note))


def unsaid(found: Analysed) -> dict[str, str]:
    return {one.what: one.why for one in found.remarks}


@pytest.mark.parametrize("name", KINDS)
def test_every_line_is_there_or_a_sentence_says_why_not(name: str) -> None:
    found = analysed(name, made(name), sensitivity=[{"fixed_effects": "area"}, {"covariates": [], "because": "bare"}])
    lines = {
        "worst and best case of missing outcomes": "worst case", "weights by the chance of an outcome": "weighted by",
        "imputation of missing outcomes": "missing outcomes filled", "Lee's bounds": "Lee's lower",
        "area effects": "with area effects",
    }  # fmt: skip
    notes = [one.note for one in found.estimates]
    for what, note in lines.items():
        assert any(one.startswith(note) for one in notes) != (what in unsaid(found)), what
    assert with_note(found, "bare").estimate is not None
    assert len([one for one in found.estimates if one.role == "subgroup"]) == 2


@pytest.mark.parametrize("name", KINDS)
def test_lines_beside_are_of_the_plan_s_own_scale_and_set_no_verdict(name: str) -> None:
    found = analysed(name, made(name))
    (planned,) = [one for one in found.estimates if one.label == "prespecified" and one.level is None]
    beside = [one for one in found.estimates if one is not planned and "beside the plan" not in one.note]
    assert {one.scale for one in beside} == {planned.scale}
    assert {one.verdict for one in beside} == {None}
    worst, best = (
        [one.estimate or 0 for one in beside if one.note.startswith(case)] for case in ("worst case", "best case")
    )
    if worst:
        assert worst[0] < (planned.estimate or 0) < best[0]


@pytest.mark.parametrize("name", ["ordinal", "survival", "rate_ratio"])
def test_weights_take_back_what_the_complete_cases_mislead_by(name: str) -> None:
    """Against the same rows with nobody missing."""
    lost, whole = made(name, n=6000), made(name, n=6000, missing=False)
    truth = next(one for one in analysed(name, whole).estimates if one.note.startswith("without covariates"))
    weighted = with_note(found := analysed(name, lost, imputations=0), "weighted by the chance")
    complete = with_note(found, "without covariates")
    off, off_weighted = (abs((one.estimate or 0) - (truth.estimate or 0)) for one in (complete, weighted))
    assert off > 2 * (truth.std_error or 0) > off_weighted


def test_imputed_answers_and_counts_are_ones_that_somebody_gave() -> None:
    for name, kind in (("ordinal", "ordinal"), ("rate_ratio", "count")):
        of = made(name)
        known = set(of.outcome[~np.isnan(of.outcome)].tolist())
        for filled in completed(of, ("plan", "usual"), ("x",), 3, kind=kind):
            assert set(filled.tolist()) <= known
            assert np.array_equal(filled[~np.isnan(of.outcome)], of.outcome[~np.isnan(of.outcome)])


def test_a_level_of_answers_is_the_mann_whitney_of_its_rows() -> None:
    of = made("ordinal", missing=False)
    areas = of.covariates["area"]
    assert isinstance(areas, Coded)
    for one in analysed("ordinal", of).estimates:
        if one.role == "subgroup":
            here = areas.is_((one.level or "").removeprefix("area: "))
            arm, control = (of.outcome[here & of.arm.is_(name)] for name in ("plan", "usual"))
            chance = mannwhitneyu(arm, control).statistic / (arm.size * control.size)
            assert one.estimate == pytest.approx(chance - 0.5)


def test_the_worst_case_of_times_is_never_within_the_window_and_at_once_for_the_control() -> None:
    of = made("survival")
    worst = with_note(analysed("survival", of), "worst case")
    assert "(not within 60 days in it, at once in usual)" in worst.note
    missing, plan = np.isnan(of.outcome), of.arm.is_("plan")
    by_hand = replace(
        of, outcome=np.where(missing, np.where(plan, 60.0, 0.0), of.outcome),
        event=np.where(missing, np.where(plan, 0.0, 1.0), np.zeros(400) if of.event is None else of.event),
    )  # fmt: skip
    (same,) = [one for one in analysed("survival", by_hand, covariates=[]).estimates if one.label == "prespecified"
               and one.level is None]  # fmt: skip
    assert (worst.estimate, worst.std_error) == pytest.approx((same.estimate, same.std_error))


def test_levels_of_times_are_compared_over_the_same_days() -> None:
    of = made("survival", missing=False)
    area = of.covariates["area"]
    assert isinstance(area, Coded)
    first = area.is_("a0")
    short = replace(
        of, outcome=np.where(first, np.minimum(of.outcome, 20), of.outcome),
        event=np.where(first & (of.outcome > 20), 0.0, np.zeros(400) if of.event is None else of.event),
    )  # fmt: skip
    notes = [one.note for one in analysed("survival", short).estimates if one.role == "subgroup"]
    assert all("mean over the first 20 days" in note for note in notes)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ordinal", "survival", "rate_ratio"])
def test_a_like_effect_is_called_different_about_as_often_as_it_says(name: str) -> None:
    """400 trials of 240 families in two areas that are alike: p below 0.05 in 5 %, within three Monte Carlo errors."""
    said = 0
    for seed in range(400):
        of = made(name, seed=seed, n=240, missing=False)
        area = of.covariates["area"]
        assert isinstance(area, Coded)
        codes = area.is_("a1").astype(np.int64)
        levels = Levels(pair_of(of, "plan", "usual"), codes, ("a0", "a1"))
        said += interaction(levels, [0, 1], name).p_value <= 0.05
    assert abs(said / 400 - 0.05) < 3 * np.sqrt(0.05 * 0.95 / 400)


def test_few_clusters_are_told_of_people_only() -> None:
    of = made("ordinal", missing=False)
    sites = replace(of, unit=np.arange(400) // 40 * 2 + np.arange(400) % 2)
    described = trial(analysis={"multiplicity": "none"}, outcomes={"came": outcome(**KINDS["ordinal"])})
    found = results(described, {"came": sites}, CLUSTER)
    assert unsaid(found)["average over clusters"] == "ordinal is told of people, whatever cluster they are in"
    assert any("p from the difference in mean scores" in one.note for one in found.estimates)


@pytest.mark.parametrize("kind", ["count", "continuous"])
def test_an_outcome_without_ends_says_that_it_has_no_worst_case(kind: str) -> None:
    described = trial(outcomes={"came": outcome(kind=kind, worthwhile="1 call", unit="calls")})
    of = made("rate_ratio")
    found = results(described, {"came": of}, COMPLETE)
    assert "so the worst case has no end" in unsaid(found)["worst and best case of missing outcomes"]


class TestBeforeTheEnd:
    """At a look, outcomes that cannot have happened yet are not missing."""

    def waiting(self, share: float) -> AnalysisRows:
        of = made("logit", missing=False)
        wait = np.random.default_rng(4).random(400) < share
        return replace(of, outcome=np.where(wait, np.nan, of.outcome), waiting=wait)

    def test_open_windows_alone_give_no_bounds(self) -> None:
        found = analysed("logit", self.waiting(0.6))
        assert not [one for one in found.estimates if "case" in one.note or "chance of an outcome" in one.note]
        (why,) = [one.why for one in found.remarks if one.what == "missing outcomes"]
        closed = int((~(self.waiting(0.6).waiting)).sum())  # type: ignore[operator]
        assert f"only the {closed} of 400 people whose window has closed are counted" in why

    def test_what_is_missing_among_the_closed_is_bounded_as_if_the_others_did_not_exist(self) -> None:
        of = self.waiting(0.4)
        lost = replace(of, outcome=np.where(np.arange(400) % 9 == 0, np.nan, of.outcome))
        early, alone = analysed("logit", lost), analysed("logit", matured(lost))
        for case in ("worst case", "best case"):
            assert with_note(early, case).estimate == pytest.approx(with_note(alone, case).estimate)
        assert with_note(early, "worst case").n == int((~np.isnan(of.outcome)).sum())

    def test_the_plan_still_shows_everyone_allocated(self) -> None:
        planned = analysed("logit", self.waiting(0.6)).estimates[0]
        assert (planned.n_allocated_arm, planned.n_allocated_control) == (200, 200)
