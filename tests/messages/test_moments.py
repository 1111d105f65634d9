"""Days, times and plurals as families read them: GOV.UK's style, CLDR's words and categories."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from babel import Locale
from babel.dates import get_timezone
from hypothesis import given
from hypothesis import strategies as st

from nudge.messages.links import Manner
from nudge.messages.moments import written_day, written_time
from nudge.messages.render import RenderError, render
from nudge.trial.records.people import Value
from tests.messages.wordings import template


def text(body: str, language: str = "en", zone: str = "Europe/London", **columns: Value) -> str:
    return render(template(body, language=language), columns, "H1", Manner(zone)).text


# GOV.UK style guide, "Times": 5:30pm (not 1730hrs), midnight (not 00:00), midday (not 12 noon or 12pm).
TIMES = {
    "10:00": ("10am", "10yb"), "09:05": ("9:05am", "9:05yb"), "17:30": ("5:30pm", "5:30yp"),
    "00:00": ("midnight", "canol nos"), "12:00": ("midday", "canol dydd"), "00:01": ("12:01am", "12:01yb"),
    "12:01": ("12:01pm", "12:01yp"), "11:59": ("11:59am", "11:59yb"), "18:00": ("6pm", "6yh"),
    "23:59": ("11:59pm", "11:59yh"), "9.30": ("9:30am", "9:30yb"), "14:00:00": ("2pm", "2yp"),
}  # fmt: skip


@pytest.mark.parametrize(("clock", "words"), TIMES.items(), ids=TIMES)
def test_a_time_is_written_as_families_read_it(clock: str, words: tuple[str, str]) -> None:
    assert text("{{ starts | time }}", starts=clock) == words[0]
    assert text("{{ starts | time }}", "cy", starts=clock) == words[1]


def test_a_day_and_its_time_stand_together() -> None:
    day = date(2030, 6, 4)  # a Tuesday
    body = "{{ visit | day_and_time(starts) }}"
    assert text(body, visit=day, starts="10:00") == "Tuesday 4 June, 10am"
    assert text(body, "cy", visit=day, starts="10:00") == "Dydd Mawrth 4 Mehefin, 10yb"
    assert text("{{ starts | day_and_time }}", starts="2030-06-04T10:00") == "Tuesday 4 June, 10am"
    assert text("{{ visit }} {{ visit | day }} {{ starts | day }}", visit=day, starts="2030-06-04") == (
        "Tuesday 4 June Tuesday 4 June Tuesday 4 June"
    )


# Clocks go forward at 01:00 UTC on 28 March 2027 and back at 01:00 UTC on 31 October 2027 (Directive 2000/84/EC,
# which UK law keeps: Summer Time Act 1972 as amended).
ACROSS = {
    "2027-03-28T00:59:00Z": "Sunday 28 March, 12:59am",
    "2027-03-28T01:00:00Z": "Sunday 28 March, 2am",
    "2027-10-31T00:59:00Z": "Sunday 31 October, 1:59am",
    "2027-10-31T01:00:00+00:00": "Sunday 31 October, 1am",
    "2027-06-30T23:30:00Z": "Thursday 1 July, 12:30am",
    "2027-07-01T12:00:00+01:00": "Thursday 1 July, midday",
    "2027-12-31T24:00:00Z": None,
}


@pytest.mark.parametrize(("given", "words"), ACROSS.items(), ids=ACROSS)
def test_a_moment_with_an_offset_is_told_by_the_trials_clock(given: str, words: str | None) -> None:
    if words is None:
        with pytest.raises(RenderError, match="is no time: write it as 10:00"):
            text("{{ starts | day_and_time }}", starts=given)
    else:
        assert text("{{ starts | day_and_time }}", starts=given) == words


def test_another_zone_has_another_clock() -> None:
    assert text("{{ starts | day_and_time }}", zone="America/New_York", starts="2027-07-01T03:00:00Z") == (
        "Wednesday 30 June, 11pm"
    )


@given(
    st.datetimes(datetime.fromisoformat("2000-01-01"), datetime.fromisoformat("2060-01-01"), timezones=st.just(UTC)),
    st.sampled_from(["Europe/London", "Asia/Kolkata"]),
)
def test_any_moment_is_told_as_babel_converts_it(moment: datetime, zone: str) -> None:
    moment = moment.replace(microsecond=0)
    local = moment.astimezone(get_timezone(zone))
    said = text("{{ starts | day_and_time }}", zone=zone, starts=moment.isoformat())
    assert said == f"{written_day(local.date(), 'en')}, {written_time(local.time(), 'en')}"


@given(st.times())
def test_no_two_minutes_of_a_day_are_written_alike(moment: time) -> None:
    later = (datetime.combine(date(2027, 1, 1), moment) + timedelta(minutes=1)).time()
    for language in ("en", "cy"):
        assert written_time(moment, language) != written_time(later, language)


@pytest.mark.parametrize("given", ["10", "ten", "25:00", "10:60", "2027-06-04", ""])
def test_what_is_no_time_is_a_sentence(given: str) -> None:
    with pytest.raises(RenderError, match="is no time: write it as 10:00 or 2027-06-04T10:00"):
        text("{{ starts | time }}", starts=given)


def test_a_time_without_a_day_is_a_sentence() -> None:
    with pytest.raises(RenderError, match="`10:00` is a time without a day"):
        text("{{ starts | day_and_time }}", starts="10:00")


def test_a_blank_day_is_an_error_under_a_filter_too() -> None:
    for body in ("{{ visit | day }}", "{{ visit | day_and_time('10:00') }}", "{{ visit | time }}"):
        with pytest.raises(RenderError, match="`visit` is blank"):
            text(body, visit=None)


# Plurals: CLDR's rules as Babel carries them.


@pytest.mark.parametrize(("number", "word"), [(0.0, "children"), (1.0, "child"), (2.0, "children"), (1.5, "children")])
def test_english_has_one_and_other(number: float, word: str) -> None:
    assert text("{{ n }} {{ plural(n, 'child', 'children') }}", n=number).endswith(f" {word}")


WELSH = "{{ plural(n, zero='plant', one='plentyn', two='blentyn', few='phlentyn', many='phlentyn', other='plentyn') }}"
FORMS = {"zero": "plant", "one": "plentyn", "two": "blentyn", "few": "phlentyn", "many": "phlentyn", "other": "plentyn"}


@pytest.mark.parametrize("number", range(13))
def test_welsh_has_six(number: int) -> None:
    assert text(WELSH, "cy", n=float(number)) == FORMS[Locale.parse("cy").plural_form(number)]


def test_a_form_that_is_not_given_is_the_last_one() -> None:
    assert text("{{ plural(n, 'un', 'sawl') }}", "cy", n=2.0) == "sawl"


BAD = {
    "{{ plural(n, 'child') }}": "plural needs its last form",
    "{{ plural(n, 'child', 'children', lots='x') }}": "`lots` is no form of plural",
    "{{ plural(name, 'child', 'children') }}": "plural needs a number, and `Ann` is none",
    "{{ plural(first, 'child', 'children') }}": "plural needs a number, and `True` is none",
}


@pytest.mark.parametrize(("body", "said"), BAD.items(), ids=BAD)
def test_a_plural_that_cannot_be_chosen_is_a_sentence(body: str, said: str) -> None:
    with pytest.raises(RenderError, match=said):
        text(body, n=2.0, name="Ann", first=True)


def test_the_filters_keep_the_zone_of_their_trial_apart() -> None:
    moment = "2027-07-01T23:30:00Z"
    assert {text("{{ s | time }}", zone=zone, s=moment) for zone in ("Europe/London", "Europe/Dublin", "UTC")} == {
        "12:30am", "11:30pm"
    }  # fmt: skip
