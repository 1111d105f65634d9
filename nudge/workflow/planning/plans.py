"""A file's own design as a plan for power: sizes, likeness, blocks, and advice in a sentence."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from math import exp
from typing import TYPE_CHECKING

import numpy as np

from nudge.analysis.analyse import family_size
from nudge.analysis.comparison import FEW_CLUSTERS, Choice
from nudge.analysis.foreseen import foreseen_choices
from nudge.analysis.named import named_for
from nudge.analysis.wedge import wedge_choice
from nudge.design.planning import Aim, Named, PowerLine, copies_needed
from nudge.design.power import Block, Plan
from nudge.report.numbers import percent
from nudge.trial.errors import InputError
from nudge.workflow.allocating.drawn_design import design_of, estimand_of
from nudge.workflow.checking.drawing import draws_sites
from nudge.workflow.law import law_of
from nudge.workflow.planning.outcome_laws import law_for, level_without, rates_of

if TYPE_CHECKING:
    from nudge.design.power_laws import OutcomeLaw
    from nudge.trial.model import Trial
    from nudge.trial.parts.outcomes import Outcome
    from nudge.trial.quantities import Comparison
    from nudge.trial.records.people import Roll


@dataclass(frozen=True, slots=True)
class LikelyIcc:
    """How alike the people of one randomised unit are, where the file does not say: a value and a range."""

    value: float
    low: float
    high: float
    because: str


ICCS = {
    "school": LikelyIcc(0.031, 0.011, 0.08, "school health: median .031, .011 to .08"),
    "council": LikelyIcc(0.010, 0.0, 0.032, "primary care: median .010, quartiles 0 and .032 (Adams et al. 2004)"),
    "nhs": LikelyIcc(0.010, 0.0, 0.032, "primary care: median .010, quartiles 0 and .032 (Adams et al. 2004)"),
}
"""By setting, for units that are sites (domain.md 2)."""
FEW_INDIVIDUALS = 200
HOUSEHOLD_ICC = LikelyIcc(0.5, 0.2, 0.8, "a choice: siblings are much alike, and few households have two")


@dataclass(frozen=True, slots=True)
class Sizes:
    """Who would be randomised: units by block, and how many people they hold.

    rows: people per unit on average; cv: how that varies; inverse: the mean of one over it, where
    a roll tells. source: where the numbers come from, in words.
    """

    blocks: tuple[float, ...]
    rows: float
    cv: float
    inverse: float | None
    source: str

    @property
    def units(self) -> float:
        """Randomised units of all arms."""
        return sum(self.blocks)


@dataclass(frozen=True, slots=True)
class Planned:
    """One primary outcome and comparison, ready for the formulas."""

    named: Named
    plan: Plan
    aim: Aim
    choice: Choice
    law: OutcomeLaw | None = None
    """How the outcome comes about, where that is more than a level and a spread."""


def sizes_of(trial: Trial, roll: Roll | None) -> Sizes:
    """Units and people from the roll, or from `power.units`, `people` and `cv`.

    Raises InputError where neither is there.
    """
    if roll is not None and roll.units:
        people = np.array([len(unit.people) for unit in roll.units], dtype=float)
        tally = Counter(unit.block for unit in roll.units)
        cv = float(people.std() / people.mean())
        return Sizes(
            tuple(float(n) for n in tally.values()), float(people.mean()), cv, float((1 / people).mean()), "the roll"
        )
    given = trial.power
    if given.units is None:
        raise InputError(
            "there is no roll, and the file does not say how many units there would be",
            "add `units:` to the `power` block (and `people:` for people per unit), or put the roll in its place",
        )
    return Sizes((float(given.units),), given.people or 1.0, given.cv or 0.0, None, "the `power` block")


def icc_of(trial: Trial) -> LikelyIcc:
    """The file's own correlation, or what is known of its setting."""
    given = trial.power.icc
    if given is not None:
        return LikelyIcc(given, given, given, "as the file says")
    return ICCS[trial.setting] if draws_sites(trial) else HOUSEHOLD_ICC


def plans_of(trial: Trial, roll: Roll | None, sizes: Sizes) -> list[Planned]:
    """Primary outcomes × comparisons, each at the first and worst step of Holm.

    Raises InputError with what the file does not say.
    """
    primary = {name: one for name, one in trial.outcomes.items() if one.role == "primary"}
    if not trial.comparisons:
        raise InputError("no comparison is declared, so there is nothing to find", "mark an arm `control: true`")
    choices = _choices(trial, roll, sizes)
    base = _base(trial, sizes)
    result = []
    for name, outcome in primary.items():
        held_to = outcome.worthwhile if outcome.aim == "superiority" else outcome.margin
        if held_to is None:
            raise InputError(
                f"outcomes.{name} has no `worthwhile`", "add the smallest change that would alter the decision"
            )
        law = law_for(trial, name, roll)
        alpha = trial.power.alpha / family_size(trial, "primary")
        for pair in trial.comparisons:
            choice = choices[str(pair)]
            plan = replace(_in_outcome(base, name, outcome, trial, law), alpha=alpha)
            plan = _drawn(plan, trial, sizes, pair, choice)
            if named_for(outcome) == "cox":
                plan = _of_hazards(plan, trial)
            # Both one-sided tests must hold: each is missed half as often.
            target = (1 + trial.power.power) / 2 if outcome.aim == "equivalence" else trial.power.power
            aim = Aim(held_to.as_estimated, target, trial.power.prior)
            turn = -1 if held_to.unit == "times" and held_to.value < 1 else 1
            result.append(Planned(Named(name, str(pair), held_to.unit, turn), plan, aim, choice, law))
    return result


def _base(trial: Trial, sizes: Sizes) -> Plan:
    given = trial.power
    sites = draws_sites(trial)
    average = trial.analysis.average if sites or sizes.rows > 1 else "person"
    return Plan(
        (), given.alpha, rows=sizes.rows, cv=sizes.cv, icc=icc_of(trial).value if sizes.rows > 1 else 0.0,
        known=given.known, reached=given.reached, average=average, inverse_rows=sizes.inverse,
        cac=1.0 if given.cac is None else given.cac,
    )  # fmt: skip


def _in_outcome(plan: Plan, name: str, outcome: Outcome, trial: Trial, law: OutcomeLaw | None) -> Plan:
    """The outcome's own level and spread, turned so that more is better."""
    given = trial.power
    if law is not None and outcome.kind == "binary" and law.scale != "log_ratio":
        law = None
    if law is not None:
        return replace(plan, law=law)
    if outcome.kind == "binary":
        level = level_without(trial, name)
        return replace(plan, baseline=1 - level if outcome.better == "lower" else level, spread=None)
    if outcome.kind == "count" and given.rate is not None:
        return replace(plan, spread=rates_of(trial, name, outcome, None, ratio=False).variances(0.0, 0.5)[0] ** 0.5)
    if given.sd is None:
        raise InputError(
            f"the file does not say how much {name} varies",
            "add `sd:` (its standard deviation) to the `power` block"
            + (", or `rate:` and `dispersion:`" if outcome.kind == "count" else ""),
        )
    return replace(plan, spread=given.sd)


def _of_hazards(plan: Plan, trial: Trial) -> Plan:
    """Degrees of freedom of Cox's regression: units less one less its columns; covariates are not counted on."""
    if plan.rows > 1 and draws_sites(trial) and plan.units < FEW_CLUSTERS:
        raise InputError(
            f"a ratio of hazards needs {FEW_CLUSTERS} sites for its error, and a comparison has {plan.units:.0f}",
            "leave `estimator: cox` out, and the mean time until it happened is compared",
        )
    return replace(plan, parameters=2.0 + len(trial.analysis.covariates), r2=0.0)


def _choices(trial: Trial, roll: Roll | None, sizes: Sizes) -> dict[str, Choice]:
    """The estimator of each comparison: what the lock will hold, or without a roll the plain one."""
    if roll is not None and roll.units:
        return foreseen_choices(trial, law_of(trial), roll.units, design_of(trial))
    if trial.randomise is not None and trial.randomise.method == "stepped_wedge":
        columns, average = len(trial.analysis.covariates), trial.analysis.average
        chosen = wedge_choice(design_of(trial), columns=columns, clusters=int(sizes.units), average=average)
        return {str(pair): chosen for pair in trial.comparisons}
    clustered = draws_sites(trial) or sizes.rows > 1
    paired = trial.randomise is not None and trial.randomise.method == "matched_pairs"
    name = (
        "cluster_means"
        if clustered and trial.analysis.average == "cluster"
        else "paired"
        if paired
        else "difference_in_means"
    )
    adjustment = "interacted" if trial.analysis.covariates else "none"
    plain = Choice(name, "CR2" if clustered else "HC2", adjustment, "there is no roll yet")
    return {str(pair): plain for pair in trial.comparisons}


def _drawn(plan: Plan, trial: Trial, sizes: Sizes, pair: Comparison, choice: Choice) -> Plan:
    """The units of two arms, block by block, and what the estimator does with them."""
    law = law_of(trial)
    r2 = trial.power.r2 if trial.analysis.covariates and choice.adjustment != "none" else 0.0
    plan = replace(plan, r2=r2)
    if law.method == "stepped_wedge":
        return _wedge(plan, trial, sizes)
    shares = [law.probability(arm) for arm in (pair.arm, pair.control)]
    blocks = [Block(n * shares[0], n * shares[1]) for n in sizes.blocks]
    if choice.estimator == "block_weighted":
        return replace(plan, blocks=tuple(blocks))
    whole = Block(sizes.units * shares[0], sizes.units * shares[1])
    together = whole.treated + whole.control
    if choice.estimator == "paired":
        return replace(plan, blocks=(whole,), parameters=together / 2 + 1)
    if choice.estimator == "fixed_effects":
        return replace(plan, blocks=(whole,), parameters=len(sizes.blocks) + 1.0)
    if choice.estimator == "cluster_means":
        usable = [block for block in blocks if min(block.treated, block.control) >= 1]
        many = tuple(usable) if len(usable) == len(blocks) else (whole,)
        return replace(plan, blocks=many, parameters=2.0 * len(many))
    return replace(plan, blocks=(whole,))


def _wedge(plan: Plan, trial: Trial, sizes: Sizes) -> Plan:
    """Clusters cross in as many steps as the file names, as evenly as their number allows."""
    steps = len(trial.randomise.steps) if trial.randomise else 0
    if steps == 0:
        raise InputError(
            "a stepped wedge needs the days on which clusters cross", "add `steps: [2027-01-11, …]` to `randomise`"
        )
    return replace(
        plan, steps=(sizes.units / steps,) * steps, rows=max(sizes.rows / (steps + 1), 1e-9),
        averaged=estimand_of(trial) == "exposure_averaged",
    )  # fmt: skip


_ONE = {"council": "council", "school": "school", "nhs": "trust"}


def advice_of(trial: Trial, planned: Planned, line: PowerLine) -> str:
    """One sentence: whether this is enough, and what would be."""
    said = f"{line.outcome}, {line.comparison}: "
    effect = amount(line.worthwhile, line.scale, line.unit, line.turn)
    if line.power >= line.target:
        return f"{said}enough to find {effect}: power {percent(line.power, 0)}"
    alone = (
        f"; alone it can show {amount(line.detectable, line.scale, line.unit, line.turn)}" if line.detectable else ""
    )
    return f"{said}{advice_sentence(trial, planned, line.power)}{alone}"


def advice_sentence(trial: Trial, planned: Planned, chance: float) -> str:
    """How far one council is from enough, and how many like it would be."""
    effect = amount(planned.aim.worthwhile, planned.plan.scale, planned.named.unit, planned.named.turn)
    said = f"one {_ONE[trial.setting]} is not enough to find {effect}: power {percent(chance, 0)}"
    needed = copies_needed(planned.plan, planned.aim)
    if needed is None:
        return f"{said}, and a thousand like it would not do"
    copies, together = needed
    return f"{said}; with {_number(copies - 1)} more like it, {percent(together, 0)}"


_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def _number(number: int) -> str:
    return _WORDS[number] if number < len(_WORDS) else f"{number:,}"


def amount(effect: float, scale: str, unit: str, turn: int = 1) -> str:
    """`5 points`, `0.21 days`, and of a log ratio `1.2 times`. turn: −1 where a better ratio is below 1."""
    if scale == "log_ratio":
        return f"{exp(turn * effect):.3g} times"
    if scale == "probability":
        number = f"{effect * 100:.1f}".removesuffix(".0")
        return f"{number} point" if number == "1" else f"{number} points"
    return f"{effect:.3g} {unit}".rstrip()
