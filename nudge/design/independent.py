"""The law of independent draws: every unit by chances of its own, whatever the others got."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from nudge.design.fixed_numbers import too_many
from nudge.design.methods import ENUMERATION_LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt


def shares(ratio: Sequence[int]) -> tuple[Fraction, ...]:
    """The ratio as exact chances."""
    return tuple(Fraction(share, sum(ratio)) for share in ratio)


def as_matrix(chances: Sequence[Sequence[Fraction]]) -> npt.NDArray[np.float64]:
    """Chances per unit as floats, (n, K)."""
    return np.array([[float(share) for share in row] for row in chances])


def independent_redraws(
    chances: npt.NDArray[np.float64], number: int, rng: np.random.Generator
) -> npt.NDArray[np.int8]:
    """Fresh draws, (number, n), from chances (n, K)."""
    marks = rng.random((number, len(chances)))
    arms = np.zeros(marks.shape, dtype=np.int8)
    for passed in chances.cumsum(axis=1).T[:-1]:
        arms += marks >= passed
    return arms


def every_independent_draw(chances: Sequence[Sequence[Fraction]]) -> Iterator[tuple[tuple[int, ...], Fraction]]:
    """Every draw there could be, and its probability. Raises TooMany above ENUMERATION_LIMIT."""
    possible = [[(k, share) for k, share in enumerate(row) if share] for row in chances]
    draws = prod(len(row) for row in possible)
    if draws > ENUMERATION_LIMIT:
        raise too_many(draws)
    return (
        (tuple(k for k, _ in choice), prod((share for _, share in choice), start=Fraction(1)))
        for choice in product(*possible)
    )
