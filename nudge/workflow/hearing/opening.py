"""Links opened: where each leads, what is written down of it, and how many families opened one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nudge.delivery.openings import reason_to_flag, with_bursts_flagged
from nudge.store.account import Entry
from nudge.store.links import add_opening, handed_over_at, link_of, openings_of, units_sent_links

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from nudge.trial.records.openings import Opening
    from nudge.workflow.desk import Desk

_LONGEST_AGENT = 200


def open_link(desk: Desk, identifier: str, method: str, agent: str) -> str | None:
    """Write an opening down and give the address it leads to; None where we never sent that identifier."""
    identifier = identifier.lower()
    if not (identifier.isascii() and identifier.isalnum()):
        return None
    with desk.store.begin() as connection:
        link = link_of(connection, identifier)
        if link is None:
            return None
        now, agent = desk.clock.now(), agent[:_LONGEST_AGENT]
        flag = reason_to_flag(now, method, agent, handed_over_at(connection, link.send))
        add_opening(connection, now, identifier, method, agent, flag)
        return link.target


def opening_entries(connection: Connection, trial: str, unit: str) -> list[Entry]:
    """Each opening of a family's links, for its account."""
    openings = with_bursts_flagged(openings_of(connection, trial))
    return [Entry(one.at, _told(one), one.send) for one in openings if one.unit == unit]


def _told(one: Opening) -> str:
    flagged = f"; flagged, {one.flag}" if one.flag else ""
    return f"{one.message}: its link `{one.name}` was opened{flagged}"


def opened_by_arm(connection: Connection, trial: str) -> list[str]:
    """By arm, the families who opened a link and the openings that are flagged; a figure of process, no outcome."""
    sent = units_sent_links(connection, trial)
    openings = with_bursts_flagged(openings_of(connection, trial)) if sent else []
    lines = []
    for arm, units in sent.items():
        own = [one for one in openings if one.arm == arm]
        families = len({one.unit for one in own if not one.flag})
        flagged = sum(1 for one in own if one.flag)
        lines.append(f"{arm}: {families:,} of {units:,} units sent a link opened one; openings flagged: {flagged:,}")
    return lines
