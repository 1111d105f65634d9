"""Ratios, times, chances of doing better and margins in words; curves as a figure and as a table."""

from __future__ import annotations

from math import log
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from nudge.report.figures import interval_plot
from nudge.report.methods import estimator_in_words
from nudge.report.uptake import uptakes
from nudge.report.words import answer, effect, headline
from nudge.trial.records.analysis import Estimate, SurvivalCurve
from tests.report.test_words import line, trial

RATIO: dict[str, Any] = {
    "estimator": "rate_ratio", "scale": "log_ratio", "estimate": log(1.25), "conf_low": log(1.05),
    "conf_high": log(1.5), "mean_control": 2.0, "mean_arm": 2.5, "verdict_conf_low": log(1.02),
    "verdict_conf_high": log(1.55),
}  # fmt: skip
TIME: dict[str, Any] = {
    "estimator": "survival", "scale": "mean", "better": "lower", "estimate": 4.5, "conf_low": -1.1, "conf_high": 10.2,
    "mean_control": 25.7, "mean_arm": 21.2, "note": "mean over the first 56 days", "verdict": "undecided",
    "verdict_conf_low": -1.1, "verdict_conf_high": 10.2,
}  # fmt: skip


def counted(**changes: Any) -> Any:
    return trial(kind="count", unit="visits", estimator="rate_ratio", worthwhile="1.2 times", **changes)


def test_a_ratio_of_rates() -> None:
    one = line(**RATIO)
    assert headline(one, counted()) == (
        "On average 2.00 visits per person with usual; with reminder it is 1.25 times that (1.05 to 1.50)."
    )
    assert effect(one) == "1.25 times (1.05 to 1.50)"
    told = answer(one, counted())
    assert told.because.startswith(
        "The whole interval (1.02 times to 1.55 times) is better than 1 and the estimate reaches the 1.2 times"
    )


def test_a_ratio_is_the_arm_s_over_the_control_s_whichever_way_is_better() -> None:
    """Fewer is better: an oriented logarithm above 0 is a ratio below 1."""
    one = line(**RATIO | {"better": "lower"})
    assert effect(one) == "0.80 times (0.67 to 0.95)"


def test_a_ratio_of_hazards_is_turned_against_its_time() -> None:
    one = line(**RATIO | {"better": "lower", "estimator": "cox"})
    assert effect(one) == "1.25 times (1.05 to 1.50)"
    assert headline(one, trial()).startswith(
        "On any day, those with reminder to whom “came” had not happened yet were 1.25 times as likely to have it"
    )


def test_days_sooner() -> None:
    timed = trial(kind="time_to_event", better="lower", worthwhile="2 days")
    assert headline(line(**TIME), timed) == (
        "Over the first 56 days, “came” took 25.7 days on average with usual; with reminder it came 4.5 days sooner "
        "(from 10.2 days sooner to 1.1 days later)."
    )


def test_the_chance_of_doing_better() -> None:
    one = line(estimator="ordinal", estimate=0.05, conf_low=-0.02, conf_high=0.12)
    assert headline(one, trial(kind="ordinal")) == (
        "Of 100 pairs of people, one with reminder and one with usual, the one with reminder did better in 55 (between "
        "48 and 62), ties shared; 50 would be no difference."
    )
    assert estimator_in_words(one).startswith("chance of doing better than the control, less one half")


@pytest.mark.parametrize(
    ("verdict", "hypothesis", "shown", "sentence"),
    [
        ("no worse", "non_inferiority", "No worse than the margin allows",
         "Being worse by 5 points or more is ruled out: the worse end of the interval is 2.0 points."),
        ("worse by more than the margin", "non_inferiority", "Worse by more than the margin",
         "Even the better end of the interval, 14.0 points, is worse than 5 points allows."),
        ("equivalent", "equivalence", "Equivalent within the margin",
         "A difference of 5 points or more is ruled out either way: the interval runs from 2.0 points to 14.0 points, "
         "so both one-sided tests hold."),
        ("not equivalent", "equivalence", "Not equivalent",
         "The whole interval (2.0 points to 14.0 points) lies beyond 5 points on one side."),
        ("undecided", "equivalence", "Undecided",
         "The interval runs from 2.0 points to 14.0 points, so a difference of 5 points is not ruled out."),
    ],
)  # fmt: skip
def test_a_margin_in_words(verdict: str, hypothesis: str, shown: str, sentence: str) -> None:
    told = answer(line(verdict=verdict, p_margin=0.0123), trial(margin="5 points", hypothesis=hypothesis))
    assert told.verdict == shown
    assert told.because == f"{sentence} Against the margin, one-sided p = .012."


def test_another_scale_has_no_place_on_the_axis() -> None:
    lines: list[Estimate] = [line(**TIME), line(**RATIO | {"estimator": "cox", "label": "sensitivity"})]
    plot = interval_plot(lines, 2.0)
    assert plot is not None
    assert len(plot.bars) == 1


def curve(arm: str, had: tuple[float, ...]) -> SurvivalCurve:
    days = tuple(float(7 * (i + 1)) for i in range(len(had)))
    return SurvivalCurve("came", arm, 40, 30, days, had, 28.0, (0.0, 14.0, 28.0), (40, 25, 10), (0.0, had[1], had[-1]))


def test_the_curves_can_be_read_without_being_seen() -> None:
    (one,) = uptakes([curve("usual", (0.1, 0.3, 0.5)), curve("a_reminder", (0.2, 0.45, 0.52))])
    drawn = ET.fromstring(one.svg)  # noqa: S314 - our own figure
    texts = [text.text or "" for text in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert {"usual", "a reminder", "days", "28"} <= set(texts)
    described = drawn.find("{http://www.w3.org/2000/svg}desc")
    assert described is not None
    assert "a reminder: 30 of 40 had it, 52.0 %" in (described.text or "")
    assert one.rows == (
        ("0", (("0.0 %", "40"), ("0.0 %", "40"))), ("14", (("30.0 %", "25"), ("45.0 %", "25"))),
        ("28", (("50.0 %", "10"), ("52.0 %", "10"))),
    )  # fmt: skip
    ends = sorted(float(text.attrib["y"]) for text in drawn.iter("{http://www.w3.org/2000/svg}text")
                  if text.text in {"usual", "a reminder"})  # fmt: skip
    assert ends[1] - ends[0] >= 16


def test_nothing_to_draw_is_drawn_as_nothing() -> None:
    assert uptakes([]) == []
