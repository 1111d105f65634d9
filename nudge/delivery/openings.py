"""Which openings of a link were surely not a family's: flagged with the reason, never deleted.

Some scanners call themselves an ordinary browser, so what is not flagged may still be a
machine's. That is why openings are a figure of process and never an outcome.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from nudge.trial.records.openings import Opening


@dataclass(frozen=True, slots=True)
class Scanner:
    """A program that opens links by itself. name: what its agent holds, in small letters."""

    name: str
    what: str
    source: str


SCANNERS = (
    # Apple's Messages calls itself this too when it makes a preview.
    Scanner(
        "facebookexternalhit", "a preview of Meta's kind",
        "https://developers.facebook.com/docs/sharing/webmasters/web-crawlers",
    ),
    Scanner("slackbot-linkexpanding", "Slack's preview", "https://api.slack.com/robots"),
    Scanner(
        "google-safety", "Google's scanner for abuse",
        "https://developers.google.com/search/docs/crawling-indexing/google-special-case-crawlers",
    ),
    Scanner("googlemessages/", "Google Messages' preview", "Braze's documentation: bot clicks in SMS"),
    Scanner("barracuda sentinel", "Barracuda's link scanner", "Braze's documentation: bot clicks in SMS"),
    Scanner("whatsapp/", "WhatsApp's preview", "https://opengraphplus.com/consumers/whatsapp/crawling"),
    Scanner("skypeuripreview", "Microsoft Teams' preview", "https://opengraphplus.com/consumers/teams/crawling"),
)  # fmt: skip
"""Vendors' own pages where they name their agent; else a page of somebody who meets them."""

BURST = timedelta(seconds=1)
SEVERAL = 3
"""Identifiers of different messages. Two may be two families with the same telephone: agents are much alike."""
_IN_A_BURST = "several links were opened within one second by one program"


def reason_to_flag(at: datetime, method: str, agent: str, handed_over: datetime | None) -> str:
    """Why an opening was surely no family's, as far as it tells by itself; empty where nothing says so.

    handed_over: when its message was about to go to the provider; None where it is not there.
    """
    name = agent.lower()
    known = next((one for one in SCANNERS if one.name in name), None)
    if known is not None:
        return f"it was {known.what}"
    if method == "HEAD":
        return "only the headers were asked for (HEAD), which no browser does for a person"
    if handed_over is None or at < handed_over:
        return "it was opened before the message could have arrived"
    return ""


def with_bursts_flagged(openings: Sequence[Opening]) -> list[Opening]:
    """A trial's openings, in order of time, with those of a burst flagged too: one program, within one second.

    A burst has two links of one message, or links of three messages and more. It is known
    only by what follows it, so it is looked for when the openings are read.
    """
    places = sorted(range(len(openings)), key=lambda i: (openings[i].agent, openings[i].at))
    burst: set[int] = set()
    for _, own in groupby(places, key=lambda i: openings[i].agent):
        for window in _windows(list(own), openings):
            if _is_burst([openings[i] for i in window]):
                burst.update(window)
    return [
        replace(one, flag=_IN_A_BURST) if i in burst and not one.flag else one for i, one in enumerate(openings)
    ]  # fmt: skip


def _windows(places: list[int], openings: Sequence[Opening]) -> Iterator[list[int]]:
    """For each opening of one program, it and those before it that are less than a burst away."""
    first = 0
    for last, place in enumerate(places):
        while openings[place].at - openings[places[first]].at >= BURST:
            first += 1
        yield places[first : last + 1]


def _is_burst(window: Sequence[Opening]) -> bool:
    links = {(one.send, one.identifier) for one in window}
    messages = {send for send, _ in links}
    return len(messages) >= SEVERAL or len(links) > len(messages)
