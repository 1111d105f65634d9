"""Writers beside each other: what must be one after the other is, on both databases."""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from threading import Barrier

import pytest
import sqlalchemy as sa
from cryptography.fernet import Fernet
from sqlalchemy.engine import Connection, Engine

from nudge.store.audit import broken_link, record_action
from nudge.store.changes import change, change_free
from nudge.store.engine import open_store, reading
from nudge.store.events import Event, keep_event
from nudge.store.outcomes import latest_results, save_results
from nudge.store.rates import reserve
from nudge.store.rows import insert_rows
from nudge.store.tables import audit, people, provider_events, send_events, sends, trials
from nudge.store.vault import Vault
from nudge.trial.records.delivery import Status
from tests.support.databases import database_url

NOON = datetime(2027, 1, 11, 12, tzinfo=UTC)
pytestmark = pytest.mark.usefixtures("each_database")


@pytest.fixture
def store(tmp_path: Path) -> Engine:
    engine = open_store(database_url(tmp_path))
    with engine.begin() as connection:
        connection.execute(trials.insert().values(name="a", state="locked", demonstration=False, created_at=NOON))
    return engine


def at_once(store: Engine, times: int, act: Callable[[Connection, int], None]) -> None:
    """The same act in so many transactions that begin together."""
    gate = Barrier(times)

    def one(number: int) -> None:
        gate.wait()
        with store.begin() as connection:
            act(connection, number)

    with ThreadPoolExecutor(times) as pool:
        list(pool.map(one, range(times)))


def test_the_audit_log_stays_one_chain(store: Engine) -> None:
    for _ in range(3):
        at_once(store, 8, lambda connection, i: record_action(connection, NOON, f"person {i}", "look", "a"))
    with store.begin() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(audit)) == 24
        assert broken_link(connection) is None


def test_a_senders_rate_is_given_out_once(store: Engine) -> None:
    waits: list[float] = []
    at_once(store, 8, lambda connection, _: waits.append(reserve(connection, {"sms": 5}, {"sms": 10.0}, NOON)))
    assert sorted(waits) == [0.5 * i for i in range(8)], "ten a second: each five wait half a second more"


def test_the_same_word_of_a_provider_is_kept_once(store: Engine) -> None:
    vault = Vault([Fernet.generate_key().decode()], "00" * 32)
    event = Event("twilio", "status", "r", "SM1", "delivered", {"SmsStatus": "delivered"})
    new: list[bool] = []
    at_once(store, 8, lambda connection, _: new.append(keep_event(connection, event, NOON, vault)))
    assert sorted(new) == [False] * 7 + [True]
    with store.begin() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(provider_events)) == 1


def test_a_reader_sees_one_state_of_the_database_throughout(store: Engine) -> None:
    count = sa.select(sa.func.count()).select_from(trials)
    row = {"state": "locked", "demonstration": False, "created_at": NOON}
    with reading(store).begin() as reader:
        assert reader.scalar(count) == 1
        with store.begin() as writer:
            writer.execute(trials.insert().values(name="b", **row))
        assert reader.scalar(count) == 1


def send_row(number: int, status: Status) -> dict[str, object]:
    return {
        "id": f"s{number}", "trial": "a", "unit": f"H{number}", "person": f"P{number}", "arm": "plan", "message": "m",
        "template": "t", "channel": "sms", "via": "outbox", "planned_at": NOON, "due_at": NOON.astimezone(),
        "not_after": NOON, "position": 2**40, "status": status, "attempt": 0, "touched_at": NOON, "reason": None,
    }  # fmt: skip


def test_every_row_moves_once_with_its_event_whoever_asks(store: Engine) -> None:
    with store.begin() as connection:
        insert_rows(connection, sends, [send_row(i, Status.DUE) for i in range(200)])
    moved: list[int] = []

    def act(connection: Connection, number: int) -> None:
        if number % 2:
            moved.append(change(connection, sa.true(), Status.CANCELLED, NOON, f"by {number}"))
        else:
            moved.append(change_free(connection, sa.true(), Status.CLAIMED, NOON, holder=f"elsewhere/{number}"))

    at_once(store, 6, act)
    with reading(store).begin() as connection:
        states = {row.id: row.status for row in connection.execute(sa.select(sends.c.id, sends.c.status))}
        events = connection.execute(sa.select(send_events.c.send, send_events.c.status)).all()
    assert sum(moved) == len(events) == 200
    assert {event.send: event.status for event in events} == states


def test_many_rows_come_back_as_they_went_in(store: Engine) -> None:
    odd = {"name": 'Siân "O\\Neil"\t\n', "visit": None, "age": 24.5, "first": True, "list": ["x", "\\N"]}
    rows = [
        {"trial": "a", "person": f"P{i}", "unit": "\\." if i == 0 else f"H{i}", "roll_row": i, "columns": odd,
         "language": "cy"}
        for i in range(7_001)
    ]  # fmt: skip
    send = send_row(1, Status.PLANNED)
    with store.begin() as connection:
        insert_rows(connection, people, rows)
        insert_rows(connection, sends, [send])
    with reading(store).begin() as connection:
        found = connection.execute(sa.select(people).order_by(people.c.roll_row)).mappings().all()
        assert [dict(row) for row in found] == rows
        back = connection.execute(sa.select(sends)).mappings().one()
    assert {name: back[name] for name in send} == send


def test_results_keep_the_numbers_that_cannot_be_had(store: Engine) -> None:
    content = {"estimates": [{"df": math.nan, "estimate": 0.25, "note": "NaN"}], "label": None}
    with store.begin() as connection:
        save_results(connection, "a", NOON, "f", content)
        found = latest_results(connection, "a")
    assert found is not None
    line = found["estimates"][0]
    assert math.isnan(line["df"])
    assert (line["estimate"], line["note"], found["label"]) == (0.25, "NaN", None)
