"""The service on a real database, through real HTTP requests in the application."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from nudge.service.app import build_service
from nudge.store.tables import sends
from nudge.trial.records.delivery import Status
from nudge.workflow.desk import Desk
from nudge.workflow.reporting.analysing import analyse_trial
from nudge.workflow.reporting.collecting import collect_outcomes
from tests.support.trials import Bench, family, lock_draw_and_launch, write_rolling_trial, write_rows, write_trial


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.fixture
def desk(bench: Bench) -> Desk:
    file = write_trial(bench.folder)
    desk = bench.desk()
    lock_draw_and_launch(file, desk)
    return desk


@pytest.fixture
def client(desk: Desk) -> Iterator[TestClient]:
    with TestClient(build_service(desk, clock=False)) as client:
        yield client


def test_health_says_whether_the_clock_ticks(client: TestClient, desk: Desk) -> None:
    assert client.get("/health").json() == {"status": "ok", "version": "0.1.0", "clock": False}
    with TestClient(build_service(desk)) as ticking:
        assert ticking.get("/health").json()["clock"] is True


def test_trials_allocation_and_ledger_are_read(client: TestClient) -> None:
    assert [trial["name"] for trial in client.get("/api/v1/trials").json()] == ["small"]
    assert client.get("/api/v1/trials/small").json()["state"] == "launched"
    assert client.get("/api/v1/trials/small/allocation").json() == {"usual": 20, "reminder": 20}
    rows = client.get("/api/v1/trials/small/ledger").json()
    assert Counter({row["status"]: 0 for row in rows}).keys() == {"planned", "virtual"}
    assert sum(row["rows"] for row in rows) == 40


def test_results_are_the_newest_made(client: TestClient, desk: Desk, bench: Bench) -> None:
    missing = client.get("/api/v1/trials/small/results")
    assert (missing.status_code, missing.json()["detail"]) == (
        404,
        "small has not been analysed; run nudge analyse FILE",
    )
    file = bench.folder / "small.yaml"
    write_rows(bench.folder / "outcomes" / "came.csv", [{"person_ref": "P0001", "day": "2027-01-25"}])
    collect_outcomes(file, desk)
    results = analyse_trial(file, desk)
    body = client.get("/api/v1/trials/small/results").json()
    assert body["fingerprint"] == results.fingerprint
    assert len(body["estimates"]) == len(results.estimates)


@pytest.mark.parametrize("path", ["", "/allocation", "/ledger", "/results"])
def test_an_unknown_trial_is_a_sentence(client: TestClient, path: str) -> None:
    answer = client.get(f"/api/v1/trials/unheard-of{path}")
    assert answer.status_code == 404
    assert answer.json()["detail"] == "this database holds no trial `unheard-of`; lock it with nudge lock FILE"


@pytest.fixture
def rolling(bench: Bench) -> Iterator[TestClient]:
    desk = bench.desk(api_token="a long secret")
    lock_draw_and_launch(write_rolling_trial(bench.folder), desk)
    with TestClient(build_service(desk, clock=False)) as client:
        yield client


ENROL = "/api/v1/trials/small/enrol"
TOKEN = {"Authorization": "Bearer a long secret"}


def test_families_are_enrolled_once(rolling: TestClient) -> None:
    rows = [family(i) for i in range(4)]
    first = rolling.post(ENROL, json={"rows": rows}, headers=TOKEN)
    assert first.status_code == 200
    assert set(first.json()["new"].values()) <= {"usual", "reminder"}
    again = rolling.post(ENROL, json={"rows": rows}, headers=TOKEN).json()
    assert (again["new"], again["already"]) == ({}, 4)
    assert sum(rolling.get("/api/v1/trials/small/allocation").json().values()) == 4


def test_who_may_enrol_shows_the_token(rolling: TestClient, bench: Bench) -> None:
    body = {"rows": [family(0)]}
    for headers in ({}, {"Authorization": "Bearer another"}):
        answer = rolling.post(ENROL, json=body, headers=headers)
        assert (answer.status_code, answer.json()["detail"]) == (401, "send the API token as `Authorization: Bearer …`")
    with TestClient(build_service(bench.desk(), clock=False)) as client:
        off = client.post(ENROL, json=body, headers=TOKEN)
    assert (off.status_code, off.json()["detail"]) == (
        403, "writing through the API is off; set NUDGE_API_TOKEN to turn it on",
    )  # fmt: skip


def test_flaws_of_the_rows_are_sentences(rolling: TestClient) -> None:
    answer = rolling.post(ENROL, json={"rows": [family(0, visit="soon")]}, headers=TOKEN)
    assert answer.status_code == 422
    assert "visit: `soon` is not a day; write 2027-01-31 or 31/01/2027" in answer.json()["detail"]


def test_a_trial_drawn_at_once_takes_nobody(bench: Bench, desk: Desk) -> None:
    with TestClient(build_service(bench.desk(api_token="a long secret"), clock=False)) as client:
        answer = client.post(ENROL, json={"rows": [family(99)]}, headers=TOKEN)
    assert (answer.status_code, answer.json()["detail"][:33]) == (409, "small was drawn all at once; nobo")


def test_nothing_else_can_be_written(client: TestClient) -> None:
    for method in ("post", "put", "patch", "delete"):
        assert getattr(client, method)("/api/v1/trials/small").status_code == 405


def test_the_description_names_every_path(client: TestClient) -> None:
    paths = client.get("/api/v1/openapi.json").json()["paths"]
    assert set(paths) == {
        "/health", "/api/v1/trials", "/api/v1/trials/{name}", "/api/v1/trials/{name}/allocation",
        "/api/v1/trials/{name}/ledger", "/api/v1/trials/{name}/results", "/api/v1/trials/{name}/enrol",
        "/callbacks/twilio/status/{reference}", "/callbacks/twilio/inbound", "/callbacks/notify/status",
        "/callbacks/notify/inbound", "/callbacks/email",
    }  # fmt: skip


def test_no_contact_detail_is_in_any_answer(client: TestClient) -> None:
    for path in ("", "/small", "/small/allocation", "/small/ledger"):
        text = client.get(f"/api/v1/trials{path}").text
        assert "7700900" not in text
        assert "example.org" not in text


def test_the_clock_sends_what_is_due(desk: Desk, bench: Bench) -> None:
    bench.clock.advance_to(datetime(2027, 1, 18, 10, tzinfo=UTC))
    with TestClient(build_service(desk, tick_seconds=0.2)):
        for _ in range(100):
            if len(bench.outbox) == 20:
                break
            time.sleep(0.1)
    with desk.store.begin() as connection:
        assert Counter(connection.scalars(sa.select(sends.c.status)))[Status.ACCEPTED] == 20
