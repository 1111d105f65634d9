"""Where every trial of a database stands, and what comes next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from nudge.store.engine import is_there, reading
from nudge.store.halts import halts_in_force
from nudge.store.ledger import ledger_counts, next_message, waits_halted
from nudge.store.outcomes import latest_results, loaded_outcomes
from nudge.store.people import allocation_counts, step_counts
from nudge.store.trials import all_trials, approvals_of, current_definitions, locks_of, trial_state
from nudge.trial.crossing import crossings_of
from nudge.trial.lock import trial_of
from nudge.trial.records.delivery import LedgerCount, Status
from nudge.trial.records.trials import TrialState
from nudge.workflow.guard import UNLOADED
from nudge.workflow.hearing.opening import opened_by_arm

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from nudge.workflow.desk import Desk


@dataclass(frozen=True, slots=True)
class Standing:
    """One trial: its state, its arms, its ledger and the next command."""

    trial: str
    state: str
    demonstration: bool
    allocated: dict[str, int]
    """Units by arm; in a stepped wedge by the arm they are in today."""
    crossings: list[str]
    """Of a stepped wedge: how many sites cross on which day, and which have."""
    ledger: list[str]
    opened: list[str]
    """By arm that was sent links: the units who opened one, and the openings that are flagged."""
    halted: list[str]
    """What is held back, by whom and why."""
    next_due: datetime | None
    next_command: str

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def standing(desk: Desk) -> list[Standing]:
    """Every trial of the database."""
    with reading(desk.store).begin() as connection:
        return [_one(connection, state, desk.clock.now()) for state in all_trials(connection)]


def next_command(desk: Desk, name: str, file: str = "FILE") -> str:
    """What comes next for one trial, with its file named where it is known; no database is made to find out."""
    if not is_there(desk.settings.database_url):
        return f"nudge lock {file}"
    with reading(desk.store).begin() as connection:
        state = trial_state(connection, name)
        return (_next_command(connection, state) if state else "nudge lock FILE").replace("FILE", file)


def find_trial(desk: Desk, name: str) -> TrialState | None:
    """One trial's state, or None where this database has never seen it."""
    with reading(desk.store).begin() as connection:
        return trial_state(connection, name)


def find_trials(desk: Desk) -> list[TrialState]:
    """Every trial's state."""
    with reading(desk.store).begin() as connection:
        return all_trials(connection)


def allocation_of(desk: Desk, name: str) -> dict[str, int]:
    """Units by arm; in a stepped wedge by the arm they are in today."""
    with reading(desk.store).begin() as connection:
        return _allocated(connection, name, desk.clock.now())[0]


def ledger_of(desk: Desk, name: str) -> list[LedgerCount]:
    """Messages by arm, channel and state."""
    with reading(desk.store).begin() as connection:
        return ledger_counts(connection, name)


def results_of(desk: Desk, name: str) -> Mapping[str, Any] | None:
    """The newest results, as results.json holds them."""
    with reading(desk.store).begin() as connection:
        return latest_results(connection, name)


def _allocated(connection: Connection, name: str, now: datetime) -> tuple[dict[str, int], list[str]]:
    """Units by arm as of now, and the crossings of a stepped wedge."""
    definition = current_definitions(connection).get(name, {})
    if (definition.get("randomise") or {}).get("method") != "stepped_wedge":
        return allocation_counts(connection, name), []
    trial = trial_of(definition)
    crossings, steps = crossings_of(trial), step_counts(connection, name)
    if crossings is None or trial.control is None or not steps:
        return {}, []
    crossed = sum(sites for step, sites in steps.items() if crossings.has_crossed(step, now))
    lines = []
    for step, (begins, complete) in enumerate(zip(crossings.begins, crossings.completes, strict=True), 1):
        state = "crossed" if now >= complete else f"crossing until {complete:%-d %B %Y}" if now >= begins else "to come"
        sites = f"{steps.get(step, 0)} {'site' if steps.get(step, 0) == 1 else 'sites'}"
        lines.append(f"step {step}, {begins:%-d %B %Y}: {sites}, {state}")
    crosses_to = next(arm for arm in trial.arms if arm != trial.control)
    return {trial.control: sum(steps.values()) - crossed, crosses_to: crossed}, lines


def _one(connection: Connection, state: TrialState, now: datetime) -> Standing:
    counts = ledger_counts(connection, state.name)
    tally: dict[Status, int] = {}
    for count in counts:
        tally[count.status] = tally.get(count.status, 0) + count.rows
    return Standing(
        state.name, state.state, state.demonstration, *_allocated(connection, state.name, now),
        [f"{rows:,} {status}" for status, rows in sorted(tally.items())],
        opened_by_arm(connection, state.name),
        [_held(halt) for halt in halts_in_force(connection, state.name)],
        next_message(connection, state.name), _next_command(connection, state),
    )  # fmt: skip


def _held(halt: Mapping[str, Any]) -> str:
    what = halt["arm"] or ("everything" if not halt["trial"] else "the whole trial")
    return f"{what} is held back since {halt['since']:%d %B %Y %H:%M} UTC, by {halt['actor']}: {halt['reason']}"


def _sending(connection: Connection, state: TrialState) -> str:
    """What to do about messages that have still to go; empty where there are none."""
    if next_message(connection, state.name) is not None:
        return "nudge send FILE --live, or nudge serve"
    return _lift(halts_in_force(connection, state.name)[0]) if waits_halted(connection, state.name) else ""


def _lift(halt: Mapping[str, Any]) -> str:
    arm = f" --arm {halt['arm']}" if halt["arm"] else ""
    return f"nudge halt{' ' + halt['trial'] if halt['trial'] else ''}{arm} --lift, once what led to the halt is mended"


_BEFORE_THE_DRAW = {"locked": "nudge allocate FILE", UNLOADED: "nudge lock FILE --reason '…', with the right roll"}


def _next_command(connection: Connection, state: TrialState) -> str:
    if state.state in _BEFORE_THE_DRAW:
        return _BEFORE_THE_DRAW[state.state]
    locks = locks_of(connection, state.name)
    signed = bool(locks) and bool(approvals_of(connection, locks[-1]))
    if state.state == "allocated":
        return "nudge launch FILE" if signed else "nudge approve FILE --as 'THEIR NAME'"
    if state.state == "paused":
        waits = locks[-1].amendment == "major" and not signed
        return "nudge approve FILE --as 'THEIR NAME'" if waits else f"nudge resume {state.name}"
    sending = _sending(connection, state) if state.state == "launched" else ""
    if sending:
        return sending
    if not loaded_outcomes(connection, state.name):
        return "nudge collect FILE"
    return "nudge analyse FILE" if latest_results(connection, state.name) is None else "nudge report FILE"
