"""Lock and draw: from a checked file to arms that nobody could have foreseen."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from nudge.analysis.foreseen import column_of, foreseen_choices
from nudge.analysis.named import named_for
from nudge.design.audit_file import write_audit_file
from nudge.design.balance import balance
from nudge.design.chance import standing_order
from nudge.design.seed import commitment
from nudge.store.audit import record_action
from nudge.store.locks import hold_trial
from nudge.store.people import load_allocation, load_roll, save_allocation, save_roll, supersede_draw
from nudge.store.trials import add_lock, add_trial, open_seed, seal_seed, set_state, trial_state
from nudge.trial.errors import ProblemsFound, Refused
from nudge.trial.lock import Lock, canonical
from nudge.trial.problems import Level
from nudge.trial.records.columns import Coded
from nudge.trial.records.design import Allocation, BalanceRow, Seed
from nudge.workflow.allocating.drawn_design import design_of
from nudge.workflow.allocating.placing import arms_of_people, primary_window
from nudge.workflow.checking.drawing import drawing_method, takes_one_by_one
from nudge.workflow.checking.examine import Examined, examine
from nudge.workflow.guard import UNLOADED, Locked, find_locked, need_loaded, need_locked, need_unchanged
from nudge.workflow.law import draw_units, law_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy.engine import Connection

    from nudge.trial.model import Trial
    from nudge.trial.records.design import DrawUnit
    from nudge.trial.records.messages import Template
    from nudge.trial.records.people import Roll
    from nudge.workflow.desk import Desk


def lock_trial(path: Path, desk: Desk, reason: str | None = None) -> Lock:
    """Fix the file, its templates, its roll and its seed. Locking what is locked already changes nothing.

    Raises ProblemsFound for errors in the file or what it names; Refused when a trial that
    differs from its lock is locked again without a reason, or after launch.
    """
    examined = examine(path, desk.clock.now())
    errors = examined.at(Level.ERROR)
    if errors:
        raise ProblemsFound(errors)
    roll = examined.roll
    if roll is None:
        raise Refused(f"{examined.trial.trial} has no roll to lock", "see what `nudge check` says of population.people")
    earlier = find_locked(desk.store, examined.trial.trial)
    if earlier is not None:
        with desk.store.begin() as connection:
            seed = sealed_seed(connection, earlier.state.name, desk)
        lock = _new_lock(examined, roll, desk, seed, earlier, reason)
        if lock.fingerprint == earlier.lock.fingerprint and earlier.state.state != UNLOADED:
            return earlier.lock
        _may_relock(earlier, reason)
        _replace(examined, roll, lock, earlier, desk)
    else:
        seed = desk.seeds.new()
        lock = _new_lock(examined, roll, desk, seed, None, None)
        _first(examined, roll, lock, seed, desk)
    write_lock_file(path, lock)
    return lock


def sealed_seed(connection: Connection, trial: str, desk: Desk) -> Seed:
    """The seed a trial was given at its first lock."""
    seed = open_seed(connection, trial, desk.vault)
    if seed is None:
        raise AssertionError("the first lock of a trial stores its seed")
    return seed


def _new_lock(
    examined: Examined, roll: Roll, desk: Desk, seed: Seed, earlier: Locked | None, reason: str | None
) -> Lock:
    trial = examined.trial
    law = law_of(trial)
    # Where families join one by one there is nobody yet to foresee by.
    choices = {} if takes_one_by_one(trial) else foreseen_choices(trial, law, roll.units, design_of(trial))
    return Lock(
        trial=trial.trial,
        number=earlier.lock.number + 1 if earlier else 1,
        locked_at=desk.clock.now(),
        locked_by=desk.settings.actor,
        definition=canonical(trial),
        templates={template.key: template.digest for template in examined.templates},
        roll_digest=roll.digest,
        roll_file=examined.roll_file,
        law=law.as_json(),
        seed_commitment=commitment(seed),
        decisions={"comparisons": {pair: asdict(choice) for pair, choice in choices.items()}} | _by_outcome(trial),
        demonstration=earlier.state.demonstration if earlier else desk.demonstration,
        reason=reason,
    )


def _by_outcome(trial: Trial) -> dict[str, dict[str, str]]:
    """Outcomes whose estimator is named, or follows from their kind; nothing where the draw chooses for all."""
    found = {name: one for name, outcome in trial.outcomes.items() if (one := named_for(outcome)) is not None}
    return {"outcomes": found} if found else {}


def _may_relock(earlier: Locked, reason: str | None) -> None:
    if earlier.state.state not in {"locked", "allocated", UNLOADED}:
        raise Refused(
            f"{earlier.state.name} is {earlier.state.state}: families may have been written to under its lock",
            "what changes now is an amendment: nudge amend FILE --reason '…'",
        )
    if not reason:
        raise Refused(
            f"{earlier.state.name} is locked and the file, a template or the roll has changed"
            if earlier.state.state != UNLOADED
            else f"the roll of {earlier.state.name} was taken back, and a new lock loads another",
            "put it back, or give the reason: nudge lock FILE --reason '…'; both draws will be in the report",
        )


def locked_texts(templates: Iterable[Template]) -> dict[str, dict[str, str]]:
    """The words themselves, by the template's key, so that what was locked can always be sent."""
    return {
        template.key: {
            "name": template.name, "channel": template.channel, "language": template.language,
            "file": template.file, "subject": template.subject, "sender": template.sender, "body": template.body,
            "plain": "yes" if template.plain else "no",
        }
        for template in templates
    }  # fmt: skip


def _first(examined: Examined, roll: Roll, lock: Lock, seed: Seed, desk: Desk) -> None:
    with desk.store.begin() as connection:
        add_trial(connection, lock.trial, lock.locked_at, demonstration=lock.demonstration)
        seal_seed(connection, lock.trial, seed, desk.vault)
        add_lock(connection, lock, locked_texts(examined.templates))
        save_roll(connection, lock.trial, roll, desk.vault)
        record_action(
            connection, lock.locked_at, lock.locked_by, "lock", lock.trial, fingerprint=lock.fingerprint,
            seed_commitment=lock.seed_commitment, units=len(roll.units),
        )  # fmt: skip


def _replace(examined: Examined, roll: Roll, lock: Lock, earlier: Locked, desk: Desk) -> None:
    with desk.store.begin() as connection:
        hold_trial(connection, lock.trial)
        if earlier.state.allocated_at is not None:
            supersede_draw(connection, lock.trial, earlier.lock.number, earlier.state.allocated_at, lock.reason or "")
        add_lock(connection, lock, locked_texts(examined.templates))
        save_roll(connection, lock.trial, roll, desk.vault)
        set_state(connection, lock.trial, "locked", allocated_at=None)
        record_action(
            connection, lock.locked_at, lock.locked_by, "lock", lock.trial, fingerprint=lock.fingerprint,
            reason=lock.reason, replaces=earlier.lock.fingerprint,
        )  # fmt: skip


def write_lock_file(path: Path, lock: Lock) -> Path:
    """`NAME.lock.json` beside the trial file."""
    target = path.with_name(f"{lock.trial}.lock.json")
    target.write_text(json.dumps(lock.as_json(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return target


@dataclass(frozen=True, slots=True)
class Drawn:
    """A draw and the balance it gave."""

    allocation: Allocation
    balance: tuple[BalanceRow, ...]
    repeated: bool
    """Whether the draw had been made before and was only read again."""

    @property
    def counts(self) -> dict[str, int]:
        """Units by arm, in the order of the file; of a stepped wedge, by the step at which they cross."""
        law = self.allocation.law
        if law.method == "stepped_wedge":
            steps = Counter(row.step for row in self.allocation.rows)
            return {f"step {i + 1}, {day}": steps[i + 1] for i, day in enumerate(law.parameters["steps"])}
        tally = Counter(row.arm for row in self.allocation.rows)
        return {arm: tally[arm] for arm in law.arms}


def allocate_trial(path: Path, desk: Desk) -> Drawn:
    """Draw the arms of a locked trial, once; asked again it shows the same draw.

    Beside the trial file it writes NAME.draw.csv: a salted digest and an arm per unit.
    """
    examined = examine(path, desk.clock.now())
    errors = examined.at(Level.ERROR)
    if errors:
        raise ProblemsFound(errors)
    trial = examined.trial
    locked = need_locked(desk.store, trial.trial)
    need_loaded(locked)
    need_unchanged(examined, locked)
    law = law_of(trial)
    with desk.store.begin() as connection:
        hold_trial(connection, trial.trial)
        roll = load_roll(connection, trial.trial, trial.population.columns)
        state = trial_state(connection, trial.trial)
        if state is not None and state.allocated_at is not None:
            allocation = load_allocation(connection, trial.trial, law)
            return Drawn(allocation, balance_of(trial, roll, allocation, state.allocated_at), repeated=True)
        seed = sealed_seed(connection, trial.trial, desk)
        units = draw_units(trial, roll.units)
        allocation = _in_standing_order(drawing_method(trial).draw(units, law, seed), units)
        save_allocation(connection, trial.trial, allocation, units)
        now = desk.clock.now()
        set_state(connection, trial.trial, "allocated", allocated_at=now)
        drawn = Drawn(allocation, balance_of(trial, roll, allocation, now), repeated=False)
        record_action(
            connection, now, desk.settings.actor, "allocate", trial.trial, counts=drawn.counts, **allocation.facts
        )
    write_audit_file(path.with_name(f"{trial.trial}.draw.csv"), allocation)
    return drawn


def _in_standing_order(allocation: Allocation, units: Sequence[DrawUnit]) -> Allocation:
    """Rows in the order that identifiers give, which a replay without identifiers needs to know."""
    row_of = {row.unit: row for row in allocation.rows}
    ordered = (row_of[units[i].id] for i in standing_order(units, allocation.law))
    return replace(allocation, rows=tuple(ordered))


def balance_of(trial: Trial, roll: Roll, allocation: Allocation, allocated_at: datetime) -> tuple[BalanceRow, ...]:
    """Baseline balance of everyone allocated, person by person, in the arm they count in."""
    arm_of = arms_of_people(trial, primary_window(trial), roll.units, allocation, allocated_at)
    people = [person for unit in roll.units for person in unit.people]
    types = trial.population.columns
    columns = {name: column_of([person.columns[name] for person in people], kind) for name, kind in types.items()}
    arms = Coded.of([arm_of[person.id] for person in people])
    return tuple(balance(columns, arms, trial.comparisons, types))
