"""What is said of words before a family reads them; each sentence with its remedy and its level."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from nudge.messages.characters import dear_characters
from nudge.messages.checks import Remark, remarks
from nudge.messages.lexicon import LEXICON, pattern
from nudge.messages.links import Manner
from nudge.messages.reading import age_of, index, reading
from nudge.messages.render import render
from nudge.messages.segments import as_notify_sends, count_of, counted_by, notify_segments, segments
from nudge.trial.problems import Level
from tests.messages.wordings import template

GOOD = "Elm Council: your visit is on Monday. To stop these texts, call 01632 960123."
WELSH = "Cyngor Elm: mae eich ymweliad ddydd Llun. I atal y negeseuon hyn, ffoniwch 01632 960123."
MAIL = "Hello,\n\nYour visit is on Monday.\n\nTo stop these emails, reply with the word STOP.\n"


def said(body: str, language: str = "en", channel: str = "sms", **head: Any) -> list[Remark]:
    made = replace(template(body, language=language, channel=channel, subject=head.pop("subject", "")), **head)
    return list(remarks(made, render(made, {}, "H1")))


def sentences(body: str, language: str = "en", channel: str = "sms", **head: Any) -> list[str]:
    return [f"{one.level} {one.what}; {one.remedy}" for one in said(body, language, channel, **head)]


def test_good_words_need_no_remark() -> None:
    assert sentences(GOOD) == []
    assert sentences(WELSH, "cy", from_name="Cyngor Elm") == []
    assert sentences(MAIL, channel="email", sender="Elm <elm@example.org>", subject="Your visit") == []


WRONG = {
    "no sender": (
        "Your visit is on Monday. To stop, call 01632 960123.",
        "launch does not begin with who it is from (`ElmCouncil`), and many phones show only a number; begin with "
        "`ElmCouncil: …`, or say in the head by what name it begins: `from_name: …`",
    ),
    "no way to stop": (
        "Elm Council: your visit is on Monday.",
        "launch names no way to stop; add one, such as `To stop these texts, call 01632 960123.`",
    ),
    "a threat": (
        f"{GOOD} Failure to come may cost you.",
        "launch threatens: `Failure to`; say what the family gains, and leave the rest to a person, or say in the head "
        "who agreed to it: `allows: {threat: …}`",
    ),
    "shame": (
        f"{GOOD} Good parents come.",
        "launch blames or shames: `Good parents`; say what can be done now, or say in the head who agreed to it: "
        "`allows: {shame: …}`",
    ),
    "scarcity": (
        f"{GOOD} Only 3 left.",
        "launch makes it scarce or urgent: `Only 3 left`; leave it out, unless it is true and someone agreed to it, or "
        "say in the head who agreed to it: `allows: {scarcity: …}`",
    ),
    "a norm": (
        f"{GOOD} 8 in 10 come.",
        "launch says what others do: `8 in 10`; leave it out, or give the arm `norm: {share: 82%, source: …, dated: "
        "2026-03}`",
    ),
    "a service": (
        f"{GOOD} Your health visitor.",
        "launch names a service: `health visitor`; leave it out of texts: others read them on a shared phone, or say "
        "in the head who agreed to it: `allows: {service: …}`",
    ),
    "a need": (
        f"{GOOD} About autism.",
        "launch names a need: `autism`; leave it out of texts: others read them on a shared phone, or say in the head "
        "who agreed to it: `allows: {need: …}`",
    ),
    "an address": (
        f"{GOOD} At 12 Elm Road.",
        "launch names an address: `12 Elm Road`; leave it out of texts: others read them on a shared phone, or say in "
        "the head who agreed to it: `allows: {address: …}`",
    ),
    "a deep link": (
        f"{GOOD} See elm.example.org/a/b.",
        "launch holds the address `elm.example.org/a/b`, which is deep; declare it under `links:` in the trial file "
        "and write `{{ link('NAME') }}`",
    ),
    "a long link": (
        f"{GOOD} See http://elm.example.org/{'a' * 40}?x=1",
        "launch holds the address `http://elm.example.org/aaaaaaaaaaaaaaaa…`, which is not https, 67 characters long "
        "and deep; declare it under `links:` in the trial file and write `{{ link('NAME') }}`",
    ),
    "a link that hides": (
        f"{GOOD} See https://bit.ly/x",
        "launch holds the address `https://bit.ly/x`, which is of a service that hides where it leads; declare it "
        "under `links:` in the trial file and write `{{ link('NAME') }}`",
    ),
    "a long sentence": (
        f"{GOOD} {'We go on and on ' * 5}.",
        "launch has a sentence of 25 words, above 20: `We go on and on We go on and on We go o…`; make two of it, or "
        "say in the head who agreed to it: `allows: {long_sentence: …}`",
    ),
    "hard words": (
        "Elm Council: unavoidable administrative circumstances necessitate rescheduling. To stop, call.",
        "launch asks for a reading age of about 24, above 9; use shorter words and sentences, or say in the head who "
        "agreed to it: `allows: {reading_age: …}`",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("body", "sentence"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_one_sentence_with_a_remedy(body: str, sentence: str) -> None:
    assert sentences(body) == [sentence]


WRONG_IN_WELSH = {
    "threat": "Byddwch yn cael dirwy.", "shame": "Eich bai chi yw hyn.", "scarcity": "Dyma eich cyfle olaf.",
    "norm": "Mae 8 o bob 10 yn dod.", "service": "Gan eich ymwelydd iechyd.", "need": "Am anghenion dysgu.",
    "address": "Yn 12 Heol Elm.", "comparison": "Fel eich cymdogion.",
}  # fmt: skip


@pytest.mark.parametrize(("kind", "more"), WRONG_IN_WELSH.items(), ids=WRONG_IN_WELSH)
def test_the_same_is_seen_in_welsh(kind: str, more: str) -> None:
    (found,) = said(f"{WELSH} {more}", "cy", from_name="Cyngor Elm")
    assert (found.kind, found.level) == (kind, Level.LAUNCH)


@pytest.mark.parametrize("kind", ["threat", "shame", "scarcity", "comparison", "service", "need", "long_sentence"])
def test_what_someone_agreed_to_may_be_said(kind: str) -> None:
    bodies = {"comparison": f"{GOOD} Your neighbours come.", "long_sentence": WRONG["a long sentence"][0],
              "service": WRONG["a service"][0], "need": WRONG["a need"][0], "threat": WRONG["a threat"][0],
              "shame": WRONG["shame"][0], "scarcity": WRONG["scarcity"][0]}  # fmt: skip
    assert [one.kind for one in said(bodies[kind])] == [kind]
    assert said(bodies[kind], allows={kind: "A. Person, 2027-01-08: why"}) == []


@pytest.mark.parametrize(
    "innocent",
    ["We will send it.", "A debit card.", "You could fine-tune it.", "Open 9 to 5.", "The therapist's own words.",
     "Come at 10 or 11.", "It costs 5% less.", "Come to 12 sessions."],
)  # fmt: skip
def test_common_words_are_not_taken_for_what_they_are_near(innocent: str) -> None:
    assert said(f"{GOOD} {innocent}") == []


def test_every_list_finds_its_own_words() -> None:
    for kind, languages in LEXICON.items():
        for language, phrases in languages.items():
            found = pattern(kind, language)
            assert found is not None
            for phrase in phrases:
                assert found.search(f"x {phrase.replace('*', 'en').replace('#', '3')} x"), phrase
    assert pattern("threat", "pl") is None


def test_an_email_has_a_name_words_for_its_links_and_a_way_to_stop() -> None:
    found = [
        one.what
        for one in said(
            f"See [here](https://example.org/a) or https://example.org/{'a' * 30}.\n\nOr http://example.org/b",
            channel="email", sender="elm@example.org", subject="Your visit",
        )
    ]  # fmt: skip
    assert found == [
        "comes from `elm@example.org`, an address without a name", "names no way to stop",
        "has a link that says only `here`", f"shows the long address `https://example.org/{'a' * 19}…`",
        "holds the address `http://example.org/b`, which is not https",
    ]  # fmt: skip


def test_a_number_for_a_sender_names_nobody() -> None:
    (found,) = said(GOOD, sender="07700900321")
    assert found.what == "is from `07700900321`, which names nobody"
    assert said(GOOD, sender="07700900321", from_name="Elm Council") == []


def test_a_script_that_staff_read_out_is_held_to_its_tone_only() -> None:
    assert [one.kind for one in said("Say that they will be prosecuted.", channel="staff")] == ["threat"]


# Reading: Smith and Senter 1967, as textstat 0.7.13 computes it (`automated_readability_index`). It counts stops and
# commas as letters and we do not, so these texts have none.
ARI = {
    "The cat sat on the mat and it was happy": -2.3000000000000007,
    "Unavoidable administrative circumstances necessitate rescheduling": 38.532,
    "We are holding a place for you and a friend until the end of next week": 2.760625000000001,
}


@pytest.mark.parametrize(("text", "score"), ARI.items(), ids=range(len(ARI)))
def test_the_index_is_that_of_its_authors(text: str, score: float) -> None:
    assert index([text]) == pytest.approx(score, rel=1e-12)


def test_sentences_count_in_the_index() -> None:
    # by hand: 27 letters in 9 words, 2 sentences: 4.71 * 3 + 0.5 * 4.5 - 21.43
    assert index(["The cat sat on the mat.", "It was happy."]) == pytest.approx(-5.05, rel=1e-12)


def test_ages_are_school_grades() -> None:
    assert [age_of(score) for score in (-4.0, 1.0, 1.1, 4.9, 5.0, 5.1, 8.0)] == [5, 5, 6, 9, 9, 10, 12]


def test_addresses_and_numbers_are_not_read_as_words() -> None:
    plainly = reading("Book at example.org/administrative or on 01632 960123.", "en")
    assert plainly.age == 5
    assert plainly.words == 7
    assert reading("Unrhyw eiriau hir iawn iawn.", "cy").age is None


# Segments by GOV.UK Notify: the counts that its own formula gives, from messaging.md section 5.
NOTIFY = [("🚀" * 160, 1), ("]" * 153, 2), ("a" * 152 + "[" + "a" * 152, 2), ("a" * 160, 1), ("a" * 161, 2),
          ("ŵ" * 70, 1), ("ŵ" * 71, 2), ("It’s " * 32, 1)]  # fmt: skip


@pytest.mark.parametrize(("text", "count"), NOTIFY, ids=range(len(NOTIFY)))
def test_notify_counts_by_its_own_rule(text: str, count: int) -> None:
    assert notify_segments(text).count == count
    assert count_of(text, "govuk_notify") == counted_by(text, "govuk_notify").count == count
    assert count_of(text, "twilio_sms") == segments(text).count


def test_what_notify_does_not_carry_is_replaced() -> None:
    assert as_notify_sends("Łódź “ŵy” – café 🚀 Олена…") == '?ódz "ŵy" - café ? ?????...'


def dear(body: str, sent_by: str = "outbox", **columns: str) -> list[str]:
    made = template(body)
    words = render(made, columns, "H1", Manner(sent_by=sent_by))
    return [f"{one.level} {one.what}; {one.remedy}" for one in dear_characters(made, words, sent_by)]


def test_the_character_that_makes_a_text_dear_is_named() -> None:
    assert dear(f"It’s time. {'a' * 100}") == [
        "advice holds `’` (RIGHT SINGLE QUOTATION MARK), so that a segment takes 70 characters in place of 160 (2 "
        "segments, 1 with plain signs); write `'`, or put `plain: yes` in the head, which does so for every family's "
        "name too"
    ]
    assert dear("Croeso i’r tŷ.") == [
        "advice holds `’` (RIGHT SINGLE QUOTATION MARK), so that a segment takes 70 characters in place of 160 (1 "
        "segment, no fewer without); write `'`, or put `plain: yes` in the head, which does so for every family's name "
        "too",
        "advice holds `ŷ` (LATIN SMALL LETTER Y WITH CIRCUMFLEX), so that a segment takes 70 characters in place of "
        "160 (1 segment); count the cost, or find another word: none of them has a plain form that means the same",
    ]
    assert dear("It's time. £5 [now] €3") == []


def test_what_notify_would_lose_stands_before_a_launch() -> None:
    (lost,) = dear("Hello Олена 🚀?", "govuk_notify")
    assert lost.startswith("launch holds `О` (CYRILLIC CAPITAL LETTER O), `л` (CYRILLIC SMALL LETTER EL), `е`")
    assert lost.endswith("and 3 more, in place of which GOV.UK Notify sends `?`; use another channel for these words, "
                         "or leave the characters out")  # fmt: skip
    assert dear("Hello tŷ", "govuk_notify")[0].startswith("advice holds `ŷ`")


def test_plain_signs_are_sent_where_the_head_asks_for_them() -> None:
    made = replace(template("“It’s {{ name }}” – 1…"), plain=True)
    words = render(made, {"name": "O’Neill"}, "H1")
    assert words.text == "\"It's O'Neill\" - 1..."
    assert segments(words.text).encoding == "GSM-7"
    mail = replace(template("It’s {{ name }}", channel="email", subject="x"), plain=True)
    assert render(mail, {"name": "O’Neill"}, "H1").text == "It’s O’Neill"
