"""Twilio, for texts and WhatsApp: its client over one aiohttp session, and what its codes mean.

The `twilio` package builds requests and reads errors; `Wire` is its own extension point for
the connection. Twilio's Message resource takes no reference of ours and is not idempotent
(twilio.com/docs/api/errors/20500), so an answer that never came leaves a message unknown; our
identifier travels in the status callback's address, and a listing of the number may find it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

import aiohttp
from twilio.base.exceptions import TwilioRestException
from twilio.http import AsyncHttpClient
from twilio.http.response import Response

from nudge.delivery.loopback import is_live
from nudge.trial.errors import InputError
from nudge.trial.records.delivery import Capability, Fate, Reply, SendResult, Trace

if TYPE_CHECKING:
    from nudge.delivery.channels import ChannelSettings
    from nudge.trial.records.delivery import Asked, Outgoing

_TOO_MANY = 429
_SERVER_ERRORS = 500
_REFUSED_OUTRIGHT = {401, 403, 404}
_LONGEST_VALIDITY = 36_000
_SEARCHED = 50
_CLOCKS_DIFFER = timedelta(minutes=1)

# twilio.com/docs/api/errors. Numbers that cannot be texted: the message is refused for good.
PERMANENT = {
    21211: "not a phone number", 21214: "cannot be reached", 21217: "not a phone number",
    21408: "no permission to send to that country", 21610: "the family has opted out with the provider",
    21612: "cannot be reached from this sender", 21614: "not a mobile number", 21617: "too long",
    21635: "is a landline", 63003: "is not on WhatsApp", 63024: "is not on WhatsApp",
}  # fmt: skip
OPTED_OUT = 21610
"""Twilio keeps its own list of numbers that texted STOP."""

# Our account, sender or service is not in order: no message would be taken.
BLOCKING = {20003, 20005, 20404, 21212, 21603, 21606, 21659, 21660, 21703, 21705, 63007}

# What the carriers say of a message that was accepted.
_UNDELIVERED = {
    30001: Fate.TEMPORARY,  # queue overflow
    30002: Fate.TEMPORARY,  # account suspended between accepting and sending
    30003: Fate.TEMPORARY,  # handset switched off or out of reach
    30004: Fate.PERMANENT,  # blocked by the recipient or the carrier
    30005: Fate.PERMANENT,  # unknown destination
    30006: Fate.PERMANENT,  # landline
    30007: Fate.PERMANENT,  # filtered as spam
    30008: Fate.TEMPORARY,  # unknown error at the carrier
    30036: Fate.TEMPORARY,  # the validity period ended first
    63016: Fate.PERMANENT,  # WhatsApp: outside the conversation window without a template
    21610: Fate.PERMANENT,  # opted out
}
_GONE = {"30005", "30006"}  # an unknown destination and a landline: nobody reads texts there
_STATUSES = {
    "accepted": Fate.UNDER_WAY, "scheduled": Fate.UNDER_WAY, "queued": Fate.UNDER_WAY, "sending": Fate.UNDER_WAY,
    "sent": Fate.UNDER_WAY, "delivered": Fate.DELIVERED, "read": Fate.DELIVERED, "canceled": Fate.PERMANENT,
}  # fmt: skip


def fate(status: str, code: str = "") -> Fate:
    """What a status and its error code mean for an accepted message."""
    if status in {"undelivered", "failed"}:
        return _UNDELIVERED.get(int(code), Fate.UNRECOGNISED) if code.isdigit() else Fate.UNRECOGNISED
    return _STATUSES.get(status, Fate.UNRECOGNISED)


def is_gone(code: str) -> bool:
    """Whether an error code of an accepted message says that its number cannot be texted at all."""
    return code in _GONE


class TooMany(Exception):
    """Twilio asks to wait."""

    def __init__(self, retry_after: float) -> None:
        self.retry_after = retry_after
        super().__init__(f"retry after {retry_after:g} seconds")


class Wire(AsyncHttpClient):  # type: ignore[misc]  # twilio ships no types
    """The twilio client's connection: one aiohttp session, to whatever host the settings name."""

    def __init__(self, base_url: str, connections: int, timeout: float) -> None:
        self._base = base_url.rstrip("/")
        self._connections = connections
        self._seconds = timeout
        self._session: aiohttp.ClientSession | None = None
        self.is_async = True

    async def __aenter__(self) -> Self:
        """Open the session."""
        # An idle connection is let go before usual servers close it: a request must not meet a closing door.
        connector = aiohttp.TCPConnector(limit=self._connections, keepalive_timeout=4)
        self._session = aiohttp.ClientSession(
            connector=connector, timeout=aiohttp.ClientTimeout(total=self._seconds, connect=5)
        )
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Close it."""
        if self._session is not None:
            await self._session.close()

    async def request(self, method: str, uri: str, **request: Any) -> Response:
        """One request as the twilio package built it. Raises TooMany on 429."""
        if self._session is None:
            raise AssertionError("the channel is open")
        parts = urlsplit(uri)
        query = f"?{parts.query}" if parts.query else ""
        headers = dict(request["headers"])
        headers["Authorization"] = aiohttp.encode_basic_auth(*request["auth"])
        async with self._session.request(
            method, f"{self._base}{parts.path}{query}", params=request["params"], data=request["data"],
            headers=headers, allow_redirects=False,
        ) as answer:  # fmt: skip
            if answer.status == _TOO_MANY:
                raise TooMany(_seconds(answer.headers.get("Retry-After", "")))
            return Response(answer.status, await answer.text(), answer.headers)


@dataclass(frozen=True, slots=True)
class Dress:
    """How a way of sending writes addresses: `whatsapp:` before a number, or nothing."""

    prefix: str = ""
    sender: str = ""
    content: str = ""


class Twilio:
    """A channel over Twilio's Message resource."""

    can = Capability(listed=True, cancel=True, expire=True, receipts=True)
    timeout = 20.0

    def __init__(self, settings: ChannelSettings, dress: Dress) -> None:
        token = settings.twilio_auth_token.get_secret_value()
        if not (settings.twilio_account_sid and token):
            raise InputError(
                "messages go by Twilio and its account is not set",
                "set NUDGE_TWILIO_ACCOUNT_SID and NUDGE_TWILIO_AUTH_TOKEN",
            )
        self.live = is_live(settings.twilio_base_url, "NUDGE_TWILIO_BASE_URL")
        self.dress = dress
        self.callbacks = settings.public_url.rstrip("/")
        self._wire = Wire(settings.twilio_base_url, settings.provider_connections, self.timeout - 2)
        self._client = _client(settings.twilio_account_sid, token, self._wire)

    async def __aenter__(self) -> Self:
        """Open the session."""
        await self._wire.__aenter__()
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Close it."""
        await self._wire.__aexit__(*exc)

    async def send(self, message: Outgoing) -> SendResult:
        """Send one message; never raises for what Twilio or the network does."""
        try:
            made = await self._client.messages.create_async(**self._parameters(message))
        except TwilioRestException as error:
            return refused(error.status, int(error.code), str(error.msg))
        except TooMany as error:
            return SendResult(Reply.TEMPORARY, "429", "too many requests", retry_after=error.retry_after)
        except aiohttp.ClientConnectorError as error:
            return SendResult(Reply.TEMPORARY, detail=f"not connected: {error}")
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return SendResult(Reply.UNKNOWN, detail=f"no answer: {type(error).__name__} {error}".rstrip())
        return SendResult(Reply.ACCEPTED, str(made.status), provider_id=str(made.sid))

    def _parameters(self, message: Outgoing) -> dict[str, Any]:
        sender = self.dress.sender or message.sender
        left = int((message.not_after - message.at).total_seconds())
        said: dict[str, Any] = {
            "to": f"{self.dress.prefix}{message.address}", "validity_period": max(1, min(left, _LONGEST_VALIDITY)),
        }  # fmt: skip
        said |= {"messaging_service_sid": sender} if sender.startswith("MG") else {"from_": self.dress.prefix + sender}
        if self.callbacks:
            said["status_callback"] = f"{self.callbacks}/callbacks/twilio/status/{message.id}"
        if self.dress.content:
            return said | {"content_sid": self.dress.content, "content_variables": _variables(message.text)}
        return said | {"body": message.text}

    async def find(self, asked: Asked) -> Trace | None:
        """Look at what went to that number at that minute; None where it is not there or cannot be read."""
        try:
            if asked.provider_id:
                one = await self._client.messages(asked.provider_id).fetch_async()
                return _trace(one)
            to = f"{self.dress.prefix}{asked.address}"
            sent = await self._client.messages.list_async(to=to, limit=_SEARCHED)
        except (TwilioRestException, TooMany, aiohttp.ClientError, TimeoutError, OSError):
            return None
        begin = asked.claimed_at - _CLOCKS_DIFFER
        end = asked.claimed_at + timedelta(seconds=self.timeout) + _CLOCKS_DIFFER
        alike = [one for one in sent if one.body == asked.text and begin <= one.date_created <= end]
        return _trace(alike[-1]) if alike else None

    async def take_back(self, asked: Asked) -> bool:
        """Cancel a message that has not left Twilio; it answers 30409 where it has."""
        if not asked.provider_id:
            return False
        try:
            one = await self._client.messages(asked.provider_id).update_async(status="canceled")
        except (TwilioRestException, TooMany, aiohttp.ClientError, TimeoutError, OSError):
            return False
        return str(one.status) == "canceled"


def refused(status: int, code: int, message: str) -> SendResult:
    """What an error answer means for the message."""
    if status >= _SERVER_ERRORS:
        return SendResult(Reply.UNKNOWN, str(code), f"Twilio broke off: {message}")
    if code in BLOCKING or status in _REFUSED_OUTRIGHT:
        return SendResult(Reply.BLOCKED, str(code), message)
    why = PERMANENT.get(code)
    return SendResult(
        Reply.REJECTED, str(code), why or message, recognised=why is not None, opted_out=code == OPTED_OUT
    )


def _trace(one: Any) -> Trace:
    code = str(one.error_code or "")
    said = f"{one.status} {code}".rstrip()
    return Trace(taken=True, provider_id=str(one.sid), fate=fate(str(one.status), code), code=said)


def _seconds(retry_after: str) -> float:
    """Retry-After in seconds; Twilio writes no dates there."""
    try:
        return max(0.0, float(retry_after))
    except ValueError:
        return 0.0


def _variables(text: str) -> str:
    return json.dumps({"1": text}, ensure_ascii=False)


def _client(account: str, token: str, wire: Wire) -> Any:
    from twilio.rest import Client

    # Without an environment of its own the client would read the host's region from this process's.
    return Client(account, token, http_client=wire, environment={"TWILIO_REGION": ""})
