"""Quantities of the trial file: percentages, rates, differences, lengths of time, counts, comparisons."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nudge.trial import grammar, quantities
from nudge.trial.quantities import Comparison, Count, Difference, Duration, GrammarError

NUMBERS = st.decimals(0, 100, places=12, allow_nan=False).map(lambda number: f"{number:f}")
NAMES = st.from_regex(rf"\A{grammar.NAME}\Z")
UNITS = st.sampled_from(["minutes", "hours", "days", "weeks", "months", "minute", "hour", "day", "week", "month"])


def refused(parse: Callable[[object], object], given: object) -> str:
    with pytest.raises(GrammarError) as caught:
        parse(given)
    return str(caught.value)


@pytest.mark.parametrize(
    ("written", "value"),
    [("62%", 0.62), ("0%", 0.0), ("100%", 1.0), ("0.5%", 0.005), (" 5 % ", 0.05), (0.62, 0.62), (1, 1.0)],
)
def test_a_percentage_is_a_proportion(written: object, value: float) -> None:
    assert grammar.proportion(written) == value


PERCENTAGES = {
    "62": "`62` is not a percentage; write it with its sign, such as `62%`",
    "0.62": "`0.62` is not a percentage; write it with its sign, such as `62%`",
    "": "`` is not a percentage; write it with its sign, such as `62%`",
    "half%": "`half` is not a number; write digits, such as 12 or 0.5",
    "nan%": "`nan` is not a number; write digits, such as 12 or 0.5",
    "1e3%": "`1e3` is not a number; write digits, such as 12 or 0.5",
    "1e9999999%": "`1e9999999` is not a number; write digits, such as 12 or 0.5",
    "٦٢%": "`٦٢` is not a number; write digits, such as 12 or 0.5",
    "101%": "`101%` is not between 0% and 100%; check the figure",
    "-5%": "`-5%` is not between 0% and 100%; check the figure",
    "5%%": "`5%` is not a number; write digits, such as 12 or 0.5",
}


@pytest.mark.parametrize(("written", "sentence"), PERCENTAGES.items(), ids=repr)
def test_what_is_no_percentage_is_refused(written: str, sentence: str) -> None:
    assert refused(grammar.proportion, written) == sentence


@pytest.mark.parametrize("written", [1.5, -0.1, float("nan"), float("inf")])
def test_a_proportion_in_json_lies_between_0_and_1(written: float) -> None:
    assert refused(grammar.proportion, written) == f"`{written}` is not between 0% and 100%; check the figure"


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("3 per 1000", 0.003),
        ("1 per 1", 1.0),
        ("0 per 100", 0.0),
        ("0.5 per 1000", 0.0005),
        ("2%", 0.02),
        (0.003, 0.003),
    ],
)
def test_a_rate_is_a_proportion(written: object, value: float) -> None:
    assert grammar.rate(written) == value


RATES = {
    "3 in 1000": "`3 in 1000` is not a rate; write `3 per 1000` or `2%`",
    "3": "`3` is not a rate; write `3 per 1000` or `2%`",
    "120%": "`120%` is not a rate; write `3 per 1000` or `2%`",
    "3 per 0": "`3 per 0` is a rate per nothing; write `3 per 1000` or `2%`",
    "3 per 2": "`3 per 2` is more than one each; write `3 per 1000` or `2%`",
    "-1 per 10": "`-1 per 10` is not a rate; write `3 per 1000` or `2%`",
}


@pytest.mark.parametrize(("written", "sentence"), RATES.items(), ids=repr)
def test_what_is_no_rate_is_refused(written: str, sentence: str) -> None:
    assert refused(grammar.rate, written) == sentence


@pytest.mark.parametrize(
    ("written", "value", "shown"),
    [
        ("5 points", Difference(0.05, "points"), "5 points"),
        ("0.5 points", Difference(0.005, "points"), "0.5 points"),
        ("7 pp", Difference(0.07, "points"), "7 points"),
        ("1 point", Difference(0.01, "points"), "1 point"),
        ("3 percentage points", Difference(0.03, "points"), "3 points"),
        ("0.5 days", Difference(0.5, "days"), "0.5 days"),
        ("2 school days", Difference(2.0, "school days"), "2 school days"),
        ("5points", Difference(0.05, "points"), "5 points"),
        ("100 points", Difference(1.0, "points"), "100 points"),
    ],
)
def test_a_difference_is_in_percentage_points_or_the_outcomes_unit(written: str, value: Difference, shown: str) -> None:
    assert grammar.difference(written) == value
    assert str(value) == shown


UNSAID = "write `5 points` for percentage points, or the outcome's own unit, such as `0.5 days`"
DIFFERENCES = {
    "5": f"`5` does not say what it is a number of; {UNSAID}",
    "points": f"`points` does not say what it is a number of; {UNSAID}",
    "-5 points": f"`-5 points` does not say what it is a number of; {UNSAID}",
    "": f"`` does not say what it is a number of; {UNSAID}",
    "5%": "`5%` could be relative or absolute; write `5 points` for percentage points",
    "101 points": "`101 points` is more than 100 percentage points; check the figure",
}


@pytest.mark.parametrize(("written", "sentence"), DIFFERENCES.items(), ids=repr)
def test_a_difference_that_could_mean_two_things_is_refused(written: str, sentence: str) -> None:
    assert refused(grammar.difference, written) == sentence


@pytest.mark.parametrize(
    ("written", "length", "shown"),
    [
        ("56 days", timedelta(days=56), "56 days"),
        ("8 weeks", timedelta(days=56), "8 weeks"),
        ("1 day", timedelta(days=1), "1 day"),
        ("1 days", timedelta(days=1), "1 day"),
        ("1.5 hours", timedelta(minutes=90), "1.5 hours"),
        ("90  minutes", timedelta(minutes=90), "90 minutes"),
        ("0 days", timedelta(0), "0 days"),
    ],
)
def test_a_length_of_time_is_as_people_say_it(written: str, length: timedelta, shown: str) -> None:
    duration = grammar.duration(written)
    assert duration.delta() == length
    assert str(duration) == shown


LENGTHS = {
    "56": "`56` is not a length of time; write a number and a unit, such as `56 days`",
    "days": "`days` is not a length of time; write a number and a unit, such as `56 days`",
    "56 Days": "`56 Days` is not a length of time; write a number and a unit, such as `56 days`",
    "-1 days": "`-1 days` is not a length of time; write a number and a unit, such as `56 days`",
    "5 dais": "`dais` is not a unit of time; did you mean `days`?",
    "5 fortnights": "`fortnights` is not a unit of time; use minutes, hours, days, weeks or months",
    "36526 days": "`36526 days` is more than 100 years; check the figure",
    "99999999999 days": "`99999999999 days` is more than 100 years; check the figure",
    "1300 months": "`1300 months` is more than 100 years; check the figure",
}


@pytest.mark.parametrize(("written", "sentence"), LENGTHS.items(), ids=repr)
def test_what_is_no_length_of_time_is_refused(written: str, sentence: str) -> None:
    assert refused(grammar.duration, written) == sentence


def test_months_are_said_but_never_added_to_a_moment() -> None:
    assert grammar.duration("12 months") == Duration(12, "months")
    assert refused(grammar.fixed_duration, "12 months") == "`months` differ in length; write days or weeks"


@pytest.mark.parametrize(
    ("written", "value", "shown"),
    [
        ("200 sends", Count(200, "sends"), "200 sends"),
        ("1 event", Count(1, "events"), "1 event"),
        ("5  events", Count(5, "events"), "5 events"),
    ],
)
def test_a_count_is_of_sends_or_events(written: str, value: Count, shown: str) -> None:
    assert grammar.count(written) == value
    assert str(value) == shown


@pytest.mark.parametrize("written", ["200", "200 people", "2.5 sends", "-1 events", "sends"])
def test_what_is_no_count_is_refused(written: str) -> None:
    assert refused(grammar.count, written) == f"`{written}` is not a count; write `200 sends` or `5 events`"


@pytest.mark.parametrize("written", ["plan - reminder", "plan-reminder", "plan  -  reminder"])
def test_a_comparison_is_one_arm_less_another(written: str) -> None:
    assert grammar.comparison(written) == Comparison("plan", "reminder")
    assert str(grammar.comparison(written)) == "plan - reminder"


COMPARISONS = {
    "plan": "`plan` is not a comparison; write two arms, such as `plan - reminder`",
    "plan v reminder": "`plan v reminder` is not a comparison; write two arms, such as `plan - reminder`",
    "plan - reminder - usual": "`plan - reminder - usual` is not a comparison; "
    "write two arms, such as `plan - reminder`",
    "plan - plan": "`plan - plan` compares an arm with itself; name two different arms",
}


@pytest.mark.parametrize(("written", "sentence"), COMPARISONS.items(), ids=COMPARISONS)
def test_what_is_no_comparison_is_refused(written: str, sentence: str) -> None:
    assert refused(grammar.comparison, written) == sentence


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (56.0, "56"), (0.5, "0.5"), (0.0, "0"), (-0.0, "0"), (1e20, "100000000000000000000"), (1e-7, "0.0000001"),
        (1234567.0, "1234567"), (0.1, "0.1"), (Decimal("12.50"), "12.5"), (100, "100"),
    ],
)  # fmt: skip
def test_a_number_is_shown_without_exponent_or_needless_zeros(value: float | Decimal, shown: str) -> None:
    assert quantities.plain(value) == shown


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_as_it_is_shown_is_the_same_number(value: float) -> None:
    assert float(quantities.plain(value)) == value


@given(NUMBERS, UNITS)
def test_a_length_of_time_as_it_is_shown_is_the_same_length(number: str, unit: str) -> None:
    duration = grammar.duration(f"{number} {unit}")
    assert grammar.duration(str(duration)) == grammar.duration(duration) == duration


@given(NUMBERS, st.sampled_from(["points", "point", "pp", "days", "school days", "£", "km/h"]))
def test_a_difference_as_it_is_shown_is_the_same_difference(number: str, unit: str) -> None:
    difference = grammar.difference(f"{number} {unit}")
    assert grammar.difference(str(difference)) == grammar.difference(difference) == difference


@given(st.integers(0, 10**12), st.sampled_from(["send", "sends", "event", "events"]))
def test_a_count_as_it_is_shown_is_the_same_count(number: int, of: str) -> None:
    count = grammar.count(f"{number} {of}")
    assert grammar.count(str(count)) == grammar.count(count) == count


@given(NAMES, NAMES)
def test_a_comparison_as_it_is_shown_is_the_same_comparison(arm: str, control: str) -> None:
    if arm != control:
        comparison = grammar.comparison(f"{arm} - {control}")
        assert grammar.comparison(str(comparison)) == grammar.comparison(comparison) == comparison


PARSERS = [
    grammar.proportion, grammar.rate, grammar.difference, grammar.duration, grammar.fixed_duration, grammar.count,
    grammar.comparison, grammar.window, grammar.send_time,
]  # fmt: skip


@pytest.mark.parametrize("parse", PARSERS, ids=lambda parse: parse.__name__)
@given(st.text(max_size=40) | st.from_regex(r"[0-9]{1,400}(\.[0-9]{1,400})? ?(days|months|points|%|per 0|sends)"))
def test_no_text_gives_anything_but_a_value_or_a_sentence(parse: Callable[[object], object], text: str) -> None:
    with suppress(GrammarError):
        parse(text)
