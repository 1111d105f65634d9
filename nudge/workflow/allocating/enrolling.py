"""Families who come one by one: each is given an arm once, in the logged order, under the database's lock."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from nudge.delivery.plan import Planner
from nudge.outcomes.columns import as_table
from nudge.people.roll import read_people
from nudge.people.units import form_units
from nudge.store.audit import record_action
from nudge.store.enrolment import closed_spells, known_people, no_longer_left_out, recount, units_by_lookup
from nudge.store.ledger import cancel_unit, write_plan
from nudge.store.locks import hold_ledger, hold_trial
from nudge.store.people import add_exclusions, add_people, add_units, save_allocation
from nudge.store.trials import trial_state
from nudge.trial.csv_files import read_csv_table
from nudge.trial.errors import InputError, Refused
from nudge.trial.lock import trial_of
from nudge.trial.problems import Problems, listed
from nudge.trial.records.design import Allocation
from nudge.workflow.allocating.joining import CHOSEN_LATER, join_sites, joins_sites
from nudge.workflow.allocating.locking import sealed_seed
from nudge.workflow.allocating.register import open_register
from nudge.workflow.checking.drawing import draws_sites, takes_one_by_one
from nudge.workflow.dispatching.launching import render_all
from nudge.workflow.dispatching.linking import as_sent
from nudge.workflow.dispatching.words import locked_templates
from nudge.workflow.guard import need_locked
from nudge.workflow.law import draw_units, equal_within_units, law_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sqlalchemy.engine import Connection

    from nudge.trial.model import Trial
    from nudge.trial.records.delivery import PlannedSend
    from nudge.trial.records.design import Allocated, Seed
    from nudge.trial.records.people import Person, Roll, Unit
    from nudge.trial.records.tables import Table
    from nudge.workflow.desk import Desk
    from nudge.workflow.guard import Locked


_TWO = 2


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What became of the rows given."""

    new: tuple[tuple[str, str], ...]
    """Units enrolled now, with their arms, in order."""
    already: int
    """People who were in the trial before; nothing changed for them."""
    joined: int
    """People added to a household that was in the trial before; they share its arm and its messages."""
    left_out: dict[str, int]
    """People left out, by reason."""
    messages: int
    """Messages planned for them."""
    told: tuple[str, ...] = ()
    """What whoever enrols them must know."""

    @property
    def by_arm(self) -> dict[str, int]:
        """New units by arm."""
        return dict(Counter(arm for _, arm in self.new))


def enrol_file(name: str, path: Path, desk: Desk) -> Enrolled:
    """Enrol the rows of a CSV file, which has the columns that a roll of this trial would have."""
    problems = Problems()
    table = read_csv_table(path, problems)
    problems.raise_if_fatal()
    return enrol(name, table, desk)


def enrol_rows(name: str, rows: Sequence[Mapping[str, Any]], desk: Desk) -> Enrolled:
    """Enrol rows given as values by column."""
    if not rows:
        raise InputError("no rows were given", "give at least one family")
    columns = list(dict.fromkeys(column for row in rows for column in row))
    return enrol(name, as_table("rows", {one: [row.get(one) for row in rows] for one in columns}), desk)


def enrol(name: str, table: Table, desk: Desk) -> Enrolled:
    """Give every new unit of a table its arm and its messages, in the order of the rows.

    All or nothing. A family enrolled before keeps its arm, however often it is sent again.
    Raises Refused where the trial does not take families one by one or is not running, and
    ProblemsFound with every flaw of the rows.
    """
    locked = need_locked(desk.store, name)
    trial = trial_of(locked.lock.definition)
    if not takes_one_by_one(trial) and not joins_sites(trial):
        raise Refused(f"{name} was drawn all at once", "nobody joins it after its draw; plan a trial that follows it")
    problems = Problems()
    people = read_people(table, trial.population, problems)
    problems.raise_if_fatal()
    with desk.store.begin() as connection:
        hold_trial(connection, name)
        _may_enrol(connection, name)
        if joins_sites(trial):
            return _join_sites(connection, trial, locked, people, table, desk)
        hold_ledger(connection)  # no arm is held back or let go while these are drawn
        told = _arms_closed(connection, trial)
        arrivals = _Arrivals(connection, name, desk).sort(people)
        roll = _households(trial, arrivals.new, table)
        rows, messages = _give_arms(connection, trial, locked, roll, desk)
        joined = _join(connection, trial, arrivals.joining, table, desk)
        recount(connection, name, roll.merged_units)
        left_out = Counter(out.reason for out in (*roll.exclusions, *joined.exclusions))
        done = Enrolled(
            tuple((row.unit, row.arm) for row in rows), arrivals.already,
            sum(len(unit.people) for unit in joined.units), dict(left_out), messages, told if rows else (),
        )  # fmt: skip
        record_action(
            connection, desk.clock.now(), desk.settings.actor, "enrol", name, by_arm=done.by_arm,
            already=done.already, joined=done.joined, left_out=done.left_out,
        )  # fmt: skip
    return done


def _join_sites(
    connection: Connection, trial: Trial, locked: Locked, people: Sequence[Person], table: Table, desk: Desk
) -> Enrolled:  # fmt: skip
    found = join_sites(connection, trial, locked, people, table, desk)
    recount(connection, trial.trial, 0)
    left_out = dict(Counter(out.reason for out in found.left_out))
    record_action(
        connection, desk.clock.now(), desk.settings.actor, "enrol", trial.trial, already=found.already,
        joined=found.people, left_out=left_out,
    )  # fmt: skip
    told = (CHOSEN_LATER,) if found.people else ()
    return Enrolled((), found.already, found.people, left_out, found.messages, told)


def _may_enrol(connection: Connection, name: str) -> None:
    state = trial_state(connection, name)
    if state is None or state.state != "launched":
        now = state.state if state else "not here"
        raise Refused(
            f"{name} is {now}, and families join a running trial only",
            f"nudge resume {name}" if now == "paused" else "nudge status says what comes first",
        )


def _arms_closed(connection: Connection, trial: Trial) -> tuple[str, ...]:
    """A sentence for every arm that takes nobody now. Raises Refused where fewer than two arms are left."""
    closed = [one.arm for one in closed_spells(connection, trial.trial) if one.end is None]
    open_ = [arm for arm in trial.arms if arm not in closed]
    if len(open_) < _TWO:
        raise Refused(
            f"{listed(closed)} of {trial.trial} {'is' if len(closed) == 1 else 'are'} held back, and one arm alone is "
            "no draw", f"nudge halt {trial.trial} --arm {closed[0]} --lift, once what led to the halt is mended",
        )  # fmt: skip
    return tuple(f"{arm} is held back, so these were drawn among {listed(open_)}" for arm in closed)


@dataclass(frozen=True, slots=True)
class _Sorted:
    """Arrivals: new people, people of households in the trial (under its name), and how many are in it."""

    new: list[Person]
    joining: list[Person]
    already: int


class _Arrivals:
    """Who of those that come is in the trial, belongs to a household that is, or is new."""

    def __init__(self, connection: Connection, name: str, desk: Desk) -> None:
        self.known = known_people(connection, name)
        self.units = set(self.known.values())
        self.by_contact = units_by_lookup(connection, name)
        self.vault = desk.vault

    def sort(self, people: Sequence[Person]) -> _Sorted:
        """Everyone in one of the three. A household whose one member is known is known whole."""
        homes = {person.unit: home for person in people if (home := self._home(person)) is not None}
        new, joining, already = [], [], 0
        for person in people:
            if person.id in self.known:
                already += 1
            elif person.unit in homes:
                joining.append(replace(person, unit=homes[person.unit]))
            else:
                new.append(person)
        return _Sorted(new, joining, already)

    def _home(self, person: Person) -> str | None:
        """The household in the trial that a person belongs to: their own, by name, or by a shared contact point."""
        if person.id in self.known:
            return self.known[person.id]
        if person.unit in self.units:
            return person.unit
        keys = ((point.channel, self.vault.lookup(point.address)) for point in person.contacts)
        return next((self.by_contact[key] for key in keys if key in self.by_contact), None)


def _households(trial: Trial, people: Sequence[Person], table: Table, *, joining: bool = False) -> Roll:
    """Households of some people, with reasons for those left out. Joining ones are in the trial: they need no route."""
    problems = Problems()
    roll = form_units(
        people, trial.population, trial.randomise.blocks if trial.randomise and not joining else (),
        sites=joining, needs_contact=not joining and any(arm.messages for arm in trial.arms.values()), digest="",
        roll_name=table.name, problems=problems, equal=() if joining else equal_within_units(trial),
    )  # fmt: skip
    problems.raise_if_fatal()
    return roll


def _join(connection: Connection, trial: Trial, people: Sequence[Person], table: Table, desk: Desk) -> Roll:
    """Add people to households of the trial.

    Where one of them must be protected, the household stays in its arm and is written to no more.
    """
    roll = _households(trial, people, table, joining=True)
    members = [person for unit in roll.units for person in unit.people]
    no_longer_left_out(connection, trial.trial, members)
    add_people(connection, trial.trial, members, desk.vault)
    add_exclusions(connection, trial.trial, [replace(out, whole_unit=False) for out in roll.exclusions])
    guarded = trial.model_copy(update={"population": trial.population.model_copy(update={"eligible": None})})
    guarded_units = {out.unit for out in _households(guarded, people, table, joining=True).exclusions}
    if guarded_units:
        hold_ledger(connection)
    for unit in guarded_units:
        cancel_unit(connection, trial.trial, unit, desk.clock.now(), "a member joined who must not be written to")
    return roll


def _give_arms(
    connection: Connection, trial: Trial, locked: Locked, roll: Roll, desk: Desk
) -> tuple[list[Allocated], int]:
    """Draw, plan and write the new units; returns their arms and how many messages they will get."""
    seed, now = sealed_seed(connection, trial.trial, desk), desk.clock.now()
    first_row = {unit.id: min(person.row for person in unit.people) for unit in roll.units}
    new = [replace(unit, enrolled_at=now) for unit in sorted(roll.units, key=lambda unit: first_row[unit.id])]
    register = open_register(connection, trial, seed)
    drawn = draw_units(trial, new)
    rows = register.enter_all(drawn, now)
    no_longer_left_out(connection, trial.trial, [person for unit in new for person in unit.people])
    add_units(connection, trial.trial, new, desk.vault)
    add_exclusions(connection, trial.trial, roll.exclusions)
    save_allocation(connection, trial.trial, Allocation(law_of(trial), tuple(rows)), drawn, register.already)
    planned = _planned(trial, locked, new, rows, seed)
    templates = list(locked_templates(locked).values())
    render_all(planned, roll, templates, as_sent(trial, desk), lambda _done, _all: None)
    write_plan(connection, trial.trial, planned, now)
    return rows, sum(not one.virtual for one in planned)


def _planned(
    trial: Trial, locked: Locked, new: Sequence[Unit], rows: Sequence[Allocated], seed: Seed
) -> list[PlannedSend]:
    variants: dict[str, set[str]] = {}
    for template in locked_templates(locked).values():
        variants.setdefault(template.name, set()).add(template.channel)
    arm_of = {row.unit: row.arm for row in rows}
    planner = Planner(trial, variants, locked.lock.locked_at, seed, sites=draws_sites(trial))
    return [send for unit in new for send in planner.sends(unit, arm_of[unit.id])]
