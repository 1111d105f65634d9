"""Limits on sending, from the settings, the lock and what the ledger has already sent."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from nudge.delivery.limits import SendingHours, hours_from, next_by_cap, until
from nudge.design.methods import method
from nudge.store.contact_history import Written, family_of, households, written_to
from nudge.store.trials import current_definitions
from nudge.trial.errors import InputError
from nudge.workflow.guard import need_locked

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from nudge.trial.records.delivery import DueSend, Step
    from nudge.workflow.desk import Desk
    from nudge.workflow.settings import Settings

_LOOKED_BACK = timedelta(days=31)


def sending_hours(desk: Desk, trial: str) -> SendingHours:
    """When the families of a trial may be written to."""
    definition = need_locked(desk.store, trial).lock.definition
    opens, closes = hours_from(desk.settings.sending_hours)
    return SendingHours(
        ZoneInfo(definition.get("timezone", "Europe/London")), definition.get("nation", "england"), opens, closes,
        desk.settings.send_every_day,
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


def held_back(
    connection: Connection, rows: Sequence[DueSend], now: datetime, settings: Settings, holder: str
) -> dict[str, Step]:
    """Rows whose household has had its share of messages, over all trials, and what becomes of them.

    One message to several adults of a household counts once. A message that goes in this very
    batch counts for those after it. What a family would have been sent in the other arm of the
    same trial never holds back what it is sent in this one. A site is no household: there each
    person counts alone.
    """
    sites = site_trials(connection)
    near = households(connection, rows, sites)
    history = written_to(connection, set().union(*near.values()), now - _LOOKED_BACK, now, sites, holder)
    held: dict[str, Step] = {}
    for row in rows:
        me = family_of(row, sites)
        earlier = [
            at
            for family in near[me]
            for one, at in history.get(family, {}).items()
            if not (family[0] == row.trial and (one.message == row.message or (one.virtual and family == me)))
        ]
        moment = next_by_cap(earlier, now, settings.messages_per_week, settings.messages_per_month)
        if moment > now:
            held[row.id] = until(moment, row.not_after, "the household has had its share of messages")
        else:
            history.setdefault(me, {})[Written(row.message, virtual=False)] = now
    return held


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
