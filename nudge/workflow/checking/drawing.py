"""What a trial file says of its draw, held against the method it names, and against its roll."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from nudge.design import sites
from nudge.design.methods import BalancingMethod, Method, method, method_names
from nudge.trial.errors import InputError
from nudge.trial.problems import Level, listed, nearest
from nudge.workflow.checking.crossing import crossings_named
from nudge.workflow.law import draw_units, law_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nudge.trial.load import LoadedTrial
    from nudge.trial.model import Trial
    from nudge.trial.problems import Problem
    from nudge.trial.records.people import Roll
    from nudge.trial.source import Step

_COMMON = frozenset({"method", "blocks", "ratio"})


def drawing_method(trial: Trial) -> Method:
    """The method the file names. Raises InputError where there is none of that name."""
    if trial.randomise is None:
        raise InputError(f"{trial.trial} was drawn elsewhere", "only `nudge analyse` and `nudge report` apply to it")
    return method(trial.randomise.method)


def draws_sites(trial: Trial) -> bool:
    """Whether the randomised unit is a site with many families."""
    drawn = drawing_method(trial).UNITS
    population = trial.population
    return drawn == "sites" or (
        drawn == "either" and population.unit is not None and population.unit == population.site
    )


def takes_one_by_one(trial: Trial) -> bool:
    """Whether families join as they come: a rolling method, or one that can be, and no roll at the lock."""
    if trial.run_elsewhere:
        return False
    enrolment = drawing_method(trial).ENROLMENT
    return enrolment == "rolling" or (enrolment == "either" and trial.population.people is None)


def drawing_named(loaded: LoadedTrial) -> Iterator[Problem]:
    """Whether the methods named exist, and what is said of the draw is what they take."""
    trial = loaded.trial
    named = {"randomise": trial.randomise, "allocation": trial.allocation}
    for key, part in named.items():
        if part is None or part.method is None:
            continue
        try:
            drawing = method(part.method)
        except InputError as error:
            yield loaded.source.problem(Level.ERROR, (key, "method"), error.what, error.remedy)
            continue
        yield from _blocks_named(loaded, key, part.method, part.blocks, drawing)
        if key == "randomise":
            yield from _parameters_named(loaded, drawing)
            yield from _adapts_to_something(loaded)
            yield from _analysed_as_drawn(loaded)


def _analysed_as_drawn(loaded: LoadedTrial) -> Iterator[Problem]:
    """What the arms were balanced on enters the model (statistics.md 16); a wedge places everyone in a period."""
    trial = loaded.trial
    randomise = trial.randomise
    if randomise is None:
        return
    yield from crossings_named(loaded)
    if randomise.method in {"minimisation", "rerandomised"}:
        for i, name in enumerate(randomise.balance_on):
            if name not in {*trial.analysis.covariates, *randomise.blocks}:
                yield loaded.source.problem(
                    Level.LAUNCH, ("randomise", "balance_on", i),
                    f"arms are balanced on `{name}`, and the analysis does not adjust for it",
                    f"add `{name}` to `analysis.covariates`",
                )  # fmt: skip


def _adapts_to_something(loaded: LoadedTrial) -> Iterator[Problem]:
    """Batches are updated by a yes or no."""
    trial = loaded.trial
    primary = [name for name, outcome in trial.outcomes.items() if outcome.role == "primary"]
    if trial.randomise and trial.randomise.method == "adaptive" and primary:
        kind = trial.outcomes[primary[0]].kind
        if kind != "binary":
            yield loaded.source.problem(
                Level.ERROR, ("outcomes", primary[0], "kind"), f"`adaptive` learns from yes or no, and this is {kind}",
                "make a binary outcome the first primary one, or choose another method",
            )  # fmt: skip


def _blocks_named(
    loaded: LoadedTrial, key: str, name: str, blocks: tuple[str, ...], drawing: Method
) -> Iterator[Problem]:
    if drawing.BLOCKS == "required" and not blocks:
        yield loaded.source.problem(
            Level.ERROR, (key,), f"`{name}` draws within blocks and none are named", "add `blocks: [COLUMN]`"
        )
    if blocks and drawing.BLOCKS == "never":
        yield loaded.source.problem(
            Level.ERROR, (key, "blocks"), f"`{name}` uses no blocks",
            "write `method: blocked` (or `blocked_cluster`), or leave `blocks` out",
        )  # fmt: skip


def _parameters_named(loaded: LoadedTrial, drawing: Method) -> Iterator[Problem]:
    """Keys that mean nothing to the method, keys it cannot do without, and what it finds wrong in the rest."""
    trial, source = loaded.trial, loaded.source
    law = law_of(trial)
    given = set(law.parameters)
    for key in sorted(given - drawing.PARAMETERS):
        takers = [name for name in method_names() if key in method(name).PARAMETERS]
        path: tuple[Step, ...] = ("arms",) if key == "levels" else ("randomise", key)
        yield source.problem(
            Level.ERROR, path, f"`{key}` does not apply to `{law.method}`",
            f"leave it out, or use {listed((f'`method: {name}`' for name in takers), 'or')}",
        )  # fmt: skip
    missing = sorted(drawing.REQUIRED - given)
    for key in missing:
        path = ("arms",) if key == "levels" else ("randomise",)
        yield source.problem(
            Level.ERROR, path, f"`{law.method}` needs `{key}`, and none is given", f"add {_EXAMPLES[key]}"
        )
    yield from _balance_named(loaded, drawing)
    # A law that lacks what it needs, or names arms that are not there, has nothing to look for flaws in.
    if not missing and set(trial.randomise.ratio if trial.randomise else ()) <= set(trial.arms):
        for flaw in drawing.flaws(law):
            yield source.problem(Level.ERROR, flaw.path, flaw.what, flaw.remedy)


_EXAMPLES = {
    "balance_on": "`balance_on: [COLUMN]`",
    "accept": "`accept: {share: 5%}` or `accept: {largest_difference: 0.1}`",
    "steps": "`steps: [2027-03-01, …]`, the days on which arms cross",
    "batch": "`batch: 200`, the units between two updates",
    "levels": "`levels: {FACTOR: LEVEL, …}` to every arm",
}


def _balance_named(loaded: LoadedTrial, drawing: Method) -> Iterator[Problem]:
    """Columns of `balance_on` are declared, once, and of a type the method can balance."""
    trial, source = loaded.trial, loaded.source
    names = trial.randomise.balance_on if trial.randomise else ()
    if "balance_on" not in drawing.PARAMETERS:
        return
    columns, takes = trial.population.columns, cast("BalancingMethod", drawing).BALANCES
    for i, name in enumerate(names):
        path: tuple[Step, ...] = ("randomise", "balance_on", i)
        if name not in columns:
            guess = nearest(name, list(columns))
            yield source.problem(
                Level.ERROR, path, f"`{name}` is not a column of `population.columns`",
                f"did you mean `{guess}`?" if guess else "declare it there",
            )  # fmt: skip
        elif columns[name] not in takes:
            yield source.problem(
                Level.ERROR, path, f"`{name}` is a {columns[name]}, which this method cannot balance",
                f"name a {listed(sorted(takes), 'or')} column",
            )  # fmt: skip
        elif name in names[:i]:
            yield source.problem(Level.ERROR, path, f"names `{name}` a second time", "name each column once")


def undrawable(loaded: LoadedTrial, roll: Roll) -> Iterator[Problem]:
    """Why the units of this roll cannot be drawn as the file says."""
    trial = loaded.trial
    law, units = law_of(trial), draw_units(trial, roll.units)
    try:
        drawing_method(trial).refuse(units, law)
        if drawing_method(trial).UNITS == "either" and draws_sites(trial):
            sites.refuse(units, law)
    except InputError as error:
        yield loaded.source.problem(Level.ERROR, ("randomise",), error.what, error.remedy)
