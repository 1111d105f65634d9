"""SMS segments as Twilio counts them.

Committed cases: 3GPP TS 23.038 (7 bits a character, 16 in UCS-2, 140 octets a message) and
TS 23.040 (6 octets of header in each part of a long one): 160 or 153 and 70 or 67 characters.
"""

from __future__ import annotations

import json
from math import ceil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nudge.messages.segments import count_of, segments

BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION = "^{}\\[~]|€\f"
FAMILY = "👨‍👩‍👧"  # man, joiner, woman, joiner, girl: 8 UTF-16 units that stay together


@pytest.mark.needs("reference data")
def test_every_stored_case_is_cut_as_twilios_calculator_cuts_it(reference_folder: Path) -> None:
    stored = json.loads((reference_folder / "vectors" / "sms_segments_twilio.json").read_text(encoding="utf-8"))
    assert len(stored["cases"]) > 50
    for case in stored["cases"]:
        found = segments(case["text"])
        assert (found.encoding, found.count, found.characters) == (
            case["encoding"], case["segments"], case["characters"],
        ), case["text"]  # fmt: skip


CASES = {
    "nothing": ("", "GSM-7", 1, 0),
    "160 a": ("a" * 160, "GSM-7", 1, 160),
    "161 a": ("a" * 161, "GSM-7", 2, 161),
    "306 a": ("a" * 306, "GSM-7", 2, 306),
    "307 a": ("a" * 307, "GSM-7", 3, 307),
    "80 of the extension": ("]" * 80, "GSM-7", 1, 160),
    "81 of the extension": ("]" * 81, "GSM-7", 2, 162),
    "an extension that just fits": ("a" * 158 + "€", "GSM-7", 1, 160),
    "an extension one too many": ("a" * 159 + "€", "GSM-7", 2, 161),
    "an extension on the cut moves whole": ("a" * 152 + "]" + "a" * 152, "GSM-7", 3, 306),
    "an extension before the cut": ("a" * 151 + "]" + "a" * 153, "GSM-7", 2, 306),
    "a pound sign costs nothing": ("£" * 160, "GSM-7", 1, 160),
    "70 ŵ": ("ŵ" * 70, "UCS-2", 1, 70),
    "71 ŵ": ("ŵ" * 71, "UCS-2", 2, 71),
    "134 ŵ": ("ŵ" * 134, "UCS-2", 2, 134),
    "135 ŵ": ("ŵ" * 135, "UCS-2", 3, 135),
    "one ŵ among 69 a": ("a" * 69 + "ŵ", "UCS-2", 1, 70),
    "one ŵ among 70 a": ("a" * 70 + "ŵ", "UCS-2", 2, 71),
    "a curly apostrophe": ("It’s on Monday", "UCS-2", 1, 14),
    "35 rockets": ("🚀" * 35, "UCS-2", 1, 35),
    "36 rockets": ("🚀" * 36, "UCS-2", 2, 36),
    "8 families and 6 letters": (FAMILY * 8 + "abcdef", "UCS-2", 1, 14),
    "a family on the cut moves whole": ("a" * 64 + FAMILY + "a" * 62, "UCS-2", 3, 127),
    "a family before the cut": ("a" * 59 + FAMILY + "a" * 67, "UCS-2", 2, 127),
    "two words to a line": ("Line one\r\nLine two", "GSM-7", 1, 18),
}


@pytest.mark.parametrize(("text", "encoding", "count", "characters"), CASES.values(), ids=CASES)
def test_a_text_is_cut_where_the_standard_cuts_it(text: str, encoding: str, count: int, characters: int) -> None:
    found = segments(text)
    assert (found.encoding, found.count, found.characters) == (encoding, count, characters)


def test_characters_that_make_a_text_dearer_are_named_once_each_in_order() -> None:
    assert segments("Tŷ’r ŵyl, tŷ").forcing_unicode == ("ŷ", "’", "ŵ")
    assert segments("Cost £5 [today] {€}").forcing_unicode == ()


@pytest.mark.parametrize("char", BASIC + EXTENSION)
def test_each_character_of_the_gsm_tables_stays_gsm(char: str) -> None:
    assert segments(char).encoding == "GSM-7"
    assert segments(char).characters == (2 if char in EXTENSION else 1)


@given(st.text(BASIC, max_size=700))
def test_gsm_text_takes_160_characters_or_153_a_part(text: str) -> None:
    assert segments(text).count == (1 if len(text) <= 160 else ceil(len(text) / 153))


@given(st.integers(0, 400), st.sampled_from("ŵŷâïŁ–’"))
def test_other_text_takes_70_characters_or_67_a_part(number: int, char: str) -> None:
    text = char * number
    assert segments(text).count == (1 if number <= 70 else ceil(number / 67))


@given(st.text(BASIC + EXTENSION, max_size=700))
def test_an_extension_character_wastes_at_most_one_place_a_part(text: str) -> None:
    found = segments(text)
    assert found.characters == len(text) + sum(char in EXTENSION for char in text)
    if found.characters > 160:
        assert ceil(found.characters / 153) <= found.count <= ceil(found.characters / 152)


@given(st.text(max_size=300), st.text(max_size=100))
def test_more_words_never_take_fewer_segments(text: str, more: str) -> None:
    assert segments(text + more).count >= segments(text).count


@given(st.text(max_size=200))
def test_a_text_is_gsm_exactly_where_every_character_is(text: str) -> None:
    foreign = [char for char in dict.fromkeys(text) if char not in BASIC + EXTENSION]
    found = segments(text)
    assert list(found.forcing_unicode) == foreign
    assert found.encoding == ("UCS-2" if foreign else "GSM-7")
    assert found.count >= 1


NEAR = BASIC + EXTENSION + "ŵŷâë’–…“ẁ€\u0301\u200d🚀\xad"


@given(st.text(NEAR, max_size=400) | st.text("aŵ’€é", min_size=60, max_size=150) | st.text(max_size=200))
def test_counting_alone_gives_the_same_number(text: str) -> None:
    assert count_of(text, "twilio_sms") == segments(text).count
