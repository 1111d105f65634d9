"""Phones and emails as they will be used, and those that reach nobody."""

from __future__ import annotations

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from nudge.people.contacts import UnusableAddress, is_reserved, normalised


def refused(channel: str, text: str) -> str:
    with pytest.raises(UnusableAddress) as caught:
        normalised(channel, text)
    return str(caught.value)


WRITTEN = [
    "07700 900123", "07700900123", "(07700) 900-123", "07700.900.123", "+44 7700 900123", "+447700900123",
    "+44 (0)7700 900123", "0044 7700 900123", "447700900123", " 07700 900 123 ",
    "7700900123",  # a spreadsheet took the first nought for a number's
]  # fmt: skip


@pytest.mark.parametrize("text", WRITTEN)
def test_a_mobile_is_the_same_however_it_is_written(text: str) -> None:
    assert normalised("sms", text) == "+447700900123"


def test_the_phonenumbers_librarys_own_example_of_a_british_mobile_is_usable() -> None:
    example = phonenumbers.example_number_for_type("GB", PhoneNumberType.MOBILE)
    assert example is not None
    e164 = phonenumbers.format_number(example, PhoneNumberFormat.E164)
    for form in (PhoneNumberFormat.E164, PhoneNumberFormat.NATIONAL, PhoneNumberFormat.INTERNATIONAL):
        assert normalised("sms", phonenumbers.format_number(example, form)) == e164


@pytest.mark.parametrize("region", ["GB", "IE", "FR", "DE", "PL", "IN", "JE", "GG", "IM", "US", "NG", "PK"])
def test_the_librarys_example_mobiles_of_other_countries_are_usable_with_their_code(region: str) -> None:
    example = phonenumbers.example_number_for_type(region, PhoneNumberType.MOBILE)
    assert example is not None
    e164 = phonenumbers.format_number(example, PhoneNumberFormat.E164)
    assert normalised("sms", e164) == e164


LANDLINE = "is not a mobile, which texts need; ask for a mobile or leave it blank"
NOT_MOBILE = [
    PhoneNumberType.FIXED_LINE, PhoneNumberType.TOLL_FREE, PhoneNumberType.PREMIUM_RATE, PhoneNumberType.VOIP,
    PhoneNumberType.PERSONAL_NUMBER, PhoneNumberType.PAGER, PhoneNumberType.UAN,
]  # fmt: skip


@pytest.mark.parametrize("kind", NOT_MOBILE)
def test_the_librarys_examples_of_other_british_numbers_take_no_texts(kind: int) -> None:
    example = phonenumbers.example_number_for_type("GB", kind)
    assert example is not None
    assert refused("sms", phonenumbers.format_number(example, PhoneNumberFormat.NATIONAL)) == LANDLINE


NO_PHONES = {
    "0207 219 3000": LANDLINE,
    "07700 90012": "is not a number in use; check the digits",
    "07700 9001234": "is not a number in use; check the digits",
    "999": "is not a number in use; check the digits",
    "12": "is not a number in use; check the digits",
    "-": "is not a phone number; write 07… or +44…",
    "+": "is not a phone number; write 07… or +44…",
    "07700 900123/07700 900124": "is not a phone number; write 07… or +44…",
    "mum 07700 900123": "holds words; leave only the number",
    "07700 900123 (do not use)": "holds words; leave only the number",
    "07700FLOWER": "holds words; leave only the number",
    "family@example.org": "holds words; leave only the number",
    "07700 900123 ext 5": "holds words; leave only the number",
    "07700 900123 #5": "has an extension, which no text reaches; ask for a mobile or leave it blank",
    "4.47701E+11": "was rounded by a spreadsheet; format the column as text and fill it again",
    "7.7009e9": "was rounded by a spreadsheet; format the column as text and fill it again",
    "0" * 300: "is not a phone number; write 07… or +44…",
}


@pytest.mark.parametrize(("text", "sentence"), NO_PHONES.items(), ids=lambda text: text[:30])
def test_what_is_no_mobile_is_refused_in_plain_words(text: str, sentence: str) -> None:
    assert refused("sms", text) == sentence


@given(st.integers(0, 999))
def test_the_whole_range_for_drama_is_usable_and_reserved(last: int) -> None:
    # Ofcom, "Telephone numbers for use in TV and radio drama programmes": 07700 900000 to 900999
    address = normalised("sms", f"07700 900{last:03d}")
    assert address == f"+447700900{last:03d}"
    assert is_reserved("sms", address)


@pytest.mark.parametrize(
    ("address", "reserved"),
    [
        ("+447700899999", False), ("+447700900000", True), ("+447700900999", True), ("+447700901000", False),
        ("+44770090099", False), ("+4477009009990", False), ("+447700900", False), ("+447400123456", False),
    ],
)  # fmt: skip
def test_the_range_for_drama_ends_where_it_ends(address: str, reserved: bool) -> None:  # noqa: FBT001 - a table
    assert is_reserved("sms", address) is reserved


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("family@example.org", "family@example.org"),
        ("Family.Name+Nudge@EXAMPLE.Org", "Family.Name+Nudge@example.org"),
        ("f@sub.council.gov.uk", "f@sub.council.gov.uk"),
        ("x@clinic.test", "x@clinic.test"),
        ("X@CLINIC.TEST", "X@clinic.test"),
        ("o'neil@example.org", "o'neil@example.org"),
        ("zoë@example.org", "zoë@example.org"),
    ],
)
def test_an_email_keeps_its_name_and_lowers_its_domain(text: str, address: str) -> None:
    assert normalised("email", text) == address


NO_EMAILS = [
    "family", "family@", "@example.org", "family@example", "family@localhost", "fam ily@example.org",
    "f..g@example.org", "Ada <ada@example.org>", "a@example.org, b@example.org", "mailto:a@example.org",
    "a@example.org\nBcc: b@example.org", "a@b@example.org", "a@x.invalid", "07700 900123",
    "a" * 65 + "@" + "b" * 200 + ".org",
]  # fmt: skip


@pytest.mark.parametrize("text", NO_EMAILS, ids=lambda text: text[:30])
def test_what_is_no_email_is_refused(text: str) -> None:
    assert refused("email", text) == "is not an email address; write name@domain"


@pytest.mark.parametrize(
    "address",
    [
        "a@example.org",
        "a@example.com",
        "a@example.net",
        "a@EXAMPLE.ORG",
        "a@sub.example.org",
        "a@x.example",
        "a@x.test",
    ],
)
def test_domains_for_examples_reach_nobody(address: str) -> None:
    # RFC 2606 and RFC 6761
    assert is_reserved("email", address)


@pytest.mark.parametrize(
    "address", ["a@council.gov.uk", "a@notexample.org", "a@example.org.uk", "example.org@gmail.com", "a@test.com"]
)
def test_other_domains_may_reach_somebody(address: str) -> None:
    assert not is_reserved("email", address)


@given(st.sampled_from(["sms", "email"]), st.text(max_size=40) | st.from_regex(r"\+?[0-9 ()#*;/.-]{1,30}"))
def test_any_text_is_an_address_or_is_refused_with_what_to_do(channel: str, text: str) -> None:
    try:
        address = normalised(channel, text)
    except UnusableAddress as error:
        sentence = str(error)
    else:
        sentence = "; "
        assert normalised(channel, address) == address, "an address in its final form stays as it is"
        assert address.isprintable()
    assert sentence.count("; ") == 1
