"""Phones and emails as they will be used, and the ranges set aside for examples."""

from __future__ import annotations

import re
from functools import lru_cache

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType

# Ofcom, "Telephone numbers for use in TV and radio drama programmes": mobiles 07700 900000 to 900999.
_DRAMA_MOBILES = range(447700900000, 447700901000)
# RFC 2606 and RFC 6761: domains that reach nobody.
_EXAMPLE_DOMAINS = ("example.org", "example.com", "example.net")
_EXAMPLE_ENDINGS = (".example", ".test", ".invalid", *(f".{domain}" for domain in _EXAMPLE_DOMAINS))
HOME = "address"
"""In place of a channel: where a family lives. It joins households and is never written to."""
_SCIENTIFIC = re.compile(r"[0-9][0-9.,]*E\+?[0-9]+", re.IGNORECASE)
_MOBILE = {PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE}


class UnusableAddress(ValueError):
    """A phone or email that cannot be used: what is wrong; what to do."""


def is_reserved(channel: str, address: str) -> bool:
    """Whether an address is set aside for drama and examples, so that it reaches nobody."""
    if channel in {HOME, "staff"}:
        return False
    if channel == "sms":
        return address.startswith("+447700900") and int(address[1:]) in _DRAMA_MOBILES
    domain = address.rpartition("@")[2].lower()
    return domain in _EXAMPLE_DOMAINS or domain.endswith(_EXAMPLE_ENDINGS)


def normalised(channel: str, text: str) -> str:
    """A phone in E.164, an email in its canonical form, or a home's address as its bare words.

    What staff go by stays as it is written. Raises UnusableAddress with what is wrong and what to do.
    """
    if channel == HOME:
        return " ".join(re.findall(r"\w+", text.casefold()))
    if channel == "staff":
        return " ".join(text.split())
    return _phone(text) if channel == "sms" else _email(text)


@lru_cache(maxsize=200_000)
def _phone(text: str) -> str:
    if _SCIENTIFIC.fullmatch(text):
        raise UnusableAddress("was rounded by a spreadsheet; format the column as text and fill it again")
    if any(char.isalpha() for char in text):
        raise UnusableAddress("holds words; leave only the number")
    try:
        number = phonenumbers.parse(text, "GB")
    except NumberParseException:
        raise UnusableAddress("is not a phone number; write 07… or +44…") from None
    if number.extension:
        raise UnusableAddress("has an extension, which no text reaches; ask for a mobile or leave it blank")
    written = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    if is_reserved("sms", written):
        return written
    kind = phonenumbers.number_type(number)
    if kind == PhoneNumberType.UNKNOWN:
        raise UnusableAddress("is not a number in use; check the digits")
    if kind not in _MOBILE:
        raise UnusableAddress("is not a mobile, which texts need; ask for a mobile or leave it blank")
    return written


def _email(text: str) -> str:
    try:
        checked = validate_email(text, check_deliverability=False, test_environment=text.lower().endswith(".test"))
    except EmailNotValidError:
        raise UnusableAddress("is not an email address; write name@domain") from None
    return checked.normalized
