"""Families who come to a site of a stepped wedge after its draw: they join the step their site was drawn for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from nudge.delivery.plan import Planner
from nudge.people.units import form_units
from nudge.store.enrolment import known_people, no_longer_left_out, units_by_lookup
from nudge.store.ledger import write_plan
from nudge.store.people import add_exclusions, add_people, load_allocation
from nudge.trial.problems import Problems
from nudge.trial.records.people import Exclusion
from nudge.workflow.allocating.locking import sealed_seed
from nudge.workflow.dispatching.launching import render_all
from nudge.workflow.dispatching.linking import as_sent
from nudge.workflow.dispatching.words import locked_templates
from nudge.workflow.law import law_of

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from nudge.trial.model import Trial
    from nudge.trial.records.delivery import PlannedSend
    from nudge.trial.records.people import Person, Roll, Unit
    from nudge.trial.records.tables import Table
    from nudge.workflow.desk import Desk
    from nudge.workflow.guard import Locked

CHOSEN_LATER = (
    "their sites' days were drawn before they came: enrol everyone who meets a rule fixed before the draw, and nobody "
    "else, or who is chosen will look like an effect"
)
NOT_DRAWN = "their site is not in the trial"


@dataclass(frozen=True, slots=True)
class Joined:
    """What became of them. left_out: in the order in which they came."""

    people: int
    already: int
    left_out: tuple[Exclusion, ...]
    messages: int


def joins_sites(trial: Trial) -> bool:
    """Whether families may come to its sites after the draw."""
    return trial.randomise is not None and trial.randomise.method == "stepped_wedge"


def join_sites(
    connection: Connection, trial: Trial, locked: Locked, people: Sequence[Person], table: Table, desk: Desk
) -> Joined:  # fmt: skip
    """Add new people to the sites of the trial and plan their messages; whoever is there already stays as they are.

    Somebody who shares a contact point with a family of the trial gets no messages of their own.
    """
    known = known_people(connection, trial.trial)
    drawn = {row.unit: row for row in load_allocation(connection, trial.trial, law_of(trial)).rows}
    new = [person for person in people if person.id not in known]
    strangers = [Exclusion(one.unit, one.id, NOT_DRAWN, whole_unit=True) for one in new if one.unit not in drawn]
    roll = _formed(trial, [one for one in new if one.unit in drawn], table)
    shared = units_by_lookup(connection, trial.trial)
    members = [person for unit in roll.units for person in unit.people]
    no_longer_left_out(connection, trial.trial, members)
    add_people(connection, trial.trial, members, desk.vault)
    left_out = (*strangers, *(replace(one, whole_unit=False) for one in roll.exclusions))
    add_exclusions(connection, trial.trial, left_out)
    planner = _planner(connection, trial, locked, desk)
    planned: list[PlannedSend] = []
    for unit in roll.units:
        row = drawn[unit.id]
        planned += planner.sends(_own_contacts(unit, shared, desk), row.arm, row.step)
    templates = list(locked_templates(locked).values())
    render_all(planned, roll, templates, as_sent(trial, desk), lambda _done, _all: None)
    write_plan(connection, trial.trial, planned, desk.clock.now())
    return Joined(len(members), len(people) - len(new), left_out, sum(not one.virtual for one in planned))


def _formed(trial: Trial, people: Sequence[Person], table: Table) -> Roll:
    problems = Problems()
    roll = form_units(
        people, trial.population, (), sites=True, digest="", roll_name=table.name, problems=problems,
        needs_contact=any(arm.messages for arm in trial.arms.values()),
    )  # fmt: skip
    problems.raise_if_fatal()
    return roll


def _planner(connection: Connection, trial: Trial, locked: Locked, desk: Desk) -> Planner:
    if locked.state.allocated_at is None:
        raise AssertionError("a running trial has been allocated")
    variants: dict[str, set[str]] = {}
    for template in locked_templates(locked).values():
        variants.setdefault(template.name, set()).add(template.channel)
    return Planner(trial, variants, locked.state.allocated_at, sealed_seed(connection, trial.trial, desk), sites=True)


def _own_contacts(unit: Unit, shared: dict[tuple[str, str], str], desk: Desk) -> Unit:
    """Those of a site whose contact points no family of the trial has."""
    own = [
        person for person in unit.people
        if not any((point.channel, desk.vault.lookup(point.address)) in shared for point in person.contacts)
    ]  # fmt: skip
    return replace(unit, people=tuple(own))
