"""What one comparison of a planned trial can show: every figure that `nudge power` prints."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from nudge.design.power import Expected, Plan, detectable_effect, expected_at, expected_over, factor_needed, power
from nudge.design.power import standard_error as error_of
from nudge.design.priors import PRIORS

_POINTS = 25
_REACH = 2.0
"""The curve goes to this many times the detectable or the worthwhile effect, whichever is larger."""


@dataclass(frozen=True, slots=True)
class Aim:
    """What a comparison should find: the effect that would alter the decision, and how surely."""

    worthwhile: float
    target: float
    prior: str


@dataclass(frozen=True, slots=True)
class PowerLine:
    """One primary outcome and comparison. Effects are oriented: positive is better.

    Proportions are 0 to 1, ratios natural logarithms (turn −1: of a ratio below 1), other effects in the outcome's
    unit. alpha: two-sided, after the
    division over the family. units, people: those of this comparison. needed_times: how many
    times the whole design reaches the target, None beyond a thousand. verdicts: the chance of
    each at no effect, at the worthwhile effect and over the prior. priors: what is expected
    over each, empty where the outcome is no proportion. by_icc: power at worthwhile by ICC.
    """

    outcome: str
    comparison: str
    scale: str
    unit: str
    turn: int
    alpha: float
    units: float
    people: float
    average: str
    icc: float
    standard_error: float
    df: float
    worthwhile: float
    target: float
    detectable: float | None
    power: float
    needed_times: float | None
    needed_units: int | None
    verdicts: Mapping[str, Mapping[str, float]]
    prior: str
    priors: Mapping[str, Expected]
    by_icc: Mapping[float, float]
    curve: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Named:
    """What to call a comparison in a power line."""

    outcome: str
    comparison: str
    unit: str
    """`points`, `times`, or the outcome's own unit."""
    turn: int = 1
    """−1 where the ratio that is looked for is below 1."""


def power_line(named: Named, plan: Plan, aim: Aim, total_units: float, iccs: Sequence[float] = ()) -> PowerLine:
    """Every figure of one comparison.

    total_units: randomised units in all arms together. iccs: other correlations to show.
    """
    error, df = error_of(plan)
    found = detectable_effect(plan, aim.target)
    factor = factor_needed(plan, aim.worthwhile, aim.target)
    proportion = plan.proportion
    priors = {name: expected_over(prior, plan, aim.worthwhile) for name, prior in PRIORS.items()} if proportion else {}
    verdicts = {
        "nothing": expected_at(0.0, plan, aim.worthwhile).verdicts,
        "worthwhile": expected_at(aim.worthwhile, plan, aim.worthwhile).verdicts,
    }
    if proportion:
        verdicts["the prior"] = priors[aim.prior].verdicts
    return PowerLine(
        named.outcome, named.comparison, plan.scale, named.unit, named.turn, plan.alpha,
        plan.units, plan.units * plan.rows * (len(plan.steps) + 1 if plan.steps else 1), plan.average, plan.icc,
        error, df, aim.worthwhile, aim.target,
        found, power(plan, aim.worthwhile), factor, None if factor is None else math.ceil(factor * total_units),
        verdicts, aim.prior, priors, {icc: power(replace(plan, icc=icc), aim.worthwhile) for icc in iccs},
        power_curve(plan, max(found or 0.0, aim.worthwhile) * _REACH),
    )  # fmt: skip


def power_curve(plan: Plan, top: float) -> tuple[tuple[float, float], ...]:
    """Power at effects from nothing to `top`, as far as the outcome can rise."""
    if plan.law is not None:
        top = min(top, plan.law.most())
    elif plan.baseline is not None and plan.proportion:
        top = min(top, 1 - plan.baseline)
    effects = [top * i / (_POINTS - 1) for i in range(_POINTS)]
    return tuple((effect, power(plan, effect)) for effect in effects)


def copies_needed(plan: Plan, aim: Aim) -> tuple[int, float] | None:
    """How many such councils or schools together reach the target, and their power; None beyond a thousand."""
    factor = factor_needed(plan, aim.worthwhile, aim.target)
    if factor is None:
        return None
    copies = math.ceil(factor)
    return copies, power(plan.times(copies), aim.worthwhile)
