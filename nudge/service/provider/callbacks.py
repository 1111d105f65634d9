"""What the stand-in tells its customer afterwards, in the providers' own shapes."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import aiohttp
from twilio.request_validator import RequestValidator

from nudge.service.provider.faults import Chance

if TYPE_CHECKING:
    from nudge.service.provider.ledger import ProviderLedger, Received

# GOV.UK Notify's own simulator numbers and addresses (notifications-api, research_mode_tasks.py).
_FATES = {"07700900002": "permanent", "07700900003": "temporary", "perm-fail": "permanent", "temp-fail": "temporary"}
_TWILIO = {
    "delivered": (["sent", "delivered"], ""),
    # twilio.com/docs/api/errors: 30005 unknown destination handset, 30003 unreachable destination handset
    "permanent": (["sent", "undelivered"], "30005"),
    "temporary": (["sent", "undelivered"], "30003"),
}
_NOTIFY = {"delivered": "delivered", "permanent": "permanent-failure", "temporary": "temporary-failure"}


@dataclass(frozen=True)
class Customer:
    """Where callbacks go and how they are signed."""

    account_sid: str = "AC" + "0" * 32
    auth_token: str = "stand-in"  # noqa: S105 - of the stand-in, whose secrets are no secrets
    inbound_url: str = ""
    """Where Twilio posts what families write back."""
    notify_url: str = ""
    notify_inbound_url: str = ""
    notify_bearer: str = ""


def fate(recipient: str) -> str:
    """What becomes of a message: decided by its recipient, as Notify's simulators do."""
    number = "0" + recipient.rpartition(":")[2].removeprefix("+44") if "@" not in recipient else ""
    return _FATES.get(number) or _FATES.get(recipient.partition("@")[0], "delivered")


class Callbacks:
    """Sends callbacks in the background; what is under way ends with the stand-in."""

    def __init__(self, customer: Customer, ledger: ProviderLedger) -> None:
        self.customer = customer
        self.ledger = ledger
        self._session: aiohttp.ClientSession | None = None
        self._under_way: set[asyncio.Task[None]] = set()
        self.received: list[dict[str, str]] = []
        """Texts to the Notify number, oldest first, as it posts them."""

    async def close(self) -> None:
        """Stop what is under way."""
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    def follow(self, message: Received, chance: Chance) -> None:
        """Tell the customer what becomes of a message, with this moment's faults."""
        faults = chance.faults
        if message.provider == "twilio":
            statuses, code = _TWILIO[fate(message.recipient)]
        else:
            statuses, code = [_NOTIFY[fate(message.recipient)]], ""
        told = statuses
        if chance.happens(faults.callbacks_twice):
            told = [status for status in told for _ in range(2)]
        if chance.happens(faults.callbacks_shuffled):
            told = told[::-1] if len(told) == len(statuses) else chance.shuffle(told)
        if chance.happens(faults.callbacks_lost):
            told = []
        task = asyncio.get_running_loop().create_task(
            self._follow(message, statuses[-1], told, code, faults.callback_delay)
        )
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _follow(self, message: Received, last: str, told: list[str], code: str, delay: float) -> None:
        await asyncio.sleep(delay)
        if self.ledger.find(id=message.id)[0].status == "canceled":
            last, told, code = "canceled", ["canceled"], ""
        self.ledger.set_status(message.id, last)
        for status in told:
            if message.provider == "twilio" and message.callback:
                await self._post_twilio(message.callback, self._twilio_status(message, status, code))
            elif message.provider == "notify" and self.customer.notify_url:
                await self._post_notify(self.customer.notify_url, _notify_status(message, status))
            await asyncio.sleep(delay)

    def _twilio_status(self, message: Received, status: str, code: str) -> dict[str, str]:
        failed = {"ErrorCode": code} if code and status == "undelivered" else {}
        return {
            "MessageSid": message.id, "SmsSid": message.id, "MessageStatus": status, "SmsStatus": status,
            "To": message.recipient, "From": message.sender, "AccountSid": self.customer.account_sid,
            "ApiVersion": "2010-04-01", **failed,
        }  # fmt: skip

    async def reply(self, provider: str, sender: str, recipient: str, text: str) -> int:
        """A family writes back; returns what the customer's server answered."""
        if provider == "notify":
            content = {
                "id": str(uuid.uuid4()), "source_number": sender.removeprefix("+"), "destination_number": recipient,
                "message": text, "date_received": datetime.now(UTC).isoformat(),
            }  # fmt: skip
            self.received.append(content)
            return await self._post_notify(self.customer.notify_inbound_url, content)
        sid = f"SM{uuid.uuid4().hex}"
        return await self._post_twilio(
            self.customer.inbound_url,
            {"MessageSid": sid, "SmsSid": sid, "AccountSid": self.customer.account_sid, "From": sender,
             "To": recipient, "Body": text, "NumMedia": "0", "NumSegments": "1", "ApiVersion": "2010-04-01"},
        )  # fmt: skip

    async def _post_twilio(self, url: str, form: dict[str, str]) -> int:
        signature = RequestValidator(self.customer.auth_token).compute_signature(url, form)
        return await self._post(url, data=form, headers={"X-Twilio-Signature": signature})

    async def _post_notify(self, url: str, content: Mapping[str, str | None]) -> int:
        return await self._post(url, json=content, headers={"Authorization": f"Bearer {self.customer.notify_bearer}"})

    async def _post(self, url: str, **request: object) -> int:
        """One attempt; a customer that does not listen has missed it."""
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10))
        try:
            async with self._session.post(url, **request) as answer:  # type: ignore[arg-type]  # aiohttp's own options
                return answer.status
        except (aiohttp.ClientError, TimeoutError):
            return 0


def _notify_status(message: Received, status: str) -> dict[str, str | None]:
    """docs.notifications.service.gov.uk, "Delivery receipts"."""
    now = datetime.now(UTC).isoformat()
    return {
        "id": message.id, "reference": message.reference, "to": message.recipient, "status": status,
        "created_at": message.moment.isoformat(), "completed_at": now, "sent_at": now,
        "notification_type": message.kind,
    }  # fmt: skip
