"""Sending without families: a rehearsal that writes nothing, and tests to approved addresses."""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from nudge.delivery.channels import channel_module
from nudge.delivery.plan import Planner
from nudge.messages.render import render
from nudge.people.contacts import UnusableAddress, is_reserved, normalised
from nudge.trial.errors import InputError, Refused
from nudge.trial.records.delivery import Outgoing
from nudge.workflow.checking.rendering import Unrendered, example_person, render_arm
from nudge.workflow.dispatching.linking import rehearsed
from nudge.workflow.writing.previewing import units_to_try, usable

if TYPE_CHECKING:
    from pathlib import Path

    from nudge.delivery.channels import Channel
    from nudge.workflow.desk import Desk


def rehearse(path: Path, desk: Desk) -> dict[str, Any]:
    """Render and check every message of every arm for every unit; write nothing."""
    now = desk.clock.now()
    examined = usable(path, now, desk.settings.link_base_url)
    planner = Planner(examined.trial, examined.variants, now)
    by_key = {template.key: template for template in examined.templates}
    messages: Counter[str] = Counter()
    dues: list[datetime] = []
    failed: list[str] = []
    manner = rehearsed(examined.trial, desk.settings.link_base_url)
    for arm in examined.trial.arms:
        for unit in units_to_try(examined, now):
            for one in render_arm(planner, by_key, unit, arm, manner):
                if isinstance(one, Unrendered):
                    failed.append(one.why)
                else:
                    messages[arm] += 1
                    dues.append(one.due)
    if failed:
        raise InputError(
            f"{len(failed)} messages cannot be rendered; the first: {failed[0]}", "mend the roll or template"
        )
    return {"messages": dict(messages), "first_due": min(dues, default=None), "last_due": max(dues, default=None)}


@dataclass(frozen=True, slots=True)
class TestSent:
    """What became of one test message."""

    arm: str
    template: str
    reply: str
    detail: str


def send_test(path: Path, desk: Desk, to: str) -> list[TestSent]:
    """Send one marked test of every arm to an approved address, with made-up values in every column.

    Raises Refused where the address is not approved, or reserved and the channel live.
    """
    channel, address = _approved(to, desk)
    now = desk.clock.now()
    examined = usable(path, now, desk.settings.link_base_url)
    via = examined.trial.channels.get(channel)  # type: ignore[call-overload]  # channel is sms or email
    if via is None:
        raise Refused(f"{examined.trial.trial} sends nothing by {channel}", "give an address of a channel it uses")
    opened = channel_module(via).open_channel(desk.settings)
    if opened.live and is_reserved(channel, address):
        raise Refused(f"{to} is set aside for drama and examples, and `{via}` is live", "use the outbox for it")
    person = example_person(examined.trial, now)
    manner = rehearsed(examined.trial, desk.settings.link_base_url)
    wordings = [
        (arm, render(template, person.columns, "a made-up family", manner))
        for arm, spec in examined.trial.arms.items()
        for message in spec.messages
        for template in examined.templates
        if template.name == message.template and template.channel == channel
    ]
    outgoing = [
        (arm, words.template, Outgoing(
            f"test-{secrets.token_hex(8)}", address, words.sender, f"[TEST: {arm}] {words.subject}",
            f"[TEST: {arm}] {words.text}", now, now + timedelta(hours=1), html=words.html,
        ))
        for arm, words in wordings
    ]  # fmt: skip
    return asyncio.run(_send_all(opened, outgoing))


async def _send_all(channel: Channel, outgoing: list[tuple[str, str, Outgoing]]) -> list[TestSent]:
    async with channel:
        results = [(arm, template, await channel.send(message)) for arm, template, message in outgoing]
    return [TestSent(arm, template, said.reply, said.detail or said.provider_id) for arm, template, said in results]


def _approved(to: str, desk: Desk) -> tuple[str, str]:
    channel = "email" if "@" in to else "sms"
    try:
        address = normalised(channel, to)
    except UnusableAddress as error:
        raise InputError(f"`{to}` {error}") from None
    approved = {one.strip().lower() for one in desk.settings.test_recipients.split(",") if one.strip()}
    if not is_reserved(channel, address) and not {to.lower(), address.lower()} & approved:
        raise Refused(
            f"{to} is not an approved address for tests",
            "list it in NUDGE_TEST_RECIPIENTS (addresses separated by commas), or use 07700 900000 or example.org",
        )
    return channel, address
