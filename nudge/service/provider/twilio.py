"""Twilio's Message resource, as its OpenAPI description has it (api_v2010)."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Mapping
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlsplit

from nudge.service.provider.ledger import Received

_PHONE = re.compile(r"(whatsapp:)?\+[1-9][0-9]{6,14}")
_LONGEST_BODY = 1600
_LONGEST_VALIDITY = 36_000

# Codes and sentences: twilio.com/docs/api/errors
INVALID_TO = (21211, "Invalid 'To' Phone Number")
_NO_TO = (21604, "A 'To' phone number is required.")
_NO_FROM = (21603, "A 'From' phone number is required.")
_NO_BODY = (21602, "Message body is required.")
_LONG_BODY = (21617, "The concatenated message body exceeds the 1600 character limit.")
_VALIDITY = (20001, "ValidityPeriod is out of range.")
TOO_MANY = (20429, "Too Many Requests")
BAD_CREDENTIALS = (20003, "Authenticate")
TOO_LATE = (30409, "This message cannot be canceled")
CANCELLABLE = {"accepted", "scheduled", "queued"}
NOT_FOUND = (20404, "The requested resource was not found")
BROKEN = (20500, "Internal Server Error")


def error(status: int, code: tuple[int, str]) -> dict[str, Any]:
    """An error as Twilio words it."""
    number, message = code
    return {
        "code": number, "message": message, "more_info": f"https://www.twilio.com/docs/errors/{number}",
        "status": status,
    }  # fmt: skip


def flaw(form: Mapping[str, str]) -> tuple[int, str] | None:
    """What is wrong with a request to send, if anything."""
    to, body = form.get("To", ""), form.get("Body", "")
    validity = form.get("ValidityPeriod", "1")
    flaws = (
        (not to, _NO_TO),
        (not _PHONE.fullmatch(to), INVALID_TO),
        (not (form.get("From") or form.get("MessagingServiceSid")), _NO_FROM),
        (not (body or form.get("ContentSid")), _NO_BODY),
        (len(body) > _LONGEST_BODY, _LONG_BODY),
        (not (validity.isdigit() and 1 <= int(validity) <= _LONGEST_VALIDITY), _VALIDITY),
    )
    return next((code for wrong, code in flaws if wrong), None)


def received(form: Mapping[str, str]) -> Received:
    """The message of a request that has no flaw."""
    callback = form.get("StatusCallback", "")
    return Received(
        "twilio", f"SM{secrets.token_hex(16)}", urlsplit(callback).path.rpartition("/")[2], "sms", form["To"],
        form.get("From") or form["MessagingServiceSid"], "", form.get("Body") or form.get("ContentVariables", ""),
        "queued", time.time(), callback, int(form["ValidityPeriod"]) if "ValidityPeriod" in form else None,
    )  # fmt: skip


def resource(message: Received, account: str) -> dict[str, Any]:
    """A message as Twilio shows it."""
    uri = f"/2010-04-01/Accounts/{account}/Messages/{message.id}"
    moment = format_datetime(message.moment)
    service = message.sender if message.sender.startswith("MG") else None
    return {
        "account_sid": account, "api_version": "2010-04-01", "body": message.body, "date_created": moment,
        "date_sent": None if message.status == "queued" else moment, "date_updated": moment,
        "direction": "outbound-api", "error_code": None, "error_message": None,
        "from": None if service else message.sender, "messaging_service_sid": service, "num_media": "0",
        "num_segments": "1", "price": None, "price_unit": "GBP", "sid": message.id, "status": message.status,
        "subresource_uris": {"media": f"{uri}/Media.json"}, "to": message.recipient, "uri": f"{uri}.json",
    }  # fmt: skip


def page(messages: list[Received], account: str, size: int) -> dict[str, Any]:
    """The first page of a list."""
    uri = f"/2010-04-01/Accounts/{account}/Messages.json?PageSize={size}&Page=0"
    shown = messages[:size]
    return {
        "messages": [resource(message, account) for message in shown], "page": 0, "page_size": size, "start": 0,
        "end": max(len(shown) - 1, 0), "first_page_uri": uri, "uri": uri, "next_page_uri": None,
        "previous_page_uri": None,
    }  # fmt: skip
