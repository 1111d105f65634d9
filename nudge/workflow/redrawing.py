"""Fresh draws from a trial's law, many at once: the method's own, or fixed numbers within blocks."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from nudge.design.methods import method
from nudge.trial.errors import Refused
from nudge.trial.records.design import DrawUnit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from nudge.trial.model import Trial
    from nudge.trial.records.design import Law
    from nudge.trial.records.people import Roll, Unit, Value

    Redraw = Callable[[Sequence[DrawUnit], Law, int, np.random.Generator], NDArray[np.int8]]

_FIXED_NUMBERS = frozenset({"complete", "blocked", "cluster", "blocked_cluster"})


_NOT_REPLAYED = {
    "stepped_wedge": "its clusters cross one after the other",
    "matched_pairs": "its pairs are formed by the draw and not by the file",
    "adaptive": "its chances follow the outcomes as they come in",
}
"""Methods whose analysis hangs on more than each unit's arm and block."""


def redraw_of(law: Law) -> Redraw:
    """How to draw a law again. Raises Refused where its method cannot, or where arms alone do not tell enough."""
    if law.method in _NOT_REPLAYED:
        raise Refused(
            f"a `{law.method}` draw is not simulated: {_NOT_REPLAYED[law.method]}",
            "nudge power FILE says by formula what the design can show",
        )
    offered: Redraw | None = getattr(method(law.method), "redraws", None)
    if offered is not None:
        return offered
    if law.method in _FIXED_NUMBERS:
        return fixed_numbers
    raise Refused(
        f"`{law.method}` cannot be drawn many times over yet, so it cannot be simulated",
        "nudge power FILE says by formula what the design can show",
    )


def draw_units(trial: Trial, roll: Roll) -> list[DrawUnit]:
    """The roll's units as the draw may know them: blocks, and the columns it balances on."""
    names = trial.randomise.balance_on if trial.randomise else ()
    return [DrawUnit(unit.id, unit.block, {name: _of_unit(unit, name) for name in names}) for unit in roll.units]


def _of_unit(unit: Unit, name: str) -> Value:
    """A number is the mean over the unit's people; anything else is its first person's."""
    values = [person.columns[name] for person in unit.people]
    numbers = [value for value in values if isinstance(value, float | int) and not isinstance(value, bool)]
    return sum(numbers) / len(numbers) if numbers else values[0]


def fixed_numbers(units: Sequence[DrawUnit], law: Law, number: int, rng: np.random.Generator) -> NDArray[np.int8]:
    """(number, n) arms by position: the numbers of the draw in every block, in random order.

    What shares leave over goes out by systematic sampling, as in the draw itself (design/draw.py).
    """
    members: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
    for i, unit in enumerate(units):
        members[unit.block].append(i)
    arms = np.empty((number, len(units)), dtype=np.int8)
    for places in members.values():
        ends = _counts(len(places), law.ratio, number, rng).cumsum(axis=1)
        ordered = np.zeros((number, len(places)), dtype=np.int8)
        for k in range(len(law.arms) - 1):
            ordered += np.arange(len(places)) >= ends[:, k : k + 1]
        arms[:, places] = rng.permuted(ordered, axis=1)
    return arms


def _counts(n: int, ratio: Sequence[int], number: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """(number, K) units of each arm in a block of n."""
    share = np.array(ratio, dtype=np.int64)
    total = int(share.sum())
    whole, missing = n * share // total, n * share % total
    order = rng.random((number, share.size)).argsort(axis=1)
    start = rng.integers(total, size=(number, 1))
    passed = missing[order].cumsum(axis=1)
    extra = (passed - start - 1) // total - (passed - missing[order] - start - 1) // total
    counts = np.broadcast_to(whole, order.shape).copy()
    np.put_along_axis(counts, order, np.take_along_axis(counts, order, axis=1) + extra, axis=1)
    return counts
