"""Killed at any moment and started again, the dispatcher neither repeats nor forgets."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from nudge.store.tables import send_events, sends
from nudge.trial.records.delivery import Status
from tests.support.smtp import Mailbox, smtp_server
from tests.support.trials import Bench, family, write_trial

MESSAGES = 500
KILLS = 20


@pytest.mark.slow
def test_sigkill_at_random_moments_neither_doubles_nor_loses_a_message(tmp_path: Path) -> None:
    rows = [family(i) for i in range(MESSAGES)]
    file = write_trial(
        tmp_path, rows=rows, channels={"sms": "outbox", "email": "smtp"},
        arms={
            "usual": {"control": "true", "messages": [{"template": "visit", "send": "allocation"}]},
            "reminder": {"messages": [{"template": "visit", "send": "allocation"}]},
        },
    )  # fmt: skip
    bench = Bench(tmp_path)
    with smtp_server(Mailbox(delay=0.05)) as mailbox:
        environment = os.environ | {
            "NUDGE_DATABASE_URL": bench.settings().database_url, "NUDGE_KEYS_FILE": str(bench.settings().keys_file),
            "NUDGE_OUTBOX": str(tmp_path / "outbox"), "NUDGE_SMTP_URL": mailbox.url, "NUDGE_ACTOR": "tester",
            "NUDGE_INTENT_GROUP": "4", "NUDGE_LEASE_SECONDS": "1", "NUDGE_SENDING_HOURS": "00:00-24:00",
            "NUDGE_SEND_EVERY_DAY": "yes",
        }  # fmt: skip
        for verb in (("lock",), ("allocate",), ("approve", "--as", "Sam Second"), ("launch",)):
            subprocess.run([sys.executable, "-m", "nudge.cli.main", *verb, str(file)], env=environment, check=True)
        kills = _send_and_kill(file, environment, mailbox, bench)
        assert kills >= KILLS, f"only {kills} kills before everything was sent: slow the server down"
        time.sleep(6.5)  # the outbox's request time-out and the lease: then its answer is believed
        _send(file, environment).wait(timeout=120)

        ledger = _ledger(bench)
        outbox = Counter(file.stem for file in bench.outbox)
        by_smtp = Counter(mailbox.references)

    assert len(ledger) == MESSAGES
    states = Counter(row.status for row in ledger)
    assert set(states) <= {Status.ACCEPTED, Status.UNKNOWN}, states
    for row in ledger:
        taken = outbox[row.id] if row.via == "outbox" else by_smtp[row.id]
        assert taken <= 1, f"{row.id} went out {taken} times by {row.via}"
        if row.status == Status.ACCEPTED:
            assert taken == 1, f"{row.id} is accepted in the ledger and not in the {row.via} record"
        if row.via == "outbox":
            assert row.status == Status.ACCEPTED, "the outbox can be asked, so nothing stays unknown there"
    assert outbox.keys() | by_smtp.keys() <= {row.id for row in ledger}
    assert states[Status.UNKNOWN] <= kills * 4, "only messages on the wire can become unknown"


def _send(file: Path, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "nudge.cli.main", "send", str(file), "--live"], env=environment,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def _send_and_kill(file: Path, environment: dict[str, str], mailbox: Mailbox, bench: Bench) -> int:
    """Start, wait for the first sign of work, kill at a random moment; until all is sent."""
    moments = random.Random(20_270_111)
    kills = 0
    while True:
        before = len(mailbox.taken) + len(bench.outbox)
        process = _send(file, environment)
        while process.poll() is None and len(mailbox.taken) + len(bench.outbox) == before:
            time.sleep(0.005)
        time.sleep(moments.uniform(0, 0.25))
        if process.poll() is not None:
            return kills
        process.send_signal(signal.SIGKILL)
        process.wait()
        kills += 1


def _ledger(bench: Bench) -> list[Any]:
    store = bench.desk().store
    with store.begin() as connection:
        found = list(connection.execute(sa.select(sends.c.id, sends.c.via, sends.c.status)))
        events = connection.execute(sa.select(send_events.c.send, send_events.c.status).order_by(send_events.c.id))
        last = {row.send: row.status for row in events}
    assert all(last[row.id] == row.status for row in found), "the status is a cache of the last event"
    store.dispose()
    return found
