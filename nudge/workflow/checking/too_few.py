"""Designs with so few units that a part of the plan cannot be kept: blocks, re-draws, looks."""

from __future__ import annotations

from collections import Counter
from math import comb, prod
from typing import TYPE_CHECKING

from nudge.analysis.comparison import FEW_CLUSTERS as COX_CLUSTERS
from nudge.analysis.linear_effect import LEAST_DF
from nudge.analysis.looks import FEWEST_CLUSTERS
from nudge.analysis.randomisation import WITHIN_BLOCKS
from nudge.report.numbers import percent
from nudge.trial.errors import InputError
from nudge.trial.problems import Level
from nudge.workflow.checking.drawing import drawing_method, draws_sites
from nudge.workflow.law import law_of
from nudge.workflow.planning.plans import sizes_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from nudge.trial.load import LoadedTrial
    from nudge.trial.problems import Problem
    from nudge.trial.records.people import Roll

_MANY = 0.1
"""A share of the units worth a word."""


def too_few(loaded: LoadedTrial, roll: Roll | None) -> Iterator[Problem]:
    """Everything that the number of units forbids."""
    if loaded.trial.run_elsewhere:
        return
    yield from _no_sites(loaded)
    yield from _looks(loaded, roll)
    yield from _hazards(loaded, roll)
    if roll is not None and roll.units:
        yield from _small_blocks(loaded, roll)
        yield from _few_draws(loaded, roll)


def _no_sites(loaded: LoadedTrial) -> Iterator[Problem]:
    """A draw of sites whose file names none draws households, which may not be what was meant."""
    trial = loaded.trial
    if drawing_method(trial).UNITS == "sites" and trial.population.site is None:
        drawn = f"each `{trial.unit_column}`" if trial.population.unit else "everyone"
        yield loaded.source.problem(
            Level.ADVICE, ("randomise", "method"),
            f"draws whole sites, and `population.site` names none, so {drawn} is drawn like a site",
            "name the column in `population.site` and in `population.unit`, or use a method that draws households",
        )  # fmt: skip


def _hazards(loaded: LoadedTrial, roll: Roll | None) -> Iterator[Problem]:
    """The error of a ratio of hazards is too small with few clusters, and is then not given."""
    named = [name for name, one in loaded.trial.outcomes.items() if one.estimator == "cox"]
    if not named or not draws_sites(loaded.trial):
        return
    try:
        units = sizes_of(loaded.trial, roll).units
    except InputError:
        return
    if units < COX_CLUSTERS:
        yield loaded.source.problem(
            Level.LAUNCH, ("outcomes", named[0], "estimator"),
            f"`cox` needs {COX_CLUSTERS} sites for its error, and there are {units:.0f}, so it would give no number",
            "leave `estimator` out: the mean time until it happened is used",
        )  # fmt: skip


def _looks(loaded: LoadedTrial, roll: Roll | None) -> Iterator[Problem]:
    """Few sites' variance is too rough to stop a trial on (statistics.md 22)."""
    if loaded.trial.analysis.looks is None or not draws_sites(loaded.trial):
        return
    try:
        units = sizes_of(loaded.trial, roll).units
    except InputError:
        return
    if units < FEWEST_CLUSTERS:
        yield loaded.source.problem(
            Level.ERROR, ("analysis", "looks"),
            f"plans to look at {units:.0f} sites, too few for a look to stop a trial: it takes {FEWEST_CLUSTERS}",
            "leave `looks` out, or find more sites",
        )  # fmt: skip


def _small_blocks(loaded: LoadedTrial, roll: Roll) -> Iterator[Problem]:
    """A block without both arms says nothing of how they differ, and is left out (statistics.md 6)."""
    trial = loaded.trial
    if not trial.randomise or not trial.randomise.blocks:
        return
    called = trial.population.called.units
    sizes = Counter(unit.block for unit in roll.units)
    alone = sum(size == 1 for size in sizes.values())
    if alone == len(sizes):
        yield loaded.source.problem(
            Level.ERROR, ("randomise", "blocks"),
            f"every block holds one of the {called} only, so no two arms can be compared within any",
            "block on fewer columns, or merge levels",
        )  # fmt: skip
        return
    small = [size for size in sizes.values() if size < len(trial.arms)]
    if sum(small) > _MANY * len(roll.units):
        yield loaded.source.problem(
            Level.ADVICE, ("randomise", "blocks"),
            f"{len(small)} of {len(sizes)} blocks, with {sum(small)} {called}, hold fewer than the {len(trial.arms)} "
            "arms; a block without both arms of a comparison is left out of it",
            "block on fewer columns, or merge levels",
        )  # fmt: skip


def _few_draws(loaded: LoadedTrial, roll: Roll) -> Iterator[Problem]:
    """Two arms that could have been drawn in a few ways only cannot surprise (statistics.md 14)."""
    trial, law = loaded.trial, law_of(loaded.trial)
    if law.method not in WITHIN_BLOCKS or not trial.comparisons:
        return
    worst, left = 0.0, float("inf")
    for pair in trial.comparisons:
        shares = [law.ratio[law.arms.index(arm)] / sum(law.ratio) for arm in (pair.arm, pair.control)]
        numbers = _numbers(roll, shares, paired=law.method == "matched_pairs")
        draws = prod(comb(arm + control, arm) for arm, control in numbers)
        even = all(arm == control for arm, control in numbers)
        worst = max(worst, min(1.0, (2 if even else 1) / draws))
        pairs = all(both == (1, 1) for both in numbers)
        left = min(left, sum(map(sum, numbers)) - len(numbers) - (0 if pairs else 1))
    if worst <= trial.power.alpha:
        return
    enough = left >= LEAST_DF
    called = trial.population.called.units
    yield loaded.source.problem(
        Level.ADVICE if enough else Level.LAUNCH, ("randomise",),
        f"{len(roll.units)} {called} can be drawn in so few ways that no p-value by re-drawing them can be below "
        f"{percent(worst, 0)}" + ("" if enough else ", and too few degrees of freedom are left for an interval"),
        f"find more {called}, or compare fewer arms",
    )  # fmt: skip


def _numbers(roll: Roll, shares: Sequence[float], *, paired: bool) -> list[tuple[int, int]]:
    """About how many units of two arms every block would hold."""
    if paired:
        return [(1, 1)] * (len(roll.units) // 2)
    found = []
    for size in Counter(unit.block for unit in roll.units).values():
        arm, both = int(size * shares[0]), round(size * sum(shares))
        found.append((arm, both - arm))
    return found
