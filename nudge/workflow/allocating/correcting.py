"""Contact points corrected mid-trial from a newer roll; who takes part never changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nudge.outcomes.sources import read_source
from nudge.people.roll import read_people
from nudge.store.audit import record_action
from nudge.store.locks import hold_trial
from nudge.store.people import load_roll, replace_contacts
from nudge.trial.errors import InputError, LockBroken
from nudge.trial.load import load_trial
from nudge.trial.parts.population import DataSource
from nudge.trial.problems import Problems, listed
from nudge.workflow.guard import REASON, changed_parts, need_locked

if TYPE_CHECKING:
    from pathlib import Path

    from nudge.trial.records.people import ContactPoint, Person
    from nudge.workflow.desk import Desk


@dataclass(frozen=True, slots=True)
class Corrected:
    """What a newer roll changed."""

    changed: int
    unchanged: int
    absent: int
    """People of the trial whom the newer roll does not hold: their contact points stay."""
    strangers: int
    """Rows of the newer roll who are not in the trial: they stay out of it."""


def update_contacts(path: Path, roll: Path, desk: Desk) -> Corrected:
    """Put the contact points and languages of a newer roll in place of the old.

    Raises ProblemsFound with every flaw of its rows, InputError where it holds nobody of the
    trial. A unit named in it is not read: membership is fixed by the draw.
    """
    loaded = load_trial(path)
    trial = loaded.trial
    changed = changed_parts(trial, need_locked(desk.store, trial.trial))
    if changed:
        raise LockBroken(f"the trial file differs from its lock at {listed(changed)}", REASON)
    problems = Problems()
    table = read_source(DataSource(csv_file=roll.name), roll.parent, problems)
    newer = {person.id: person for person in read_people(table, trial.population, problems)}
    problems.raise_if_fatal()
    with desk.store.begin() as connection:
        hold_trial(connection, trial.trial)
        known = load_roll(connection, trial.trial, trial.population.columns, desk.vault)
        people = {person.id: person for unit in known.units for person in unit.people}
        better = {
            name: newer[name] for name, person in people.items()
            if name in newer and _reached(newer[name]) != _reached(person)
        }  # fmt: skip
        replace_contacts(connection, trial.trial, list(better.values()), desk.vault)
        made = Corrected(
            len(better), len(people.keys() & newer.keys()) - len(better), len(people.keys() - newer.keys()),
            len(newer.keys() - people.keys()),
        )  # fmt: skip
        if not people.keys() & newer.keys():
            raise InputError(f"{roll} holds nobody of {trial.trial}", f"its column `{trial.population.id}` names them")
        record_action(
            connection, desk.clock.now(), desk.settings.actor, "people update", trial.trial, changed=made.changed,
            absent=made.absent, strangers=made.strangers,
        )  # fmt: skip
    return made


def _reached(person: Person) -> tuple[frozenset[ContactPoint], str]:
    """How and in which language a person is written to."""
    return frozenset(person.contacts), person.language
