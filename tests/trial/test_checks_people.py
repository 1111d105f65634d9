"""What a trial file must agree on with itself: people, their columns, and messages to them."""

from __future__ import annotations

import pytest

from nudge.trial.conditions import RESERVED
from tests.trial.samples import ELSEWHERE, Says, changed, place, told

COLUMNS = "{age: number, visit: date, hub: category, refuge: yes_no, notes: text}"


@pytest.mark.parametrize("key", ["eligible", "exclude"])
def test_conditions_are_faulted_at_their_own_character(says: Says, key: str) -> None:
    text = changed("eligible: age >= 2", f"{key}: refuge or hub = 'north'")
    assert says(text) == [
        f"{place(text, '= ')}: population.{key}: a single `=` is not a comparison; write `==` for equal"
    ]


def test_every_flaw_of_a_condition_is_told(says: Says) -> None:
    text = changed("age >= 2", "agge >= 2 and hubb == 'north'")
    quoted = "(a text value needs quotes)"
    assert says(text) == [
        f"{place(text, 'agge')}: population.eligible: `agge` is not a column; did you mean `age`? {quoted}",
        f"{place(text, 'hubb')}: population.eligible: `hubb` is not a column; did you mean `hub`? {quoted}",
    ]


def test_exclude_no_is_a_condition_that_excludes_nobody(says: Says) -> None:
    assert says(changed("eligible: age >= 2", "exclude: no")) == []


def test_a_route_needs_a_column_that_says_it_is_safe(says: Says) -> None:
    text = changed("  safe_to_contact: {sms: safe_to_text}\n", "")
    assert says(text) == [
        told(
            place(text, "sms: mobile"),
            "population.contact.sms",
            "no column says whether sms is safe for a family",
            "add `safe_to_contact: {sms: COLUMN}`; anything but yes closes that route",
        )
    ]


def test_a_safe_flag_needs_a_route(says: Says) -> None:
    text = changed("{sms: safe_to_text}", "{sms: safe_to_text, email: safe_to_email}")
    assert says(text) == [
        told(
            place(text, "email: "),
            "population.safe_to_contact.email",
            "there is no contact column for email",
            "add `contact: {email: COLUMN}`",
        )
    ]


@pytest.mark.parametrize("name", sorted(RESERVED | {"allocation", "first_planned_send", "row"}))
def test_a_word_with_a_meaning_of_its_own_is_no_column(says: Says, name: str) -> None:
    text = changed("notes: text}", f"{name}: text}}")
    assert says(text) == [
        told(
            place(text, f"{name}: text"),
            f"population.columns.{name}",
            f"`{name}` has a meaning of its own in this file",
            "give the column another name, here and in the roll",
        )
    ]


@pytest.mark.parametrize("name", ["class", "from", "lambda", "if"])
def test_words_of_python_are_columns_like_any_other(says: Says, name: str) -> None:
    text = changed("notes: text}", f"{name}: category}}").replace("age >= 2", f"{name} == 'x' and age >= 2")
    assert says(text) == []


SENDS = {
    "an unknown column": ("visitt", "`visitt` is not a date column; did you mean `visit`?"),
    "a column of another type": ("hub", "`hub` is a category, not a date; name visit"),
}


@pytest.mark.parametrize(("anchor", "sentence"), SENDS.values(), ids=SENDS)
def test_a_send_hangs_on_a_date_column(says: Says, anchor: str, sentence: str) -> None:
    text = changed("before visit at", f"before {anchor} at")
    assert says(text) == [f"{place(text, 'send: ')}: arms.reminder.messages[1].send: {sentence}"]


def test_where_no_date_is_declared_the_remedy_says_so(says: Says) -> None:
    text = changed("visit: date, ", "visit: text, ")
    assert says(text) == [
        f"{place(text, 'send: ')}: arms.reminder.messages[1].send: `visit` is a text, not a date; declare a date column"
    ]


def test_messages_need_a_way_to_reach_people(says: Says) -> None:
    text = changed("  contact: {sms: mobile}\n  safe_to_contact: {sms: safe_to_text}\n", "")
    assert says(text) == [
        told(
            place(text, "population"),
            "population",
            "arms have messages, but no column holds a phone or an email",
            "add `contact: {sms: COLUMN, email: COLUMN}`",
        )
    ]


def test_a_route_needs_a_channel(says: Says) -> None:
    text = changed("channels: {sms: outbox}", "channels: {email: outbox}")
    assert says(text) == [
        f"{place(text, 'channels')}: channels: nothing says how sms is sent; add `channels: {{sms: outbox}}`"
    ]


def test_where_nothing_is_sent_nothing_need_be_reachable(says: Says) -> None:
    text = changed("messages: [{template: visit, send: 7 days before visit at 10:00}]", "receives: a visit")
    text = text.replace("  contact: {sms: mobile}\n  safe_to_contact: {sms: safe_to_text}\n", "")
    assert says(text.replace("from first_planned_send", "from allocation")) == []


def test_a_trial_run_elsewhere_needs_no_roll_and_no_routes(says: Says) -> None:
    assert says(changed("columns:", "contact: {sms: mobile}\n  columns:", ELSEWHERE)) == []
