"""What an SMTP server does, and what the channel makes of it; a real server on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from nudge.delivery.channels.smtp import Smtp, open_channel, read_server
from nudge.trial.errors import InputError
from nudge.trial.records.delivery import Outgoing, Reply, SendResult
from tests.support.smtp import Mailbox, smtp_server
from tests.support.trials import Bench

NOON = datetime(2027, 1, 11, 12, tzinfo=UTC)


def outgoing(number: int, address: str = "anna@example.org") -> Outgoing:
    return Outgoing(f"ref{number}", address, "elm@example.org", "Hello", "Hello", NOON, NOON + timedelta(days=1))


@contextmanager
def channel(mailbox: Mailbox, connections: int = 1) -> Iterator[Smtp]:
    yield Smtp(read_server(mailbox.url), connections)


def send_in_turn(smtp: Smtp, *messages: Outgoing) -> list[SendResult]:
    async def one_by_one() -> list[SendResult]:
        async with smtp:
            return [await smtp.send(message) for message in messages]

    return asyncio.run(one_by_one())


@pytest.mark.parametrize(
    ("answer", "reply"),
    [("550 5.1.1 no such user", Reply.REJECTED), ("451 4.3.0 try later", Reply.TEMPORARY)],
)
def test_an_answer_to_the_recipient_is_read_by_its_first_digit(answer: str, reply: Reply) -> None:
    with smtp_server(Mailbox(refuse={"gone@example.org": answer})) as box, channel(box) as smtp:
        first, second = send_in_turn(smtp, outgoing(1, "gone@example.org"), outgoing(2))
    assert (first.reply, first.code) == (reply, answer[:3])
    assert second.reply is Reply.ACCEPTED, "a refused message does not spoil the connection"
    assert box.references == ["ref2"]


@pytest.mark.parametrize(("answer", "reply"), [("554 no", Reply.REJECTED), ("452 full", Reply.TEMPORARY)])
def test_an_answer_to_the_message_settles_it(answer: str, reply: Reply) -> None:
    with smtp_server(Mailbox(on_data=answer)) as box, channel(box) as smtp:
        assert [result.reply for result in send_in_turn(smtp, outgoing(1))] == [reply]
    assert box.taken == []


def test_a_connection_lost_after_the_message_leaves_it_unknown() -> None:
    with smtp_server(Mailbox(drop_after_data=True)) as box, channel(box) as smtp:
        result = send_in_turn(smtp, outgoing(1))[0]
    assert result.reply is Reply.UNKNOWN
    assert box.references == ["ref1"], "it was taken, which the channel could not know"


def test_a_server_that_is_not_there_took_nothing() -> None:
    with smtp_server() as box:
        pass
    with channel(box) as smtp:
        result = send_in_turn(smtp, outgoing(1))[0]
    assert result.reply is Reply.TEMPORARY
    assert result.detail.startswith("not connected")


def test_a_connection_the_server_dropped_while_idle_is_made_anew() -> None:
    async def with_a_pause(smtp: Smtp, box: Mailbox) -> list[SendResult]:
        async with smtp:
            first = await smtp.send(outgoing(1))
            client = smtp._free.get_nowait()
            transport = client.transport
            assert transport is not None
            transport.close()
            smtp._free.put_nowait(client)
            await asyncio.sleep(0.05)
            return [first, await smtp.send(outgoing(2))]

    with smtp_server() as box, channel(box) as smtp:
        results = asyncio.run(with_a_pause(smtp, box))
    assert [result.reply for result in results] == [Reply.ACCEPTED, Reply.ACCEPTED]
    assert box.references == ["ref1", "ref2"]


def test_a_send_that_is_interrupted_leaves_a_usable_channel() -> None:
    async def interrupted(smtp: Smtp) -> SendResult:
        async with smtp:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(smtp.send(outgoing(1)), 0.2)
            return await smtp.send(outgoing(2))

    with smtp_server(Mailbox(delay=1.0)) as box, channel(box) as smtp:
        result = asyncio.run(interrupted(smtp))
    assert result.reply is Reply.ACCEPTED
    assert sorted(box.references) == ["ref1", "ref2"]


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("http://example.org", "NUDGE_SMTP_URL is not an SMTP address; write NUDGE_SMTP_URL as smtp://"),
        ("smtp://", "NUDGE_SMTP_URL is not an SMTP address"),
        ("smtp://host:port", "NUDGE_SMTP_URL is not an address"),
    ],
)
def test_a_wrong_address_is_refused_with_an_example(url: str, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        read_server(url)


def test_an_address_holds_user_password_and_encryption() -> None:
    server = read_server("smtps://anna%40elm:p%3Ass@mail.example.org")
    assert (server.user, server.password, server.port, server.tls) == ("anna@elm", "p:ss", 465, True)
    assert read_server("smtp://mail.example.org:587?starttls=yes").starttls


def test_without_an_address_the_setting_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="NUDGE_SMTP_URL is not set; set it to smtp://"):
        open_channel(Bench(tmp_path).settings())
