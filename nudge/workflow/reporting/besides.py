"""What stands beside a verdict, added to results once their estimates are made."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pydantic import TypeAdapter

from nudge.analysis.beliefs import companions
from nudge.analysis.looks import Moment, looked
from nudge.analysis.money import money, reach_costs
from nudge.design.priors import PRIORS
from nudge.trial.records.companions import Look

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from nudge.store.spending import Used
    from nudge.trial.model import Trial
    from nudge.trial.parts.governance import Costs
    from nudge.trial.records.analysis import AnalysisRows, Design
    from nudge.trial.records.report import Results


def with_beliefs(results: Results, trial: Trial) -> Results:
    """The same results with what each of the file's priors makes of every primary effect."""
    beliefs, exaggerations = companions(trial, results.estimates, PRIORS)
    return replace(results, beliefs=beliefs, exaggerations=exaggerations)


def earlier_looks(content: Mapping[str, Any] | None) -> tuple[Look, ...]:
    """The looks that stand in the results made last."""
    return TypeAdapter(tuple[Look, ...]).validate_python((content or {}).get("looks", ()))


def with_looks(results: Results, trial: Trial, before: Sequence[Look], waiting: frozenset[str]) -> Results:
    """The same results with what this look says; before: those taken so far."""
    moment = Moment(results.made_at, waiting)
    estimates, looks = looked(trial, results.estimates, before, moment)
    return replace(results, estimates=tuple(estimates), looks=looks)


def with_money(
    results: Results, trial: Trial, rows_of: Mapping[str, AnalysisRows], design: Design, spent: Mapping[int, float]
) -> Results:
    """The same results with what each comparison costs. spent: on messages and staff, by unit's code."""
    if trial.costs is None or not rows_of:
        return results
    rows = next(iter(rows_of.values()))
    return replace(
        results, money=money(trial, rows_of, design, results.estimates, spent),
        reach_costs=tuple(reach_costs(trial.costs, rows, spent, 1 - trial.power.alpha)),
    )  # fmt: skip


def spent_on(used: Mapping[str, Used], units: Sequence[str], costs: Costs | None) -> dict[int, float]:
    """What each unit's messages and calls cost at the file's prices, by its code: its place among `units`."""
    if costs is None:
        return {}
    price = (costs.sms or 0.0, costs.email or 0.0, (costs.staff_hour or 0.0) / 60)
    return {
        code: one.segments * price[0] + one.emails * price[1] + one.minutes * price[2]
        for code, unit in enumerate(units)
        if (one := used.get(unit)) is not None
    }
