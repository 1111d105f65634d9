"""What a family is answered by itself: the words, and the sending where a provider takes no answer at once.

Twilio takes the answer with the callback. GOV.UK Notify and email do not: there it goes out as
a message of its own, once. It is an answer to a message of a moment ago, so it knows no quiet
hours and no cap; and the same words do not go twice to one contact point within an hour, so
that two machines do not answer each other.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from nudge.delivery.channels import channel_module
from nudge.delivery.hours import DutyHours
from nudge.delivery.replies import Meaning, Understood
from nudge.people.contacts import is_reserved
from nudge.store.answers import (
    WaitingAnswer,
    answered_lately,
    claim_answer,
    note_answer,
    sealed_words_of,
    waiting_answers,
)
from nudge.store.events import add_notice
from nudge.trial.errors import InputError
from nudge.trial.records.delivery import Outgoing, Reply
from nudge.workflow.dispatching.words import words_from_text

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from nudge.delivery.channels import Channel
    from nudge.workflow.desk import Desk

AGAIN_AFTER = timedelta(hours=1)
_TIME_TO_GO = timedelta(hours=1)
REFERENCE = "answer"
"""Before the reply's number: how a provider is told which message this is."""

# nhs.uk and police.uk: 999 in danger of life, 111 for health advice. GSM-7, one segment each.
_ANSWERS = {
    "en": {
        "stop": "You will get no more of these messages. Reply START if you change your mind.",
        "start": "You will get these messages again. Reply STOP to end them.",
        "closed": "Thank you. We read messages {hours}. If anyone is in danger call 999. For health advice call 111.",
        "help": "A person will read your message. We read messages {hours}. In danger call 999. Health advice: 111. "
        "Reply STOP to end these messages.",
        "wrong recipient": "Sorry. We will not write to you here again.",
    },
    "cy": {
        "stop": "Ni chewch fwy o'r negeseuon hyn. Atebwch DECHRAU os newidiwch eich meddwl.",
        "start": "Cewch y negeseuon hyn eto. Atebwch STOP i'w hatal.",
        "closed": "Diolch. Darllenwn negeseuon {hours}. Os oes rhywun mewn perygl ffoniwch 999. Cyngor iechyd: 111.",
        "help": "Bydd rhywun yn darllen eich neges. Darllenwn negeseuon {hours}. Mewn perygl: 999. Iechyd: 111. "
        "Atebwch STOP i'w hatal.",
        "wrong recipient": "Mae'n ddrwg gennym. Ni fyddwn yn ysgrifennu atoch yma eto.",
    },
}


@dataclass(frozen=True, slots=True)
class Duty:
    """Who reads the replies to a trial, and when."""

    hours: DutyHours
    said: str
    promised: timedelta
    keywords: Mapping[str, list[str]]


def answer_to(said: Understood, duty: Duty, language: str, at: datetime) -> str:
    """The words a family gets at once; empty where a person will answer."""
    words = _ANSWERS.get(language, _ANSWERS["en"])
    out_of_hours = said.to_read and not duty.hours.open_at(at)
    if said.meaning in {Meaning.HELP, Meaning.WRONG}:
        return words[str(said.meaning)].format(hours=duty.said)
    own = words.get(str(said.meaning), "")
    return " ".join(filter(None, [own, words["closed"].format(hours=duty.said) if out_of_hours else ""]))


def unless_told(connection: Connection, lookup: str, answer: str, at: datetime) -> str:
    """The answer, or nothing where the same contact point was told the same within the hour."""
    return "" if answer and answered_lately(connection, lookup, answer, at - AGAIN_AFTER) else answer


def send_answers(desk: Desk) -> int:
    """Send every answer that waits, each tried once; returns how many were taken."""
    with desk.store.begin() as connection:
        waiting = waiting_answers(connection, desk.vault)
    by_way: defaultdict[str, list[WaitingAnswer]] = defaultdict(list)
    for one in waiting:
        by_way[one.via].append(one)
    taken = 0
    for via, ones in by_way.items():
        try:
            channel = channel_module(via).open_channel(desk.settings)
        except InputError as error:
            _say_why(desk, f"{len(ones)} answers wait: {error}")
            continue
        taken += asyncio.run(_send_by(desk, channel, ones))
    return taken


def _say_why(desk: Desk, why: str) -> None:
    """What keeps answers from going is a matter for a person, and for no other message."""
    with desk.store.begin() as connection:
        add_notice(connection, desk.clock.now(), "", "answers wait", why)


async def _send_by(desk: Desk, channel: Channel, answers: list[WaitingAnswer]) -> int:
    taken = 0
    async with channel:
        for answer in answers:
            with desk.store.begin() as connection:
                if not claim_answer(connection, answer.reply, desk.clock.now()):
                    continue
                outgoing = _outgoing(connection, desk, answer)
            if channel.live and is_reserved("email" if "@" in answer.address else "sms", answer.address):
                said = "not sent: the address is set aside for drama and examples"
            else:
                result = await channel.send(outgoing)
                said = f"{result.reply} {result.detail or result.code}".rstrip()
                taken += result.reply is Reply.ACCEPTED
            with desk.store.begin() as connection:
                note_answer(connection, answer.reply, said)
    return taken


def _outgoing(connection: Connection, desk: Desk, answer: WaitingAnswer) -> Outgoing:
    now = desk.clock.now()
    sealed = sealed_words_of(connection, answer.reference) if answer.reference else None
    sender = words_from_text(desk.vault.open(sealed).decode()).sender if sealed else ""
    subject = str(answer.heard.get("Subject", "")).removeprefix("Re: ")
    return Outgoing(
        f"{REFERENCE}{answer.reply}", answer.address, sender, f"Re: {subject}" if subject else "", answer.text, now,
        now + _TIME_TO_GO, answers=str(answer.heard.get("Message-ID", "")),
    )  # fmt: skip
