"""The dispatcher: takes due rows from the ledger to the channels and their answers back.

For a group of messages at a time, the intents are committed, the group is sent, and its
results are committed together with the next group's intents. No transaction is open during
a call. Whatever kills the process, the ledger holds every message that may have gone out
as `claimed`, and only those on the wire at that moment.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, ParamSpec, Protocol, TypeVar

from nudge.delivery.rules import after_asking, after_try
from nudge.trial.errors import Refused
from nudge.trial.records.delivery import Asked, DueSend, Outgoing, Reply, SendResult, Status, Step, Trace

if TYPE_CHECKING:
    from datetime import datetime

    from nudge.delivery.channels import Channel
    from nudge.trial.clock import Clock

_LONGEST_WAIT = 5.0
"""Seconds; a provider that asks for more is left alone until the next run."""
P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Prepared:
    """A due row with its words, or the step that ends it without sending."""

    due: DueSend
    outgoing: Outgoing | None = None
    step: Step | None = None
    words: str = ""
    """The words as the ledger keeps them, sealed."""
    template: str = ""
    segments: int = 0
    links: tuple[tuple[str, str, str], ...] = ()
    """Each link in the words: its identifier, its name and where it leads."""


class Ledger(Protocol):
    """What the dispatcher needs of the ledger; every call is one transaction."""

    def open_rows(self) -> list[DueSend]:
        """Rows due now, at most a few hundred, in order; none once the trial is paused."""
        ...

    def commit(
        self, results: Sequence[tuple[DueSend, SendResult, Step]], prepared: Sequence[Prepared]
    ) -> list[Prepared]:
        """Write results and intents together; return the intents that may be sent.

        Raises Refused when another dispatcher holds the lease.
        """
        ...

    def reserve(self, ways: Sequence[str]) -> float:
        """Take places in the senders' shared rates for these messages; seconds to wait before they go."""
        ...

    def unknowns(self, via: str) -> list[Asked]:
        """The unknown rows of a way of sending."""
        ...

    def settle(self, found: Mapping[str, tuple[Step, Trace]]) -> Counter[Status]:
        """Write what asking the provider has shown; counts by state reached."""
        ...


@dataclass(slots=True)
class Dispatcher:
    """One run over everything that is due."""

    ledger: Ledger
    channels: Mapping[str, Channel]
    """By the name that ledger rows are sent `via`."""
    prepare: Callable[[DueSend, datetime], Prepared]
    clock: Clock
    group: int = 16
    lease: timedelta = timedelta(seconds=30)
    progress: Callable[[int], None] = lambda _: None
    stopping: Callable[[], bool] = lambda: False
    tally: Counter[Status] = field(default_factory=Counter)
    _writer: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "ledger"))

    async def run(self) -> Counter[Status]:
        """Settle what can be settled, then send until nothing is due; counts by state reached."""
        async with AsyncExitStack() as stack:
            stack.callback(self._writer.shutdown)
            for channel in self.channels.values():
                await stack.enter_async_context(channel)
            await self._ask()
            await self._send_due()
        return self.tally

    async def ask_only(self) -> Counter[Status]:
        """Settle what can be settled and send nothing; counts by state reached."""
        async with AsyncExitStack() as stack:
            stack.callback(self._writer.shutdown)
            for channel in self.channels.values():
                await stack.enter_async_context(channel)
            await self._ask()
        return self.tally

    async def _ask(self) -> None:
        """Settle unknown rows of channels that can be asked, or that show what they sent to a number."""
        for name, channel in self.channels.items():
            if not (channel.can.asked or channel.can.listed):
                continue
            unknown = await self._store(self.ledger.unknowns, name)
            for start in range(0, len(unknown), self.group):
                some = unknown[start : start + self.group]
                traces = await asyncio.gather(*(channel.find(asked) for asked in some))
                found = {
                    asked.reference: (step, trace)
                    for asked, trace in zip(some, traces, strict=True)
                    if trace is not None and (step := self._settled(channel, asked, trace)) is not None
                }
                if found:
                    reached = await self._store(self.ledger.settle, found)
                    self.tally[Status.ACCEPTED] += reached[Status.ACCEPTED]
        self.tally = +self.tally

    def _settled(self, channel: Channel, asked: Asked, trace: Trace) -> Step | None:
        """A channel that only lists may find a message, and is not believed when it does not."""
        if not (trace.taken or channel.can.asked):
            return None
        grace = timedelta(seconds=channel.timeout) + self.lease
        return after_asking(trace, last_touched=asked.touched_at, grace=grace, now=self.clock.now())

    async def _send_due(self) -> None:
        results: list[tuple[DueSend, SendResult, Step]] = []
        try:
            while not self.stopping() and (rows := await self._store(self.ledger.open_rows)):
                for start in range(0, len(rows), self.group):
                    if self.stopping():
                        break
                    group = rows[start : start + self.group]
                    wait = await self._store(self.ledger.reserve, [row.via for row in group])
                    if wait > _LONGEST_WAIT:
                        return  # the rows stay due; a later run takes them up
                    await asyncio.sleep(wait)
                    prepared = [self.prepare(row, self.clock.now()) for row in group]
                    began = time.monotonic()
                    to_send = await self._store(self.ledger.commit, results, prepared)
                    self._count(results, prepared)
                    results = []
                    results = await self._send_group(to_send, began)
        finally:
            if results:
                await self._store(self.ledger.commit, results, [])
                self._count(results, [])

    def _count(self, results: Sequence[tuple[DueSend, SendResult, Step]], prepared: Sequence[Prepared]) -> None:
        self.tally.update(step.status for _, _, step in results)
        self.tally.update(one.step.status for one in prepared if one.step is not None)
        self.progress(len(results) + sum(one.step is not None for one in prepared))

    async def _send_group(self, group: Sequence[Prepared], began: float) -> list[tuple[DueSend, SendResult, Step]]:
        answers = await asyncio.gather(*(self._try(one, began) for one in group), return_exceptions=True)
        results: list[tuple[DueSend, SendResult, Step]] = []
        broken: BaseException | None = None
        for one, answer in zip(group, answers, strict=True):
            if isinstance(answer, BaseException):
                # A fault of ours during the call: the message may have gone. Write that, then fail.
                broken = answer
                said = SendResult(Reply.UNKNOWN, detail=f"{type(answer).__name__}: {answer}")
            else:
                said = answer
            step = after_try(said, one.due.attempt + 1, self.clock.now(), one.due.not_after)
            results.append((one.due, said, step))
        blocked = next((said for _, said, _ in results if said.reply is Reply.BLOCKED), None)
        if broken is not None or blocked is not None:
            await self._store(self.ledger.commit, results, [])
            self._count(results, [])
        if broken is not None:
            raise broken
        if blocked is not None:
            raise Refused(
                f"the provider refuses every message ({blocked.code} {blocked.detail})",
                "mend the settings; the messages wait in the ledger until their time is over",
            )
        return results

    async def _try(self, one: Prepared, began: float) -> SendResult:
        """Send one message, unless this process slept beyond its lease: another may have the row by now."""
        if one.outgoing is None:
            raise AssertionError("only rows with words are sent")
        if time.monotonic() - began > self.lease.total_seconds():
            return SendResult(Reply.TEMPORARY, detail="this process stood still beyond its lease and sent nothing")
        channel = self.channels[one.due.via]
        try:
            return await asyncio.wait_for(channel.send(one.outgoing), channel.timeout)
        except TimeoutError:
            return SendResult(Reply.UNKNOWN, detail=f"no answer within {channel.timeout:g} seconds")

    async def _store(self, call: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """A store call in the one thread that writes."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._writer, lambda: call(*args, **kwargs))
