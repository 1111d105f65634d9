"""Factorial designs: the effect of each factor, averaged over the levels of the others (statistics.md 19).

Every arm is a combination of levels. A main effect is the mean, over the combinations of the other
factors, of the difference between two levels: a contrast of arm means, each combination counting the
same whatever its size (Dasgupta, Pillai & Rubin 2015). Blocks enter centred, within each arm where every
block has two units of every arm. HC2 or CR2 with Satterthwaite degrees of freedom.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from nudge.analysis.answers import Answer, t_p_value
from nudge.analysis.cells import cells_of
from nudge.analysis.comparison import Choice
from nudge.analysis.groups import compact, distinct, first_rows
from nudge.analysis.least_squares import Column, LinearFit, fit
from nudge.analysis.linear_effect import LEAST_DF, need_variance
from nudge.analysis.sandwich import clustered
from nudge.trial.errors import EstimationRefused
from nudge.trial.problems import listed
from nudge.trial.quantities import Comparison
from nudge.trial.records.analysis import AnalysisRows, Estimate, Floats, Ints, Label
from nudge.trial.records.columns import Coded

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from nudge.analysis.lines import Line
    from nudge.trial.model import Trial

ESTIMAND = "average effect of a factor's level, over the levels of the other factors"


@dataclass(frozen=True, slots=True)
class FactorEffect:
    """One level against another of a factor: what each arm weighs in it."""

    factor: str
    level: str
    against: str
    weights: Mapping[str, float]


def factor_effects(levels: Mapping[str, Mapping[str, str]]) -> list[FactorEffect]:
    """Every main effect of a complete factorial; none where some combination has no arm, or there is one factor.

    levels: by arm, its level of every factor. Levels are compared with the first that is named.
    """
    factors = list(dict.fromkeys(factor for of in levels.values() for factor in of))
    if len(factors) < 2 or any(set(of) != set(factors) for of in levels.values()):  # noqa: PLR2004 - one factor is arms
        return []
    arm_of = {tuple(of[factor] for factor in factors): arm for arm, of in levels.items()}
    named = [list(dict.fromkeys(of[factor] for of in levels.values())) for factor in factors]
    if len(arm_of) != len(levels) or len(levels) != int(np.prod([len(one) for one in named])):
        return []
    found = []
    for i, factor in enumerate(factors):
        for level in named[i][1:]:
            share = len(named[i]) / len(levels)
            weights = {
                arm: share * ((key[i] == level) - (key[i] == named[i][0]))
                for key, arm in arm_of.items() if key[i] in {level, named[i][0]}
            }  # fmt: skip
            found.append(FactorEffect(factor, level, named[i][0], weights))
    return found


def levels_by_arm(trial: Trial) -> dict[str, dict[str, str]]:
    """By arm, its level of every factor."""
    return {name: dict(arm.levels) for name, arm in trial.arms.items() if arm.levels}


def is_factorial(trial: Trial) -> bool:
    """Whether main effects can be told: every combination of two factors or more has an arm."""
    return bool(factor_effects(levels_by_arm(trial)))


def simple_effect(trial: Trial, comparison: Comparison) -> str:
    """What a comparison of two single arms says in a factorial trial, and what it does not average over."""
    levels = levels_by_arm(trial)
    if not is_factorial(trial) or {comparison.arm, comparison.control} - set(levels):
        return ""
    arm, control = levels[comparison.arm], levels[comparison.control]
    apart = [factor for factor in arm if arm[factor] != control[factor]]
    if len(apart) > 1:
        return f"{listed(apart)} differ at once between these arms: their joint effect, averaged over nothing"
    held = listed(f"{factor} is {level}" for factor, level in arm.items() if factor not in apart)
    return (
        f"simple effect of {apart[0]}: {arm[apart[0]]} against {control[apart[0]]} only where {held}; its main effect "
        "averages over the other levels too"
    )


def arm_means(rows: AnalysisRows, arms: Sequence[str]) -> tuple[LinearFit, Ints]:
    """A model with a mean for every arm, adjusted for centred blocks; and the units of its rows."""
    here = rows.arm.among(arms) & ~np.isnan(rows.outcome)
    of = rows.arm.at(here)
    arm = np.array([arms.index(one) if one in arms else -1 for one in of.levels], dtype=np.int64)[of.codes]
    unit, block = compact(rows.unit[here]), compact(rows.block[here])
    if distinct(arm) < len(arms):
        raise EstimationRefused("some combination of levels has no rows", "read the comparisons of single arms")
    cells = cells_of([arm, block])
    of_arm = [(cells.levels[:, 0] == i).astype(float) for i in range(len(arms))]
    columns = [Column(name, values) for name, values in zip(arms, of_arm, strict=True)]
    within = _fewest(arm, unit, block) >= 2  # noqa: PLR2004 - a variance needs two
    for b in range(1, int(block.max()) + 1):
        member = (cells.levels[:, 1] == b).astype(float)
        centred = Column(f"block {b}", member - float(member @ cells.count) / float(cells.count.sum()))
        inside = [centred.times(values, f"{name} × block {b}") for name, values in zip(arms, of_arm, strict=True)]
        columns += inside if within else [centred]
    return fit(cells, rows.outcome[here], columns), unit


def _fewest(arm: Ints, unit: Ints, block: Ints) -> int:
    firsts = first_rows(unit)
    size = int(arm.max()) + 1
    counts = np.bincount(block[firsts] * size + arm[firsts], minlength=size * (int(block.max()) + 1))
    return int(counts.min())


def factor_lines(line: Line, label: Label) -> Iterator[Estimate]:
    """Main effects of a primary outcome, once for the trial; simple effects are the comparisons themselves."""
    levels = levels_by_arm(line.trial)
    effects = factor_effects(levels)
    if line.outcome.role != "primary" or not effects:
        return
    try:
        model, unit = arm_means(line.rows, list(levels))
    except EstimationRefused:
        return
    for effect in effects:
        contrast: Floats = np.zeros(len(model.names))
        for arm, weight in effect.weights.items():
            contrast += weight * model.contrast(arm)
        variance = clustered(model, unit, contrast)
        try:
            need_variance(variance)
        except EstimationRefused:
            continue
        if variance.df >= LEAST_DF and variance.std_error > 0:
            others = {one: of for one, of in _named_levels(levels).items() if one != effect.factor}
            yield _shown(line, effect, others, model.estimate(contrast), variance.std_error, variance.df, label)


def _named_levels(levels: Mapping[str, Mapping[str, str]]) -> dict[str, list[str]]:
    factors = dict.fromkeys(factor for of in levels.values() for factor in of)
    return {factor: list(dict.fromkeys(of[factor] for of in levels.values())) for factor in factors}


def _averaged(others: Mapping[str, Sequence[str]]) -> str:
    over = "; ".join(f"{factor} ({listed(levels)})" for factor, levels in others.items())
    return f"main effect, averaged over {over}, every combination counting the same; it holds for none of them alone"


def _shown(
    line: Line, effect: FactorEffect, others: Mapping[str, Sequence[str]], found: float, error: float, df: float,
    label: Label,
) -> Estimate:  # fmt: skip
    """A line of the results: rows of one level against rows of the other."""
    sides = [line.rows.arm.among(arm for arm, w in effect.weights.items() if (w > 0) == up) for up in (True, False)]
    level = np.select(sides, [0, 1], -1).astype(np.int32)
    merged = replace(line.rows, arm=Coded(level, (effect.level, effect.against)))
    levels = replace(line, rows=merged, comparison=Comparison(effect.level, effect.against))
    pair = levels.pair()
    choice = Choice("factorial", "CR2" if pair.clustered else "HC2", "none", "a contrast of arm means")
    made = levels.line(
        pair, Answer(choice, found, error, df, t_p_value(found / error, df), choice.vcov, ""), "person", (), label,
        _averaged(others), ESTIMAND,
    )  # fmt: skip
    return replace(
        made, role="factor", family="factors", arm=f"{effect.factor}: {effect.level}",
        control=f"{effect.factor}: {effect.against}",
    )  # fmt: skip
