"""What a design can show: standard error, power, detectable effect, size, and the odds of each verdict.

The variance is that of the estimator the design will get: differences within blocks weighted
by size, inflated by the design effect of clusters of unequal size, deflated by what covariates
explain, with Bell-McCaffrey degrees of freedom and a noncentral t. Effects are proportions
for yes-or-no outcomes and in the outcome's own unit otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from nudge.design.phased import wedge_df, wedge_error

if TYPE_CHECKING:
    from nudge.design.power_laws import OutcomeLaw
    from nudge.trial.records.analysis import Floats
    from nudge.trial.records.design import Prior

_STEPS = 60
_GRID = 401
_FAR_OUT = 20.0


@dataclass(frozen=True, slots=True)
class Block:
    """Randomised units of both arms in one block."""

    treated: float
    control: float


@dataclass(frozen=True, slots=True)
class Plan:
    """One comparison as it will be analysed.

    blocks: where arms are compared. rows: mean number of rows per unit; cv: coefficient of
    variation of that number. icc: how alike the rows of one unit are. spread: standard
    deviation of the outcome, None for a proportion with this `baseline`. r2: share of the
    variance that covariates explain. alpha: two-sided, already divided over the family.
    known: share of rows whose outcome will be known. reached: share of the arm that will
    get its message; an effect on those reached is diluted by it. average: over each person, or
    over each cluster; inverse_rows: the mean of 1/rows for the latter, where it is known.
    parameters: what the model spends of the units where the degrees of
    freedom are units − parameters; None for Bell-McCaffrey's. steps: in a stepped wedge, the
    clusters that cross at each step; rows are then those of a cluster and period, and cac is
    how much of the ICC two periods of a cluster share; averaged: the effect is the mean over the
    periods since crossing, and not one constant. law: of an outcome that is more than a level and
    a spread, which then settles the variance.
    """

    blocks: tuple[Block, ...]
    alpha: float
    rows: float = 1.0
    cv: float = 0.0
    icc: float = 0.0
    baseline: float | None = None
    spread: float | None = None
    r2: float = 0.0
    known: float = 1.0
    reached: float = 1.0
    average: str = "person"
    inverse_rows: float | None = None
    parameters: float | None = None
    steps: tuple[float, ...] = ()
    cac: float = 1.0
    averaged: bool = False
    law: OutcomeLaw | None = None

    @property
    def proportion(self) -> bool:
        """Whether effects are differences between chances."""
        return self.law is None and self.spread is None

    @property
    def scale(self) -> str:
        """Of effects."""
        if self.law is not None:
            return self.law.scale
        return "probability" if self.proportion else "mean"

    @property
    def turn(self) -> int:
        """−1 where a better ratio is one below 1."""
        return 1 if self.law is None else self.law.turn

    @property
    def units(self) -> float:
        """Randomised units in the comparison."""
        return sum(self.steps) or sum(block.treated + block.control for block in self.blocks)

    def times(self, factor: float) -> Plan:
        """The same design with `factor` times the units: that many councils alike."""
        return replace(
            self, blocks=tuple(Block(b.treated * factor, b.control * factor) for b in self.blocks),
            steps=tuple(number * factor for number in self.steps),
            parameters=None if self.parameters is None else self.parameters * max(factor, 1.0),
        )  # fmt: skip


def design_effect(rows: float, cv: float, icc: float) -> float:
    """How much clusters inflate a variance: 1 + ((cv² + 1)·m − 1)·ICC (Eldridge et al. 2006)."""
    return 1 + ((cv**2 + 1) * rows - 1) * icc if rows > 1 else 1.0


def unit_variance(plan: Plan) -> float:
    """What the mean of one unit adds to the estimate's variance, as a share of a single row's.

    People count the same: the design effect over the rows with an outcome. Clusters count the
    same: ICC + (1 − ICC) · mean of 1/rows, which for log-normal sizes is (1 + cv²) / rows.
    """
    rows = plan.rows * plan.known
    if plan.average == "cluster" and rows > 1:
        inverse = (1 + plan.cv**2) / rows if plan.inverse_rows is None else plan.inverse_rows / plan.known
        return plan.icc + (1 - plan.icc) * min(1.0, inverse)
    return design_effect(rows, plan.cv, plan.icc) / rows


def standard_error(plan: Plan, effect: float = 0.0) -> tuple[float, float]:
    """The estimate's standard error when the true effect is `effect`, and its degrees of freedom.

    Cells of block × arm each contribute weight² · variance / units; the degrees of freedom are
    (Σ v)² / Σ v² / (units − 1) under equal variances (Bell & McCaffrey 2002), of as many units
    as clusters of unequal size are worth: units / (1 + cv²).
    """
    variances = _variances(plan, effect)
    if plan.steps:
        variance = sum(variances) / 2 * (1 - plan.r2)
        error = wedge_error(
            plan.steps, plan.rows * plan.known, variance, plan.icc, plan.cac, averaged=plan.averaged
        )  # fmt: skip
        return error, wedge_df(plan.steps, averaged=plan.averaged)
    inflation = unit_variance(plan) * (1 - plan.r2)
    worth = 1 / (1 + plan.cv**2) if plan.average == "person" and plan.rows > 1 else 1.0
    parts, plain = [], []
    for block in plan.blocks:
        weight = (block.treated + block.control) / plan.units
        for units, variance in ((block.treated, variances[0]), (block.control, variances[1])):
            parts.append(weight**2 * variance * inflation / units)
            plain.append((weight**2 / units, units * worth))
    if plan.parameters is not None:
        return float(np.sqrt(sum(parts))), max(plan.units - plan.parameters, 1.0)
    df = sum(v for v, _ in plain) ** 2 / sum(v**2 / max(n - 1, 1e-9) for v, n in plain)
    return float(np.sqrt(sum(parts))), float(df)


def _variances(plan: Plan, effect: float) -> tuple[float, float]:
    if plan.law is not None:
        return plan.law.variances(effect, sum(block.treated for block in plan.blocks) / plan.units)
    if plan.spread is not None:
        return plan.spread**2, plan.spread**2
    if plan.baseline is None:
        raise AssertionError("a plan has a baseline or a spread")
    treated = min(max(plan.baseline + effect, 0.0), 1.0)
    return treated * (1 - treated), plan.baseline * (1 - plan.baseline)


def power(plan: Plan, effect: float) -> float:
    """The chance that the interval excludes zero when the effect on those reached is `effect`."""
    from scipy.stats import t

    diluted = diluted_effect(plan, effect)
    error, df = standard_error(plan, diluted)
    if error == 0:
        return 1.0 if diluted else 0.0
    limit, shift = float(t.ppf(1 - plan.alpha / 2, df)), diluted / error
    return _beyond(limit, df, shift) + _beyond(limit, df, -shift)


def diluted_effect(plan: Plan, effect: float) -> float:
    """What is left over everyone of an effect on those reached."""
    return effect * plan.reached if plan.law is None else plan.law.apart(effect, reached=plan.reached)


def _beyond(limit: float, df: float, shift: float) -> float:
    """The chance that a noncentral t passes `limit`.

    Far out scipy's series fails; there the normal approximation of Abramowitz & Stegun 26.7.10
    is exact to more digits than anyone needs.
    """
    from scipy.stats import nct, norm

    if abs(shift) < _FAR_OUT:
        return float(nct.sf(limit, df, shift))
    return float(norm.sf((limit * (1 - 1 / (4 * df)) - shift) / np.sqrt(1 + limit**2 / (2 * df))))


def detectable_effect(plan: Plan, target: float) -> float | None:
    """The smallest positive effect found with chance `target`; None where none up to the limit is."""
    top = _largest(plan)
    if power(plan, top) < target:
        return None
    low, high = 0.0, top
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (low, middle) if power(plan, middle) >= target else (middle, high)
    return high


def _largest(plan: Plan) -> float:
    if plan.law is not None:
        return plan.law.most()
    if plan.spread is not None:
        return 20 * plan.spread
    return 1 - (plan.baseline or 0.0)


def factor_needed(plan: Plan, effect: float, target: float) -> float | None:
    """How many times the design is needed for chance `target`; None beyond a thousand times."""
    low, high = 1e-3, 1e3
    if power(plan.times(high), effect) < target:
        return None
    for _ in range(_STEPS):
        middle = float(np.sqrt(low * high))
        low, high = (low, middle) if power(plan.times(middle), effect) >= target else (middle, high)
    return high


VERDICTS = (
    "harmful", "too small to matter", "firmly worthwhile", "worthwhile",
    "undecided: better than control, size uncertain", "undecided",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Expected:
    """What to expect over a prior of the effect.

    power: average chance that the interval excludes zero. wrong_sign: among those, how often
    the sign is wrong (type S). exaggeration: among those, mean size of the estimate over the
    mean size of the truth (type M). Gelman & Carlin 2014.
    """

    power: float
    wrong_sign: float
    exaggeration: float
    verdicts: dict[str, float]


def expected_over(prior: Prior, plan: Plan, worthwhile: float) -> Expected:
    """Power, type S and type M errors, and verdicts, averaged over a prior."""
    from scipy.stats import norm

    effects = prior.mean + prior.sd * norm.ppf((np.arange(_GRID) + 0.5) / _GRID)
    return _expected(plan, effects, worthwhile)


def expected_at(effect: float, plan: Plan, worthwhile: float) -> Expected:
    """The same at one true effect."""
    return _expected(plan, np.array([effect]), worthwhile)


def _expected(plan: Plan, effects: Floats, worthwhile: float) -> Expected:
    """Estimates are taken as normal around the truth, intervals as wide as they are on average."""
    from scipy.stats import norm, t

    truth = np.array([diluted_effect(plan, float(one)) for one in effects])
    errors, dfs = np.array([standard_error(plan, float(one)) for one in truth]).T
    half = t.ppf(1 - plan.alpha / 2, dfs) * errors
    above, below = (truth - half) / errors, (-half - truth) / errors
    found_above, found_below = norm.cdf(above), norm.cdf(below)
    found = found_above + found_below
    wrong = np.where(truth > 0, found_below, np.where(truth < 0, found_above, found))
    size = truth * (found_above - found_below) + errors * (norm.pdf(above) + norm.pdf(below))
    true_size = float((np.abs(truth) * found).sum())
    return Expected(
        float(found.mean()), float(wrong.sum() / found.sum()),
        float(size.sum()) / true_size if true_size else float("inf"), _verdicts(truth, errors, half, worthwhile),
    )  # fmt: skip


def _verdicts(truth: Floats, errors: Floats, half: Floats, worthwhile: float) -> dict[str, float]:
    """Each verdict is a stretch of the estimate, in the order of the rule."""
    from scipy.stats import norm

    def up_to(estimate: Floats | float) -> Floats:
        return np.asarray(norm.cdf((estimate - truth) / errors), dtype=float)

    too_small = up_to(worthwhile - half)
    level = np.maximum(worthwhile, half)
    stretches = (
        up_to(-half),
        too_small - up_to(-half),
        1 - up_to(worthwhile + half),
        up_to(worthwhile + half) - up_to(level),
        up_to(level) - np.maximum(up_to(half), too_small),
        np.maximum(up_to(half) - too_small, 0.0),
    )
    return {name: float(chance.mean()) for name, chance in zip(VERDICTS, stretches, strict=True)}
