"""What families write back, decided on their side."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nudge.delivery.hours import duty_hours
from nudge.delivery.replies import STOP_WORDS, Meaning, Priority, misread, understood

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


@pytest.mark.parametrize(
    "text",
    ["Don't text me", "dont message me again please", "do not contact me", "No more texts please", "Remove me",
     "Please remove me from your list", "Leave me alone", "Opt out", "OPT-OUT", "unsubscribe me",
     "cancel these messages", "End all texts", "STOP STOP STOP", "stop\nSent from my phone", "STOP \U0001f44d",
     "take me off the list",
     "Peidiwch \u00e2 thecstio", "Dim mwy o negeseuon", "Tynnwch fi oddi ar y rhestr"],
)  # fmt: skip
def test_an_objection_needs_no_keyword(text: str) -> None:
    assert understood(text).meaning is Meaning.STOP


@pytest.mark.parametrize(
    "text",
    ["don't send me the address", "dont message me until monday", "remove him from the room", "cancel it",
     "no thank you", "no more", "quit smoking", "leave me a note", "don't contact my ex", "end of the month"],
)  # fmt: skip
def test_what_only_sounds_like_one_goes_to_a_person(text: str) -> None:
    said = understood(text)
    assert (said.meaning, said.to_read) == (Meaning.OTHER, True)


@pytest.mark.parametrize(
    "text",
    ["Wrong number", "sorry, wrong number mate", "You\u2019ve got the wrong number",
     "I think you have the wrong person", "Hi, it's the wrong number", "not me",
     "No that's not me", "Rhif anghywir", "nid fi"],
)  # fmt: skip
def test_somebody_else_says_so_on_its_own(text: str) -> None:
    said = understood(text)
    assert (said.meaning, said.wrong_recipient, said.to_read) == (Meaning.WRONG, True, True)
    assert said.priority is Priority.RAISED


def test_an_end_and_a_wrong_number_are_both_heard() -> None:
    said = understood("STOP. Wrong number")
    assert (said.meaning, said.wrong_recipient) == (Meaning.STOP, True)


@pytest.mark.parametrize("text", ["you sent the wrong number of the clinic", "is this the wrong number for Elm hub?"])
def test_a_wrong_number_inside_a_sentence_goes_to_a_person_first(text: str) -> None:
    said = understood(text)
    assert (said.meaning, said.wrong_recipient, said.priority) == (Meaning.OTHER, False, Priority.RAISED)


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


# The words people text are theirs; a bare stop word in any dress is Twilio's list and must always stop.
CASES = st.sampled_from([str.upper, str.lower, str.title, str.swapcase])
DRESS = st.sampled_from(["{}", "{}.", " {}! ", "please {}", "{} thanks", "\u201c{}\u201d", "{}\n", "{} diolch"])


@given(st.sampled_from(sorted(STOP_WORDS)), CASES, DRESS)
def test_every_stop_word_in_any_case_and_dress_stops(word: str, case: Callable[[str], str], dress: str) -> None:
    assert understood(dress.format(case(word))).meaning is Meaning.STOP


@given(st.sampled_from(sorted(STOP_WORDS)), st.text(max_size=60), st.text(max_size=60))
def test_a_stop_in_a_sentence_of_its_own_stops_whatever_stands_around_it(word: str, before: str, after: str) -> None:
    assert understood(f"{before}. {word}. {after}").meaning is Meaning.STOP


@given(st.text(max_size=200))
def test_a_trial_s_own_words_never_hide_an_end(text: str) -> None:
    without = understood(text)
    if without.meaning is Meaning.STOP:
        assert understood(text, {"own": [text, *text.split()]}).meaning is Meaning.STOP


@pytest.mark.parametrize(
    ("word", "why"),
    [("YES", ""), ("yes please", ""), ("1", ""), ("Dod", ""), ("STOP", "means `stop` in every trial"),
     ("info", "means `help` in every trial"), ("start", "means `start` in every trial"),
     ("thanks", "is no answer by itself"), ("", "is no answer by itself"), ("Yes. No.", "is no answer by itself"),
     ("hurt", "is a safeguarding word, which a person reads first")],
)  # fmt: skip
def test_a_word_of_the_trial_s_own_is_one_that_can_be_told_apart(word: str, why: str) -> None:
    assert misread(word) == why


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
