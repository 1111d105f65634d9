"""The ledger questioned: one family's account, unknowns settled with the provider, the work list."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import TYPE_CHECKING

from nudge.delivery.channels import channel_module
from nudge.delivery.receipts import after_receipt
from nudge.store import lease, ledger
from nudge.store.account import Entry, Task, add_task_result, open_tasks, task_minutes, unit_account
from nudge.store.audit import record_action
from nudge.store.changes import change_row
from nudge.store.engine import reading
from nudge.store.events import row_of, without_receipt
from nudge.store.locks import hold_ledger
from nudge.store.people import is_unit
from nudge.trial.errors import InputError
from nudge.trial.records.delivery import Asked, Status, Trace
from nudge.workflow.dispatching.sending import build_dispatcher
from nudge.workflow.guard import need_locked
from nudge.workflow.hearing.opening import opening_entries

if TYPE_CHECKING:
    from nudge.delivery.channels import Channel
    from nudge.workflow.desk import Desk

_QUIET = timedelta(hours=1)
"""A provider that has said nothing for so long is asked."""
_RESULTS = {"done": Status.DELIVERED, "not reached": Status.FAILED, "not done": Status.FAILED}


def account_of(desk: Desk, trial: str, unit: str) -> list[Entry]:
    """Everything about one family. Raises InputError where the trial has no such unit."""
    need_locked(desk.store, trial)
    with reading(desk.store).begin() as connection:
        if not is_unit(connection, trial, unit):
            raise InputError(f"no unit `{unit}` takes part in {trial}", "name a unit of the roll")
        entries = unit_account(connection, trial, unit) + opening_entries(connection, trial, unit)
    return sorted(entries, key=lambda entry: entry.at)


def reconcile(desk: Desk) -> Counter[Status]:
    """Ask the providers about every unknown message, and about accepted ones nothing was heard of; send nothing."""
    dispatcher, book = build_dispatcher(desk, only_ask=True)
    try:
        tally = asyncio.run(dispatcher.ask_only())
        tally.update(asyncio.run(_ask_for_receipts(desk)))
    finally:
        with desk.store.begin() as connection:
            lease.release_lease(connection, book.holder)
    return tally


async def _ask_for_receipts(desk: Desk) -> Counter[Status]:
    now = desk.clock.now()
    with reading(desk.store).begin() as connection:
        silent = ledger.asked_by_way(connection, without_receipt(now - _QUIET), desk.vault)
    tally: Counter[Status] = Counter()
    async with AsyncExitStack() as stack:
        for via, rows in silent.items():
            channel = channel_module(via).open_channel(desk.settings)
            if not channel.can.receipts or via == "staff_task":
                continue
            await stack.enter_async_context(channel)
            for asked, trace in zip(rows, await _ask(channel, rows), strict=True):
                if trace is not None and trace.taken:
                    tally.update(_apply(desk, asked, trace))
    return tally


async def _ask(channel: Channel, rows: list[Asked]) -> list[Trace | None]:
    return list(await asyncio.gather(*(channel.find(asked) for asked in rows)))


def _apply(desk: Desk, asked: Asked, trace: Trace) -> list[Status]:
    with desk.store.begin() as connection:
        hold_ledger(connection)
        row = row_of(connection, asked.reference, "")
        steps = after_receipt(trace.fate, Status(row["status"])) if row else []
        for status in steps:
            said = f"the provider was asked: {trace.code} ({trace.fate})"
            change_row(connection, asked.reference, status, desk.clock.now(), said)
    return steps


def work_list(desk: Desk, trial: str | None) -> list[Task]:
    """What staff have still to do."""
    with reading(desk.store).begin() as connection:
        return open_tasks(connection, trial, desk.vault)


def finish_task(desk: Desk, task: str, result: str, minutes: float) -> None:
    """Note what became of a task. Raises InputError where none of that name is open."""
    with desk.store.begin() as connection:
        hold_ledger(connection)
        row = row_of(connection, task, "")
        open_states = {Status.CLAIMED, Status.UNKNOWN, Status.ACCEPTED}
        if row is None or row["via"] != "staff_task" or Status(row["status"]) not in open_states:
            raise InputError(f"no open task is called `{task}`", "list them: nudge tasks")
        now, actor = desk.clock.now(), desk.settings.actor
        if Status(row["status"]) is not Status.ACCEPTED:
            change_row(connection, task, Status.ACCEPTED, now, "it stood on the work list")
        change_row(connection, task, _RESULTS[result], now, result)
        add_task_result(connection, task, now, actor, result, minutes)
        record_action(connection, now, actor, "task", row["trial"], task=task, result=result, minutes=minutes)


def staff_cost(desk: Desk, trial: str) -> dict[str, tuple[float, float | None]]:
    """Minutes of staff by arm, and what they cost at the file's price of an hour, where it names one."""
    costs = need_locked(desk.store, trial).lock.definition.get("costs") or {}
    price = costs.get("staff_hour")
    with reading(desk.store).begin() as connection:
        minutes = task_minutes(connection, trial)
    return {arm: (spent, None if price is None else spent / 60 * float(price)) for arm, spent in minutes.items()}
