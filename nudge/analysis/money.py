"""Costs and gains of every primary comparison, from prices and what each unit cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from nudge.analysis.economics import CostEffect, bootstrap, cost_effect, cost_per_reached
from nudge.analysis.groups import first_rows, numbered
from nudge.analysis.lines import Line
from nudge.trial.records.companions import Money, PayerBenefit, ReachCost

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nudge.analysis.comparison import Pair
    from nudge.trial.model import Trial
    from nudge.trial.parts.governance import Benefit, Costs
    from nudge.trial.quantities import Duration
    from nudge.trial.records.analysis import AnalysisRows, Design, Estimate, Floats

_MAY_BE_NOTHING = "the interval of the effect includes zero, and a cost divided by what may be nothing can be anything"
_MONTHS = {"months": 1.0, "weeks": 7 / 30.4375, "days": 1 / 30.4375}


def money(
    trial: Trial,
    rows_of: Mapping[str, AnalysisRows],
    design: Design,
    lines: Sequence[Estimate],
    spent: Mapping[int, float],
) -> tuple[Money, ...]:
    """Every planned primary comparison in money; nothing where the file has no prices. spent: by unit's code."""
    if trial.costs is None:
        return ()
    found = []
    for estimate in lines:
        if estimate.role != "primary" or estimate.label == "sensitivity" or estimate.level is not None:
            continue
        pair = next((p for p in trial.comparisons if (p.arm, p.control) == (estimate.arm, estimate.control)), None)
        if pair is None or estimate.outcome not in rows_of:
            continue
        rows = rows_of[estimate.outcome]
        line = Line(trial, estimate.outcome, trial.outcomes[estimate.outcome], pair, rows, design, None, 1)
        if estimate.conf_low is None or line.named is not None:  # a ratio of rates is not so many outcomes more
            continue
        cost = row_costs(trial.costs, rows, spent)
        both = cost_effect(line, cost) if np.ptp(cost) > 0 else None
        if both is not None:
            found.append(_one(trial.costs, estimate, *both))
    return tuple(found)


def row_costs(costs: Costs, rows: AnalysisRows, spent: Mapping[int, float]) -> Floats:
    """Each row's share of its unit's cost: messages and staff, the arm's price per unit, its part of the set-up."""
    unit, codes = numbered(rows.unit)
    arm = rows.arm.at(first_rows(unit))
    of_unit = np.zeros(codes.size)
    if spent:
        of_unit += np.array([spent.get(code, 0.0) for code in codes.tolist()])
    for name in arm.levels:
        here = arm.is_(name)
        of_unit[here] += costs.per_unit.get(name, 0.0) + costs.setup.get(name, 0.0) / max(1, int(here.sum()))
    shared: Floats = (of_unit / np.bincount(unit))[unit]
    return shared


def _one(costs: Costs, line: Estimate, both: CostEffect, pair: Pair) -> Money:
    if line.conf_low is None or line.conf_high is None:
        raise AssertionError("money follows an effect with an interval")
    level = line.conf_level
    made = Money(
        line.outcome, line.arm, line.control, costs.currency, costs.prices, both.cost, None, None, None, None, None,
        None, None, "", (),
    )  # fmt: skip
    if line.conf_low > 0:
        fieller, drawn, (low, high) = both.fieller(level), bootstrap(pair, level), both.delta(level)
        made = replace(
            made, per_extra=both.ratio, delta_low=low, delta_high=high,
            fieller_low=fieller[0] if fieller else None, fieller_high=fieller[1] if fieller else None,
            bootstrap_low=drawn[0] if drawn else None, bootstrap_high=drawn[1] if drawn else None,
        )  # fmt: skip
    elif line.conf_high < 0:
        made = replace(made, why="the arm did worse than its comparison, so it buys nothing")
    else:
        made = replace(made, why=_MAY_BE_NOTHING)
    payers = tuple(_payer(one, both, made.per_extra, level) for one in costs.benefit if one.per == line.outcome)
    return replace(made, payers=payers)


def _payer(benefit: Benefit, both: CostEffect, per_extra: float | None, level: float) -> PayerBenefit:
    net, low, high = both.net(benefit.value, level)
    months = None
    if per_extra is not None and benefit.over is not None and benefit.value > 0:
        months = max(0.0, per_extra) / (benefit.value / _months(benefit.over))
    return PayerBenefit(benefit.payer, benefit.cashable, benefit.value, net, low, high, months)


def _months(length: Duration) -> float:
    return length.amount * _MONTHS.get(length.unit, 1 / 30.4375 / 24)


def reach_costs(costs: Costs, rows: AnalysisRows, spent: Mapping[int, float], level: float) -> Iterator[ReachCost]:
    """What it cost, arm by arm, to reach a unit; nothing where receipts say nothing."""
    if rows.received is None:
        return
    by_row = row_costs(costs, rows, spent)
    unit, _ = numbered(rows.unit)
    first = first_rows(unit)
    of_unit, arm_of, received = np.bincount(unit, by_row).astype(float), rows.arm.at(first), rows.received[first]
    for arm in rows.arm.levels:
        here = arm_of.is_(arm)
        cost, reached = of_unit[here], np.nan_to_num(received[here])
        if not cost.any():
            continue
        ratio, low, high = cost_per_reached(cost, reached, level)
        yield ReachCost(arm, float(cost.sum()), int(reached.sum()), ratio, low, high)
