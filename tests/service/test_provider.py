"""The stand-in answers in the shapes that Twilio and GOV.UK Notify publish, and fails when told to."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from nudge.service.provider.faults import Chance, Fault, Faults
from tests.support.provider import TEMPLATE, Running, provider

SMS = {"To": "+447700900123", "From": "Council", "Body": "Your visit is on Monday.", "ValidityPeriod": "3600",
       "StatusCallback": "http://127.0.0.1:9/callbacks/twilio/status/ref1"}  # fmt: skip
TEXT: dict[str, Any] = {"phone_number": "07700900123", "template_id": TEMPLATE, "personalisation": {"message": "Hello"},
        "reference": "ref1"}  # fmt: skip
MAIL: dict[str, Any] = {"email_address": "anna@example.org", "template_id": TEMPLATE, "reference": "ref2",
        "personalisation": {"subject": "Your visit", "message": "Hello"}}  # fmt: skip
BEARER = {"Authorization": "Bearer x.y.z"}


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with provider() as box:
        yield box


def messages_url(box: Running) -> str:
    return f"{box.url}/2010-04-01/Accounts/{box.customer.account_sid}/Messages.json"


def send_twilio(box: Running, **changes: str) -> requests.Response:
    auth = (box.customer.account_sid, box.customer.auth_token)
    return requests.post(messages_url(box), data=SMS | changes, auth=auth, timeout=10)


def plain(schema: Any) -> Any:
    """OpenAPI 3.0's `nullable` as JSON Schema has it."""
    if isinstance(schema, list):
        return [plain(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: plain(value) for key, value in schema.items() if key not in {"nullable", "example", "x-twilio"}}
    if schema.get("nullable") and isinstance(made.get("type"), str):
        made["type"] = [made["type"], "null"]
    return made


def check(description: Any, schema: Any, body: Any) -> None:
    jsonschema.Draft202012Validator(plain({**schema, "components": description["components"]})).validate(body)


@pytest.mark.needs("reference data")
def test_twilio_s_answers_keep_to_its_description(running: Running, reference_folder: Path) -> None:
    described = json.loads((reference_folder / "specs/twilio_messages_openapi.json").read_text())
    made = send_twilio(running)
    assert made.status_code == 201
    message = described["components"]["schemas"]["api.v2010.account.message"]
    check(described, message, made.json())
    assert set(made.json()) == set(message["properties"]), "every field Twilio names, and no other"
    auth = (running.customer.account_sid, running.customer.auth_token)
    listed = requests.get(messages_url(running), params={"To": SMS["To"]}, auth=auth, timeout=10)
    path = described["paths"]["/2010-04-01/Accounts/{AccountSid}/Messages.json"]
    check(described, path["get"]["responses"]["200"]["content"]["application/json"]["schema"], listed.json())
    assert made.json()["sid"] in {one["sid"] for one in listed.json()["messages"]}
    fetched = requests.get(f"{running.url}{made.json()['uri']}", auth=auth, timeout=10)
    check(described, message, fetched.json())
    changes = described["paths"]["/2010-04-01/Accounts/{AccountSid}/Messages/{Sid}.json"]["post"]
    asked = changes["requestBody"]["content"]["application/x-www-form-urlencoded"]["examples"]["cancelMessage"]["value"]
    running.misbehave(callback_delay=60)
    url = f"{running.url}{send_twilio(running).json()['uri']}"
    running.misbehave()
    cancelled = requests.post(url, data=asked, auth=auth, timeout=10)
    check(described, message, cancelled.json())
    assert cancelled.json()["status"] == "canceled"
    assert requests.post(url, data=asked, auth=auth, timeout=10).json()["code"] == 30409, "docs/errors/30409"


@pytest.mark.needs("reference data")
@pytest.mark.parametrize(
    ("kind", "content", "answer"), [("sms", TEXT, "SendTextMessageResponse"), ("email", MAIL, "SendEmailResponse")]
)
def test_notify_s_answers_keep_to_its_description(
    running: Running, reference_folder: Path, kind: str, content: dict[str, Any], answer: str
) -> None:
    described = json.loads((reference_folder / "specs/govuk_notify/schema.json").read_text())
    schemas = described["components"]["schemas"]
    made = requests.post(f"{running.url}/v2/notifications/{kind}", json=content, headers=BEARER, timeout=10)
    assert made.status_code == 201
    check(described, schemas[answer], made.json())
    assert set(made.json()) == set(schemas[answer]["properties"]) - {"sanitised_content"}
    by_reference = {"reference": content["reference"]}
    found = requests.get(f"{running.url}/v2/notifications", params=by_reference, headers=BEARER, timeout=10).json()
    assert [one["id"] for one in found["notifications"]] == [made.json()["id"]]
    # The description's `oneOf` tells texts from emails by nothing, so the variant is named here.
    variant = next(one for one in schemas["GetOneMessageResponse"]["oneOf"] if one["title"] == kind)
    check(described, variant, found["notifications"][0])
    wrong = requests.post(f"{running.url}/v2/notifications/{kind}", json={}, headers=BEARER, timeout=10)
    assert wrong.status_code == 400
    check(described, schemas["SendNotificaitonRequestError"], wrong.json())


@pytest.mark.needs("reference data")
def test_texts_that_notify_received_keep_to_its_description(running: Running, reference_folder: Path) -> None:
    described = json.loads((reference_folder / "specs/govuk_notify/schema.json").read_text())
    running.write_back("+447700900123", "Hello", provider="notify")
    page = requests.get(f"{running.url}/v2/received-text-messages", headers=BEARER, timeout=10).json()
    check(described, described["components"]["schemas"]["GetReceivedTextMessagesResponse"], page)
    shape = described["components"]["schemas"]["GetReceivedTextMessageResponse"]
    assert set(page["received_text_messages"][0]) == set(shape["properties"])


@pytest.mark.parametrize(
    ("change", "code"),
    [({"To": ""}, 21604), ({"To": "12"}, 21211), ({"From": ""}, 21603), ({"Body": ""}, 21602),
     ({"Body": "a" * 1601}, 21617), ({"ValidityPeriod": "36001"}, 20001)],
)  # fmt: skip
def test_a_wrong_request_gets_twilio_s_code(running: Running, change: dict[str, str], code: int) -> None:
    said = send_twilio(running, **change)
    assert (said.status_code, said.json()["code"]) == (400, code)


def test_without_credentials_nobody_is_answered(running: Running) -> None:
    assert requests.post(messages_url(running), data=SMS, timeout=10).json()["code"] == 20003
    assert requests.post(f"{running.url}/v2/notifications/sms", json=TEXT, timeout=10).status_code == 401


def test_each_fault_is_met_and_the_ledger_tells_what_was_taken() -> None:
    with provider() as box:
        for number, fault in enumerate(("reset", "too_many", "error", "drop", "error_after")):
            box.misbehave(**{fault: 1, "retry_after": 7})
            callback = f"http://127.0.0.1:9/{number}"
            try:
                said = send_twilio(box, StatusCallback=callback)
            except requests.ConnectionError:
                assert fault in {"reset", "drop"}
            else:
                assert said.status_code == (429 if fault == "too_many" else 500)
                assert said.headers.get("Retry-After") == ("7" if fault == "too_many" else None)
        box.misbehave(silence=1, silence_seconds=5)
        with pytest.raises(requests.ReadTimeout):
            requests.post(
                messages_url(box), data=SMS | {"StatusCallback": "http://127.0.0.1:9/silent"}, timeout=0.2,
                auth=(box.customer.account_sid, box.customer.auth_token),
            )  # fmt: skip
        assert box.times == {"3": 1, "4": 1, "silent": 1}


def test_the_ledger_can_be_read_and_outlives_the_process(tmp_path: Path) -> None:
    with provider(file=tmp_path / "provider.sqlite3") as box:
        send_twilio(box)
        rows = requests.get(f"{box.url}/ledger", timeout=5).json()
        assert [(row["recipient"], row["reference"], row["expires_in"]) for row in rows] == [(SMS["To"], "ref1", 3600)]
    with provider(file=tmp_path / "provider.sqlite3") as again:
        assert again.times == {"ref1": 1}


def test_a_message_s_fate_follows_notify_s_simulators() -> None:
    with provider() as box:
        for number in ("123", "002", "003"):
            send_twilio(box, To=f"+447700900{number}")
        time.sleep(0.3)
        assert [message.status for message in box.taken] == ["delivered", "undelivered", "undelivered"]


@given(st.integers(0, 2**32), st.lists(st.floats(0, 0.15), min_size=6, max_size=6))
def test_the_same_seed_gives_the_same_faults_in_their_shares(seed: int, shares: list[float]) -> None:
    faults = Faults(seed=seed, **dict(zip([fault for fault in Fault if fault is not Fault.NONE], shares, strict=True)))
    first, again = Chance(faults), Chance(faults)
    drawn = [first.draw() for _ in range(400)]
    assert drawn == [again.draw() for _ in range(400)]
    for fault, share in zip([fault for fault in Fault if fault is not Fault.NONE], shares, strict=True):
        # Five standard deviations of a binomial count, plus one.
        assert abs(drawn.count(fault) - 400 * share) <= 5 * (400 * share * (1 - share)) ** 0.5 + 1
