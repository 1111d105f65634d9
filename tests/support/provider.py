"""The stand-in provider, running on loopback for as long as a test needs it."""

from __future__ import annotations

import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from nudge.service.provider.app import build_provider, provider_server
from nudge.service.provider.callbacks import Customer
from nudge.service.provider.faults import Faults
from nudge.service.provider.ledger import ProviderLedger, Received

NOTIFY_KEY = "stand-in-" + "0" * 8 + "-0000-4000-8000-" + "0" * 12 + "-" + "1" * 8 + "-0000-4000-8000-" + "1" * 12
TEMPLATE = "2" * 8 + "-0000-4000-8000-" + "2" * 12


@dataclass
class Running:
    """Where it listens, and what it took."""

    port: int
    ledger: ProviderLedger
    customer: Customer
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def taken(self) -> list[Received]:
        """Oldest first."""
        return self.ledger.find()[::-1]

    @property
    def times(self) -> Counter[str]:
        """How often each of our references was taken."""
        return Counter(message.reference for message in self.taken)

    def misbehave(self, **faults: Any) -> None:
        """From now on."""
        answer = requests.put(f"{self.url}/faults", json=Faults(**faults).model_dump(), timeout=5)
        answer.raise_for_status()

    def write_back(self, sender: str, text: str, provider: str = "twilio", recipient: str = "+447700900999") -> int:
        """A family answers; gives the status our service answered with."""
        content = {"provider": provider, "sender": sender, "recipient": recipient, "text": text}
        answer = requests.post(f"{self.url}/inbound", json=content, timeout=15)
        return int(answer.json()["status"])


@contextmanager
def provider(
    faults: Faults | None = None, service: str = "http://127.0.0.1:9", file: Path | None = None
) -> Iterator[Running]:
    """The stand-in; service: where its customer listens, by default nowhere."""
    customer = Customer(
        inbound_url=f"{service}/callbacks/twilio/inbound", notify_url=f"{service}/callbacks/notify/status",
        notify_inbound_url=f"{service}/callbacks/notify/inbound", notify_bearer="notify-bearer-secret",
    )  # fmt: skip
    ledger = ProviderLedger(file)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = provider_server(build_provider(ledger, faults or Faults(), customer), port, "critical")
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    running = Running(port, ledger, customer)
    running.settings = {
        "twilio_base_url": running.url, "twilio_account_sid": customer.account_sid,
        "twilio_auth_token": customer.auth_token, "twilio_whatsapp_from": "+447700900998",
        "notify_base_url": running.url, "notify_api_key": NOTIFY_KEY, "notify_sms_template": TEMPLATE,
        "notify_email_template": TEMPLATE, "notify_bearer": customer.notify_bearer,
    }  # fmt: skip
    try:
        yield running
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        ledger.close()
