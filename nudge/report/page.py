"""The report as one self-contained HTML page: no network, prints well, readable on a phone."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from nudge.report import beside, methods, numbers, words
from nudge.report.costs import costs_in_words
from nudge.report.figures import balance_table, interval_plot
from nudge.report.uptake import uptakes

if TYPE_CHECKING:
    from nudge.trial.model import Trial
    from nudge.trial.quantities import Difference
    from nudge.trial.records.analysis import Estimate
    from nudge.trial.records.report import FlowStep, PeriodCount, Results


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("nudge.report"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters |= {
        "readable": words.readable, "percent": numbers.percent, "p": numbers.p_value, "df": numbers.degrees,
        "day": numbers.day, "effect": words.effect, "estimator": methods.estimator_in_words,
        "icc": methods.icc_in_words,
        "sentence": words.sentence, "level_name": words.level, "standing": words.standing, "counted": numbers.counted,
        "spaced": words.spaced,
    }  # fmt: skip
    return environment


def report_page(results: Results, trial: Trial) -> str:
    """The page of one trial's results."""
    planned = [line for line in results.estimates if line.label != "sensitivity"]
    return _environment().get_template("report.html.j2").render(
        results=results,
        trial=trial,
        answers=[words.answer(line, trial) for line in planned if line.role == "primary"],
        harms=[words.answer(line, trial) for line in planned if line.role == "harm"],
        margins=[words.answer(line, trial) for line in planned if _held_to_a_margin(line, trial)],
        uptakes=uptakes(results.curves),
        plots=_plots(results, trial),
        subgroups=_subgroups(results, trial),
        adjustment=words.ADJUSTMENTS[trial.analysis.multiplicity],
        level=numbers.percent(1 - trial.power.alpha, 0),
        unit_of={name: outcome.unit for name, outcome in trial.outcomes.items()},
        flow=_flow(results),
        lead=_lead(results, trial),
        balance=balance_table(results.balance, _shares(trial)),
        method=methods.method_in_words(results.design.method),
        delivery=_delivery(results),
        periods=_periods(results, trial),
        units=trial.population.called.units,
        people=trial.population.called.people,
        beside=beside.folds(results),
        known=_known(results, trial),
        sources=sorted(results.outcomes, key=lambda one: _place(one.outcome, [*trial.outcomes])),
        costs=costs_in_words(results, trial),
    )  # fmt: skip


def _held_to_a_margin(line: Estimate, trial: Trial) -> bool:
    """Outcomes that are neither the answer nor a harm, and are held to a margin all the same."""
    if line.role in {"primary", "harm"} or line.outcome not in trial.outcomes:
        return False
    return trial.outcomes[line.outcome].aim != "superiority"


def _plots(results: Results, trial: Trial) -> list[dict[str, Any]]:
    by_outcome: defaultdict[str, list[Estimate]] = defaultdict(list)
    for line in results.estimates:
        by_outcome[line.outcome].append(line)
    plots = []
    for name, lines in by_outcome.items():
        outcome = trial.outcomes[name]
        if outcome.role == "harm":
            continue
        whole = [line for line in lines if line.level is None]
        mattering = None if outcome.worthwhile is None else outcome.worthwhile.as_estimated
        plot = interval_plot(whole, mattering, outcome.unit)
        if plot is not None:
            plots.append(
                {"outcome": name, "question": outcome.question or "", "plot": plot, "worthwhile": outcome.worthwhile}
            )
    return plots


def _subgroups(results: Results, trial: Trial) -> list[dict[str, Any]]:
    """For every comparison and declared column: whether the effect differs, then the effect in each level."""
    found: defaultdict[tuple[str, str, str, str], list[Estimate]] = defaultdict(list)
    for line in results.estimates:
        if line.role == "subgroup":
            found[line.outcome, line.family.removeprefix("subgroup "), line.arm, line.control].append(line)
    return [
        {"outcome": outcome, "column": column, "arm": arm, "control": control,
         "said": lines[0].note.partition("; ")[0],  # what follows is of the first level alone
         "worthwhile": (size := _as_difference(trial.outcomes[outcome].worthwhile)),
         "plot": interval_plot(lines, size.value if size else None, trial.outcomes[outcome].unit)}
        for (outcome, column, arm, control), lines in found.items()
    ]  # fmt: skip


def _as_difference(worthwhile: Difference | None) -> Difference | None:
    """Groups are compared by differences, on whose axis a ratio has no place."""
    return None if worthwhile is None or worthwhile.unit == "times" else worthwhile


def _shares(trial: Trial) -> set[str]:
    return {name for name, kind in trial.population.columns.items() if kind in {"category", "yes_no"}}


@dataclass(frozen=True, slots=True)
class _Column:
    """One arm's boxes of the flow."""

    arm: str
    allocated: FlowStep
    delivery: list[FlowStep]
    outcome: list[FlowStep]


def _flow(results: Results) -> dict[str, Any]:
    def steps(name: str, arm: str | None = None) -> list[FlowStep]:
        return [one for one in results.flow if one.step == name and (arm is None or one.arm == arm)]

    columns = [
        _Column(one.arm or "", one, steps("delivery", one.arm), steps("outcome", one.arm))
        for one in steps("allocated")
    ]  # fmt: skip
    return {"assessed": steps("assessed"), "excluded": steps("excluded"), "columns": columns}


def _lead(results: Results, trial: Trial) -> str:
    """How many were randomised, said before anything else."""
    design, called = results.design, trial.population.called
    where = "were randomised" if design.units == design.people else (
        f"were randomised, not {design.people:,} {called.people}"
        if design.clusters else f"with {design.people:,} {called.people} were randomised"
    )  # fmt: skip
    lead = f"{design.units:,} {called.units} {where}, {methods.method_in_words(design.method)}."
    if trial.underpowered is None:
        return lead
    return (
        f"{lead} The trial was known to be too small to answer alone. It was run because "
        f"{trial.underpowered.reason.rstrip('.')}, to be pooled with {trial.underpowered.pooled_with.rstrip('.')}."
    )


_STATES = {
    "event": "it happened", "non_event": "it did not", "known": "known", "no_record": "nothing on record",
    "outside": "outside what the records cover", "not_yet": "window still open", "undated": "no date for a window",
}  # fmt: skip


def _known(results: Results, trial: Trial) -> list[dict[str, Any]]:
    """What is on record of every outcome, by arm: who is missing, and whose window has not closed."""
    order = [*trial.arms]
    return [
        {
            "outcome": one.outcome, "states": [(state, _state(state, one.outcome, trial)) for state in states],
            "arms": [
                {"arm": arm, "of": sum(counts.values()), "counts": [counts.get(state, 0) for state in states]}
                for arm, counts in sorted(one.states.items(), key=lambda item: _place(item[0], order))
            ],
        }
        for one in sorted(results.outcomes, key=lambda one: _place(one.outcome, [*trial.outcomes]))
        if (states := [state for state in _STATES if any(state in counts for counts in one.states.values())])
    ]  # fmt: skip


def _state(state: str, outcome: str, trial: Trial) -> str:
    """A yes or no happened or did not; anything else is a value on record."""
    found = trial.outcomes.get(outcome)
    happens = found is None or found.kind in {"binary", "time_to_event"}
    return "known" if state == "event" and not happens else _STATES.get(state, state)


def _place(name: str, order: list[str]) -> int:
    """Where the file names it; what it does not name comes last."""
    return order.index(name) if name in order else len(order)


def _delivery(results: Results) -> list[dict[str, Any]]:
    """Rows of the ledger by arm and channel, a count per state."""
    table: defaultdict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    for count in results.delivery:
        table[count.arm, count.channel][str(count.status)] = count.rows
    return [{"arm": arm, "channel": channel, "states": states} for (arm, channel), states in sorted(table.items())]


def _periods(results: Results, trial: Trial) -> list[dict[str, Any]]:
    """Of a stepped wedge: a table for each primary outcome, steps down and periods across."""
    randomise = trial.randomise
    if not results.periods or randomise is None:
        return []
    days = randomise.steps
    columns = [f"before {numbers.day(days[0].isoformat())}", *(f"from {numbers.day(day.isoformat())}" for day in days)]
    tables = []
    for outcome in dict.fromkeys(one.outcome for one in results.periods):
        cells: defaultdict[tuple[int, int], list[PeriodCount]] = defaultdict(list)
        for one in results.periods:
            if one.outcome == outcome:
                cells[one.step, one.period].append(one)
        rows = [
            {"name": f"step {step}", "cells": [cells[step, period] for period in range(len(columns))]}
            for step in range(1, len(days) + 1)
        ]
        share = trial.outcomes[outcome].kind == "binary"
        tables.append({"outcome": outcome, "columns": columns, "rows": rows, "share": share})
    return tables
