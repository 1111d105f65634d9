"""The shipped examples: listed, given a made-up roll, and given made-up outcomes once arms are drawn."""

from __future__ import annotations

import csv
import io
import shutil
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from nudge.delivery.plan import Planner
from nudge.outcomes.synthetic import in_one_file, potential_outcomes, record_columns, records
from nudge.outcomes.windows import windows
from nudge.people.synthetic import write_csv
from nudge.store.engine import reading
from nudge.store.people import load_allocation, load_roll
from nudge.trial.errors import InputError, Refused
from nudge.trial.library import shipped
from nudge.trial.load import load_trial
from nudge.trial.problems import listed, nearest
from nudge.workflow.acting.example_records import EXAMPLES, Example
from nudge.workflow.allocating.placing import places
from nudge.workflow.guard import need_locked
from nudge.workflow.law import law_of

if TYPE_CHECKING:
    from nudge.outcomes.synthetic import Process
    from nudge.trial.model import Trial
    from nudge.trial.parts.outcomes import Outcome
    from nudge.workflow.desk import Desk


FEWEST = 20
"""With fewer, some block would have nobody for some arm."""


@dataclass(frozen=True, slots=True)
class Made:
    """A made-up roll on disk."""

    file: Path
    roll: Path
    units: int
    rows: int
    seed: int
    already: bool
    """Whether the same roll was there before."""


@dataclass(frozen=True, slots=True)
class Truth:
    """What made-up outcomes were made by.

    effects: outcome → comparison → the true effect among these very people, in the
    outcome's own direction. complete_at: a moment by which every window has closed.
    """

    files: tuple[Path, ...]
    effects: Mapping[str, Mapping[str, float]]
    complete_at: datetime


def example_names() -> list[str]:
    """The shipped trials that come with a generator."""
    return sorted(EXAMPLES)


def shown_examples() -> list[dict[str, Any]]:
    """Each of them as it is listed: name, title, stated number of units and what they are called."""
    found = []
    for name in example_names():
        trial = load_trial(shipped("experiments") / f"{name}.yaml").trial
        called = trial.population.called.units
        found.append({"name": name, "title": trial.title, "units": EXAMPLES[name].units, "called": called})
    return found


def example(name: str) -> Example:
    """One of them. Raises InputError with the nearest right name."""
    if name not in EXAMPLES:
        guess = nearest(name, EXAMPLES)
        remedy = f"did you mean `{guess}`?" if guess else f"name {listed(example_names(), 'or')}"
        raise InputError(f"there is no example `{name}`", remedy)
    return EXAMPLES[name]


def make_roll(
    name: str, folder: Path, size: int | None = None, seed: int | None = None, *, force: bool = False
) -> Made:
    """Write an example's trial file (where it is not there yet) and its made-up roll into a folder.

    size: how many units (households, families, children); the size the trial states where
    not given. The same name, size and seed give the same bytes. Raises Refused where another
    roll is in the way, unless forced.
    """
    made_by = example(name)
    units, chosen = made_by.units if size is None else size, made_by.seed if seed is None else seed
    if units < FEWEST:
        raise InputError(f"{units} units are too few for {name}", f"make at least {FEWEST}")
    file = folder / f"{name}.yaml"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(shipped("experiments") / file.name, file)
    source = load_trial(file).trial.population.people
    if source is None or source.csv_file is None:
        raise InputError(f"{file} names no CSV file for its roll", "write `people: people/NAME.csv`")
    roll = folder / source.csv_file
    rows = list(made_by.rows(units, chosen))
    content = _as_csv(rows)
    already = roll.exists() and roll.read_bytes() == content
    if roll.exists() and not already and not force:
        raise Refused(f"{roll} holds another roll", "move it away, or overwrite it with --force")
    if not already:
        roll.parent.mkdir(parents=True, exist_ok=True)
        roll.write_bytes(content)
    return Made(file, roll, units, len(rows), chosen, already)


def _as_csv(rows: list[dict[str, str]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def make_outcomes(path: Path, desk: Desk, seed: int = 0, processes: Mapping[str, Process] | None = None) -> Truth:
    """Write the outcome files of a trial whose arms are drawn, by stated processes; return the truth.

    path: the trial file, locked and allocated in the desk's store. seed: added to the seed of
    every process, so that each run has luck of its own. processes: by outcome; left out, those of
    the example. Every outcome with a source gets the file it names, in the shape it names; nothing
    is read of what was sent.
    """
    trial = load_trial(path).trial
    if processes is None:
        processes = example(trial.trial).outcomes
    allocated_at = need_locked(desk.store, trial.trial).state.allocated_at
    if allocated_at is None:
        raise Refused(f"{trial.trial} has no arms yet", "draw them: nudge allocate FILE")
    with reading(desk.store).begin() as connection:
        roll = load_roll(connection, trial.trial, trial.population.columns)
        allocation = load_allocation(connection, trial.trial, law_of(trial))
    people = [person for unit in roll.units for person in unit.people]
    planner, zone = Planner(trial, {}, allocated_at), ZoneInfo(trial.timezone)
    effects, closes = {}, [allocated_at]
    by_file: defaultdict[str, list[tuple[Outcome, list[dict[str, str]]]]] = defaultdict(list)
    for name, outcome in _recorded(trial, processes).items():
        process = replace(processes[name], seed=processes[name].seed + seed)
        potential = potential_outcomes(people, process, list(trial.arms))
        when = windows(outcome.window, roll.units, planner.first_planned, allocated_at, zone)
        closes += [window.closes for window in when.values() if window.closes is not None]
        placed = places(trial, outcome.window, roll.units, allocation, allocated_at)
        # Whoever is anchored in a transition still gets the control's messages.
        arm_of = {person: place.arm or trial.control or "" for person, place in placed.items()}
        rows = records(outcome, people, arm_of, when, process, potential, trial.population.id)
        by_file[str(outcome.source.csv_file if outcome.source else "")].append((outcome, list(rows)))
        effects[name] = {str(pair): potential.true_effect(pair.arm, pair.control) for pair in trial.comparisons}
    for file, parts in by_file.items():
        outcomes, rows_of = [outcome for outcome, _ in parts], [rows for _, rows in parts]
        header = dict.fromkeys(one for outcome in outcomes for one in record_columns(outcome, trial.population.id))
        write_csv(iter(in_one_file(outcomes, rows_of, trial.population.id)), path.parent / file, list(header))
    return Truth(tuple(path.parent / file for file in by_file), effects, max(closes))


def _recorded(trial: Trial, processes: Mapping[str, Process]) -> dict[str, Outcome]:
    """The outcomes to be made. Raises InputError for one that nothing is known of."""
    found = {name: outcome for name, outcome in trial.outcomes.items() if outcome.source is not None}
    for name in found:
        if name not in processes:
            raise InputError(
                f"the example {trial.trial} has no process for `{name}`", f"name {listed(processes, 'or')}"
            )
    return found
