"""Step-down adjustment that knows how the questions hang together (Romano & Wolf 2005, 2016; statistics.md 12).

Every draw gives every arm anew, whole units at a time, and with it the t of every question at once, so
that arms sharing a control, or outcomes that go together, cost less than Holm charges for them. The
largest t is adjusted by the largest of all questions, the next by the largest of those left, and so on.
Where no message changes anybody's outcome the chance of a false find is exact; studentising carries it
to large trials in which effects only average to nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from nudge.analysis.covariates import coded_columns, levels_of, matrix
from nudge.analysis.drawn_sums import t_ratio
from nudge.analysis.groups import compact, first_rows, numbered, rows_by_code
from nudge.analysis.randomisation import WITHIN_BLOCKS, tied
from nudge.analysis.redrawn import LIKE_T
from nudge.trial.records.analysis import Bools, Design, Floats, Ints
from nudge.trial.records.columns import some_rows

if TYPE_CHECKING:
    from nudge.analysis.lines import Line
    from nudge.trial.records.analysis import Estimate

FEWEST_UNITS = 30
"""Below so many randomised units in a comparison, t's own tails are too rough to be shared (statistics.md 12)."""
DRAWS = 5_000
_MANY_UNITS = 20_000
_DRAWS_OF_MANY = 1_000
_HELD = 4_000_000
SEED = 20_270_111

ArmDraws = Callable[[int, np.random.Generator], Ints]
"""(number, rng) → (number, units): each unit's arm by its code."""


@dataclass(frozen=True, slots=True)
class Units:
    """One outcome by randomised unit: sums, rows with an outcome, block. (units,) each."""

    total: Floats
    rows: Floats
    block: Ints


@dataclass(frozen=True, slots=True)
class Question:
    """One comparison of one outcome: the codes of its arms, and whether its blocks are pairs."""

    units: Units
    arm: int
    control: int
    paired: bool = False

    def t(self, drawn: Ints) -> Floats:
        """The estimator's t under each draw of all arms: (d, units) → (d,)."""
        sides = drawn == self.arm, drawn == self.control
        return _t_of_pairs(self.units, *sides) if self.paired else _t_within_blocks(self.units, *sides)


def _t_within_blocks(units: Units, arm: Bools, control: Bools) -> Floats:
    effect, variance, counted = np.zeros(len(arm)), np.zeros(len(arm)), np.zeros(len(arm))
    for block in np.unique(units.block):
        here = units.block == block
        one, other = (_mean(units.total[here], units.rows[here], side[:, here]) for side in (arm, control))
        both = (one[2] > 0) & (other[2] > 0)
        rows = np.where(both, one[2] + other[2], 0.0)
        effect += rows * np.where(both, one[0] - other[0], 0.0)
        variance += rows**2 * np.where(both, one[1] + other[1], 0.0)
        counted += rows
    counted = np.maximum(counted, 1.0)
    return t_ratio(effect / counted, variance / counted**2)


def _mean(total: Floats, rows: Floats, drawn: Bools) -> tuple[Floats, Floats, Floats]:
    """Mean over the rows of the units drawn, its CR2 variance, and how many rows they are."""
    chosen = drawn.astype(float)
    counted = chosen @ rows
    n = np.maximum(counted, 1.0)
    mean = (chosen @ total) / n
    if (rows == 1).all():
        spread = np.maximum(chosen @ total**2 - n * mean**2, 0.0)
        return mean, spread / np.maximum(1 - 1 / n, 1e-12) / n**2, counted
    left = (total - rows * mean[:, None]) ** 2 / (1 - np.minimum(rows / n[:, None], 1 - 1e-12))
    return mean, (chosen * left).sum(axis=1) / n**2, counted


def _t_of_pairs(units: Units, arm: Bools, control: Bools) -> Floats:
    """Every block gives one unit to each arm: the mean of their weighted differences over its error."""
    of_block = (units.block[:, None] == np.unique(units.block)).astype(float)
    mean = units.total / np.maximum(units.rows, 1.0)
    rows = [(side * units.rows) @ of_block for side in (arm, control)]
    apart = ((arm * mean) @ of_block - (control * mean) @ of_block) * (rows[0] + rows[1])
    return t_ratio(apart.sum(axis=1), apart.shape[1] * apart.var(axis=1, ddof=1))


def step_down(observed: Floats, drawn: Floats) -> Floats:
    """Adjusted p-values, in the order given. observed: (q,) |t|. drawn: (draws, q) |t| of every draw.

    Algorithm 4.2 of Romano & Wolf (2016): the draw that was made counts among the draws.
    """
    order = np.argsort(-observed, kind="stable")
    p = np.empty(observed.size)
    least = 0.0
    for i, question in enumerate(order):
        largest = drawn[:, order[i:]].max(axis=1)
        hits = int((largest >= tied(float(observed[question]))).sum())
        least = max(least, (hits + 1) / (len(drawn) + 1))
        p[question] = least
    return p


@dataclass(frozen=True, slots=True)
class SteppedDown:
    """Adjusted p-values in the order of the questions, and how they were found."""

    p_values: tuple[float, ...]
    how: str


def adjust(questions: Sequence[Question], draw: ArmDraws, made: Ints, *, draws: int, seed: int = SEED) -> SteppedDown:
    """Romano and Wolf's step-down over draws of all arms. made: (units,) the arms as drawn."""
    observed = np.abs(np.concatenate([one.t(made[None, :]) for one in questions]))
    rng = np.random.default_rng(seed)
    step = max(1, _HELD // made.size)
    found = []
    for start in range(0, draws, step):
        some = draw(min(step, draws - start), rng)
        found.append(np.column_stack([np.abs(one.t(some)) for one in questions]))
    p = step_down(observed, np.concatenate(found))
    return SteppedDown(
        tuple(p.tolist()), f"adjusted by Romano and Wolf's step-down over {draws:,} draws of all arms, seed {seed}"
    )


def stepped_down(lines: Sequence[Estimate], planned: Mapping[int, Line]) -> list[Estimate]:
    """Every family of planned lines adjusted; where that cannot be had, Holm's p-value stays, and why.

    planned: the comparison of each planned line, by its place in `lines`. No line is adjusted below its own p.
    """
    result = list(lines)
    families: defaultdict[str, list[int]] = defaultdict(list)
    for i in planned:
        if lines[i].p_value is not None:
            families[lines[i].family].append(i)
    for members in families.values():
        found = adjusted_by_draw([(planned[i], lines[i]) for i in members])
        for place, i in enumerate(members):
            line = lines[i]
            if isinstance(found, str):
                said, p = f"Holm's adjustment instead of Romano and Wolf's: {found}", line.p_adjusted
            else:
                said, p = found.how, max(found.p_values[place], line.p_value or 0.0)
            result[i] = replace(line, p_adjusted=p, note=f"{line.note}; {said}" if line.note else said)
    return result


def adjusted_by_draw(lines: Sequence[tuple[Line, Estimate]]) -> SteppedDown | str:
    """A family's planned lines adjusted together; or, where that cannot be had, why."""
    first = lines[0][0]
    why = _why_not(lines, first.design)
    if why:
        return why
    unit, codes = numbered(first.rows.unit)
    firsts = first_rows(unit)
    codes_of, names = levels_of(first.rows.arm.at(firsts))
    made = codes_of.astype(np.int64)
    block = compact(first.rows.block[firsts])
    position = {name: i for i, name in enumerate(names)}
    questions = [
        Question(
            _units(line, estimate, codes.size, block), position[estimate.arm], position[estimate.control],
            paired=estimate.estimator == "paired",
        )
        for line, estimate in lines
    ]  # fmt: skip
    draws = DRAWS if codes.size <= _MANY_UNITS else _DRAWS_OF_MANY
    return adjust(questions, _draws_of(first.design, codes, position, made, block), made, draws=draws)


def _why_not(lines: Sequence[tuple[Line, Estimate]], design: Design) -> str:
    """What stands in the way, in words; nothing where nothing does."""
    if design.method is None:
        return "the law of the draw is not known"
    if design.method not in WITHIN_BLOCKS and design.law is None:
        return f"a {design.method} draw cannot be made again from these rows"
    if any(line.apart for line, _ in lines):
        return "an arm took nobody for a while, so the comparisons are not of the same families"
    other = [one.estimator for _, one in lines if one.estimator not in LIKE_T or one.std_error is None]
    if other:
        return "some comparison of the family has no t that could be drawn again"
    fewest = min(line.pair().units for line, _ in lines)
    if fewest < FEWEST_UNITS:
        return f"a comparison has {fewest} randomised units, and it takes {FEWEST_UNITS}"
    return ""


def _draws_of(design: Design, codes: Ints, position: dict[str, int], made: Ints, block: Ints) -> ArmDraws:
    """The stored law's draws of every unit, or arms exchanged within blocks."""
    law = design.law
    if law is not None:
        to_ours = np.array([position.get(name, -1) for name in law.arms], dtype=np.int64)
        return lambda number, rng: to_ours[law.redraw(number, rng)[:, codes]]
    blocks = rows_by_code(block)

    def exchanged(number: int, rng: np.random.Generator) -> Ints:
        drawn = np.empty((number, made.size), dtype=np.int64)
        for here in blocks:
            drawn[:, here] = rng.permuted(np.broadcast_to(made[here], (number, here.size)), axis=1)
        return drawn

    return exchanged


def _units(line: Line, estimate: Estimate, units: int, block: Ints) -> Units:
    """An outcome by unit, freed of what covariates predict over all arms where the planned fit adjusts for them."""
    rows = line.rows
    known = ~np.isnan(rows.outcome)
    y = rows.outcome[known]
    unit = compact(rows.unit)[known]
    if estimate.covariates:
        values = {name: some_rows(rows.covariates[name], known) for name in estimate.covariates}
        coded = coded_columns(values, np.ones(y.size, dtype=bool))
        x = np.column_stack([np.ones_like(y), matrix(coded, y.size)])
        y = y - x @ np.linalg.lstsq(x, y)[0]
    counted = np.bincount(unit, minlength=units).astype(float)
    total = np.bincount(unit, y, minlength=units).astype(float)
    within = block if line.design.blocks else np.zeros(units, dtype=np.int64)
    if estimate.estimator == "cluster_means":
        return Units(total / np.maximum(counted, 1.0), np.minimum(counted, 1.0), within)
    return Units(total, counted, within)
