"""Made-up outcome records for any trial file, by a stated process whose truth can be counted.

What a person would do under each arm hangs on one piece of luck per person and outcome, fixed
before any arm is drawn: yes or no by a threshold, counts by the inverse of Poisson's law, other
numbers by a shift. So the true effect among these very people can be counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from nudge.trial.errors import Refused
from nudge.trial.parts.outcomes import PRESENT

if TYPE_CHECKING:
    from nudge.trial.parts.outcomes import Outcome
    from nudge.trial.records.analysis import Floats
    from nudge.trial.records.people import Person

_FEWEST_EVENTS = 0.002
_LONG = 365


@dataclass(frozen=True, slots=True)
class Measure:
    """One outcome to make up. effects: what each arm adds, unoriented. known: share with a record."""

    name: str
    outcome: Outcome
    level: float
    spread: float
    effects: Mapping[str, float]
    known: float


@dataclass(frozen=True, slots=True)
class Made:
    """What each person would do under each arm: (n,) by arm; and whether it will be known."""

    measure: Measure
    by_arm: Mapping[str, Floats]
    known: np.ndarray

    def true_effect(self, arm: str, control: str) -> float:
        """The effect among these very people, oriented: positive is better."""
        gap = float((self.by_arm[arm] - self.by_arm[control]).mean())
        return -gap if self.measure.outcome.better == "lower" else gap


def made_values(measure: Measure, number: int, seed: int) -> Made:
    """Every person's outcome under every arm. seed: one of its own for each outcome."""
    from scipy.stats import norm, poisson

    if measure.outcome.kind in {"ordinal", "time_to_event"}:
        raise Refused(
            f"{measure.name} is a {measure.outcome.kind.replace('_', ' ')} outcome, which cannot be made up",
            "act the trial out with a yes or no instead, such as whether it happened within the window",
        )
    rng = np.random.default_rng(seed)
    luck, known = rng.random(number), rng.random(number) < measure.known
    by_arm: dict[str, Floats] = {}
    for arm, effect in measure.effects.items():
        level = measure.level + effect
        if measure.outcome.kind == "binary":
            by_arm[arm] = (luck < level).astype(float)
        elif measure.outcome.kind == "count":
            by_arm[arm] = np.asarray(poisson.ppf(luck, max(level, _FEWEST_EVENTS)), dtype=float)
        else:
            by_arm[arm] = np.asarray(level + measure.spread * norm.ppf(luck), dtype=float)
    return Made(measure, by_arm, known)


@dataclass(frozen=True, slots=True)
class Taking:
    """Who takes part. arm_of: arm by person. opens: when each person's window opens, by outcome."""

    people: Sequence[Person]
    arm_of: Mapping[str, str]
    opens: Mapping[str, Mapping[str, datetime]]


def records(made: Sequence[Made], taking: Taking, seed: int, id_column: str) -> list[dict[str, str]]:
    """The rows of one source file, whose outcomes these are: one per person with something on record.

    id_column: where a source names none. Raises Refused where one file holds both rows that are
    events and columns of values.
    """
    events = {one.measure.outcome.source.value == PRESENT for one in made if one.measure.outcome.source}
    if len(events) > 1 or (True in events and len(made) > 1):
        raise Refused(
            "one outcome file holds events and values together, which cannot be made up", "give each outcome its file"
        )
    delays = np.random.default_rng(seed).integers(1, 7, len(taking.people))
    rows: list[dict[str, str]] = []
    for i, person in enumerate(taking.people):
        arm = taking.arm_of[person.id]
        copies = max(_copies(one, i, arm) for one in made)
        row: dict[str, str] = {}
        for one in made:
            start = taking.opens.get(one.measure.name, {}).get(person.id)
            row |= _fields(one, i, person, arm, start, int(delays[i]), id_column)
        rows += [row] * copies
    return rows


def _copies(made: Made, i: int, arm: str) -> int:
    """Rows about a person: one for each event that is counted, else one where something is known."""
    source = made.measure.outcome.source
    if source is not None and source.value == PRESENT:
        return int(made.by_arm[arm][i]) if made.known[i] else 0
    return int(made.known[i])


def _fields(
    made: Made, i: int, person: Person, arm: str, opens: datetime | None, delay: int, id_column: str
) -> dict[str, str]:
    """One outcome's columns of a person's row; its value is blank where it is not known."""
    outcome = made.measure.outcome
    source = outcome.source
    if source is None or source.value is None:
        return {}
    row = {source.id or id_column: person.id}
    if source.date is not None and opens is not None:
        row[source.date] = (opens + timedelta(days=min(delay, _last_day(outcome)))).date().isoformat()
    if source.value != PRESENT:
        row[source.value] = _written(outcome.kind, float(made.by_arm[arm][i])) if made.known[i] else ""
    return row


def _last_day(outcome: Outcome) -> int:
    """The last whole day of the window, counted from the day on which it opens."""
    return max(int(outcome.window.length.delta() / timedelta(days=1)) - 1, 0) if outcome.window else _LONG


def _written(kind: str, value: float) -> str:
    if kind == "binary":
        return "yes" if value else "no"
    return f"{value:.0f}" if kind == "count" else f"{value:.3f}"
