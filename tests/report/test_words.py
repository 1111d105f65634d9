"""What a report says: plain, with denominators, never "significant" and never "no effect"."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nudge.analysis.estimators import estimator_names
from nudge.analysis.verdict import harm_verdict, verdict
from nudge.design.methods import method_names
from nudge.report import numbers
from nudge.report.figures import WIDTH, balance_table, interval_plot
from nudge.report.methods import ESTIMATORS, METHODS, estimator_in_words, icc_in_words
from nudge.report.words import answer, because, effect, headline, level, sentence, standing
from nudge.trial.model import Trial
from nudge.trial.records.analysis import Estimate
from nudge.trial.records.design import BalanceRow
from tests.support.trials import trial_values

BANNED = ("significant", "no effect", "proves", "p-hack", "nan", "none ")


def trial(**changes: Any) -> Trial:
    values = trial_values()
    values["outcomes"]["came"] |= changes
    return Trial.model_validate(values)


def line(**changes: Any) -> Estimate:
    values: dict[str, Any] = {
        "outcome": "came", "role": "primary", "family": "primary", "arm": "reminder", "control": "usual",
        "estimand": "ITT", "estimator": "difference_in_means", "vcov": "HC2", "average": "person", "covariates": (),
        "better": "higher", "scale": "probability", "estimate": 0.08, "std_error": 0.025, "df": 500.0,
        "p_value": 0.0015, "p_adjusted": 0.003, "conf_low": 0.03, "conf_high": 0.13, "conf_level": 0.95,
        "mean_arm": 0.71, "mean_control": 0.63, "n": 1000, "n_arm": 500, "n_control": 500, "n_allocated_arm": 500,
        "n_allocated_control": 500, "n_clusters": None, "n_blocks": None, "icc": None, "verdict": "worthwhile",
        "verdict_conf_low": 0.02, "verdict_conf_high": 0.14, "label": "prespecified", "note": "",
    }  # fmt: skip
    return Estimate(**(values | changes))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({}, "Of every 100 people, about 63 had the outcome “came” with usual. With reminder it is 8 more "
             "(between 3 and 13 more)."),
        ({"estimate": -0.02, "conf_low": -0.05, "conf_high": 0.01},
         "Of every 100 people, about 63 had the outcome “came” with usual. With reminder it is 2 fewer "
         "(anywhere from 5 fewer to 1 more)."),
        ({"estimate": 0.014, "conf_low": 0.002, "conf_high": 0.026, "mean_control": 0.02, "mean_arm": 0.034},
         "Of every 1,000 people, about 20 had the outcome “came” with usual. With reminder it is 14 more "
         "(between 2 and 26 more)."),
        ({"better": "lower", "estimate": 0.08}, "Of every 100 people, about 63 had the outcome “came” with usual. With "
         "reminder it is 8 fewer (between 3 and 13 fewer)."),
        ({"conf_low": None, "conf_high": None, "std_error": None, "mean_arm": 0.002, "mean_control": 0.0},
         "1 of 500 with reminder and 0 of 500 with usual had the outcome “came”."),
    ],
)  # fmt: skip
def test_the_finding_is_told_as_natural_frequencies(changes: dict[str, Any], sentence: str) -> None:
    assert headline(line(**changes), trial()) == sentence


def test_a_mean_is_told_in_its_own_unit() -> None:
    days = trial(kind="continuous", unit="days absent", better="lower", worthwhile="0.5 days absent")
    said = headline(
        line(scale="mean", better="lower", mean_control=9.1, estimate=0.6, conf_low=0.2, conf_high=1.0), days
    )
    assert said == (
        "On average 9.10 days absent with usual; reminder makes it 0.60 fewer (between 0.20 and 1.00 fewer)."
    )


VERDICTS = [
    (0.08, 0.06, 0.10, "firmly worthwhile", "Even the lower end of the interval, 6.0 points, reaches the 5 points"),
    (0.08, 0.02, 0.14, "worthwhile", "its lower end does not"),
    (0.01, -0.01, 0.03, "too small to matter", "Even the upper end of the interval, 3.0 points, is below the 5 points"),
    (-0.08, -0.12, -0.04, "harmful", "the arm did worse"),
    (0.02, -0.04, 0.08, "undecided", "both no difference and one of 5 points remain possible"),
    (0.04, 0.01, 0.07, "undecided: better than control, size uncertain", "falls short of the 5 points"),
]


@pytest.mark.parametrize(("estimate", "low", "high", "name", "said"), VERDICTS)
def test_every_verdict_has_its_reason(estimate: float, low: float, high: float, name: str, said: str) -> None:
    assert verdict(estimate, low, high, 0.05) == name
    one = line(
        estimate=estimate, conf_low=low, conf_high=high, verdict=name, verdict_conf_low=low, verdict_conf_high=high
    )
    assert said in because(one, trial().outcomes["came"])
    assert answer(one, trial()).tone in {"good", "bad", "open"}


@given(st.floats(-0.5, 0.5), st.floats(0.001, 0.3), st.sampled_from(["higher", "lower"]), st.floats(0, 1))
def test_no_sentence_ever_says_a_banned_word(estimate: float, half: float, better: str, control: float) -> None:
    low, high = estimate - half, estimate + half
    for name in (verdict(estimate, low, high, 0.05), None):
        one = line(
            estimate=estimate, conf_low=low, conf_high=high, verdict=name, verdict_conf_low=low, verdict_conf_high=high,
            better=better, mean_control=control, note="" if name else "no interval: too few clusters",
        )  # fmt: skip
        said = answer(one, trial())
        text = " ".join([said.headline, said.because, said.verdict, effect(one)]).lower()
        assert not [word for word in BANNED if word in text], text


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [(-0.004, 0.02, "within the margin"), (-0.02, 0.02, "undecided"), (-0.03, -0.01, "harmful")],
)
def test_a_harm_is_read_against_its_margin(low: float, high: float, said: str) -> None:
    assert harm_verdict(low, high, 0.005) == said


@pytest.mark.parametrize(
    ("p", "shown"), [(0.0004, "< .001"), (0.0015, ".002"), (0.05, ".050"), (1.0, "1"), (None, "–")]
)
def test_p_values_are_never_nought(p: float | None, shown: str) -> None:
    assert numbers.p_value(p) == shown


def test_numbers_carry_a_real_minus_and_nought_no_sign() -> None:
    assert (numbers.points(-0.0812), numbers.points(0.00001), numbers.plain(-0.04, 1)) == ("−8.1", "0.0", "0.0")


@given(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3))
def test_an_axis_covers_its_numbers_and_nought_with_few_ticks(a: float, b: float) -> None:
    ticks = numbers.nice_ticks(min(a, b), max(a, b))
    assert ticks[0] <= min(a, b, 0) + 1e-9
    assert ticks[-1] >= max(a, b, 0) - 1e-9
    assert 2 <= len(ticks) <= 9
    steps = [round(two - one, 12) for one, two in itertools.pairwise(ticks)]
    assert max(steps) - min(steps) < 1e-6 * max(steps)


def test_the_plot_places_what_it_shows_and_says_it() -> None:
    plot = interval_plot([line(), replace(line(), label="sensitivity", note="without covariates")], 0.05)
    assert plot is not None
    bar = plot.bars[0]
    assert bar.low is not None
    assert bar.point is not None
    assert bar.high is not None
    assert 0 <= plot.zero < bar.low < bar.point < bar.high <= WIDTH
    assert plot.worthwhile is not None
    assert (bar.point - plot.zero) / (plot.worthwhile - plot.zero) == pytest.approx(0.08 / 0.05, rel=1e-3)
    assert plot.summary.startswith("reminder − usual: +8.0 points (3.0 to 13.0)")


def test_nothing_is_plotted_where_nothing_can_be_said() -> None:
    assert interval_plot([line(estimate=None)], 0.05) is None


def test_many_characteristics_are_folded_with_the_least_balanced_first() -> None:
    rows = [BalanceRow("area", f"a{i}", "reminder", "usual", 0.1, 0.1 + i / 100, -i / 100) for i in range(20)]
    table = balance_table(rows, {"area"})
    assert table is not None
    assert (len(table.shown), len(table.folded)) == (12, 8)
    assert table.shown[0].label == "area: a19"
    assert table.arms == ("usual", "reminder")


def test_every_method_and_every_estimator_has_words() -> None:
    assert set(METHODS) == set(method_names())
    assert set(estimator_names()) <= set(ESTIMATORS)
    assert estimator_in_words(line(estimator="two_stage_block_weighted")).startswith(
        "effect on those reached, by two stages of: difference in means within blocks"
    )


def test_an_end_that_rounds_to_the_limit_is_told_with_the_decimals_that_part_them() -> None:
    """4.47 points are not below "4.5 points" to a reader who is shown 4.5."""
    near = line(estimate=-0.013, verdict="too small to matter", verdict_conf_low=-0.07, verdict_conf_high=0.0447)
    said = because(near, trial(worthwhile="4.5 points").outcomes["came"])
    assert "Even the upper end of the interval, 4.47 points, is below the 4.5 points" in said
    far = replace(near, verdict_conf_high=0.031)
    assert "the interval, 3.1 points, is below" in because(far, trial(worthwhile="4.5 points").outcomes["came"])


def test_what_is_turned_round_says_so() -> None:
    """A sentence of "5 fewer to 4 more" stands beside an interval from −4 to 5."""
    lower = trial(better="lower")
    assert "Fewer is better here, and better is counted as positive." in answer(line(better="lower"), lower).because
    assert "better is counted" not in answer(line(), trial()).because


def test_denominators_stand_beside_every_answer() -> None:
    assert answer(line(), trial()).counted == "The outcome is known for all 500 and 500 people."
    some = line(n_arm=424, n_control=431)
    assert answer(some, trial()).counted == (
        "The outcome is known for 424 of the 500 people with reminder and 431 of the 500 people with usual."
    )
    later = answer(line(label="exploratory"), trial()).counted
    assert later.endswith("Exploratory: it is not as it was locked.")


def test_one_question_has_no_family_and_several_are_named() -> None:
    assert answer(line(), trial()).family == "p = .002"
    assert answer(line(), trial()).question == "reminder compared with usual"
    values = trial_values()
    values["outcomes"]["stayed"] = values["outcomes"]["came"]
    two = Trial.model_validate(values)
    assert answer(line(), two).question == "came: reminder compared with usual"
    assert answer(line(), two).family.startswith("p = .002; adjusted for the family of comparisons (Holm)")


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"icc": 0.083, "n_clusters": 100}, ", ICC 0.083"), ({"icc": -0.02, "n_clusters": 100}, ", ICC −0.020"),
     ({"icc": -4.1, "n_clusters": 950}, ""), ({"icc": 1.0, "n_clusters": 100, "std_error": None}, ""), ({}, "")],
)  # fmt: skip
def test_likeness_is_told_where_units_have_people_enough(changes: dict[str, Any], said: str) -> None:
    assert icc_in_words(line(**changes)) == said


def test_words_of_a_table() -> None:
    assert level("free_meals: True") == "free meals: yes"
    assert level("imd_quintile: 1") == "imd quintile: 1"
    assert sentence("CR2 of 62.2% and R") == "CR2 of 62.2 % and R"
    assert standing("prespecified") == "pre-specified"
    assert [numbers.counted(n, "record") for n in (0, 1, 1410)] == ["0 records", "1 record", "1,410 records"]
    days = line(scale="mean", estimate=0.057, conf_low=-1.034, conf_high=1.148)
    assert effect(days, "days") == "+0.057 days (−1.034 to 1.148)"
