"""What families write back, decided on their side."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nudge.delivery.hours import duty_hours
from nudge.delivery.replies import STOP_WORDS, Meaning, Priority, understood

LONDON = ZoneInfo("Europe/London")
KEYWORDS = {"coming": ["YES", "IE", "dod"], "not_coming": ["NO", "NA"]}


# The six English words are Twilio's ("Twilio support for opt-out keywords").
@pytest.mark.parametrize("word", ["STOP", "STOPALL", "UNSUBSCRIBE", "END", "QUIT", "CANCEL", "STOPIO", "Stopiwch"])
@pytest.mark.parametrize("dressed", ["{}", " {} ", "{}.", "{}!!", "Please {}", "{}. Thank you", "{} please, thanks"])
def test_a_stop_word_on_its_own_stops_however_it_is_dressed(word: str, dressed: str) -> None:
    said = understood(dressed.format(word))
    assert (said.meaning, said.to_read) == (Meaning.STOP, False)


@pytest.mark.parametrize(
    "text",
    ["Stop. Thank you", "Stop texting me", "please stop sending me messages", "STOP these texts", "Stop. Who is this?",
     "stop. he hits me when he sees these", "Stopiwch anfon negeseuon os gwelwch yn dda", "Hi, stop"],
)  # fmt: skip
def test_these_stop(text: str) -> None:
    assert understood(text).meaning is Meaning.STOP


@pytest.mark.parametrize(
    "text",
    ["we've got to STOP this bill", "Cancel my appointment please", "can I stop by at 10?",
     "Don't stop these, I like them",
     "I will quit smoking", "what time does it end", "the bus stop is closed", "Stop the bus fare going up",
     "Bws wedi canslo"],
)  # fmt: skip
def test_these_go_to_a_person_before_the_others(text: str) -> None:
    said = understood(text)
    assert (said.meaning, said.to_read, said.priority) == (Meaning.OTHER, True, Priority.RAISED)


def test_a_stop_with_more_to_say_stops_and_is_read() -> None:
    said = understood("Stop. He hits me when he sees these")
    assert (said.meaning, said.to_read, said.priority) == (Meaning.STOP, True, Priority.URGENT)


@pytest.mark.parametrize(("text", "keyword"), [("YES", "coming"), ("Yes please", "coming"),
                                               ("na, diolch", "not_coming"),
                                               ("no.", "not_coming"), ("Dod!", "coming")])  # fmt: skip
def test_the_trial_s_own_words_are_its_outcomes(text: str, keyword: str) -> None:
    said = understood(text, KEYWORDS)
    assert (said.meaning, said.keyword, said.to_read) == (Meaning.KEYWORD, keyword, False)


@pytest.mark.parametrize(
    "text", ["yes and no", "yes but can I bring the baby?", "Yes. My number changed", "", "👍", "no idea"]
)
def test_everything_else_is_read_by_a_person(text: str) -> None:
    said = understood(text, KEYWORDS)
    assert (said.meaning, said.to_read) == (Meaning.OTHER, True)


def test_help_is_answered_and_read() -> None:
    said = understood("HELP")
    assert (said.meaning, said.to_read, said.priority) == (Meaning.HELP, True, Priority.RAISED)
    assert understood("start").meaning is Meaning.START


@pytest.mark.parametrize("text", ["he is hurting me", "we have no food", "Mae ofn arna i", "I want to die", "call 999"])
def test_safeguarding_words_come_first(text: str) -> None:
    assert understood(text).priority is Priority.URGENT


@pytest.mark.parametrize("text", ["the diet is going well", "white hat", "at 9990"])
def test_a_safeguarding_word_inside_another_is_none(text: str) -> None:
    assert understood(text).priority is Priority.USUAL


@given(st.text(max_size=300))
def test_any_text_is_understood_and_never_lost(text: str) -> None:
    said = understood(text, KEYWORDS)
    assert said.to_read or said.meaning in {Meaning.STOP, Meaning.START, Meaning.KEYWORD}


@given(st.sampled_from(sorted(STOP_WORDS)), st.text(st.characters(categories=["L"]), min_size=6, max_size=12))
def test_a_stop_word_beside_a_word_that_is_no_courtesy_is_never_lost_unread(word: str, other: str) -> None:
    said = understood(f"{other} {word} {other}")
    assert said.to_read


MONDAY, SATURDAY = datetime(2027, 1, 11, 10, tzinfo=UTC), datetime(2027, 1, 16, 22, tzinfo=UTC)


@pytest.mark.parametrize("text", ["Mon-Fri 09:00-17:00", "Monday to Friday 9:00 to 17:00", "Mon–Fri 9.00–17.00"])
def test_duty_hours_are_read_as_people_write_them(text: str) -> None:
    hours = duty_hours(text, LONDON)
    assert hours.open_at(MONDAY)
    assert not hours.open_at(MONDAY.replace(hour=17))
    assert not hours.open_at(SATURDAY)
    assert hours.next_open(SATURDAY) == datetime(2027, 1, 18, 9, tzinfo=UTC)
    assert hours.next_open(MONDAY) == MONDAY


def test_hours_follow_the_clock_on_the_wall() -> None:
    hours = duty_hours("Mon-Fri 09:00-17:00", LONDON)
    assert hours.open_at(datetime(2027, 7, 5, 8, 30, tzinfo=UTC)), "09:30 in summer time"


def test_hours_that_cannot_be_read_are_never_open() -> None:
    hours = duty_hours("when we can", LONDON)
    assert not hours.open_at(MONDAY)
    assert hours.next_open(SATURDAY) == SATURDAY, "so nothing waits for an opening that never comes"
