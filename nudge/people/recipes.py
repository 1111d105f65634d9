"""Made-up rolls by a stated recipe: the columns of one example, and how each is drawn.

No real person is in them. Mobiles come from the range Ofcom keeps for drama (07700 900000
to 900999), so at most 900 units have one and the others an email at example.org; every
reference says SYNTHETIC. One unit in fifty is left out on purpose, so that every reason for
exclusion is seen at work.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

MOBILES = 900
LEFT_OUT = 0.004
"""Share of units with each reason to be left out."""
_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Choice:
    """A category: values with their shares, equal where none are given."""

    values: tuple[str, ...]
    shares: tuple[float, ...] = ()

    def draw(self, rng: np.random.Generator, number: int) -> list[str]:
        """So many values."""
        picked = rng.choice(len(self.values), size=number, p=self.shares or None)
        return [self.values[i] for i in picked]


@dataclass(frozen=True, slots=True)
class Days:
    """A weekday between two days."""

    first: date
    last: date

    def draw(self, rng: np.random.Generator, number: int) -> list[str]:
        """So many days."""
        span = (self.last - self.first).days
        days = [day for i in range(span + 1) if (day := self.first + timedelta(i)).weekday() < _SATURDAY]
        return [days[i].isoformat() for i in rng.integers(len(days), size=number)]


@dataclass(frozen=True, slots=True)
class HalfDays:
    """Days of absence: gamma with this mean and standard deviation, to the half day."""

    mean: float
    sd: float

    def draw(self, rng: np.random.Generator, number: int) -> list[str]:
        """So many amounts."""
        amounts = rng.gamma((self.mean / self.sd) ** 2, self.sd**2 / self.mean, number)
        return [f"{amount:g}" for amount in np.round(amounts * 2) / 2]


@dataclass(frozen=True, slots=True)
class WholeDays:
    """A small whole number, one or more: Poisson with this mean, plus one."""

    mean: float

    def draw(self, rng: np.random.Generator, number: int) -> list[str]:
        """So many numbers."""
        return [str(1 + amount) for amount in rng.poisson(self.mean - 1, number)]


Draw: TypeAlias = Choice | Days | HalfDays | WholeDays


@dataclass(frozen=True, slots=True)
class Later:
    """A column that follows another by so many days; for repeated rows, one such step each."""

    column: str
    days: int


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one example's roll is made.

    person, unit: the columns of the references, and `marks` their letters. shared: columns
    equal within a unit; own: one value per row. later: days that follow another column.
    repeated: a day of `shared` that moves on by so many days with each row of a unit.
    rows: the shares of units with one, two, three … rows. flags: yes-or-no columns that
    exclude. seed: where none is given.
    """

    person: str
    unit: str
    marks: tuple[str, str]
    shared: Mapping[str, Draw]
    own: Mapping[str, Draw]
    flags: tuple[str, ...]
    seed: int
    rows: tuple[float, ...] = (1.0,)
    later: Mapping[str, Later] = field(default_factory=dict)
    repeated: Later | None = None


def made_up_roll(recipe: Recipe, units: int, seed: int) -> Iterator[dict[str, str]]:
    """The rows of a roll with so many units, the same for the same seed."""
    rng = np.random.default_rng(seed)
    each = 1 + rng.choice(len(recipe.rows), size=units, p=recipe.rows)
    shared = {name: draw.draw(rng, units) for name, draw in recipe.shared.items()}
    own = {name: draw.draw(rng, int(each.sum())) for name, draw in recipe.own.items()}
    mobiles = _mobiles(rng, units)
    chances = rng.random(units)
    row = 0
    for i in range(units):
        common = {name: values[i] for name, values in shared.items()} | _contact(recipe, i, mobiles[i])
        common |= _reason_to_leave_out(recipe, float(chances[i]))
        for k in range(int(each[i])):
            made = {recipe.person: f"SYNTHETIC-{recipe.marks[0]}{row + 1:06d}", **common}
            made |= {name: values[row] for name, values in own.items()}
            yield made | _days(recipe, made, k)
            row += 1


def _mobiles(rng: np.random.Generator, units: int) -> list[str]:
    """A mobile for at most 900 units, no two the same; empty for the others."""
    numbers: NDArray[np.int64] = rng.permutation(1000)[:MOBILES]
    has_one = rng.permutation(units) < MOBILES
    taken = iter(numbers)
    return [f"07700 900{next(taken):03d}" if one else "" for one in has_one]


def _contact(recipe: Recipe, i: int, mobile: str) -> dict[str, str]:
    return {
        recipe.unit: f"SYNTHETIC-{recipe.marks[1]}{i + 1:06d}",
        "mobile": mobile, "email": f"{recipe.marks[1].lower()}{i + 1:06d}@example.org",
        "safe_to_text": "yes" if mobile else "", "safe_to_email": "yes", **dict.fromkeys(recipe.flags, "no"),
    }  # fmt: skip


def _reason_to_leave_out(recipe: Recipe, chance: float) -> dict[str, str]:
    reasons = [
        *({flag: "yes"} for flag in recipe.flags), {recipe.flags[0]: ""},
        {"safe_to_text": "no", "safe_to_email": "no"},
    ]  # fmt: skip
    which = int(chance / LEFT_OUT)
    return reasons[which] if which < len(reasons) else {}


def _days(recipe: Recipe, made: Mapping[str, str], position: int) -> dict[str, str]:
    days = {name: _after(made[later.column], later.days) for name, later in recipe.later.items()}
    if recipe.repeated is not None and position:
        days[recipe.repeated.column] = _after(made[recipe.repeated.column], position * recipe.repeated.days)
    return days


def _after(day: str, number: int) -> str:
    return (date.fromisoformat(day) + timedelta(number)).isoformat()
