"""Messages on their way to families that asked for no more: taken back where the way of sending can.

Each is asked for once. A provider that says it is too late is believed; the account of the
family tells both.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from nudge.delivery.channels import channel_module
from nudge.delivery.receipts import after_receipt
from nudge.store import ledger
from nudge.store.changes import change_row
from nudge.store.events import Event, add_notice, keep_event, mark_applied, row_of
from nudge.store.recall import anything_ended, to_take_back
from nudge.trial.errors import InputError
from nudge.trial.records.delivery import TAKEN_BACK, Fate, Status
from nudge.workflow.dispatching.limiting import site_trials

if TYPE_CHECKING:
    from nudge.delivery.channels import Channel
    from nudge.trial.records.delivery import Asked
    from nudge.workflow.desk import Desk


def take_back(desk: Desk) -> int:
    """Ask for every such message back; returns how many never arrive."""
    with desk.store.begin() as connection:
        if not anything_ended(connection):
            return 0
        wanted = to_take_back(site_trials(connection), desk.clock.now())
        waiting = ledger.asked_by_way(connection, wanted, desk.vault)
    taken = 0
    for via, rows in waiting.items():
        try:
            channel = channel_module(via).open_channel(desk.settings)
        except InputError as error:
            with desk.store.begin() as connection:
                add_notice(connection, desk.clock.now(), "", "not taken back", f"messages on their way stay: {error}")
            continue
        if channel.can.cancel:
            taken += asyncio.run(_take_back(desk, channel, via, rows))
    return taken


async def _take_back(desk: Desk, channel: Channel, via: str, rows: list[Asked]) -> int:
    taken = 0
    async with channel:
        for asked in rows:
            event = Event(via, "recall", asked.reference, asked.provider_id, "take it back", {})
            with desk.store.begin() as connection:
                number = keep_event(connection, event, desk.clock.now(), desk.vault)
            if number is None:
                continue
            ended = await channel.take_back(asked)
            with desk.store.begin() as connection:
                mark_applied(connection, number, desk.clock.now(), "it will not arrive" if ended else "it was too late")
                row = row_of(connection, asked.reference, "")
                for status in after_receipt(Fate.PERMANENT, Status(row["status"])) if row and ended else []:
                    change_row(connection, asked.reference, status, desk.clock.now(), TAKEN_BACK)
                    taken += 1
    return taken
