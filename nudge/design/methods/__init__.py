"""Ways of drawing arms, one file each, named in `randomise.method` by file name.

A method module offers

    CLUSTERS: bool   whether the units it draws are sites with many families
    BLOCKS: bool     whether it draws within blocks
    draw(units, law, seed) -> Allocation
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING, Protocol, cast

from nudge.trial.errors import InputError
from nudge.trial.problems import listed, nearest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nudge.trial.records.design import Allocation, DrawUnit, Law, Seed


class Method(Protocol):
    """What a method module offers."""

    CLUSTERS: bool
    BLOCKS: bool

    def draw(self, units: Sequence[DrawUnit], law: Law, seed: Seed) -> Allocation:
        """Give every unit an arm."""
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
