"""Every channel keeps the same promises; a new file in delivery/channels/ is picked up unasked."""

from __future__ import annotations

import asyncio
import email
import email.policy
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from nudge.delivery.channels import Channel, channel_module, channel_names
from nudge.trial.errors import InputError
from nudge.trial.records.delivery import Outgoing, Reply, SendResult
from tests.support.smtp import Mailbox, smtp_server
from tests.support.trials import Bench

NOON = datetime(2027, 1, 11, 12, tzinfo=UTC)
TEXT = "Helo Siân,\n\nTŷ’r plant: 10yb.\n.\nA line that begins with a dot is kept.\nFrom here on too.\n\nÐone"


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with smtp_server() as box:
        yield box


def opened(name: str, folder: Path, mailbox: Mailbox) -> Channel:
    return channel_module(name).open_channel(Bench(folder).settings(smtp_url=mailbox.url))


def outgoing(number: int = 1, address: str = "anna@example.org", **changes: Any) -> Outgoing:
    values: dict[str, Any] = {
        "id": f"ref{number:029d}", "address": address, "sender": "Cyngor Elm <elm@example.org>",
        "subject": "Eich apwyntiad ŷ 10yb", "text": TEXT, "at": NOON, "not_after": NOON + timedelta(days=1),
    }  # fmt: skip
    return Outgoing(**(values | changes))


def send(channel: Channel, *messages: Outgoing) -> list[SendResult]:
    async def all_of_them() -> list[SendResult]:
        async with channel:
            return list(await asyncio.gather(*(channel.send(message) for message in messages)))

    return asyncio.run(all_of_them())


@pytest.mark.parametrize("name", channel_names())
def test_a_channel_says_what_it_carries_and_can(name: str, tmp_path: Path, mailbox: Mailbox) -> None:
    module = channel_module(name)
    channel = opened(name, tmp_path, mailbox)
    assert {"sms", "email"} >= module.CARRIES
    assert module.CARRIES
    assert channel.timeout > 0
    assert not channel.live, "on loopback nothing reaches real people"


@pytest.mark.parametrize("name", channel_names())
def test_many_messages_at_once_are_each_taken_once(name: str, tmp_path: Path, mailbox: Mailbox) -> None:
    messages = [outgoing(i, f"family{i}@example.org") for i in range(50)]
    results = send(opened(name, tmp_path, mailbox), *messages)
    assert {result.reply for result in results} == {Reply.ACCEPTED}
    taken = [path.stem for path in Bench(tmp_path).outbox] or mailbox.references
    assert sorted(taken) == [message.id for message in messages]


@pytest.mark.parametrize("name", channel_names())
def test_the_words_survive_the_journey(name: str, tmp_path: Path, mailbox: Mailbox) -> None:
    send(opened(name, tmp_path, mailbox), outgoing())
    files = Bench(tmp_path).outbox
    message: Any = (
        email.message_from_bytes(files[0].read_bytes(), policy=email.policy.default) if files else mailbox.taken[0]
    )
    assert message.get_content().replace("\r\n", "\n").rstrip("\n") == TEXT
    assert message["Subject"] == "Eich apwyntiad ŷ 10yb"
    assert message["To"] == "anna@example.org"
    assert message["Message-ID"] == f"<{outgoing().id}@example.org>"


@pytest.mark.parametrize("name", channel_names())
def test_asking_tells_what_was_taken_where_it_can_be_asked(name: str, tmp_path: Path, mailbox: Mailbox) -> None:
    async def ask(channel: Channel) -> tuple[bool | None, bool | None]:
        async with channel:
            await channel.send(outgoing(1))
            return await channel.find(outgoing(1).id), await channel.find(outgoing(2).id)

    channel = opened(name, tmp_path, mailbox)
    assert asyncio.run(ask(channel)) == ((True, False) if channel.askable else (None, None))


def test_an_unknown_channel_is_refused_with_the_nearest() -> None:
    with pytest.raises(InputError, match="`outbx` is not a channel; did you mean `outbox`"):
        channel_module("outbx")
