"""Made-up outcomes by a stated process, so that a demonstration knows the truth it should find.

The process is fixed before any arm is drawn: every person has a chance of the outcome that
depends on their columns; an arm adds its stated effect to that chance. What a person would
have done under each arm is settled by luck that knows no arm, so the true effect among
these very people can be counted.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

from nudge.trial.errors import Refused
from nudge.trial.parts.outcomes import PRESENT

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nudge.trial.parts.outcomes import Outcome
    from nudge.trial.records.outcomes import OutcomeWindow
    from nudge.trial.records.people import Person


_FEWEST_EVENTS = 0.002
Rows = list[Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Process:
    """The stated process of one outcome.

    base: the share (or, with `sd`, the mean) without any message. effects: what each arm
    adds to it; an arm not named adds nothing. groups: by column, how far the first and the
    last of its groups lie from the base. slopes: by column, what one more of it adds. icc:
    how alike the people of one unit are, beyond what their columns say. sd: standard deviation of an amount; None for a
    yes or no, or for a number of events (`counted`), which is Poisson. before: the column that holds the
    same amount earlier, and `likeness` its correlation with it. step: to which amounts are recorded, 0
    where they are not rounded. known: the share of people with a record.
    """

    base: float
    effects: Mapping[str, float]
    seed: int
    groups: Mapping[str, float] = field(default_factory=dict)
    slopes: Mapping[str, float] = field(default_factory=dict)
    icc: float = 0.0
    sd: float | None = None
    counted: bool = False
    before: str = ""
    likeness: float = 0.0
    step: float = 0.0
    known: float = 1.0


def chances(people: Sequence[Person], process: Process) -> NDArray[np.float64]:
    """(n,) each person's chance of the outcome with no message."""
    chance = np.full(len(people), process.base)
    for column, spread in process.groups.items():
        names = sorted({str(person.columns[column]) for person in people})
        shift = dict(zip(names, np.linspace(-spread, spread, len(names)), strict=True))
        chance += np.array([shift[str(person.columns[column])] for person in people])
    for column, step in process.slopes.items():
        amount = np.array([float(str(person.columns[column])) for person in people])
        chance += step * (amount - amount.mean())
    return chance


@dataclass(frozen=True, slots=True)
class Potential:
    """What each person would do under each arm: (n,) of bool, or of amounts, by arm."""

    by_arm: Mapping[str, NDArray[np.bool_] | NDArray[np.float64]]

    def true_effect(self, arm: str, control: str) -> float:
        """The effect among these very people."""
        return float(self.by_arm[arm].mean() - self.by_arm[control].mean())


def potential_outcomes(people: Sequence[Person], process: Process, arms: Collection[str] = ()) -> Potential:
    """Settle every person's outcome under every arm: those named, else those with an effect."""
    named = arms or process.effects
    if process.sd is not None:
        amounts = _amounts(people, process)
        # In proportion, so that no one is absent for less than no time.
        grown = {arm: 1 + process.effects.get(arm, 0.0) / process.base for arm in named}
        return Potential({arm: _to_step(amounts * grown[arm], process.step) for arm in named})
    luck = _luck(people, process)
    base = chances(people, process)
    if process.counted:
        from scipy.stats import poisson

        rates = {arm: np.maximum(base + process.effects.get(arm, 0.0), _FEWEST_EVENTS) for arm in named}
        return Potential({arm: np.asarray(poisson.ppf(luck, rate), dtype=float) for arm, rate in rates.items()})
    return Potential({arm: luck < base + process.effects.get(arm, 0.0) for arm in named})


def _to_step(amounts: NDArray[np.float64], step: float) -> NDArray[np.float64]:
    return np.round(amounts / step) * step if step else amounts


def _luck(people: Sequence[Person], process: Process) -> NDArray[np.float64]:
    """(n,) uniform, shared by the people of one unit as far as they are alike."""
    return _alike(people, process, lambda rng, number: rng.random(number))


def _alike(
    people: Sequence[Person], process: Process, draw: Callable[[np.random.Generator, int], NDArray[np.float64]]
) -> NDArray[np.float64]:
    """(n,) draws of which two within a unit are correlated by `icc`.

    Each person takes their unit's draw with chance √icc and one of their own otherwise, so
    two of them share one with chance icc.
    """
    own = draw(np.random.default_rng(process.seed), len(people))
    if not process.icc:
        return own
    rng = np.random.default_rng([process.seed, 1])
    units = {unit: i for i, unit in enumerate(dict.fromkeys(person.unit for person in people))}
    shared = draw(rng, len(units))[[units[person.unit] for person in people]]
    return of_unit_or_own(own, shared, rng.random(len(people)), process.icc)


def of_unit_or_own(
    own: NDArray[np.float64], shared: NDArray[np.float64], toss: NDArray[np.float64], icc: float
) -> NDArray[np.float64]:
    """Each person's own draw, or with chance √icc the unit's: whatever is made of them, two of a unit correlate by icc.

    own, shared, toss: of the same shape, a person's own draw, that of their unit, and an even toss.
    """
    return np.where(toss < icc**0.5, shared, own)


def _amounts(people: Sequence[Person], process: Process) -> NDArray[np.float64]:
    """(n,) gamma amounts correlated with an earlier one by thinning it.

    y = B·x + G with B ~ Beta(kρ, k(1 - ρ)) and G ~ Gamma(k(1 - ρ)) keeps the gamma law with
    correlation ρ (Lewis, McKenzie and Hugus 1989, Communications in Statistics, Stochastic
    Models 5). What is new, G, is what the people of a unit have in common.
    """
    if process.sd is None:
        raise AssertionError("an amount has a standard deviation")
    shape, scale = (process.base / process.sd) ** 2, process.sd**2 / process.base
    fresh = _alike(people, process, lambda rng, number: rng.gamma(shape * (1 - process.likeness), scale, number))
    if not process.before:
        return fresh
    earlier = np.array([float(str(person.columns[process.before])) for person in people])
    rng = np.random.default_rng([process.seed, 3])
    kept = rng.beta(shape * process.likeness, shape * (1 - process.likeness), len(people))
    return np.asarray(kept * earlier + fresh)


def records(
    outcome: Outcome,
    people: Sequence[Person],
    arm_of: Mapping[str, str],
    windows: Mapping[str, OutcomeWindow],
    process: Process,
    potential: Potential,
    id_column: str,
) -> Iterator[dict[str, str]]:
    """Rows of the file in which an outcome is recorded, in the shape its `source` says.

    arm_of: the arm each person counts in. windows: by person; a person without one has no dated record. potential:
    what each would do. id_column: where the source names none. Events fall on a day of the
    window; an amount is recorded on its last day.
    """
    source = outcome.source
    if source is None or source.value is None:
        raise AssertionError("check refuses a measured outcome without a source")
    rng = np.random.default_rng([process.seed, 2])
    when, known = rng.random(len(people)), rng.random(len(people)) < process.known
    for i, person in enumerate(people):
        window = windows.get(person.id)
        found = potential.by_arm[arm_of[person.id]][i]
        dated = window is not None and window.opens is not None
        if not known[i] or (source.value == PRESENT and not found) or (not dated and source.date is not None):
            continue
        row = {source.id or id_column: person.id}
        if source.date is not None and window is not None:
            row[source.date] = _day(window, 1.0 if process.sd is not None else float(when[i])).isoformat()
        if source.value != PRESENT:
            row[source.value] = f"{found:g}" if outcome.kind != "binary" else ("yes" if found else "no")
        yield from [row] * (int(found) if process.counted and source.value == PRESENT else 1)


def in_one_file(outcomes: Sequence[Outcome], rows: Sequence[Sequence[Mapping[str, str]]], id_column: str) -> Rows:
    """The rows of a file that several outcomes share: one for a person, blank where an outcome has no record.

    Raises Refused where one file holds both rows that are events and columns of values.
    """
    if len(outcomes) == 1:
        return list(rows[0])
    sources = [outcome.source for outcome in outcomes if outcome.source is not None]
    if any(source.value == PRESENT for source in sources):
        raise Refused(
            "one outcome file holds events, and another outcome's records, which cannot be made up",
            "give each outcome its file",
        )
    header = dict.fromkeys(name for outcome in outcomes for name in record_columns(outcome, id_column))
    people: dict[str, dict[str, str]] = {}
    for source, of in zip(sources, rows, strict=True):
        for row in of:
            people.setdefault(row[source.id or id_column], dict.fromkeys(header, "")).update(row)
    return list(people.values())


def record_columns(outcome: Outcome, id_column: str) -> list[str]:
    """The header of the file in which an outcome is recorded."""
    source = outcome.source
    if source is None:
        raise AssertionError("check refuses a measured outcome without a source")
    value = "" if source.value == PRESENT else source.value
    return [column for column in (source.id or id_column, source.date, value) if column]


def _day(window: OutcomeWindow, share: float) -> date:
    """A day so far into a window, at the latest the one before it closes."""
    if window.opens is None or window.closes is None:
        raise AssertionError("only windows with both ends are drawn from")
    whole = max((window.closes.date() - window.opens.date()).days - 1, 0)
    return window.opens.date() + timedelta(int(share * whole))
