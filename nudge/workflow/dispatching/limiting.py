"""Limits on sending, from the settings, the lock and what the ledger has already sent."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from nudge.delivery.limits import SendingHours, hours_from, next_by_cap, next_by_washout, until
from nudge.design.methods import method
from nudge.store.contact_history import household, households, is_virtual, one_message, written_to
from nudge.store.trials import current_definitions
from nudge.trial.errors import InputError
from nudge.trial.grammar import duration
from nudge.trial.records.delivery import Status, Step
from nudge.workflow.guard import need_locked

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from nudge.trial.records.delivery import DueSend
    from nudge.workflow.desk import Desk
    from nudge.workflow.settings import Settings

_LOOKED_BACK = timedelta(days=31)


def sending_hours(desk: Desk, trial: str) -> SendingHours:
    """When the families of a trial may be written to."""
    return hours_of(need_locked(desk.store, trial).lock.definition, desk.settings)


def hours_of(definition: Mapping[str, Any], settings: Settings) -> SendingHours:
    """The same, from the trial's file as it was locked."""
    opens, closes = hours_from(settings.sending_hours)
    return SendingHours(
        ZoneInfo(definition.get("timezone", "Europe/London")), definition.get("nation", "england"), opens, closes,
        settings.send_every_day,
    )  # fmt: skip


def site_trials(connection: Connection) -> frozenset[str]:
    """Trials whose unit is a school or a clinic: there a unit is no household."""
    return frozenset(name for name, definition in current_definitions(connection).items() if _draws_sites(definition))


def _draws_sites(definition: Mapping[str, Any]) -> bool:
    population, randomise = definition.get("population") or {}, definition.get("randomise") or {}
    unit = population.get("unit")
    if unit is not None and unit == population.get("site"):
        return True
    return bool(randomise) and method(randomise["method"]).UNITS == "sites"


def not_now(
    connection: Connection,
    rows: Sequence[DueSend],
    now: datetime,
    settings: Settings,
    sites: Collection[str],
    holder: str,
) -> dict[str, Step]:
    """Due rows that are not messages to send now, and what becomes of each.

    A row waits, or expires, outside decent hours, while its household has had its share of
    messages over all trials, and within its trial's washout. A virtual row that none of these
    holds back has had its moment; those of its own trial, which are the moments of different
    arms, do not; nor does what a family would have been sent in the other arm of a stepped wedge
    hold back what it is sent in this one. One message to several adults of a household counts
    once; what goes in this very batch counts for what comes after it. sites: trials whose unit is
    a school or a clinic.
    """
    limits = _Limits(current_definitions(connection), settings)
    near = households(connection, rows, sites)
    since = now - max([_LOOKED_BACK, *(limits.washout(row.trial) + _DAY for row in rows)])
    history = written_to(connection, set().union(*near.values()), since, now, sites, holder)
    steps: dict[str, Step] = {}
    for row in rows:
        own = household(row, sites)
        earlier = [
            (one[0], at)
            for one in near[own]
            for message, at in history.get(one, {}).items()
            if one[0] != row.trial
            or not (row.virtual or message == one_message(row.message) or (is_virtual(message) and one == own))
        ]
        step = limits.step(row, earlier, now)
        if step is None:
            history.setdefault(own, {})[one_message(row.message)] = now
            step = _HAD_ITS_MOMENT if row.virtual else None
        if step is not None:
            steps[row.id] = step
    return steps


_HAD_ITS_MOMENT = Step(Status.VIRTUAL, reason="nothing to send; it counts as a message")
_DAY = timedelta(days=1)


@dataclass(slots=True)
class _Limits:
    """What the settings and each trial's lock allow."""

    definitions: Mapping[str, Mapping[str, Any]]
    settings: Settings
    _hours: dict[str, SendingHours] = field(default_factory=dict)

    def step(self, row: DueSend, earlier: Sequence[tuple[str, datetime]], now: datetime) -> Step | None:
        """What holds a row back; None where nothing does. earlier: trial and moment of the household's messages."""
        if row.trial not in self._hours:
            self._hours[row.trial] = hours_of(self.definitions[row.trial], self.settings)
        hours = self._hours[row.trial]
        if row.channel != "staff" and not hours.open_at(now):
            return until(hours.next_open(now), row.not_after, "outside the hours for messages")
        per_week, per_month = self.settings.messages_per_week, self.settings.messages_per_month
        moment = next_by_cap([at for _, at in earlier], now, per_week, per_month, hours.zone)
        if moment > now:
            return until(moment, row.not_after, "the household has had its share of messages")
        others = [at for trial, at in earlier if trial != row.trial]
        moment = next_by_washout(others, now, self.washout(row.trial), hours.zone)
        if moment > now:
            return until(moment, row.not_after, "another trial has written to the household too recently")
        return None

    def washout(self, trial: str) -> timedelta:
        """How long a household must have had nothing of other trials."""
        given = self.definitions[trial].get("washout")
        return duration(given).delta() if given else timedelta(0)


def read_rates(text: str) -> dict[str, float]:
    """`twilio_sms=10,govuk_notify=50`. Raises InputError where it is not that."""
    rates: dict[str, float] = {}
    for part in filter(None, (one.strip() for one in text.split(","))):
        way, _, number = part.partition("=")
        try:
            rates[way.strip()] = float(number)
        except ValueError:
            rates[way.strip()] = 0.0
        if rates[way.strip()] <= 0:
            raise InputError(f"NUDGE_SENDER_RATES holds `{part}`", "write it as twilio_sms=10, in messages a second")
    return rates
