"""Texts and emails by GOV.UK Notify: its own client in a small pool, one session each.

Notify keeps our reference and can be asked by it, so a message whose answer never came is
settled by asking. It does not compare references: two requests are two messages. The words
are ours; the service's template only holds `((message))` and, for emails, `((subject))`.
"""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Self, TypeVar

import requests
from notifications_python_client.errors import HTTPError, InvalidResponse
from notifications_python_client.notifications import NotificationsAPIClient

from nudge.delivery.loopback import is_live
from nudge.trial.errors import InputError, Refused
from nudge.trial.records.delivery import Capability, Fate, Reply, SendResult, Trace

if TYPE_CHECKING:
    from collections.abc import Callable

    from nudge.delivery.channels import ChannelSettings
    from nudge.trial.records.delivery import Asked, Outgoing

T = TypeVar("T")
R = TypeVar("R")

CARRIES = frozenset({"sms", "email"})
_TOO_MANY = 429
_BAD_REQUEST = 400
_SERVER_ERRORS = 500
_KEY_LENGTH = 74  # a name, then the service's and the secret's UUIDs, joined by hyphens

# docs.notifications.service.gov.uk/rest-api.html, "Message statuses"
_STATUSES = {
    "created": Fate.UNDER_WAY, "sending": Fate.UNDER_WAY, "pending": Fate.UNDER_WAY, "sent": Fate.UNDER_WAY,
    "delivered": Fate.DELIVERED, "permanent-failure": Fate.PERMANENT, "temporary-failure": Fate.TEMPORARY,
    "technical-failure": Fate.TEMPORARY,
}  # fmt: skip

# The recipient cannot be written to: the sentences of the API's description for POST /v2/notifications.
_PERMANENT = (
    "Not a UK mobile number", "Too many digits", "Not enough digits", "Must not contain letters",
    "Not a valid country prefix", "Not a valid email address", "Enter a real email address",
    "character count greater than the limit", "can\u2019t be sent to international",
)  # fmt: skip
# The service, its template or its key is not in order: no message would be taken.
_BLOCKING = ("Missing personalisation", "Template", "template", "sender", "trial mode", "team-only", "does not exist")


def fate(status: str) -> Fate:
    """What a status means for an accepted message."""
    return _STATUSES.get(status, Fate.UNRECOGNISED)


class Notify:
    """A channel over GOV.UK Notify."""

    can = Capability(asked=True, receipts=True)
    timeout = 35.0
    _SECONDS = 30

    def __init__(self, settings: ChannelSettings) -> None:
        key = settings.notify_api_key.get_secret_value()
        if len(key) < _KEY_LENGTH:
            raise InputError("messages go by GOV.UK Notify and NUDGE_NOTIFY_API_KEY is not a key", "set it to yours")
        self.live = is_live(settings.notify_base_url, "NUDGE_NOTIFY_BASE_URL")
        self.templates = {"sms": settings.notify_sms_template, "email": settings.notify_email_template}
        self.connections = settings.provider_connections
        self._base = settings.notify_base_url
        self.key = key
        self._pool: ThreadPoolExecutor | None = None
        self._idle: SimpleQueue[Any] = SimpleQueue()
        # Its client logs the request's address with every failure; the ledger keeps what happened.
        logging.getLogger("notifications_python_client").setLevel(logging.ERROR)

    async def __aenter__(self) -> Self:
        """Make as many clients as threads: a client is not safe to share."""
        self._pool = ThreadPoolExecutor(self.connections, "notify")
        self._idle = SimpleQueue()
        make: Any = NotificationsAPIClient  # without types of its own
        for _ in range(self.connections):
            self._idle.put(make(self.key, base_url=self._base, timeout=self._SECONDS))
        return self

    async def __aexit__(self, *exc: object) -> None:
        """End the threads and sessions."""
        if self._pool is not None:
            self._pool.shutdown()
        while not self._idle.empty():
            self._idle.get().request_session.close()

    async def send(self, message: Outgoing) -> SendResult:
        """Send one message; never raises for what Notify or the network does."""
        return await self._in_pool(self._send, message)

    async def find(self, asked: Asked) -> Trace | None:
        """Ask by our reference; None where Notify cannot be asked now."""
        return await self._in_pool(self._find, asked)

    async def take_back(self, asked: Asked) -> bool:  # noqa: ARG002 - every channel is asked alike
        """Notify cancels letters only."""
        return False

    async def _in_pool(self, call: Callable[[T], R], given: T) -> R:
        if self._pool is None:
            raise AssertionError("the channel is open")
        return await asyncio.get_running_loop().run_in_executor(self._pool, call, given)

    def _send(self, message: Outgoing) -> SendResult:
        kind = "email" if "@" in message.address else "sms"
        template = self.templates[kind]
        if not template:
            setting = f"NUDGE_NOTIFY_{kind.upper()}_TEMPLATE"
            return SendResult(Reply.BLOCKED, "no template", f"{setting} is not set")
        client = self._idle.get()
        try:
            if kind == "sms":
                made = client.send_sms_notification(message.address, template, {"message": message.text}, message.id)
            else:
                made = client.send_email_notification(
                    message.address, template, {"subject": message.subject, "message": message.text}, message.id,
                    one_click_unsubscribe_url=message.unsubscribe_url or None,
                )  # fmt: skip
        except HTTPError as error:
            return _refused(error)
        except (InvalidResponse, requests.RequestException) as error:
            return SendResult(Reply.UNKNOWN, detail=f"no answer that can be read: {error}")
        finally:
            self._idle.put(client)
        return SendResult(Reply.ACCEPTED, "201", provider_id=str(made["id"]))

    def _find(self, asked: Asked) -> Trace | None:
        client = self._idle.get()
        try:
            if asked.provider_id:
                found = [client.get_notification_by_id(asked.provider_id)]
            else:
                found = client.get_all_notifications(reference=asked.reference)["notifications"]
        except (HTTPError, InvalidResponse, requests.RequestException):
            return None
        finally:
            self._idle.put(client)
        if not found:
            return Trace(taken=False)
        one = found[0]
        return Trace(taken=True, provider_id=str(one["id"]), fate=fate(one["status"]), code=str(one["status"]))


def _refused(error: HTTPError) -> SendResult:
    """What an error answer means; without an answer, it depends on whether a connection was made."""
    response: Any = error.response
    if response is None:
        cause = error.__cause__
        refused = isinstance(cause, requests.ConnectTimeout) or "NewConnectionError" in repr(cause)
        return SendResult(Reply.TEMPORARY if refused else Reply.UNKNOWN, detail=f"no answer: {type(cause).__name__}")
    status, said = response.status_code, _sentence(error)
    if status == _TOO_MANY:
        return SendResult(Reply.TEMPORARY, "429", said, retry_after=_seconds(response.headers.get("Retry-After", "")))
    if status >= _SERVER_ERRORS:
        return SendResult(Reply.UNKNOWN, str(status), f"Notify broke off: {said}")
    if any(sentence in said for sentence in _PERMANENT):
        return SendResult(Reply.REJECTED, str(status), said)
    if status != _BAD_REQUEST or any(sentence in said for sentence in _BLOCKING):
        return SendResult(Reply.BLOCKED, str(status), said)
    return SendResult(Reply.REJECTED, str(status), said, recognised=False)


def _sentence(error: HTTPError) -> str:
    said = error.message
    return "; ".join(str(one.get("message", one)) for one in said) if isinstance(said, list) else str(said)


def _seconds(retry_after: str) -> float:
    try:
        return max(0.0, float(retry_after))
    except ValueError:
        return 0.0


def open_channel(settings: ChannelSettings) -> Notify:
    """The service that NUDGE_NOTIFY_API_KEY names. Raises InputError where it names none."""
    return Notify(settings)


def received_texts(settings: ChannelSettings) -> list[dict[str, Any]]:
    """The newest 250 texts to the service's number, of at most 7 days (its API, "Get received text messages").

    Raises Refused where Notify does not show them.
    """
    channel = Notify(settings)
    make: Any = NotificationsAPIClient  # without types of its own
    client = make(channel.key, base_url=settings.notify_base_url, timeout=30)
    try:
        found: list[dict[str, Any]] = client.get_received_texts()["received_text_messages"]
    except (HTTPError, InvalidResponse, requests.RequestException) as error:
        raise Refused("GOV.UK Notify does not show the texts it received", "try again later") from error
    finally:
        client.request_session.close()
    return found
