"""What can be seen coming before a draw: too little power, too few sites, too many covariates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nudge.analysis.comparison import COLUMNS_PER_UNIT_ADDITIVE, COLUMNS_PER_UNIT_INTERACTED
from nudge.analysis.foreseen import covariate_columns
from nudge.analysis.romano_wolf import FEWEST_UNITS
from nudge.design.power import power
from nudge.report.numbers import percent
from nudge.trial.errors import InputError
from nudge.trial.problems import Level
from nudge.workflow.checking.drawing import draws_sites
from nudge.workflow.law import law_of
from nudge.workflow.planning.plans import advice_sentence, plans_of, sizes_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nudge.trial.load import LoadedTrial
    from nudge.trial.model import Trial
    from nudge.trial.problems import Problem
    from nudge.trial.records.people import Roll

FEW_SITES = 20
"""Below so many, averages over clusters are the safer default (statistics.md 8)."""
HARDLY_ANY = 8
FEWEST_SITES = 6
"""Fewer leave fewer than four degrees of freedom to two arms, so no interval (statistics.md 10)."""
AT_SIX = {("person", "equal"): 0.0496, ("person", "unequal"): 0.0, ("cluster", "equal"): 0.0496,
          ("cluster", "unequal"): 0.0462}  # fmt: skip
"""How often a true null is rejected at six sites: docs/simulation/few_clusters.json, 10,000 trials each."""
_UNEQUAL = 0.23
"""A coefficient of variation below this hardly matters (Eldridge et al. 2006)."""


def foreseen_problems(loaded: LoadedTrial, roll: Roll | None) -> Iterator[Problem]:
    """Problems of the design, from the file and the roll alone. The file has no errors."""
    if loaded.trial.run_elsewhere:
        return
    yield from _power(loaded, roll)
    yield from _sites(loaded, roll)
    yield from _covariates(loaded, roll)
    yield from _step_down(loaded, roll)
    yield from _fewer_than_eight(loaded, roll)


def _power(loaded: LoadedTrial, roll: Roll | None) -> Iterator[Problem]:
    """A trial that cannot answer its question does not launch, unless it says why (statistics.md 13)."""
    trial, source = loaded.trial, loaded.source
    if trial.stage == "pilot" or trial.underpowered is not None:
        return
    try:
        sizes = sizes_of(trial, roll)
        planned = plans_of(trial, roll, sizes)
    except InputError as missing:
        yield source.problem(
            Level.LAUNCH, ("power",), f"what this trial can show cannot be worked out: {missing.what}", missing.remedy
        )
        return
    for one in planned:
        chance = power(one.plan, one.aim.worthwhile)
        if chance < one.aim.target:
            yield source.problem(
                Level.LAUNCH, ("outcomes", one.named.outcome, "worthwhile"),
                advice_sentence(trial, one, chance),
                "run it with others, ask for fewer arms, call it `stage: pilot`, "
                "or say in `underpowered` why and with what it will be pooled (nudge power FILE has the figures)",
            )  # fmt: skip


def _sites(loaded: LoadedTrial, roll: Roll | None) -> Iterator[Problem]:
    """Few sites: average over clusters; very few unequal ones: often no interval at all."""
    trial, source = loaded.trial, loaded.source
    if not draws_sites(trial) or trial.analysis.average == "cluster":
        return
    try:
        sizes = sizes_of(trial, roll)
    except InputError:
        return
    if sizes.units < FEW_SITES:
        yield source.problem(
            Level.ADVICE, ("analysis",),
            f"only {sizes.units:.0f} sites are drawn, too few for an average over people to be sure of its error",
            "add `average: cluster` to `analysis`: every site then counts the same",
        )  # fmt: skip
    if sizes.units <= HARDLY_ANY and sizes.cv > _UNEQUAL:
        yield source.problem(
            Level.ADVICE, ("analysis",),
            f"with {sizes.units:.0f} sites whose sizes vary by {percent(sizes.cv, 0)} often no interval can be given",
            "find more sites, or add `average: cluster` to `analysis`",
        )  # fmt: skip


def _fewer_than_eight(loaded: LoadedTrial, roll: Roll | None) -> Iterator[Problem]:
    """Fewer than eight sites: what the method in use then does, said in figures."""
    trial, source = loaded.trial, loaded.source
    if not draws_sites(trial):
        return
    try:
        sizes = sizes_of(trial, roll)
        chances = [power(one.plan, one.aim.worthwhile) for one in plans_of(trial, roll, sizes)]
    except InputError:
        return
    if sizes.units >= HARDLY_ANY or not chances:
        return
    found = f" and finds a worthwhile change {percent(min(chances), 0)} of the time"
    yield source.problem(
        Level.ADVICE, ("randomise",),
        f"with {sizes.units:.0f} sites, counted by {trial.analysis.average}, the method gives "
        f"{what_so_few_give(trial, sizes.units, sizes.cv)}{found if sizes.units >= FEWEST_SITES else ''}",
        "find more sites, or pool the trial with others",
    )  # fmt: skip


def what_so_few_give(trial: Trial, sites: float, cv: float) -> str:
    """False alarms of the method that analyses fewer than eight sites, with where the figure is from.

    cv: how the sites vary in size, as a share of their mean.
    """
    if trial.randomise is not None and trial.randomise.method == "stepped_wedge":
        return f"a false alarm in at most {percent(trial.power.alpha, 0)} of trials (by re-drawing the schedule)"
    if sites < FEWEST_SITES:
        return "no interval (fewer than four degrees of freedom are left)"
    errs = AT_SIX[trial.analysis.average, "unequal" if cv > _UNEQUAL else "equal"]
    said = f"a false alarm in {percent(errs, 1)} of trials" if errs else "no interval at all"
    return f"{said} (simulated at six sites)"


def _step_down(loaded: LoadedTrial, roll: Roll | None) -> Iterator[Problem]:
    """Romano and Wolf's step-down is offered from 30 units a comparison (statistics.md 12)."""
    trial = loaded.trial
    if trial.analysis.multiplicity != "romano_wolf" or not trial.comparisons:
        return
    try:
        units = sizes_of(trial, roll).units
    except InputError:
        return
    law = law_of(trial)
    smallest = min(units * (law.probability(pair.arm) + law.probability(pair.control)) for pair in trial.comparisons)
    if smallest < FEWEST_UNITS:
        yield loaded.source.problem(
            Level.LAUNCH, ("analysis", "multiplicity"),
            f"`romano_wolf` takes {FEWEST_UNITS} randomised units in every comparison, and one would have "
            f"{smallest:.0f}",
            "write `multiplicity: holm`",
        )  # fmt: skip


def _covariates(loaded: LoadedTrial, roll: Roll | None) -> Iterator[Problem]:
    """More covariate columns than the smaller arm can carry are left out (statistics.md 9)."""
    trial = loaded.trial
    if roll is None or not roll.units or not trial.analysis.covariates:
        return
    columns = covariate_columns(trial, roll.units)
    law = law_of(trial)
    if law.method == "stepped_wedge":
        if columns * COLUMNS_PER_UNIT_ADDITIVE > len(roll.units):
            yield loaded.source.problem(
                Level.ADVICE, ("analysis", "covariates"),
                f"make {columns} columns for {len(roll.units)} sites, so none is used",
                "keep those that foretell the outcome best, or merge levels",
            )  # fmt: skip
        return
    smallest = min(
        len(roll.units) * min(law.probability(pair.arm), law.probability(pair.control)) for pair in trial.comparisons
    )
    if columns * COLUMNS_PER_UNIT_INTERACTED <= smallest:
        return
    left_out = columns * COLUMNS_PER_UNIT_ADDITIVE > smallest
    does = "none is used" if left_out else "they are used without interactions"
    yield loaded.source.problem(
        Level.ADVICE, ("analysis", "covariates"),
        f"make {columns} columns for about {smallest:.0f} units in the smaller arm, so {does}",
        "keep those that foretell the outcome best, or merge levels",
    )  # fmt: skip
