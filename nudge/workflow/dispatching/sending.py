"""Send what is due: the dispatcher on the store's ledger and the trials' own channels."""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from nudge.delivery.channels import channel_module
from nudge.delivery.dispatcher import Dispatcher, Prepared
from nudge.delivery.limits import SendingHours, until
from nudge.messages.render import RenderError, render
from nudge.store import lease, ledger
from nudge.store.answered import answers_to
from nudge.store.engine import reading
from nudge.store.events import add_notice
from nudge.store.locks import hold_ledger, share_ledger, side_by_side
from nudge.store.opt_outs import add_opt_out
from nudge.store.rates import hold_sender, reserve
from nudge.store.suppressions import BOUNCED, suppress
from nudge.store.trials import current_definitions
from nudge.trial.errors import Refused
from nudge.trial.grammar import only_if
from nudge.trial.lock import trial_of
from nudge.trial.records.delivery import Asked, DueSend, Outgoing, SendResult, Status, Step, Trace
from nudge.workflow.dispatching.limiting import not_now, read_rates, sending_hours, site_trials
from nudge.workflow.dispatching.linking import as_sent, sent_links
from nudge.workflow.dispatching.marking import email_marks
from nudge.workflow.dispatching.words import chosen_template, locked_templates, words_from_text, words_to_text
from nudge.workflow.guard import need_locked

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from nudge.delivery.channels import Channel
    from nudge.messages.links import Manner
    from nudge.trial.model import Trial
    from nudge.trial.quantities import OnlyIf
    from nudge.trial.records.messages import Template, Words
    from nudge.workflow.desk import Desk

_BATCH = 320
_LOOK_AGAIN = timedelta(minutes=15)
_MAY_WAIT = timedelta(minutes=10)
"""How long a text may wait at a provider that cannot be told to drop it; then it is too late for today."""
Result = tuple[DueSend, SendResult, Step]


def send_due(
    desk: Desk, progress: Callable[[int], None] = lambda _: None, stopping: Callable[[], bool] = lambda: False
) -> Counter[Status]:
    """Send everything that is due in launched trials; returns rows by the state they reached.

    Raises Refused while another dispatcher holds the lease.
    """
    dispatcher, book = build_dispatcher(desk, progress, stopping)
    try:
        return asyncio.run(dispatcher.run())
    finally:
        with desk.store.begin() as connection:
            lease.release_lease(connection, book.holder)


def build_dispatcher(
    desk: Desk,
    progress: Callable[[int], None] = lambda _: None,
    stopping: Callable[[], bool] = lambda: False,
    *,
    only_ask: bool = False,
) -> tuple[Dispatcher, StoreLedger]:
    """A dispatcher over the store's ledger and the ways it needs. only_ask: only those with something to ask about."""
    book = StoreLedger(desk)
    with reading(desk.store).begin() as connection:
        ways = ledger.ways_to_ask(connection) if only_ask else ledger.ways_in_use(connection)
    channels = {via: channel_module(via).open_channel(desk.settings) for via in ways}
    return Dispatcher(
        book, channels, Preparer(desk, channels), desk.clock, desk.settings.intent_group, book.lease_length, progress,
        stopping,
    ), book  # fmt: skip


@dataclass(slots=True)
class StoreLedger:
    """The dispatcher's ledger: one transaction a call, each under the lease."""

    desk: Desk
    holder: str = field(default_factory=lease.this_process)
    rates: Mapping[str, float] = field(default_factory=dict)
    conditions: dict[str, dict[str, OnlyIf]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Read the rates once."""
        self.rates = read_rates(self.desk.settings.sender_rates)

    @property
    def lease_length(self) -> timedelta:
        """How long the lease runs from each call."""
        return timedelta(seconds=self.desk.settings.lease_seconds)

    def open_rows(self) -> tuple[list[DueSend], Counter[Status]]:
        """Bring the ledger up to this moment and read what is due; counts of what was held back instead."""
        now = self.desk.clock.now()
        with self.desk.store.begin() as connection:
            hold_ledger(connection)
            lease.take_lease(connection, self.holder, now, self.lease_length)
            sites = site_trials(connection)
            ledger.make_ready(connection, now, sites)
            held: Counter[Status] = Counter()
            while rows := ledger.due_rows(connection, self.holder, now, _BATCH, self.desk.vault):
                steps = not_now(connection, rows, now, self.desk.settings, sites, self.holder)
                ledger.record_steps(connection, steps, now)
                held.update(step.status for step in steps.values() if step.status is not Status.VIRTUAL)
                if allowed := [row for row in rows if row.id not in steps]:
                    ledger.take_up(connection, allowed, self.holder)
                    return allowed, held
            return [], held

    def reserve(self, ways: Sequence[str]) -> float:
        """Seconds until every one of these may go, by the rates that all workers share."""
        with self.desk.store.begin() as connection:
            return reserve(connection, Counter(ways), self.rates, self.desk.clock.now())

    def commit(self, results: Sequence[Result], prepared: Sequence[Prepared]) -> list[Prepared]:
        """Write results and intents together; return the intents that may be sent, and those that end here.

        What became of this dispatcher's own messages is written whoever holds the lease by now.
        """
        now = self.desk.clock.now()
        with self.desk.store.begin() as connection:
            hold_ledger(connection) if any(map(_to_heed, results)) else share_ledger(connection)
            self._record(connection, results, now)
            try:
                lease.take_lease(connection, self.holder, now, self.lease_length)
            except Refused as refused:
                lost: Refused | None = refused
            else:
                lost = None
                settled = self._claim(connection, prepared, now)
        if lost is not None:
            raise lost
        return settled

    def _record(self, connection: Connection, results: Sequence[Result], now: datetime) -> None:
        ledger.record_steps(connection, {due.id: step for due, _, step in results}, now, self.holder)
        ledger.record_provider_ids(
            connection, {due.id: said.provider_id for due, said, _ in results if said.provider_id}, self.holder
        )
        self._heed(connection, results, now)

    def _claim(self, connection: Connection, prepared: Sequence[Prepared], now: datetime) -> list[Prepared]:
        ended = {one.due.id: one.step for one in prepared if one.step is not None}
        # Where one dispatcher works alone, a row has no holder before it is claimed.
        mine = self.holder if side_by_side(connection) else None
        unmet = self._unmet(connection, [one for one in prepared if one.words])
        ledger.record_steps(connection, ended | {one.due.id: one.step for one in unmet if one.step}, now, mine)
        stopped = {one.due.id for one in unmet}
        going = [one for one in prepared if one.words and one.due.id not in stopped]
        claimed = ledger.claim(connection, [self._intent(one) for one in going], self.holder, now)
        return [one for one in going if one.due.id in claimed] + unmet

    def _unmet(self, connection: Connection, prepared: Sequence[Prepared]) -> list[Prepared]:
        """Messages whose condition does not hold at this moment, each with the step that ends it."""
        asked = {one.due.id: when for one in prepared if (when := self._condition(connection, one.due)) is not None}
        if not asked:
            return []
        asking = [one for one in prepared if one.due.id in asked]
        answers = answers_to(connection, [one.due for one in asking], site_trials(connection))
        return [
            Prepared(one.due, step=Step(Status.CANCELLED, reason=asked[one.due.id].broken))
            for one in asking
            if not asked[one.due.id].holds(answers[one.due.id])
        ]

    def _condition(self, connection: Connection, due: DueSend) -> OnlyIf | None:
        """What the trial's file sets before a message; messages never change after launch."""
        if due.trial not in self.conditions:
            self.conditions[due.trial] = _conditions(current_definitions(connection)[due.trial])
        return self.conditions[due.trial].get(due.message)

    def _heed(self, connection: Connection, results: Sequence[Result], now: datetime) -> None:
        """Codes that a person must see, addresses refused for good, and opt-outs that only the provider knew of."""
        for due, said, _ in results:
            if not said.recognised:
                text = f"{due.via} refused {due.id} with {said.code} ({said.detail}), which is in no table of ours"
                add_notice(connection, now, due.trial, "unknown code", text)
            if said.retry_after:
                hold_sender(connection, due.via, now + timedelta(seconds=said.retry_after))
            if said.unusable:
                lookup = self.desk.vault.lookup(due.address or "")
                suppress(connection, now, BOUNCED, due.via, lookup=lookup, trial=due.trial, unit=due.unit)
            if said.opted_out:
                lookup = self.desk.vault.lookup(due.address or "")
                add_opt_out(connection, now, "provider", due.via, lookup=lookup, trial=due.trial, unit=due.unit)
                ledger.cancel_opted_out(connection, now, site_trials(connection))

    def unknowns(self, via: str) -> list[Asked]:
        """Unknown rows of a way of sending."""
        with self.desk.store.begin() as connection:
            hold_ledger(connection)
            lease.take_lease(connection, self.holder, self.desk.clock.now(), self.lease_length)
            ledger.make_ready(connection, self.desk.clock.now(), site_trials(connection))
            return ledger.unknown_rows(connection, via, self.desk.vault)

    def settle(self, found: Mapping[str, tuple[Step, Trace]]) -> Counter[Status]:
        """Write what asking a provider has shown."""
        with self.desk.store.begin() as connection:
            hold_ledger(connection)
            return ledger.settle(connection, found, self.desk.clock.now())

    def _intent(self, one: Prepared) -> ledger.Intent:
        return ledger.Intent(
            one.due.id, self.desk.vault.seal(one.words.encode()), hashlib.sha256(one.words.encode()).hexdigest(),
            one.template, one.segments, one.links,
        )  # fmt: skip


def _conditions(definition: Mapping[str, Any]) -> dict[str, OnlyIf]:
    """By the ledger's name of a message."""
    return {
        f"{arm['name']}.{number}": only_if(message["only_if"])
        for arm in definition["arms"]
        for number, message in enumerate(arm.get("messages", ()), 1)
        if "only_if" in message
    }


def _to_heed(result: Result) -> bool:
    """Whether an answer says more than what became of its own message."""
    _, said, _ = result
    return not said.recognised or bool(said.retry_after) or said.opted_out


@dataclass(frozen=True, slots=True)
class _Said:
    """What a trial says, as it was locked."""

    trial: Trial
    templates: Mapping[str, Template]
    manner: Manner


@dataclass(slots=True)
class Preparer:
    """Renders a row at the moment of sending: today's name, contact point and language; the locked template."""

    desk: Desk
    channels: Mapping[str, Channel]
    _said: dict[str, _Said] = field(default_factory=dict)
    _calendars: dict[str, SendingHours] = field(default_factory=dict)

    def __call__(self, due: DueSend, now: datetime) -> Prepared:
        """The row with its words, or the step that ends it."""
        stop = self._must_not_go(due)
        if stop:
            return Prepared(due, step=Step(Status.CANCELLED, reason=stop))
        hours = self._hours(due.trial)
        if due.channel != "staff" and not hours.open_at(now):
            return Prepared(due, step=until(hours.next_open(now), due.not_after, "outside the hours for messages"))
        if due.channel == "sms" and not self.channels[due.via].can.expire and hours.ends_within(now, _MAY_WAIT):
            again = hours.next_open(hours.closes_at(now))
            return Prepared(due, step=until(again, due.not_after, "it could wait at the provider into the night"))
        try:
            words = self._words(due)
        except RenderError as error:
            return Prepared(due, step=Step(Status.CANCELLED, reason=error.what))
        if due.address is None:
            raise AssertionError("a row without an address is cancelled above")
        if words.links and not self.desk.settings.link_base_url:
            return Prepared(due, step=until(now + _LOOK_AGAIN, due.not_after, "NUDGE_LINK_BASE_URL is not set"))
        deadline = min(due.not_after, hours.closes_at(now))
        outgoing = Outgoing(
            due.id, due.address, words.sender, words.subject, words.text, now, deadline, html=words.html,
            **email_marks(self.desk, due.id, due.channel),
        )  # fmt: skip
        links = () if due.body else sent_links(self._said[due.trial].trial, words)
        return Prepared(due, outgoing, None, words_to_text(words), words.template, words.segments, links)

    def _must_not_go(self, due: DueSend) -> str:
        """Why a row must not be sent, or an empty text."""
        if due.arm != due.arm_allocated:
            return f"its arm {due.arm} is not the unit's arm {due.arm_allocated}"
        if due.address is None:
            return "there is no contact point any more"
        if due.suppressed:
            return f"its contact point is not used any more: {due.suppressed}"
        if not due.safe:
            return "the route is no longer marked safe"
        if due.reserved and self.channels[due.via].live:
            return "the address is set aside for drama and examples"
        return ""

    def _hours(self, trial: str) -> SendingHours:
        if trial not in self._calendars:
            self._calendars[trial] = sending_hours(self.desk, trial)
        return self._calendars[trial]

    def _words(self, due: DueSend) -> Words:
        if due.trial not in self._said:
            locked = need_locked(self.desk.store, due.trial)
            trial = trial_of(locked.lock.definition)
            self._said[due.trial] = _Said(trial, locked_templates(locked), as_sent(trial, self.desk))
        if due.body is not None:
            return words_from_text(due.body)
        said = self._said[due.trial]
        template = chosen_template(said.templates, due.template, due.channel, due.language)
        return render(template, due.columns, due.unit, said.manner, due.id)
