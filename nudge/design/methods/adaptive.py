"""Adaptive: units come in batches, and arms that did better get more of the next batch.

The first batch is drawn with equal chances. Before every other the chances are worked out
(design/thompson.py), rounded to four decimals and logged; the register takes them from the log
and never looks at an outcome. Within a batch each unit is drawn independently: the choice
among the arms, in the file's order, is that of HMAC-SHA256(seed, trial ‖ 0 ‖ "adaptive" ‖ 0 ‖
digest(unit)); an arm that is closed has no chance, and the others keep their shares of one
another. The chances logged for batch 2, 3 … stand in the law's parameter `batches`, so that a
replay needs nothing else; given them, re-draws and every draw are independent draws.

`played` runs the whole rule on outcomes as they come; `replays` does so under the claim that no arm
changes any outcome.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from nudge.design.chance import chance, choose
from nudge.design.closed import among_open, closed_at, has_closed
from nudge.design.fixed_numbers import options, refuse
from nudge.design.independent import as_matrix, every_independent_draw, independent_redraws
from nudge.design.methods import Flaw
from nudge.design.rolling import Entries, draw_in_order
from nudge.design.thompson import FLOOR, batch_probabilities
from nudge.trial.errors import InputError
from nudge.trial.records.design import Allocated, Allocation, DrawUnit, Law, Seed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

UNITS: Final = "people"
BLOCKS: Final = "never"
ENROLMENT: Final = "rolling"
PARAMETERS: Final = frozenset({"batch", "floor"})
REQUIRED: Final = frozenset({"batch"})

_THREE = 3

Learnt = tuple[NDArray[np.int64], NDArray[np.int64]]
"""Successes and trials by arm of every run, (number, K) each."""
Learn = Callable[[NDArray[np.int8], int], Learnt]

__all__ = [
    "BLOCKS", "ENROLMENT", "PARAMETERS", "REQUIRED", "UNITS", "batch_probabilities",
    "counted", "draw", "every_draw", "flaws", "options", "played", "probabilities", "redraws", "refuse", "register",
    "replays",
]  # fmt: skip


def flaws(law: Law) -> Iterator[Flaw]:
    """Something left to adapt, and batches that can hold every arm."""
    arms = len(law.arms)
    if len(set(law.ratio)) > 1:
        yield Flaw(("randomise", "ratio"), "does not apply: the first batch is even, later ones adapt", "leave it out")
    if law.control is not None and arms < _THREE:
        yield Flaw(
            ("arms",), "has one arm beside the control, which keeps its half: nothing is left to adapt",
            "add an arm, or use `method: permuted_blocks`",
        )  # fmt: skip
    floor = law.parameters.get("floor", FLOOR)
    if not 0 < floor <= 1 / arms:
        told = "lets an arm die out" if floor <= 0 else f"leaves {arms} arms nothing to adapt"
        yield Flaw(("randomise", "floor"), f"{floor:.0%} {told}", f"write a chance above 0 and below {1 / arms:.0%}")
    batch = law.parameters.get("batch")
    if batch is not None and batch < 2 * arms:
        yield Flaw(("randomise", "batch"), f"{batch} units are too few for {arms} arms", f"use {2 * arms} or more")


def chances_of_batches(law: Law) -> list[tuple[Fraction, ...]]:
    """The chances of every batch so far, exactly: the first even, the others as logged."""
    even = (Fraction(1, len(law.arms)),) * len(law.arms)
    return [even, *(_exact(logged, law) for logged in law.parameters.get("batches", ()))]


def _exact(logged: Sequence[float], law: Law) -> tuple[Fraction, ...]:
    chances = tuple(Fraction(str(one)) for one in logged)
    if len(chances) != len(law.arms) or sum(chances) != 1 or min(chances) <= 0:
        raise InputError(
            f"{list(logged)} are not the chances of {len(law.arms)} arms", "give one above 0 for each, summing to 1"
        )
    return chances


class AdaptiveRegister:
    """Units as they come, and the batches opened so far."""

    def __init__(self, law: Law, seed: Seed) -> None:
        self.law, self.seed = law, seed
        self.entries = Entries(seed)
        self.batches = chances_of_batches(law)
        self.size: int = law.parameters["batch"]

    @property
    def waits(self) -> bool:
        """Whether the next unit needs a batch that has not been opened."""
        return len(self.entries.known) // self.size >= len(self.batches)

    def open_batch(self, logged: Sequence[float]) -> None:
        """Take the chances of the next batch, which the caller has logged."""
        if not self.waits:
            raise InputError(f"batch {len(self.batches)} is not full", "log the next chances when it is")
        self.batches.append(_exact(logged, self.law))

    def enter(self, unit: DrawUnit) -> Allocated:
        """The arm of the next unit. Raises InputError where its batch has no chances yet."""
        batch = len(self.entries.known) // self.size
        if batch >= len(self.batches):
            raise InputError(f"batch {batch + 1} has no chances yet", "work them out and log them before it begins")
        chances = among_open(self.batches[batch], closed_at(self.law, len(self.entries.known)))
        digest = self.entries.add(unit)
        k = choose(chances, chance(self.seed, self.law.trial, "adaptive", digest))
        return Allocated(unit.id, digest, unit.block, self.law.arms[k], float(chances[k]), group=batch + 1)


register = AdaptiveRegister


def draw(units: Sequence[DrawUnit], law: Law, seed: Seed) -> Allocation:
    """Enter units in the order given, which is that of enrolment."""
    return draw_in_order(units, law, register(law, seed))


def _chances(units: Sequence[DrawUnit], law: Law) -> list[tuple[Fraction, ...]]:
    batches, size = chances_of_batches(law), law.parameters["batch"]
    if len(units) > size * len(batches):
        raise InputError(f"batch {len(batches) + 1} has no chances yet", "log them in `batches` first")
    return [among_open(batches[i // size], closed_at(law, i)) for i in range(len(units))]


def probabilities(units: Sequence[DrawUnit], law: Law) -> NDArray[np.float64]:
    """Each unit's chance of each arm, (n, K), as logged for its batch; NaN for batches not opened."""
    batches, size = chances_of_batches(law), law.parameters["batch"]
    opened = min(len(units), size * len(batches))
    result = np.full((len(units), len(law.arms)), np.nan)
    if opened:
        result[:opened] = as_matrix(_chances(units[:opened], law))
    return result


def redraws(units: Sequence[DrawUnit], law: Law, number: int, rng: np.random.Generator) -> NDArray[np.int8]:
    """Fresh draws with the chances as logged, (number, n)."""
    return independent_redraws(as_matrix(_chances(units, law)), number, rng)


def every_draw(units: Sequence[DrawUnit], law: Law) -> Iterator[tuple[tuple[int, ...], Fraction]]:
    """Every draw with the chances as logged. Raises TooMany above ENUMERATION_LIMIT."""
    return every_independent_draw(_chances(units, law))


def replays(
    outcomes: Sequence[float], matured: Sequence[int], law: Law, number: int, rng: np.random.Generator
) -> NDArray[np.int8]:
    """The rule run again where no arm changes any outcome, (number, n).

    outcomes: (n,) 1 for the better outcome, 0 for the other, NaN where it stays unknown, in the
    order of enrolment. matured: (n,) number of the first batch, from 2, that could use it.
    """
    seen, ready = np.asarray(outcomes, dtype=float), np.asarray(matured)

    def learnt(drawn: NDArray[np.int8], batch: int) -> Learnt:
        first = drawn.shape[1]
        use = np.flatnonzero((ready[:first] <= batch) & ~np.isnan(seen[:first]))
        shape = (number, use.size)
        return counted(drawn[:, use], np.broadcast_to(seen[use], shape), np.ones(shape), law)

    return played(len(seen), law, number, rng, learnt)


def played(n: int, law: Law, number: int, rng: np.random.Generator, learnt: Learn) -> NDArray[np.int8]:
    """The whole rule, batch by batch, (number, n).

    learnt: of the arms drawn so far, (number, units), and the number of the batch that opens, from
    2: successes and trials by arm, (number, K) each.
    """
    size, arms = law.parameters["batch"], len(law.arms)
    drawn = np.empty((number, n), dtype=np.int8)
    for first in range(0, n, size):
        here = slice(first, min(first + size, n))
        chances = np.full((number, arms), 1 / arms)
        if first:
            chances = _chances_from(*learnt(drawn[:, :first], first // size + 1), law)
        marks = rng.random((number, here.stop - here.start))
        drawn[:, here] = (marks[:, :, None] >= _open_to(chances, here, law).cumsum(axis=2)[:, :, :-1]).sum(axis=2)
    return drawn


def _open_to(chances: NDArray[np.float64], here: slice, law: Law) -> NDArray[np.float64]:
    """A batch's chances, (number, K), as each of its units meets them: (number, 1 or units, K)."""
    if not has_closed(law):
        return chances[:, None, :]
    open_ = np.array([[k not in closed_at(law, i) for k in range(len(law.arms))] for i in range(here.start, here.stop)])
    left = chances[:, None, :] * open_
    shared: NDArray[np.float64] = left / left.sum(axis=2, keepdims=True)
    return shared


def counted(drawn: NDArray[np.int8], successes: NDArray[np.float64], trials: NDArray[np.float64], law: Law) -> Learnt:
    """Successes and trials of every unit, (number, units) each, by arm."""
    each = [((successes * (drawn == k)).sum(axis=1), (trials * (drawn == k)).sum(axis=1)) for k in range(len(law.arms))]
    good, known = (np.rint(np.stack(one, axis=1)).astype(np.int64) for one in zip(*each, strict=True))
    return good, known


def _chances_from(successes: NDArray[np.int64], trials: NDArray[np.int64], law: Law) -> NDArray[np.float64]:
    """Each replay's chances of the next batch, (number, K), worked out once for equal counts."""
    arms = len(law.arms)
    control = None if law.control is None else law.arms.index(law.control)
    floor = law.parameters.get("floor", FLOOR)
    counts, which = np.unique(np.hstack([successes, trials]), axis=0, return_inverse=True)
    each = [batch_probabilities(row[:arms].tolist(), row[arms:].tolist(), control, floor) for row in counts]
    return np.array(each)[which.reshape(-1)]
