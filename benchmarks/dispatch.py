"""Messages a second with the full ledger, against the same HTTP client without any bookkeeping.

    python benchmarks/dispatch.py [--messages 1000] [--rounds 3] [--delay 0.02]

One stand-in provider in a process of its own serves every contender, and answers after 20
milliseconds, as a provider does that is not on the same machine; each round runs them
one after the other on the same machine, and the medians' ratios are printed. The contenders:

- bare: Twilio's client over our aiohttp session, 16 requests in flight, nothing written down
- ledger, groups of 16 and of 200: `nudge send`'s dispatcher on SQLite with full synchronisation
- loop: Twilio's client one message after another, with a commit for each
"""

from __future__ import annotations

import argparse
import asyncio
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import requests

from nudge.delivery.channels import channel_module
from nudge.trial.records.delivery import Outgoing, Reply, Status
from nudge.workflow.dispatching.sending import send_due
from tests.support.trials import Bench, family, lock_draw_and_launch, write_trial

DUE = datetime(2027, 1, 18, 10, tzinfo=UTC)
ACCOUNT = "AC" + "0" * 32
SEND = "7 days before visit at 10:00"
TEXT = "Your visit is on Monday 25 January. To stop, call 01632 960123."


def settings_for(url: str) -> dict[str, Any]:
    """The Twilio channel against the stand-in."""
    return {"twilio_base_url": url, "twilio_account_sid": ACCOUNT, "twilio_auth_token": "stand-in"}


def bare(url: str, messages: int) -> float:
    """Seconds for as many messages over the same client, without bookkeeping."""
    with tempfile.TemporaryDirectory() as folder:
        channel = channel_module("twilio_sms").open_channel(Bench(Path(folder)).settings(**settings_for(url)))
    outgoing = [
        Outgoing(f"{i:032d}", f"+44770090{i % 10_000:04d}", "Council", "", TEXT, DUE, DUE + timedelta(hours=1))
        for i in range(messages)
    ]

    async def run() -> float:
        async with channel:
            began = time.perf_counter()
            for start in range(0, messages, 16):
                said = await asyncio.gather(*(channel.send(one) for one in outgoing[start : start + 16]))
                assert all(one.reply is Reply.ACCEPTED for one in said)
            return time.perf_counter() - began

    return asyncio.run(run())


def with_ledger(url: str, messages: int, group: int) -> float:
    """Seconds for `send_due` over as many due rows."""
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder))
        desk = bench.desk(**settings_for(url), intent_group=group, provider_connections=16)
        rows = [family(i, mobile=f"07700900{i % 1000:03d}") for i in range(messages)]
        arms = {"usual": {"control": "true", "messages": [{"template": "visit", "send": SEND}]},
                "reminder": {"messages": [{"template": "visit", "send": SEND}]}}  # fmt: skip
        file = write_trial(Path(folder), rows=rows, arms=arms, channels={"sms": "twilio_sms", "email": "outbox"})
        lock_draw_and_launch(file, desk)
        bench.clock.advance_to(DUE)
        began = time.perf_counter()
        tally = send_due(desk)
        seconds = time.perf_counter() - began
        assert tally[Status.ACCEPTED] == messages, tally
        desk.store.dispose()
        return seconds


def loop(url: str, messages: int) -> float:
    """Seconds for Twilio's own synchronous client with a commit per message."""
    from twilio.http.http_client import TwilioHttpClient
    from twilio.rest import Client

    class Here(TwilioHttpClient):  # type: ignore[misc]  # twilio ships no types
        def request(self, method: str, url_: str, *args: Any, **kwargs: Any) -> Any:
            return super().request(method, url_.replace("https://api.twilio.com", url), *args, **kwargs)

    client = Client(ACCOUNT, "stand-in", http_client=Here())
    with tempfile.TemporaryDirectory() as folder:
        book = sqlite3.connect(f"{folder}/loop.sqlite3", isolation_level=None)
        book.execute("PRAGMA journal_mode=WAL")
        book.execute("PRAGMA synchronous=FULL")
        book.execute("CREATE TABLE sent (number INTEGER PRIMARY KEY, sid TEXT)")
        began = time.perf_counter()
        for i in range(messages):
            made = client.messages.create(to=f"+44770090{i % 10_000:04d}", from_="Council", body=TEXT)
            book.execute("INSERT INTO sent VALUES (?, ?)", (i, made.sid))
        seconds = time.perf_counter() - began
        book.close()
    return seconds


def main() -> None:
    """Run every contender in every round; print the medians and their ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=1000, help="at most 1,000: the drama numbers there are")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--delay", type=float, default=0.02, help="seconds before the stand-in answers")
    given = parser.parse_args()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url, number = f"http://127.0.0.1:{port}", given.messages
    provider = subprocess.Popen(
        [sys.executable, "-m", "nudge.cli.main", "provider", "--port", str(port), "--delay", str(given.delay)],
        stdout=subprocess.DEVNULL,
    )
    try:
        _wait_for(url)
        speeds: dict[str, list[float]] = {"bare": [], "ledger 16": [], "ledger 200": [], "loop": []}
        for _ in range(given.rounds):
            speeds["bare"].append(number / bare(url, number))
            speeds["ledger 16"].append(number / with_ledger(url, number, 16))
            speeds["ledger 200"].append(number / with_ledger(url, number, 200))
            few = max(100, number // 5)
            speeds["loop"].append(few / loop(url, few))
    finally:
        provider.terminate()
        provider.wait()
    medians = {name: statistics.median(values) for name, values in speeds.items()}
    for name, value in medians.items():
        print(f"{name:12} {value:8.0f} messages a second")
    print(f"ledger in groups of 16 against bare:  {medians['ledger 16'] / medians['bare']:.2f} (wanted: at least 0.5)")
    print(f"ledger in groups of 200 against bare: {medians['ledger 200'] / medians['bare']:.2f} (wanted: at least 0.8)")
    print(f"ledger in groups of 16 against loop:  {medians['ledger 16'] / medians['loop']:.1f} (wanted: at least 5)")


def _wait_for(url: str) -> None:
    for _ in range(200):
        try:
            requests.get(f"{url}/ledger", timeout=1)
        except requests.ConnectionError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit("the stand-in provider did not start")


if __name__ == "__main__":
    main()
