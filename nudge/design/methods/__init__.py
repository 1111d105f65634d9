"""Ways of drawing arms, one file each, named in `randomise.method` by file name.

A method module offers

    UNITS: Units                what it draws: individuals and households, sites, or either
    BLOCKS: Blocks              whether it draws within named blocks
    ENROLMENT: Enrolment        all at once, or unit by unit as they come
    PARAMETERS: frozenset[str]  the keys of `randomise` beside method, blocks and ratio that it takes
    REQUIRED: frozenset[str]    those it cannot do without

    flaws(law) -> Iterator[Flaw]         what is wrong with a law of this method, before any roll
    refuse(units, law)                   raises InputError where these units cannot be drawn so
    options(law) -> names                what a draw chooses among: arms; in a stepped wedge, steps
    draw(units, law, seed) -> Allocation give every unit an arm; rolling methods take units in order
    probabilities(units, law) -> (n, K)  each unit's chance of each option; NaN where it is not known
    redraws(units, law, number, rng) -> (number, n) options by position, fresh draws from the law
    every_draw(units, law) -> Iterator[(options by position, Fraction)]  the whole law, where small

Methods that take `balance_on` say which types of column it may name

    BALANCES: frozenset[str]

Rolling methods offer as well

    register(law, seed) -> Register      takes units one by one; fed the earlier ones, it knows the next

Only `draw` and `register` see the seed. Everything else hangs on units and law alone, so that
whoever has those can re-draw. Raised: InputError where units cannot be drawn by this law, with
the remedy; `every_draw` raises TooMany above ENUMERATION_LIMIT draws, `redraws` too where its
law keeps almost nothing.
"""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, cast

from nudge.trial.errors import InputError, NudgeError
from nudge.trial.problems import listed, nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from fractions import Fraction

    import numpy as np
    import numpy.typing as npt

    from nudge.trial.records.design import Allocated, Allocation, DrawUnit, Law, Seed

Units = Literal["people", "sites", "either"]
Blocks = Literal["never", "optional", "required"]
Enrolment = Literal["at_once", "rolling", "either"]

ENUMERATION_LIMIT = 1_000_000
"""statistics.md 14: full enumeration is offered up to 10⁶ draws."""


class TooMany(NudgeError):
    """A law with too many draws to list them."""


@dataclass(frozen=True, slots=True)
class Flaw:
    """Something wrong with how arms are drawn; the path is that of the trial file."""

    path: tuple[str, ...]
    what: str
    remedy: str


class Method(Protocol):
    """What a method module offers."""

    UNITS: Units
    BLOCKS: Blocks
    ENROLMENT: Enrolment
    PARAMETERS: frozenset[str]
    REQUIRED: frozenset[str]

    def flaws(self, law: Law) -> Iterator[Flaw]:
        """What is wrong with a law of this method, whatever the roll."""
        ...

    def refuse(self, units: Sequence[DrawUnit], law: Law) -> None:
        """Raise InputError where these units cannot be drawn by this law."""
        ...

    def options(self, law: Law) -> tuple[str, ...]:
        """What a draw chooses among, in the order of the positions that re-draws give."""
        ...

    def draw(self, units: Sequence[DrawUnit], law: Law, seed: Seed) -> Allocation:
        """Give every unit an arm."""
        ...

    def probabilities(self, units: Sequence[DrawUnit], law: Law) -> npt.NDArray[np.float64]:
        """Each unit's chance of each option, (n, K)."""
        ...

    def redraws(
        self, units: Sequence[DrawUnit], law: Law, number: int, rng: np.random.Generator
    ) -> npt.NDArray[np.int8]:
        """Fresh draws from the law, (number, n), by position in `options(law)`."""
        ...

    def every_draw(self, units: Sequence[DrawUnit], law: Law) -> Iterator[tuple[tuple[int, ...], Fraction]]:
        """Every draw there could be, and its probability."""
        ...


class Register(Protocol):
    """A rolling draw: what came so far decides, with the seed, what comes next."""

    def enter(self, unit: DrawUnit) -> Allocated:
        """The arm of the next unit."""
        ...


class BalancingMethod(Method, Protocol):
    """A method that looks at baseline columns."""

    BALANCES: frozenset[str]


class RollingMethod(Method, Protocol):
    """A method that can take units as they come."""

    def register(self, law: Law, seed: Seed) -> Register:
        """A register with no one in it."""
        ...


def method_names() -> list[str]:
    """The methods there are."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def method(name: str) -> Method:
    """The method of that name. Raises InputError with the nearest right one."""
    names = method_names()
    if name not in names:
        guess = nearest(name, names)
        remedy = f"did you mean `{guess}`?" if guess else f"use {listed(names, 'or')}"
        raise InputError(f"`{name}` is not a method of randomisation", remedy)
    return cast("Method", importlib.import_module(f"{__name__}.{name}"))
