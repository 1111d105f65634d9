"""Subgroups named in the plan: first whether the effect differs at all, then the effect in each.

The interaction is what a subgroup claim is about (Wang et al. 2007, NEJM 357:2189); effects within levels
stand beside it, adjusted as a family of their own, and never set a verdict (statistics.md 12).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from nudge.analysis.comparison import Pair, informative
from nudge.analysis.covariates import by_level
from nudge.analysis.groups import by_side, compact, distinct, looked_up
from nudge.analysis.inference import answer
from nudge.analysis.joint import JointTest, joint_test
from nudge.analysis.least_squares import Column
from nudge.analysis.linear_effect import arm_model, centred_blocks, grouped
from nudge.analysis.risk_bands import bands_of, predicted_level
from nudge.trial.errors import EstimationRefused
from nudge.trial.records.columns import Coded, some_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nudge.analysis.lines import Line
    from nudge.trial.records.analysis import Bools, Estimate, Ints, Label

RISK = "level_predicted_without_the_message"
FEWEST_UNITS = 5
"""Randomised units of an arm below which a level is not shown by itself."""
_NO_SIGN = 0.05


@dataclass(frozen=True, slots=True)
class Levels:
    """A comparison's rows by level of one column: pair, codes (n,), names."""

    pair: Pair
    codes: Ints
    names: tuple[str, ...]

    def shown(self) -> list[int]:
        """Levels with enough units of both arms."""
        number = len(self.names)
        if self.pair.clustered:
            fewest = [self._fewest(self.codes == i) for i in range(number)]
        else:
            fewest = by_side(self.codes, self.pair.treated).min(axis=1).tolist()
        return [i for i, units in enumerate(fewest) if units >= FEWEST_UNITS]

    def _fewest(self, here: Bools) -> int:
        return min(distinct(self.pair.unit[here & (self.pair.treated == side)]) for side in (True, False))


def subgroup_lines(line: Line, label: Label) -> Iterator[Estimate]:
    """Effects within the levels of every declared column, each with the test that they are all alike."""
    if line.outcome.role != "primary":
        return
    for column, levels in _declared(line):
        shown = levels.shown()
        if len(shown) < 2:  # noqa: PLR2004 - one level is no subgroup
            continue
        said = _said(levels, shown)
        for i in shown:
            pair = levels.pair.only(levels.codes == i)
            found = answer(_recoded(pair), line.design, binary=line.binary, average=line.trial.analysis.average)
            made = line.line(pair, found, line.trial.analysis.average, (), label, said)
            # Most units of a level have one row, and what few pairs say of their likeness means nothing.
            yield replace(
                made, role="subgroup", family=f"subgroup {column}", level=f"{column}: {levels.names[i]}", icc=None
            )


def _declared(line: Line) -> Iterator[tuple[str, Levels]]:
    """The columns that the plan names, then bands of predicted risk where it asks for them."""
    for column in line.trial.analysis.subgroups:
        yield column, levels_of(line, column)
    plan = line.trial.analysis.risk_bands
    if plan is None:
        return
    arms = line.rows.arm.among([line.comparison.arm, line.comparison.control])
    try:
        level = predicted_level(line.rows, line.comparison.control, arms, plan.predicted_from, binary=line.binary)
    except EstimationRefused:
        return
    codes, names = bands_of(level[arms & ~np.isnan(line.rows.outcome)], plan.bands)
    yield RISK, Levels(line.pair(), codes, names)


def levels_of(line: Line, column: str) -> Levels:
    """The rows of a comparison by level; numbers are cut at their median."""
    pair = line.pair()
    here = line.rows.arm.among([line.comparison.arm, line.comparison.control]) & ~np.isnan(line.rows.outcome)
    values = some_rows(line.rows.covariates[column], here)
    if line.rows.types[column] == "number" and not isinstance(values, Coded):
        middle = float(np.nanmedian(values)) if not np.isnan(values).all() else 0.0
        side = np.where(np.isnan(values), -1, values > middle).astype(np.int32)
        values = Coded(side, (f"up to {middle:g}", f"above {middle:g}"))
    codes, names = by_level(values, line.rows.types[column])
    return Levels(pair, codes, names)


def _recoded(pair: Pair) -> Pair:
    return replace(pair, unit=compact(pair.unit), block=compact(pair.block))


def _said(levels: Levels, shown: list[int]) -> str:
    try:
        test = interaction(levels, shown)
    except EstimationRefused as refusal:
        return f"whether the effect differs cannot be tested: {refusal.what}"
    meant = "no sign" if test.p_value >= _NO_SIGN else "a sign"
    return f"{meant} that the effect differs between levels, {test}"


def interaction(levels: Levels, shown: list[int]) -> JointTest:
    """One F test of every arm × level but the first, blocks beside."""
    keep = looked_up(np.isin(np.arange(len(levels.names)), shown), levels.codes)
    pair = _recoded(levels.pair.only(keep))
    codes = compact(levels.codes[keep])
    if pair.blocks > 1:
        both = informative(replace(pair, covariates={"level": codes.astype(float)}))[0]
        pair, codes = _recoded(both), both.matrix[:, 0].astype(np.int64)
    pair = replace(pair, covariates={})
    made = grouped(pair, codes)
    own = [Column(f"level {i}", (made.extra == i).astype(float)) for i in range(1, int(codes.max()) + 1)]
    crossed = [column.times(made.treated, f"arm × {column.name}") for column in own]
    model = arm_model(made, pair.y, [*centred_blocks(made), *own, *crossed])
    contrasts = np.column_stack([model.contrast(column.name) for column in crossed])
    return joint_test(model, contrasts, pair.unit if pair.clustered else None)
