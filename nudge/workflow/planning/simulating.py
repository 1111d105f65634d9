"""The whole trial many times over, on its own plan and roll: draw, delivery, outcomes, analysis, cost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from nudge.analysis.analyse import family_size
from nudge.analysis.batched_named import in_batches
from nudge.analysis.named import named_for
from nudge.analysis.operating import Operating, Share, Tally
from nudge.analysis.runs import Runs
from nudge.design.simulation import true_effect
from nudge.report.numbers import percent
from nudge.trial.errors import ProblemsFound, Refused
from nudge.trial.problems import Level, listed
from nudge.workflow.allocating.drawn_design import TOGETHER
from nudge.workflow.checking.examine import Examined, examine
from nudge.workflow.planning.forecasting import Sending, sending_of
from nudge.workflow.planning.plans import icc_of, plans_of, sizes_of
from nudge.workflow.planning.simulated_world import Setting, runs_of, setting_of
from nudge.workflow.planning.simulating_wedge import WedgePlan, wedge_notes, wedge_plan, wedge_tallies
from nudge.workflow.reporting.telling import without_nan

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from nudge.trial.model import Trial
    from nudge.trial.records.analysis import Floats
    from nudge.trial.records.people import Roll
    from nudge.workflow.planning.plans import Planned

Progress = Callable[[str, int, int], None]
_CELLS = 1_000_000
"""Runs × numbers for each held at once: memory stays below a few hundred megabytes whatever the roll."""
USUAL_RUNS, FITTED_RUNS = 1000, 200
_FITTED_AT_ONCE = 10
"""Runs fitted one by one between two signs of progress."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What to simulate.

    runs: None for `USUAL_RUNS`, or `FITTED_RUNS` where every run must be fitted by itself. effects: by name, in
    proportions, the outcome's unit or the logarithm of a ratio as the file writes it; None for each one's worthwhile.
    """

    runs: int | None = None
    seed: int = 1
    effects: Mapping[str, float | None] | None = None
    opt_out: float = 0.01


@dataclass(frozen=True, slots=True)
class Line:
    """One outcome and comparison under one effect."""

    outcome: str
    comparison: str
    scale: str
    unit: str
    turn: int
    """−1 where the ratio that is looked for is below 1."""
    operating: Operating


@dataclass(frozen=True, slots=True)
class Logistics:
    """What one run takes: means over runs with their Monte Carlo errors."""

    messages: Share
    segments: Share
    cost: Share
    currency: str
    not_delivered: Share
    opted_out: Share
    first_send: datetime | None
    last_send: datetime | None
    windows_close: datetime | None
    days: float | None


@dataclass(frozen=True, slots=True)
class Simulated:
    """Everything `nudge simulate` has to say. scenarios: lines by the effect put in."""

    trial: str
    runs: int
    seed: int
    units: int
    people: int
    scenarios: Mapping[str, tuple[Line, ...]]
    logistics: Logistics | None
    notes: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Plain values; a number that cannot be had is null."""
        plain: dict[str, Any] = without_nan(asdict(self))
        return plain


def simulate_trial(path: Path, now: datetime, asked: Asked, progress: Progress) -> Simulated:
    """Simulate a trial file. Raises ProblemsFound, Refused for designs that cannot be drawn again."""
    examined = examine(path, now)
    errors = examined.at(Level.ERROR)
    if errors:
        raise ProblemsFound(errors)
    return simulate(examined, now, asked, progress)


def simulate(examined: Examined, now: datetime, asked: Asked, progress: Progress) -> Simulated:
    """Every scenario asked for: by default no effect, and the worthwhile one."""
    trial = examined.trial
    roll = examined.roll if examined.roll is not None and examined.roll.units else None
    if trial.run_elsewhere:
        raise Refused(f"{trial.trial} was run elsewhere", "only a trial to come can be simulated")
    rng = np.random.default_rng(asked.seed)
    sizes = sizes_of(trial, roll)
    setting = setting_of(trial, roll, plans_of(trial, roll, sizes), sizes, asked.opt_out, rng)
    wedge = wedge_plan(trial, roll, setting.people, now)
    effects = asked.effects or {"nothing": 0.0, "worthwhile": None}
    singly = sorted({by for one in setting.planned if (by := _fitted_singly(setting, one)) is not None})
    runs = asked.runs or (FITTED_RUNS if singly else USUAL_RUNS)
    scenarios = {}
    sending = sending_of(examined, now) if roll is not None and wedge is None else None
    counted: list[NDArray[np.float64]] = []
    began = perf_counter()
    for name, effect in effects.items():

        def show(done: int, of: int, what: str = f"effect: {name}") -> None:
            progress(what, done, of)

        tallies = _all_runs(setting, wedge, effect, runs, rng, show, sending, counted)
        scenarios[name] = tuple(_lines(setting, effect, tallies))
    rate = runs * len(effects) / max(perf_counter() - began, 1e-9)
    logistics = _logistics(trial, sending, np.concatenate(counted), setting, asked) if sending is not None else None
    notes = [*_notes(trial, roll, asked), *wedge_notes(wedge)]
    if singly:
        notes.append(f"every run is fitted by itself for {listed(f'`{one}`' for one in singly)}: {rate:,.0f} a second")
    return Simulated(
        trial.trial, runs, asked.seed, len(setting.units), int(setting.people.sum()), scenarios, logistics,
        tuple(notes),
    )  # fmt: skip


def _fitted_singly(setting: Setting, one: Planned) -> str | None:
    """The estimator whose runs cannot be fitted together; None where they can."""
    named = named_for(setting.trial.outcomes[one.named.outcome])
    if named is None or one.law is None:
        return None
    return None if in_batches(named) else named


def arm_effects(trial: Trial, effect: float) -> Floats:
    """(K,) what each arm adds, so that every declared comparison differs by `effect` where they allow it."""
    arms = list(trial.arms)
    added: dict[str, float] = {} if trial.control is None else {trial.control: 0.0}
    left = list(trial.comparisons)
    while left:
        pair = next((one for one in left if one.control in added or one.arm in added), left[0])
        left.remove(pair)
        if pair.control not in added:
            added[pair.control] = added[pair.arm] - effect if pair.arm in added else 0.0
        added.setdefault(pair.arm, added[pair.control] + effect)
    return np.array([added.get(arm, 0.0) for arm in arms])


def _all_runs(
    setting: Setting, wedge: WedgePlan | None, effect: float | None, runs: int, rng: np.random.Generator,
    progress: Callable[[int, int], None], sending: Sending | None, counted: list[NDArray[np.float64]],
) -> list[Tally]:  # fmt: skip
    """One tally per outcome and comparison."""
    if wedge is not None:
        return wedge_tallies(
            wedge, setting.law, setting.worlds, setting.planned, effect, runs, setting.units, rng, progress
        )  # fmt: skip

    def added(one: Planned) -> Floats:
        return arm_effects(setting.trial, _oriented(one, effect))

    tallies = [Tally() for _ in setting.planned]
    at_once = max(1, min(runs, _CELLS // setting.entries))
    if any(_fitted_singly(setting, one) for one in setting.planned):
        at_once = min(at_once, _FITTED_AT_ONCE)
    progress(0, runs)
    for start in range(0, runs, at_once):
        number = min(at_once, runs - start)
        arms, made = runs_of(setting, number, added, rng)
        if sending is not None:
            counted.append(sending.of(arms))
        for one, tally in zip(setting.planned, tallies, strict=True):
            tally.add(compared(setting, one, arms, *made[one.named.outcome]), setting.design)
        progress(start + number, runs)
    return tallies


def _oriented(one: Planned, effect: float | None) -> float:
    """An effect as the comparison has it, positive for better: a ratio is written as it is."""
    if effect is None:
        return one.aim.worthwhile
    return effect * one.plan.turn if one.plan.scale == "log_ratio" else effect


def compared(
    setting: Setting, one: Planned, arms: NDArray[np.int8], rows: Floats, sums: Floats, event: Floats | None = None
) -> Runs:
    """One outcome and comparison of some runs, as the analysis takes them."""
    arm, _, control = one.named.comparison.partition(" - ")
    places = [setting.law.arms.index(name) for name in (arm, control)]
    outcome, world = setting.trial.outcomes[one.named.outcome], setting.laws.get(one.named.outcome)
    return Runs(
        arms == places[0], np.isin(arms, places), rows, sums, setting.block, outcome.kind == "binary",
        setting.design.clusters, setting.trial.analysis.average, setting.of if world is None else world.unit,
        setting.baseline, None if setting.chance is None else setting.chance[:, places].T, (arm, control),
        named=None if world is None else named_for(outcome), event=event,
        exposure=None if world is None else world.exposure, sign=1 if world is None else world.law.turn,
    )  # fmt: skip


def _lines(setting: Setting, effect: float | None, tallies: list[Tally]) -> list[Line]:
    trial, lines = setting.trial, []
    family = family_size(trial, "primary")
    for one, tally in zip(setting.planned, tallies, strict=True):
        arm, _, control = one.named.comparison.partition(" - ")
        added = arm_effects(trial, _oriented(one, effect))
        pair = float(added[setting.law.arms.index(arm)]), float(added[setting.law.arms.index(control)])
        found = tally.operating(_truth(setting, one, pair), one.aim.worthwhile, trial.power.alpha, family)
        lines.append(
            Line(one.named.outcome, one.named.comparison, one.plan.scale, one.named.unit, one.named.turn, found)
        )
    return lines


def _truth(setting: Setting, one: Planned, added: tuple[float, float]) -> float:
    """What two arms truly differ by."""
    name = one.named.outcome
    if name in setting.laws:
        world = setting.laws[name]
        return world.law.apart(*added, reached=world.reached)
    return true_effect(setting.worlds[name], added, of_units=one.choice.estimator == "cluster_means")


def _logistics(
    trial: Trial, sending: Sending, counted: NDArray[np.float64], setting: Setting, asked: Asked
) -> Logistics:
    """Messages and segments of every run, priced; a text that fails is paid for all the same."""
    messages, segments = counted[:, 0], counted[:, 1]
    price = trial.costs.sms if trial.costs and trial.costs.sms else 0.0
    rng = np.random.default_rng([asked.seed, 1])
    failed = rng.binomial(messages.astype(np.int64), 1 - trial.power.reached)
    left = rng.binomial(len(setting.units), asked.opt_out, messages.size)
    first, last = sending.first, sending.windows_close
    return Logistics(
        _mean(messages), _mean(segments), _mean(segments * price), trial.costs.currency if trial.costs else "",
        _mean(failed.astype(float)), _mean(left.astype(float)), first, sending.last, last,
        (last - first).total_seconds() / 86_400 if first is not None and last is not None else None,
    )  # fmt: skip


def _mean(values: Floats) -> Share:
    error = values.std(ddof=1) / np.sqrt(values.size) if values.size > 1 else 0.0
    return Share(float(values.mean()), float(error))


def _notes(trial: Trial, roll: Roll | None, asked: Asked) -> list[str]:
    given = trial.power
    arrive = f"{percent(given.reached, 0)} of messages arrive, {percent(asked.opt_out, 1)} of units opt out before"
    notes = [f"{arrive}, the outcome of {percent(given.known, 0)} is known"]
    if roll is None:
        notes.append("there is no roll: units are made up from the `power` block, and cost and duration are not known")
    if trial.analysis.covariates and trial.randomise and trial.randomise.method not in TOGETHER:
        s = "s" if len(trial.analysis.covariates) == 1 else ""
        named = f"{listed(trial.analysis.covariates)} enter{s}"
        r2 = trial.power.r2
        foretell = f"explain{s} nothing" if r2 == 0 else f"foretell{s} {percent(r2, 0)} of the outcome"
        notes.append(f"{named} the analysis as the plan says, and {foretell} (`power.r2`)")
    primary = {name: one for name, one in trial.outcomes.items() if one.role == "primary"}
    notes.extend(f"{name} is analysed by `{by}`" for name, one in primary.items() if (by := named_for(one)) is not None)
    if trial.analysis.covariates and any(named_for(one) == "cox" for one in primary.values()):
        notes.append("a ratio of hazards moves when covariates are added: bias is told against the ratio without them")
    if trial.randomise and trial.randomise.method == "adaptive":
        notes.append("a batch learns from every outcome known of the batches before it")
    if roll is not None and any(len(unit.people) > 1 for unit in roll.units):
        icc = icc_of(trial)
        notes.append(f"people of one unit are alike: ICC {icc.value:.3g} ({icc.because})")
    return notes


def self_test(asked: Asked) -> Asked:
    """The same runs with no effect in any arm: labels on outcomes they had no part in (an A/A test)."""
    return replace(asked, effects={"nothing": 0.0})
