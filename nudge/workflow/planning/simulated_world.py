"""What every run of a simulated trial shares: units as the draw sees them, their people, what foretells outcomes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from nudge.analysis.foreseen import baseline_columns
from nudge.analysis.randomisation import WITHIN_BLOCKS
from nudge.analysis.runs import Baseline
from nudge.design.fixed_numbers import redraws as within_blocks
from nudge.design.methods import method
from nudge.design.methods.adaptive import Learnt, counted, played
from nudge.design.methods.matched_pairs import pairing
from nudge.design.simulation import World, totals, unequal_sizes
from nudge.trial.records.analysis import Design, Floats, Ints, StoredLaw
from nudge.trial.records.columns import Coded, Column, some_rows
from nudge.trial.records.design import DrawUnit, Law
from nudge.workflow.allocating.drawn_design import design_of
from nudge.workflow.checking.drawing import draws_sites
from nudge.workflow.law import draw_units, law_of
from nudge.workflow.planning.outcome_laws import exposures
from nudge.workflow.planning.plans import Planned, Sizes, icc_of
from nudge.workflow.planning.simulated_laws import LawWorld, Made, made_by_law

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nudge.design.power_laws import OutcomeLaw
    from nudge.trial.model import Trial
    from nudge.trial.records.people import Roll, Value

    Arms = NDArray[np.int8]

_RISK_EDGE = 0.001
_NO_CHANCE = {"minimisation", "adaptive", "stepped_wedge"}
"""Methods under which a unit has no one chance of its arm that is known before the draw."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What every batch of runs needs.

    people: (U,) of each unit. of: (E,) the entry's unit where an entry is a person, else None.
    block: (U,) as the analysis has it. chance: (U, K) of every arm, None where it is not known.
    worlds: of outcomes that are a level and a spread; laws: of the others.
    """

    trial: Trial
    law: Law
    design: Design
    units: Sequence[DrawUnit]
    people: Ints
    of: Ints | None
    block: Ints
    chance: Floats | None
    baseline: Baseline | None
    planned: tuple[Planned, ...]
    worlds: Mapping[str, World]
    laws: Mapping[str, LawWorld]

    @property
    def entries(self) -> int:
        """Numbers held for every run and column."""
        columns = 0 if self.baseline is None else self.baseline.columns.shape[1]
        each = len(self.units) if self.of is None and not self.laws else int(self.people.sum())
        return each * (1 + columns + len(self.laws))


def setting_of(
    trial: Trial, roll: Roll | None, planned: Sequence[Planned], sizes: Sizes, opt_out: float,
    rng: np.random.Generator,
) -> Setting:  # fmt: skip
    """The roll's units, or made-up ones where there is no roll. opt_out: share that leaves before its message."""
    law = law_of(trial)
    if roll is not None and roll.units:
        units = draw_units(trial, roll.units)
        people: Ints = np.array([len(unit.people) for unit in roll.units], dtype=np.int64)
        rows = [person.columns for unit in roll.units for person in unit.people]
        values = baseline_columns(trial, rows)
    else:
        people = unequal_sizes(round(sizes.units), sizes.rows, sizes.cv, rng)
        values = _made_up_columns(trial, people, rng)
        units = _made_up_units(trial, values, people)
    # People of a stepped wedge are made up by site and period.
    covariates = () if law.method == "stepped_wedge" else trial.analysis.covariates
    baseline = Baseline.of({name: values[name] for name in covariates}, trial.population.columns)
    of = None if baseline is None else np.repeat(np.arange(people.size), people)
    block, units = _blocks(units, law, blocks=design_of(trial).blocks)
    score = _score(baseline)
    worlds = {one.named.outcome: _world(trial, one, people, of, score, opt_out) for one in planned if one.law is None}
    counted_over = {one.named.outcome: exposures(trial, one.named.outcome, roll) for one in planned}
    laws = {
        one.named.outcome: _law_world(trial, one.law, people, score, opt_out, counted_over[one.named.outcome])
        for one in planned
        if one.law is not None
    }
    return Setting(
        trial, law, _with_law(design_of(trial), law, units), units, people, of, block, _chances(units, law), baseline,
        tuple(planned), worlds, laws,
    )  # fmt: skip


def _made_up_columns(trial: Trial, people: Ints, rng: np.random.Generator) -> dict[str, Column]:
    """What the draw and the analysis read of each person: two even levels, a yes or no, or a normal number."""
    balanced = trial.randomise.balance_on if trial.randomise else ()
    found: dict[str, Column] = {}
    for name in dict.fromkeys([*balanced, *trial.analysis.covariates]):
        number = people.size if name in balanced else int(people.sum())
        kind = trial.population.columns[name]
        drawn = rng.standard_normal(number) if kind == "number" else rng.random(number) < 0.5  # noqa: PLR2004 - even
        values = Coded.of(np.where(drawn, "one", "other").tolist()) if kind == "category" else drawn.astype(float)
        found[name] = some_rows(values, np.repeat(np.arange(number), people)) if name in balanced else values
    return found


def _made_up_units(trial: Trial, values: Mapping[str, Column], people: Ints) -> list[DrawUnit]:
    first = np.cumsum(people) - people
    of: dict[str, Sequence[Value]] = {}
    for name in trial.randomise.balance_on if trial.randomise else ():
        column = some_rows(values[name], first)
        if isinstance(column, Coded):
            of[name] = column.texts()
        else:
            of[name] = (column == 1 if trial.population.columns[name] == "yes_no" else column).tolist()
    return [
        DrawUnit(f"{i + 1:07d}", (), {name: column[i] for name, column in of.items()}) for i in range(people.size)
    ]  # fmt: skip


def _blocks(units: list[DrawUnit], law: Law, *, blocks: bool) -> tuple[Ints, list[DrawUnit]]:
    """(U,) the analysis's blocks: those named, pairs (which the draw then takes for its blocks), or batches."""
    if law.method == "adaptive":
        return np.arange(len(units)) // law.parameters["batch"], units
    if law.method == "matched_pairs":
        made = pairing(units, law)
        code = np.empty(len(units), dtype=np.int64)
        for number, members in enumerate([*made.pairs, *((one,) for one in made.left_over)]):
            code[list(members)] = number
        return code, [replace(unit, block=(str(pair),)) for unit, pair in zip(units, code.tolist(), strict=True)]
    if not blocks:
        return np.zeros(len(units), dtype=np.int64), units
    codes = {block: i for i, block in enumerate(dict.fromkeys(unit.block for unit in units))}
    return np.array([codes[unit.block] for unit in units], dtype=np.int64), units


def _with_law(design: Design, law: Law, units: Sequence[DrawUnit]) -> Design:
    """The design with re-draws of its law, where re-drawing within blocks would not be it."""
    if design.method in WITHIN_BLOCKS or design.method == "adaptive":
        return design
    redraw = method(law.method).redraws
    return replace(design, law=StoredLaw(law.arms, lambda number, rng: redraw(units, law, number, rng)))


def _chances(units: Sequence[DrawUnit], law: Law) -> Floats | None:
    if law.method in _NO_CHANCE:
        return None
    return method(law.method).probabilities(units, law)


def _score(baseline: Baseline | None) -> Floats | None:
    """(E,) each person's place on what the covariates foretell: mean 0, spread 1; None without any that vary."""
    if baseline is None:
        return None
    columns = [column for column in baseline.columns.T if column.std() > 0]
    if not columns:
        return None
    together = np.sum([(column - column.mean()) / column.std() for column in columns], axis=0)
    score: Floats = (together - together.mean()) / together.std()
    return score


def _world(trial: Trial, one: Planned, people: Ints, of: Ints | None, score: Floats | None, opt_out: float) -> World:
    """The families of one outcome; turned so that more is better, as the plan is."""
    given, plan = trial.power, one.plan
    binary = plan.spread is None
    level = (plan.baseline or 0.0) if binary else 0.0
    r2 = 0.0 if score is None else given.r2
    variance = level * (1 - level) if binary else (plan.spread or 0.0) ** 2
    entries = people if of is None else np.ones_like(of)
    risk = np.full(entries.size, level) + (0.0 if score is None else score * np.sqrt(r2 * variance))
    return World(
        entries, np.clip(risk, _RISK_EDGE, 1 - _RISK_EDGE) if binary else risk,
        None if binary else (plan.spread or 0.0) * float(np.sqrt(1 - r2)),
        icc_of(trial).value if int(people.max()) > 1 else 0.0, given.reached * (1 - opt_out), given.known,
        not draws_sites(trial), of,
    )  # fmt: skip


def _law_world(
    trial: Trial, law: OutcomeLaw, people: Ints, score: Floats | None, opt_out: float, exposure: Floats | None
) -> LawWorld:
    """The people of an outcome that is more than a level and a spread; better is as the file says."""
    given = trial.power
    return LawWorld(
        law, np.repeat(np.arange(people.size), people), icc_of(trial).value if int(people.max()) > 1 else 0.0,
        given.reached * (1 - opt_out), given.known, not draws_sites(trial), exposure, score, given.r2,
    )  # fmt: skip


def runs_of(
    setting: Setting, number: int, effects: Callable[[Planned], Floats], rng: np.random.Generator
) -> tuple[Arms, dict[str, Made]]:
    """Arms of so many runs, (R, U), and every outcome under them. effects: (K,) what each arm adds to an outcome."""
    added = {one.named.outcome: effects(one) for one in setting.planned}
    made: dict[str, Made] = {}
    if setting.law.method == "adaptive":
        first = next(iter(added))
        arms, found = learning(setting.law, setting.worlds[first], added[first], number, rng)
        made[first] = Made(*found)
    elif setting.law.method == "matched_pairs":
        arms = within_blocks(setting.units, setting.law, number, rng)
    else:
        arms = method(setting.law.method).redraws(setting.units, setting.law, number, rng)
    for name, sizes in added.items():
        if name in setting.laws:
            made[name] = made_by_law(setting.laws[name], arms, sizes, rng)
        elif name not in made:
            made[name] = Made(*totals(setting.worlds[name], arms, sizes, rng))
    return arms, made


def learning(
    law: Law, world: World, effects: Floats, number: int, rng: np.random.Generator
) -> tuple[Arms, tuple[Floats, Floats]]:
    """An adaptive draw on outcomes as they come: a batch learns from everything known of those before it."""
    size: int = law.parameters["batch"]
    rows: list[Floats] = []
    sums: list[Floats] = []

    def happened(drawn: Arms) -> None:
        first = len(rows) * size
        found = totals(world.between(first, drawn.shape[1]), drawn[:, first:], effects, rng)
        rows.append(found[0])
        sums.append(found[1])

    def learnt(drawn: Arms, _batch: int) -> Learnt:
        happened(drawn)
        starts = np.searchsorted(world.unit, np.arange(drawn.shape[1]))
        good, known = (np.add.reduceat(np.concatenate(one, axis=1), starts, axis=1) for one in (sums, rows))
        return counted(drawn, good, known, law)

    arms = played(int(world.unit[-1]) + 1, law, number, rng, learnt)
    happened(arms)
    return arms, (np.concatenate(rows, axis=1), np.concatenate(sums, axis=1))
