"""One seeded run of the fault matrix: disturb a dispatcher, let it recover, hold its ledger to the provider's."""

from __future__ import annotations

import os
import random
import resource
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
from nudge.trial.clock import SimulatedClock
from nudge.trial.records.delivery import OPEN, Status
from nudge.workflow.desk import Desk
from nudge.workflow.dispatching.accounting import reconcile
from nudge.workflow.dispatching.sending import send_due
from tests.support.provider import Running, provider
from tests.support.smtp import Mailbox, smtp_server
from tests.support.trials import START, Bench, family, lock_draw_and_launch, write_trial

WAYS = ("smtp", "twilio_sms", "govuk_notify")
FAULTS = ("reset", "drop", "error", "error_after", "too_many", "storm", "busy", "clock")
SIGNALS = ("kill", "stop", "full")
MEANINGS = {
    "reset": "some requests are cut before the provider takes the message (SMTP: as `drop`)",
    "drop": "some requests are cut after the provider took the message, before it answers (SMTP: all are)",
    "error": "some requests are answered with a server error and not taken (SMTP: 451)",
    "error_after": "some requests are taken and answered with a server error (SMTP: as `drop`)",
    "too_many": "some requests are answered 429 with Retry-After (SMTP: 451)",
    "storm": "every request is answered 429 with Retry-After until the provider recovers (SMTP: 451)",
    "busy": "another process writes to the database again and again while messages go",
    "clock": "the machine's clock is set forward or back by up to two hours at every fourth look, beside `drop`",
    "kill": "SIGKILL at a random moment, up to three times, then a new dispatcher",
    "stop": "SIGSTOP past the lease while another dispatcher works, then SIGCONT, up to three times",
    "full": "the disk has no room left at a random moment (a limit on the size of files), up to three times",
}
DUE = datetime(2027, 1, 18, 10, tzinfo=UTC)
_TAKEN_ONCE = {Status.ACCEPTED, Status.DELIVERED, Status.FAILED}
_ALWAYS = {"sending_hours": "00:00-24:00", "send_every_day": True, "public_url": "http://127.0.0.1:9"}


@dataclass(frozen=True)
class Outcome:
    """What one run came to."""

    states: Counter[str]
    unknown_by_arm: Counter[str]
    doubled: list[str]
    """Messages the provider took more than once."""
    misstated: list[str]
    """What the ledger says of a message and the provider's record does not."""
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


class UnsteadyClock(SimulatedClock):
    """A machine's clock that is set forward or back by up to two hours, at every fourth look or so."""

    def __init__(self, start: datetime, seed: int) -> None:
        super().__init__(start)
        self._chance = random.Random(seed)
        self._off = timedelta(0)
        self.steady = True

    def now(self) -> datetime:
        """What it shows."""
        if not self.steady and self._chance.random() < 0.25:
            self._off = timedelta(minutes=self._chance.uniform(-120, 120))
        return super().now() + self._off

    def set_right(self) -> None:
        """From now on it shows the time."""
        self.steady, self._off = True, timedelta(0)


def disturbed_by_the_world(folder: Path, seed: int, via: str, fault: str, there: World, messages: int = 40) -> Outcome:
    """Faults of the provider, the database or the clock, on a simulated clock, until nothing is open."""
    bench = Bench(folder, clock := UnsteadyClock(START, seed))
    desk = bench.desk(**there.settings(), intent_group=8)
    launched(folder, via, desk, messages, "7 days before visit at 10:00")
    bench.clock.advance_to(DUE)
    clock.steady = fault != "clock"
    right = DUE
    share = random.Random(seed).uniform(0.2, 0.6)
    _misbehave(there, via, fault, share, seed)
    with _busy_database(folder / "nudge.sqlite3", seed) if fault == "busy" else _quiet():
        for minutes in (0, 2, 6, 16, 61, 90):
            right += timedelta(minutes=minutes)
            clock.advance_to(right)
            send_due(desk)
            if fault == "storm" and minutes:
                there.box.misbehave()
                _calm(there.mailbox)
            if fault in {"too_many", "error"} and minutes == 16:
                _calm(there.mailbox)
    there.box.misbehave()
    _calm(there.mailbox)
    clock.set_right()
    for hours in (3, 6):
        clock.advance_to(right + timedelta(hours=hours))
        send_due(desk)
    clock.advance_to(right + timedelta(hours=7))
    reconcile(desk)
    return _outcome(desk, there, messages)


def _misbehave(there: World, via: str, fault: str, share: float, seed: int) -> None:
    if fault == "busy":
        return
    if fault == "clock":
        fault, share = "none" if via == "smtp" else "drop", share / 2
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
    """A dispatcher of its own process, disturbed at random moments and started again.

    kill: SIGKILL. stop: SIGSTOP past the lease, with another dispatcher at work meanwhile. full:
    the disk takes no more than a little (a limit on the size of files, which SQLite meets as it writes).
    """
    bench = Bench(folder)
    settings = bench.settings(**there.settings())
    desk = Desk(settings, seeds=bench.desk().seeds)
    file = launched(folder, via, desk, messages, "allocation")
    there.box.misbehave(delay=0.05)
    there.mailbox.delay = 0.05
    sender = _Sender(file, os.environ | _environment(settings), folder / "nudge.sqlite3")
    chance = random.Random(seed)
    disturbances = 0
    while disturbances < 3 and _waiting(desk, due=True):
        disturbances += _DISTURB[kind](sender, there, chance)
    for _ in range(3):
        sender.start().wait(timeout=_PATIENCE)
        if not _waiting(desk):
            break
        time.sleep(1.2)
    there.box.misbehave()
    return _outcome(desk, there, messages, disturbances)


def disturbed_by_each_other(folder: Path, via: str, there: World, messages: int) -> tuple[Outcome, set[str]]:
    """Two dispatchers at once, one of them killed on the way; and the dispatchers that sent something."""
    bench = Bench(folder)
    settings = bench.settings(**there.settings())
    desk = Desk(settings, seeds=bench.desk().seeds)
    file = launched(folder, via, desk, messages, "allocation")
    environment = os.environ | _environment(settings) | {"NUDGE_INTENT_GROUP": "16"}
    sender = _Sender(file, environment, folder / "nudge.sqlite3")
    both = [sender.start() for _ in range(2)]
    while len(_senders(desk)) < len(both) and all(process.poll() is None for process in both):
        time.sleep(0.02)
    both[0].send_signal(signal.SIGKILL)
    for process in both:
        process.wait(timeout=90)
    sender.start().wait(timeout=60)
    senders = _senders(desk)
    time.sleep(1)
    there.box.misbehave()
    return _outcome(desk, there, messages, 1), senders


def _senders(desk: Desk) -> set[str]:
    with desk.store.begin() as connection:
        return set(connection.scalars(sa.select(sends.c.holder).where(sends.c.attempt > 0).distinct()))


_PATIENCE = 60
"""Seconds after which a dispatcher that has not ended is a fault of its own."""


@dataclass(frozen=True)
class _Sender:
    """Starts dispatchers as a person would: `nudge send FILE --live`."""

    file: Path
    environment: dict[str, str]
    database: Path

    def start(self, most: int | None = None) -> subprocess.Popen[bytes]:
        """most: how large any file may become, in bytes."""
        process = subprocess.Popen(
            [sys.executable, "-m", "nudge.cli.main", "send", str(self.file), "--live"], env=self.environment,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL if most is None else subprocess.PIPE,
        )  # fmt: skip
        if most is not None:
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (most, most))
        return process

    def at_work(self, there: World, chance: random.Random) -> subprocess.Popen[bytes] | None:
        """One that has just sent something; None where it ended first."""
        before, process = there.taken.total(), self.start()
        until = time.monotonic() + _PATIENCE
        while process.poll() is None and there.taken.total() == before and time.monotonic() < until:
            time.sleep(0.005)
        time.sleep(chance.uniform(0, 0.15))
        return process if process.poll() is None else None


def _kill(sender: _Sender, there: World, chance: random.Random) -> int:
    process = sender.at_work(there, chance)
    if process is None:
        return 0
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=_PATIENCE)
    return 1


def _stop(sender: _Sender, there: World, chance: random.Random) -> int:
    process = sender.at_work(there, chance)
    if process is None:
        return 0
    process.send_signal(signal.SIGSTOP)
    time.sleep(1.3)  # beyond the lease
    other = sender.start()
    # Where the stopped one holds the database's lock, the other must wait for it.
    with suppress(subprocess.TimeoutExpired):
        other.wait(timeout=15)
    process.send_signal(signal.SIGCONT)
    other.wait(timeout=_PATIENCE)
    process.wait(timeout=_PATIENCE)
    return 1


def _fill(sender: _Sender, _there: World, chance: random.Random) -> int:
    """What was said on a full disk is a sentence."""
    written = max(file.stat().st_size for file in sender.database.parent.glob(f"{sender.database.name}*"))
    process = sender.start(written + chance.randrange(50_000, 1_000_000))
    _, said = process.communicate(timeout=_PATIENCE)
    assert b"Traceback" not in said, said.decode()
    return int(process.returncode != 0)


_DISTURB = {"kill": _kill, "stop": _stop, "full": _fill}


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


def _waiting(desk: Desk, *, due: bool = False) -> int:
    """Rows that may still go out; due: by now."""
    by_now = sends.c.due_at <= datetime.now(UTC) if due else sa.true()
    with desk.store.begin() as connection:
        return connection.scalar(sa.select(sa.func.count()).where(sends.c.status.in_(OPEN), by_now)) or 0


def _outcome(desk: Desk, there: World, messages: int, disturbances: int = 0) -> Outcome:
    """The ledger held to the provider's own record."""
    with desk.store.begin() as connection:
        rows = connection.execute(sa.select(sends.c.id, sends.c.status, sends.c.arm, sends.c.via)).all()
        events = connection.execute(sa.select(send_events.c.send, send_events.c.status).order_by(send_events.c.id))
        last = {row.send: row.status for row in events}
    desk.store.dispose()
    taken = there.taken
    assert len(rows) == messages
    misstated = [
        f"{row.id} is {row.status}, its last event {last[row.id]}" for row in rows if last[row.id] != row.status
    ]
    for row in rows:
        times, status = taken[row.id], Status(row.status)
        if status in _TAKEN_ONCE and not times:
            misstated.append(f"{row.id} is {status} and {row.via} never took it")
        elif times and status not in {*_TAKEN_ONCE, Status.UNKNOWN}:
            misstated.append(f"{row.id} is {status} and {row.via} took it")
    unknown = Counter(row.arm for row in rows if row.status == Status.UNKNOWN)
    doubled = [f"{row.id} was taken {taken[row.id]} times by {row.via}" for row in rows if taken[row.id] > 1]
    return Outcome(Counter(row.status for row in rows), unknown, doubled, misstated, disturbances)
