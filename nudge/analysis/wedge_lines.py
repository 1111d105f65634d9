"""What stands beside the plan of a stepped wedge: the other estimand, and what ignoring the periods would say."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from nudge.analysis.among_reached import only_the_arm, reached_lines
from nudge.analysis.answers import t_p_value, t_quantile
from nudge.analysis.inference import answer
from nudge.analysis.linear_effect import THE_ARM, arm_model, grouped, need_spread
from nudge.analysis.missing import needs_bounds
from nudge.analysis.missing_lines import imputed, weighted
from nudge.analysis.remarks import Remark
from nudge.analysis.sandwich import robust
from nudge.analysis.wedge import both_sides
from nudge.analysis.wedge_answer import FEW
from nudge.trial.errors import EstimationRefused
from nudge.trial.problems import listed
from nudge.trial.records.analysis import Careless

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nudge.analysis.comparison import Pair
    from nudge.analysis.lines import Line
    from nudge.trial.records.analysis import Estimate

_OTHER = {
    "immediate": ("exposure_averaged", "an effect that may change with the time since crossing, averaged over it"),
    "exposure_averaged": ("immediate", "one constant effect from the day of crossing"),
}


def wedge_lines(line: Line) -> Iterator[Estimate | Remark]:
    """What stands beside the plan of a stepped wedge, or why it does not."""
    yield from other_estimand(line)
    arm, control = line.comparison.arm, line.comparison.control
    if needs_bounds(line.rows, arm, control):
        why = "it trims whole arms by one share, and in a stepped wedge who has an outcome differs between periods"
        yield Remark(line.name, "Lee's bounds", why)
        if line.trial.analysis.average == "person":
            yield from weighted(line)
        else:
            why = "they count people, and this trial's average counts clusters and periods"
            yield Remark(line.name, "weights by the chance of an outcome", why)
        yield from imputed(line)
    yield from _reached(line)


def _reached(line: Line) -> Iterator[Estimate | Remark]:
    """Two-stage least squares beside effects of clusters and periods, having crossed the instrument.

    One instrument can tell one effect, so it is taken as the same from the day of crossing (Angrist & Imbens 1995).
    """
    if not only_the_arm(line.pair()):
        return
    if line.trial.analysis.average == "cluster":
        why = "it is an average over people, and this trial's average counts clusters and periods"
        yield Remark(line.name, "effect among those reached", why)
        return
    pair = line.pair(line.trial.analysis.covariates)
    constant = replace(line.design, estimand="immediate")
    yield from reached_lines(line, pair, constant, "; taken to be the same from the day of crossing on")


def other_estimand(line: Line) -> Iterator[Estimate]:
    """The estimand that was not locked."""
    analysis = line.trial.analysis
    estimand, said = _OTHER[line.design.estimand or "immediate"]
    pair = line.pair(analysis.covariates)
    found = answer(pair, replace(line.design, estimand=estimand), binary=line.binary, average=analysis.average)
    yield line.line(pair, found, analysis.average, analysis.covariates, "sensitivity", f"the other estimand: {said}")


def before_and_after(line: Line) -> Iterator[Careless]:
    """Everyone after a crossing against everyone before one, whenever they came."""
    pair = line.pair()
    try:
        model = arm_model(grouped(pair), pair.y, ())
        contrast = model.contrast(THE_ARM)
        wrong = robust(model, contrast)
        need_spread(wrong.std_error, pair)
    except EstimationRefused:
        return
    called = line.trial.population.called
    effect, df = line.sign * model.estimate(contrast), float(pair.y.size - 2)
    half = t_quantile(line.level, df) * wrong.std_error
    yield Careless(
        line.name, line.comparison.arm, line.comparison.control,
        f"All {called.people} after a crossing held against all before one",
        f"whoever comes after a crossing also comes later, so whatever else changed meanwhile counts as its effect; "
        f"and {pair.units:,} {called.units} were drawn, not {pair.y.size:,} {called.people}",
        effect, wrong.std_error, t_p_value(effect / wrong.std_error, df), effect - half, effect + half,
    )  # fmt: skip


def about_the_periods(pair: Pair) -> str:
    """What the raw means are not, how many rows each side of nothing holds, and periods that compare nobody."""
    if pair.phases is None:
        raise AssertionError("only the rows of a stepped wedge have periods")
    notes = ["the arms' own means mix periods, and only the estimate compares within them"]
    if pair.units < FEW:
        notes.insert(0, f"p is that of the schedule since there are fewer than {FEW} clusters")
    crossing = 0 if pair.crossing is None else pair.crossing.y.size
    if crossing:
        notes.append(f"{crossing:,} rows in a transition are in neither arm")
    both = both_sides(pair.phases, pair.treated)
    present = np.bincount(pair.phases.period, minlength=both.size) > 0
    after = [str(i) for i in np.flatnonzero(present & ~both) if pair.treated[pair.phases.period == i].all()]
    if after:
        what = "period" if len(after) == 1 else "periods"
        notes.append(f"in {what} {listed(after)} every cluster has crossed, which compares nobody with the control")
    return "; ".join(notes)
