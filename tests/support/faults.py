"""One seeded run of the fault matrix: disturb a dispatcher, let it recover, hold its ledger to the provider's."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from nudge.store.tables import send_events, sends
from nudge.trial.records.delivery import OPEN, Status
from nudge.workflow.accounting import reconcile
from nudge.workflow.desk import Desk
from nudge.workflow.sending import send_due
from tests.support.provider import Running, provider
from tests.support.smtp import Mailbox, smtp_server
from tests.support.trials import Bench, family, lock_draw_and_launch, write_trial

WAYS = ("smtp", "twilio_sms", "govuk_notify")
FAULTS = ("reset", "drop", "error", "error_after", "too_many", "storm", "busy")
SIGNALS = ("kill", "stop")
DUE = datetime(2027, 1, 18, 10, tzinfo=UTC)
_TAKEN_ONCE = {Status.ACCEPTED, Status.DELIVERED, Status.FAILED}
_ALWAYS = {"sending_hours": "00:00-24:00", "send_every_day": True, "public_url": "http://127.0.0.1:9"}


@dataclass(frozen=True)
class Outcome:
    """What one run came to."""

    states: Counter[str]
    taken: Counter[str]
    unknown_by_arm: Counter[str]
    disturbances: int


@dataclass
class World:
    """Both stand-ins, and what each took of our references."""

    box: Running
    mailbox: Mailbox

    @property
    def taken(self) -> Counter[str]:
        return self.box.times + Counter(self.mailbox.references)

    def settings(self) -> dict[str, Any]:
        return self.box.settings | _ALWAYS | {"smtp_url": self.mailbox.url}


@contextmanager
def world() -> Iterator[World]:
    with smtp_server() as mailbox, provider() as box:
        yield World(box, mailbox)


def launched(folder: Path, via: str, desk: Desk, messages: int, send: str) -> Path:
    """A trial of two arms that both write, by one way."""
    channel = "email" if via == "smtp" else "sms"
    rows = [family(i, mobile=f"07700900{i:03d}", visit="2099-01-25" if send == "allocation" else "2027-01-25")
            for i in range(messages)]  # fmt: skip
    arms = {"usual": {"control": "true", "messages": [{"template": "visit", "send": send}]},
            "reminder": {"messages": [{"template": "visit", "send": send}]}}  # fmt: skip
    columns = {"sms": "mobile", "email": "email"}
    population = {
        "people": "people/small.csv", "id": "person_ref", "unit": "household_ref",
        "columns": {"area": "category", "visit": "date", "refuge": "yes_no"},
        "contact": {channel: columns[channel], "prefer": [channel]},
        "safe_to_contact": {channel: "safe_to_text"}, "exclude": "refuge",
    }  # fmt: skip
    file = write_trial(folder, rows=rows, arms=arms, population=population, channels={channel: via})
    lock_draw_and_launch(file, desk)
    return file


def disturbed_by_the_world(folder: Path, seed: int, via: str, fault: str, there: World, messages: int = 40) -> Outcome:
    """Faults of the provider or the database, on a simulated clock, until nothing is open."""
    bench = Bench(folder)
    desk = bench.desk(**there.settings(), intent_group=8)
    launched(folder, via, desk, messages, "7 days before visit at 10:00")
    bench.clock.advance_to(DUE)
    share = random.Random(seed).uniform(0.2, 0.6)
    _misbehave(there, via, fault, share, seed)
    with _busy_database(folder / "nudge.sqlite3", seed) if fault == "busy" else _quiet():
        for minutes in (0, 2, 6, 16, 61, 90):
            bench.clock.advance_to(bench.clock.now() + timedelta(minutes=minutes))
            send_due(desk)
            if fault == "storm" and minutes:
                there.box.misbehave()
    there.box.misbehave()
    _calm(there.mailbox)
    bench.clock.advance_to(bench.clock.now() + timedelta(hours=2))
    send_due(desk)
    bench.clock.advance_to(bench.clock.now() + timedelta(minutes=2))
    reconcile(desk)
    return _outcome(desk, there, messages)


def _misbehave(there: World, via: str, fault: str, share: float, seed: int) -> None:
    if fault == "busy":
        return
    if via == "smtp":
        there.mailbox.drop_after_data = fault in {"drop", "reset", "error_after"}
        there.mailbox.on_data = "451 4.3.0 try again later" if fault in {"too_many", "storm", "error"} else None
    elif fault == "storm":
        there.box.misbehave(seed=seed, too_many=1.0, retry_after=30)
    else:
        there.box.misbehave(seed=seed, **{fault: share, "retry_after": 2})


def _calm(mailbox: Mailbox) -> None:
    mailbox.drop_after_data, mailbox.on_data = False, None


@contextmanager
def _quiet() -> Iterator[None]:
    yield


@contextmanager
def _busy_database(file: Path, seed: int) -> Iterator[None]:
    """Another process's long writes, again and again."""
    ended = threading.Event()
    chance = random.Random(seed)

    def write() -> None:
        connection = sqlite3.connect(file, isolation_level=None, timeout=30)
        while not ended.is_set():
            connection.execute("BEGIN IMMEDIATE")
            time.sleep(chance.uniform(0.01, 0.15))
            connection.execute("COMMIT")
            time.sleep(0.005)
        connection.close()

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def disturbed_by_signals(folder: Path, seed: int, via: str, kind: str, there: World, messages: int = 60) -> Outcome:
    """SIGKILL at random moments, or SIGSTOP past the lease with another dispatcher at work meanwhile."""
    bench = Bench(folder)
    settings = bench.settings(**there.settings())
    desk = Desk(settings, seeds=bench.desk().seeds)
    file = launched(folder, via, desk, messages, "allocation")
    there.box.misbehave(delay=0.05)
    there.mailbox.delay = 0.05
    environment = os.environ | _environment(settings)
    chance = random.Random(seed)
    disturbances = 0
    while disturbances < 3 and _open_rows(desk):
        process = _start(file, environment)
        before = there.taken.total()
        while process.poll() is None and there.taken.total() == before:
            time.sleep(0.005)
        time.sleep(chance.uniform(0, 0.15))
        if process.poll() is not None:
            continue
        disturbances += 1
        process.send_signal(signal.SIGKILL if kind == "kill" else signal.SIGSTOP)
        if kind == "stop":
            time.sleep(1.3)  # beyond the lease
            other = _start(file, environment)
            # Where the stopped one holds the database's lock, the other must wait for it.
            with suppress(subprocess.TimeoutExpired):
                other.wait(timeout=15)
            process.send_signal(signal.SIGCONT)
            other.wait(timeout=90)
        process.wait(timeout=60)
    _start(file, environment).wait(timeout=60)
    there.box.misbehave()
    return _outcome(desk, there, messages, disturbances)


def disturbed_by_each_other(folder: Path, via: str, there: World, messages: int) -> tuple[Outcome, set[str]]:
    """Two dispatchers at once, one of them killed on the way; and the dispatchers that sent something."""
    bench = Bench(folder)
    settings = bench.settings(**there.settings())
    desk = Desk(settings, seeds=bench.desk().seeds)
    file = launched(folder, via, desk, messages, "allocation")
    environment = os.environ | _environment(settings) | {"NUDGE_INTENT_GROUP": "16"}
    both = [_start(file, environment) for _ in range(2)]
    while len(_senders(desk)) < len(both) and all(process.poll() is None for process in both):
        time.sleep(0.02)
    both[0].send_signal(signal.SIGKILL)
    for process in both:
        process.wait(timeout=90)
    _start(file, environment).wait(timeout=60)
    senders = _senders(desk)
    time.sleep(1)
    there.box.misbehave()
    return _outcome(desk, there, messages, 1), senders


def _senders(desk: Desk) -> set[str]:
    with desk.store.begin() as connection:
        return set(connection.scalars(sa.select(sends.c.holder).where(sends.c.attempt > 0).distinct()))


def _environment(settings: Any) -> dict[str, str]:
    given = {
        "database_url": settings.database_url, "keys_file": str(settings.keys_file), "smtp_url": settings.smtp_url,
        "sending_hours": settings.sending_hours, "send_every_day": "yes", "public_url": settings.public_url,
        "twilio_base_url": settings.twilio_base_url, "twilio_account_sid": settings.twilio_account_sid,
        "twilio_auth_token": settings.twilio_auth_token.get_secret_value(),
        "notify_base_url": settings.notify_base_url, "notify_api_key": settings.notify_api_key.get_secret_value(),
        "notify_sms_template": settings.notify_sms_template, "actor": "tester", "intent_group": "4",
        "lease_seconds": "1",
    }  # fmt: skip
    return {f"NUDGE_{name.upper()}": value for name, value in given.items()}


def _start(file: Path, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "nudge.cli.main", "send", str(file), "--live"], env=environment,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def _open_rows(desk: Desk) -> int:
    with desk.store.begin() as connection:
        query = sa.select(sa.func.count()).where(sends.c.status.in_(OPEN))
        return connection.scalar(query) or 0


def _outcome(desk: Desk, there: World, messages: int, disturbances: int = 0) -> Outcome:
    """The ledger held to the provider's own record. Raises AssertionError where they differ."""
    with desk.store.begin() as connection:
        rows = connection.execute(sa.select(sends.c.id, sends.c.status, sends.c.arm, sends.c.via)).all()
        events = connection.execute(sa.select(send_events.c.send, send_events.c.status).order_by(send_events.c.id))
        last = {row.send: row.status for row in events}
    desk.store.dispose()
    taken = there.taken
    assert len(rows) == messages
    for row in rows:
        times, status = taken[row.id], Status(row.status)
        assert last[row.id] == status, "the status is a cache of the last event"
        assert times <= 1, f"{row.id} was taken {times} times by {row.via}"
        if status in _TAKEN_ONCE:
            assert times == 1, f"{row.id} is {status} and {row.via} never took it"
        elif status not in {Status.UNKNOWN, Status.CLAIMED}:
            assert times == 0, f"{row.id} is {status} and {row.via} took it"
    unknown = Counter(row.arm for row in rows if row.status == Status.UNKNOWN)
    return Outcome(Counter(row.status for row in rows), taken, unknown, disturbances)
