"""Harm rules at work: an arm that does more harm than the file allows is paused, and people are told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nudge.delivery.harm import HarmCount, lower_bound, trips
from nudge.store.account import Exposure, exposures
from nudge.store.audit import record_action
from nudge.store.enrolment import enrolled
from nudge.store.events import add_notice
from nudge.store.halts import add_halt, was_halted
from nudge.store.locks import hold_ledger
from nudge.store.trials import all_trials, current_lock
from nudge.trial.grammar import count, rate
from nudge.workflow.dispatching.limiting import site_trials

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.engine import Connection

    from nudge.workflow.desk import Desk

_BY_RULE = "harm rule"
_COUNTED_HERE = {"opt_out", "failure", "wrong_recipient"}
"""Rules over what the ledger itself knows; any other is over a harm outcome, and complaints are over both."""


def watch_harm(desk: Desk) -> list[str]:
    """Look at every launched trial; returns what was paused. What a person let go stays let go."""
    with desk.store.begin() as connection:
        hold_ledger(connection)
        sites = site_trials(connection)
        return [
            said
            for state in all_trials(connection)
            if state.state == "launched"
            for said in _watch(connection, desk, state.name, sites=state.name in sites)
        ]


def _watch(connection: Connection, desk: Desk, trial: str, *, sites: bool) -> list[str]:
    found = current_lock(connection, trial)
    definition: Mapping[str, Any] = found[0].definition if found else {}
    rules: Mapping[str, Mapping[str, Any]] = definition.get("stopping") or {}
    if not rules:
        return []
    owner = (definition.get("decision") or {}).get("owner", "the owner")
    measured = {outcome["name"] for outcome in definition["outcomes"]} - _COUNTED_HERE
    by_arm = exposures(connection, trial, [name for name in rules if name in measured], sites=sites)
    said: list[str] = []
    for name, rule in rules.items():
        limit, after = _limit(rule["limit"]), count(str(rule["after"]))
        for arm, exposure in by_arm.items():
            counted = _counted(name, arm, exposure)
            reason = f"{name} beyond {limit:.2%}"
            if not trips(counted, limit, after.number, after.of) or was_halted(connection, trial, arm, reason):
                continue
            now = desk.clock.now()
            add_halt(connection, trial, arm, now, _BY_RULE, reason)
            bound = lower_bound(counted.events, counted.exposed)
            text = (
                f"arm {arm} is paused: {counted.events} of {counted.exposed} {name}, at least {bound:.2%} where "
                f"{limit:.2%} is allowed; {owner} decides: nudge halt {trial} --arm {arm} --lift"
            )
            add_notice(connection, now, trial, "harm", text)
            record_action(
                connection, now, _BY_RULE, "halt", trial, arm=arm, rule=name, events=counted.events,
                exposed=counted.exposed, bound=round(bound, 6), enrolled=enrolled(connection, trial),
            )  # fmt: skip
            said.append(f"{trial}: {text}")
    return said


def _limit(given: Any) -> float:
    return float(given) if isinstance(given, int | float) else rate(str(given))


def _counted(name: str, arm: str, exposure: Exposure) -> HarmCount:
    """Failures are counted over messages, everything else over the units (of a site, people) that were written to."""
    if name == "failure":
        return HarmCount(arm, exposure.failures, exposure.sends, exposure.sends)
    counted = {"opt_out": exposure.opted_out, "wrong_recipient": exposure.wrong_recipients}
    events = counted[name] if name in counted else exposure.events.get(name, exposure.complained)
    return HarmCount(arm, events, exposure.units, exposure.sends)
