"""Every channel keeps the same promises; a new file in delivery/channels/ is picked up unasked."""

from __future__ import annotations

import asyncio
import email
import email.policy
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from nudge.delivery.channels import Channel, channel_module, channel_names
from nudge.delivery.channels.govuk_notify import fate as notify_fate
from nudge.delivery.twilio import fate as twilio_fate
from nudge.delivery.twilio import refused
from nudge.trial.errors import InputError
from nudge.trial.records.delivery import Asked, Capability, Fate, Outgoing, Reply, SendResult, Trace
from tests.conftest import ROOT
from tests.support.provider import Running, provider
from tests.support.smtp import Mailbox, smtp_server
from tests.support.trials import Bench

NOON = datetime(2027, 1, 11, 12, tzinfo=UTC)
TEXT = "Helo Siân,\n\nTŷ’r plant: 10yb.\n.\nA line that begins with a dot is kept.\nFrom here on too.\n\nÐone"


@dataclass
class World:
    """What stands outside: an SMTP server, a provider, a folder."""

    folder: Path
    mailbox: Mailbox
    provider: Running

    def open(self, name: str) -> Channel:
        settings = Bench(self.folder).settings(smtp_url=self.mailbox.url, **self.provider.settings)
        return channel_module(name).open_channel(settings)

    @property
    def taken(self) -> list[Sent]:
        """Everything that arrived anywhere, with our reference."""
        files = [(file.stem, _opened(file)) for file in Bench(self.folder).outbox]
        mails = [message for _, message in files if message is not None] + self.mailbox.taken
        texts = [file.read_text() for file in Bench(self.folder).outbox if file.suffix == ".txt"]
        return (
            [Sent(_reference(mail), mail["To"], mail["Subject"], _body(mail)) for mail in mails]
            + [Sent("", text[4:].partition("\n")[0], "", text.partition("\n\n")[2].rstrip("\n")) for text in texts]
            + [Sent(one.reference, one.recipient, one.subject, one.body) for one in self.provider.taken]
        )


@dataclass(frozen=True)
class Sent:
    reference: str
    address: str
    subject: str
    text: str


def _opened(file: Path) -> Any:
    return email.message_from_bytes(file.read_bytes(), policy=email.policy.default) if file.suffix == ".eml" else None


def _reference(mail: Any) -> str:
    return str(mail["Message-ID"]).strip("<>").partition("@")[0]


def _body(mail: Any) -> str:
    return str(mail.get_content()).replace("\r\n", "\n").rstrip("\n")


@pytest.fixture(scope="module")
def shared() -> Iterator[tuple[Mailbox, Running]]:
    with smtp_server() as box, provider() as running:
        yield box, running


@pytest.fixture
def world(tmp_path: Path, shared: tuple[Mailbox, Running]) -> World:
    mailbox, running = shared
    mailbox.taken.clear()
    running.misbehave()
    running.ledger.forget()
    return World(tmp_path, mailbox, running)


ADDRESSES = {"sms": "+447700900{:03d}", "email": "family{}@example.org", "staff": "Flat {}, Elm Road"}
CHANNELS = channel_names()
EVERY_WAY = [(name, kind) for name in CHANNELS for kind in sorted(channel_module(name).CARRIES)]


def outgoing(number: int = 1, kind: str = "email", **changes: Any) -> Outgoing:
    values: dict[str, Any] = {
        "id": f"ref{number:029d}", "address": ADDRESSES[kind].format(number),
        "sender": "Cyngor Elm <elm@example.org>" if kind == "email" else "Elm", "text": TEXT, "at": NOON,
        "subject": "Eich apwyntiad ŷ 10yb" if kind == "email" else "", "not_after": NOON + timedelta(days=1),
    }  # fmt: skip
    return Outgoing(**(values | changes))


def asked(message: Outgoing, moment: datetime) -> Asked:
    return Asked(message.id, message.address, message.text, moment, moment)


def send(channel: Channel, *messages: Outgoing) -> list[SendResult]:
    async def all_of_them() -> list[SendResult]:
        async with channel:
            return list(await asyncio.gather(*(channel.send(message) for message in messages)))

    return asyncio.run(all_of_them())


def find(channel: Channel, *messages: Outgoing) -> list[Trace | None]:
    async def all_of_them() -> list[Trace | None]:
        async with channel:
            return [await channel.find(asked(message, datetime.now(UTC))) for message in messages]

    return asyncio.run(all_of_them())


@pytest.mark.parametrize("name", CHANNELS)
def test_a_channel_says_what_it_carries_and_can(name: str, world: World) -> None:
    module = channel_module(name)
    channel = world.open(name)
    assert {"sms", "email", "staff"} >= module.CARRIES
    assert module.CARRIES
    assert channel.timeout > 0
    assert not channel.live, "on loopback nothing reaches real people"
    assert not (channel.can.asked and channel.can.listed), "a channel that tells by reference need not search"


@pytest.mark.parametrize(("name", "kind"), EVERY_WAY)
def test_many_messages_at_once_are_each_taken_once(name: str, kind: str, world: World) -> None:
    messages = [outgoing(i, kind) for i in range(50)]
    results = send(world.open(name), *messages)
    assert {result.reply for result in results} == {Reply.ACCEPTED}
    if name == "staff_task":
        return  # the ledger is its work list: tests/workflow/dispatching/test_accounting.py
    assert Counter(one.address.removeprefix("whatsapp:") for one in world.taken) == Counter(
        message.address for message in messages
    )


@pytest.mark.parametrize(("name", "kind"), [way for way in EVERY_WAY if way[1] != "staff"])
def test_the_words_survive_the_journey(name: str, kind: str, world: World) -> None:
    message = outgoing(1, kind)
    send(world.open(name), message)
    (taken,) = world.taken
    assert taken.text == TEXT
    assert taken.subject == message.subject
    assert taken.address.removeprefix("whatsapp:") == message.address


@pytest.mark.parametrize(("name", "kind"), EVERY_WAY)
def test_asking_tells_what_was_taken_where_it_can_be_asked(name: str, kind: str, world: World) -> None:
    channel = world.open(name)
    (sent,) = send(channel, outgoing(1, kind))
    there, absent = find(channel, outgoing(1, kind), outgoing(2, kind))
    if channel.can.asked or channel.can.listed:
        assert there is not None
        assert (there.taken, there.provider_id) == (True, sent.provider_id)
    else:
        assert there is None
    if name == "staff_task":
        assert absent is not None
        assert absent.taken, "the ledger is the list"
    elif channel.can.asked:
        assert absent == Trace(taken=False)
    else:
        assert absent is None, "what only lists must never rule a message out"


PROVIDERS = [way for way in EVERY_WAY if way[0].startswith(("twilio", "govuk"))]


@pytest.mark.parametrize(("name", "kind"), PROVIDERS)
@pytest.mark.parametrize(
    ("fault", "reply", "taken"),
    [("reset", Reply.UNKNOWN, 0), ("drop", Reply.UNKNOWN, 1), ("error", Reply.UNKNOWN, 0),
     ("error_after", Reply.UNKNOWN, 1), ("too_many", Reply.TEMPORARY, 0)],
)  # fmt: skip
def test_no_answer_is_unknown_and_nothing_is_sent_again_by_itself(
    name: str, kind: str, fault: str, reply: Reply, taken: int, world: World
) -> None:
    world.provider.misbehave(**{fault: 1, "retry_after": 90})
    (result,) = send(world.open(name), outgoing(1, kind))
    assert result.reply is reply
    assert len(world.taken) == taken, "no client may repeat a request by itself"
    assert result.retry_after == (90 if fault == "too_many" else 0)


@pytest.mark.parametrize(("name", "kind"), PROVIDERS)
def test_a_provider_that_is_not_there_took_nothing(name: str, kind: str, world: World) -> None:
    nowhere = {"twilio_base_url": "http://127.0.0.1:9", "notify_base_url": "http://127.0.0.1:9"}
    settings = Bench(world.folder).settings(**(world.provider.settings | nowhere))
    (result,) = send(channel_module(name).open_channel(settings), outgoing(1, kind))
    assert result.reply is Reply.TEMPORARY


@pytest.mark.parametrize(("name", "kind"), PROVIDERS)
def test_an_address_that_cannot_be_used_is_refused_for_good_and_in_our_table(
    name: str, kind: str, world: World
) -> None:
    (result,) = send(world.open(name), outgoing(1, kind, address="@" if kind == "email" else "+12"))
    if kind == "email":
        return  # the stand-in takes any address with an @: the roll has been through a real validator
    assert (result.reply, result.recognised) == (Reply.REJECTED, True)


@pytest.mark.parametrize("name", ["twilio_sms", "twilio_whatsapp"])
def test_wrong_credentials_block_and_reject_nobody(name: str, world: World) -> None:
    settings = Bench(world.folder).settings(**(world.provider.settings | {"twilio_auth_token": "expired"}))
    (result,) = send(channel_module(name).open_channel(settings), outgoing(1, "sms"))
    assert (result.reply, result.code) == (Reply.BLOCKED, "20003")


def test_notify_without_a_template_blocks_and_rejects_nobody(world: World) -> None:
    settings = Bench(world.folder).settings(**(world.provider.settings | {"notify_sms_template": ""}))
    (result,) = send(channel_module("govuk_notify").open_channel(settings), outgoing(1, "sms"))
    assert result.reply is Reply.BLOCKED


@pytest.mark.parametrize(
    ("left", "asked_for"), [(timedelta(seconds=0), 1), (timedelta(hours=2), 7200), (timedelta(days=2), 36_000)]
)
def test_twilio_drops_what_waits_beyond_its_time(left: timedelta, asked_for: int, world: World) -> None:
    send(world.open("twilio_sms"), outgoing(1, "sms", not_after=NOON + left))
    assert world.provider.taken[0].expires_in == asked_for


def test_the_status_callback_carries_our_identifier(world: World) -> None:
    settings = Bench(world.folder).settings(**world.provider.settings, public_url="https://nudge.example.org/")
    send(channel_module("twilio_sms").open_channel(settings), outgoing(7, "sms"))
    assert world.provider.taken[0].callback == f"https://nudge.example.org/callbacks/twilio/status/{outgoing(7).id}"


def test_notify_is_told_where_one_click_ends_the_messages(world: World) -> None:
    url = "https://nudge.example.org/unsubscribe/token"
    send(world.open("govuk_notify"), outgoing(1, "email", unsubscribe_url=url), outgoing(2, "email"))
    assert {one.reference: one.unsubscribe for one in world.provider.taken} == {outgoing(1).id: url, outgoing(2).id: ""}


@pytest.mark.parametrize("name", CHANNELS)
def test_a_channel_takes_back_what_it_says_it_can_and_nothing_else(name: str, world: World) -> None:
    kind = max(channel_module(name).CARRIES)
    world.provider.misbehave(callback_delay=60)
    channel, message = world.open(name), outgoing(1, kind)
    (sent,) = send(channel, message)

    async def ask_back() -> bool:
        async with channel:
            return await channel.take_back(replace(asked(message, NOON), provider_id=sent.provider_id))

    assert asyncio.run(ask_back()) is channel.can.cancel


def test_every_capability_that_is_declared_has_a_caller() -> None:
    """A flag that nothing reads is a promise that nothing keeps."""
    code = "\n".join(
        file.read_text(encoding="utf-8")
        for folder in ("delivery", "workflow")
        for file in (ROOT / "nudge" / folder).rglob("*.py")
    )
    assert [one.name for one in fields(Capability) if f".can.{one.name}" not in code] == []


def test_a_messaging_service_and_whatsapp_content_are_named_as_such(world: World) -> None:
    service = "MG" + "a" * 32
    settings = Bench(world.folder).settings(
        **world.provider.settings, twilio_from=service, twilio_whatsapp_content="HX" + "b" * 32
    )
    send(channel_module("twilio_sms").open_channel(settings), outgoing(1, "sms"))
    send(channel_module("twilio_whatsapp").open_channel(settings), outgoing(2, "sms"))
    by_service, by_whatsapp = world.provider.taken
    assert by_service.sender == service
    assert (by_whatsapp.sender, by_whatsapp.recipient) == ("whatsapp:+447700900998", "whatsapp:+447700900002")
    assert json.loads(by_whatsapp.body) == {"1": TEXT}


@pytest.mark.parametrize(
    ("setting", "url", "said"),
    [("twilio_base_url", "api.twilio.com", "NUDGE_TWILIO_BASE_URL is not an address"),
     ("twilio_base_url", "http://192.0.2.1", "NUDGE_TWILIO_BASE_URL would send messages in the open"),
     ("notify_base_url", "http://192.0.2.1", "NUDGE_NOTIFY_BASE_URL would send messages in the open")],
)  # fmt: skip
def test_messages_go_in_the_open_to_this_machine_only(setting: str, url: str, said: str, world: World) -> None:
    settings = Bench(world.folder).settings(**(world.provider.settings | {setting: url}))
    with pytest.raises(InputError, match=said):
        channel_module("twilio_sms" if "twilio" in setting else "govuk_notify").open_channel(settings)


def test_a_provider_elsewhere_is_live(world: World) -> None:
    settings = Bench(world.folder).settings(**(world.provider.settings | {"twilio_base_url": "https://192.0.2.1"}))
    assert channel_module("twilio_sms").open_channel(settings).live


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [(400, 21211, (Reply.REJECTED, True)), (400, 21610, (Reply.REJECTED, True)), (400, 99999, (Reply.REJECTED, False)),
     (400, 21606, (Reply.BLOCKED, True)), (401, 20003, (Reply.BLOCKED, True)), (503, 20503, (Reply.UNKNOWN, True))],
)  # fmt: skip
def test_twilio_s_error_codes(status: int, code: int, expected: tuple[Reply, bool]) -> None:
    result = refused(status, code, "said Twilio")
    assert (result.reply, result.recognised) == expected


@pytest.mark.parametrize(
    ("status", "code", "means"),
    [("sent", "", Fate.UNDER_WAY), ("delivered", "", Fate.DELIVERED), ("read", "", Fate.DELIVERED),
     ("undelivered", "30003", Fate.TEMPORARY), ("undelivered", "30005", Fate.PERMANENT),
     ("failed", "30036", Fate.TEMPORARY), ("undelivered", "39999", Fate.UNRECOGNISED),
     ("failed", "", Fate.UNRECOGNISED), ("teleported", "", Fate.UNRECOGNISED)],
)  # fmt: skip
def test_twilio_s_statuses(status: str, code: str, means: Fate) -> None:
    assert twilio_fate(status, code) is means


@pytest.mark.needs("reference data")
def test_every_status_the_providers_publish_is_in_our_tables(reference_folder: Path) -> None:
    described = json.loads((reference_folder / "specs/twilio_messages_openapi.json").read_text())
    published = set(described["components"]["schemas"]["message_enum_status"]["enum"])
    inbound_or_with_code = {"receiving", "received", "failed", "undelivered", "partially_delivered"}
    assert not [one for one in published - inbound_or_with_code if twilio_fate(one) is Fate.UNRECOGNISED]
    schemas = json.loads((reference_folder / "specs/govuk_notify/schema.json").read_text())["components"]["schemas"]
    letters = {"letter", "precompiled letter"}
    for variant in schemas["GetOneMessageResponse"]["oneOf"]:
        if variant["title"] not in letters:
            statuses = variant["properties"]["status"]["enum"]
            assert not [one for one in statuses if notify_fate(one) is Fate.UNRECOGNISED]
    assert notify_fate("lost") is Fate.UNRECOGNISED


def test_an_unknown_channel_is_refused_with_the_nearest() -> None:
    with pytest.raises(InputError, match="`outbx` is not a channel; did you mean `outbox`"):
        channel_module("outbx")
