"""A look at a primary effect: what it may spend, whether it may stop the trial, what a stop does to the estimate.

Boundaries are p-values, held against the look's own t (statistics.md 22). A comparison's error is its share
of the family's. Families allocated before a stop are followed to the end of their windows: their last
analysis takes the place of the look that stopped the trial (Sooriyarachchi et al. 2003, deletion method).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import sqrt
from typing import TYPE_CHECKING

from nudge.analysis.analyse import family_size
from nudge.analysis.sequential import Stopped, boundaries, spent, whenever_half_width
from nudge.analysis.verdict import verdict
from nudge.trial.records.companions import Look

if TYPE_CHECKING:
    from nudge.trial.model import Trial
    from nudge.trial.parts.outcomes import Looks
    from nudge.trial.records.analysis import Estimate

FEWEST_CLUSTERS = 20
"""Below, looks at efficacy are refused: a few clusters' variance is too rough to stop on (statistics.md 22)."""
_SAME_LOOK = 1e-6


@dataclass(frozen=True, slots=True)
class Moment:
    """When results are made, and which outcomes still have open windows."""

    at: str
    waiting: frozenset[str]


def planned_information(trial: Trial, outcome: str) -> float | None:
    """1 / variance at which the worthwhile change would be found with the chance the file asks for."""
    from scipy.stats import norm

    size = trial.outcomes[outcome].worthwhile
    if size is None:
        return None
    alpha = trial.power.alpha / family_size(trial, "primary")
    return float(((norm.isf(alpha / 2) + norm.ppf(trial.power.power)) / size.value) ** 2)


def looked(
    trial: Trial, lines: Sequence[Estimate], earlier: Sequence[Look], moment: Moment
) -> tuple[list[Estimate], tuple[Look, ...]]:
    """Every line with what its look says, and all looks so far. earlier: those of the results before these."""
    plan = trial.analysis.looks
    if plan is None:
        return list(lines), ()
    shown, looks = [], []
    for line in lines:
        if line.role != "primary" or line.label == "sensitivity" or line.level is not None:
            shown.append(line)
            continue
        before = [one for one in earlier if (one.outcome, one.arm, one.control) == _key(line)]
        made, said = _one(trial, plan, line, before, moment)
        shown.append(made)
        looks.extend(said)
    return shown, tuple(looks)


def _key(line: Estimate) -> tuple[str, str, str]:
    return line.outcome, line.arm, line.control


def _one(trial: Trial, plan: Looks, line: Estimate, before: list[Look], moment: Moment) -> tuple[Estimate, list[Look]]:
    final = line.outcome not in moment.waiting
    planned = planned_information(trial, line.outcome)
    why = _why_not(line, planned, final=final)
    if why or planned is None or line.std_error is None:
        return (_noted(line, f"no look: {why}") if why else line), before
    information = 1 / line.std_error**2
    before = [one for one in before if one.information < information * (1 - _SAME_LOOK)]
    before = _without_overrun(before)
    look = _look(trial, plan, line, before, moment, information / planned, final=final)
    if final and look.number > 1:
        return _decided(trial, line, look), [*before, look]
    return _noted(line, _said(look)), [*before, look]


def _without_overrun(before: list[Look]) -> list[Look]:
    """Looks short of the first that crossed: what came in after the stop takes that look's place."""
    crossed = next((i for i, one in enumerate(before) if one.crossed), None)
    return before if crossed is None else before[: crossed + 1]


def _why_not(line: Estimate, planned: float | None, *, final: bool) -> str:
    if planned is None:
        return "the file names no change worth finding, so no information is planned"
    if line.std_error is None or line.df is None or line.p_value is None:
        return "the estimate has no standard error yet"
    if not final and line.n_clusters is not None and line.n_clusters < FEWEST_CLUSTERS:
        return f"{line.n_clusters} clusters are too few to stop on; it takes {FEWEST_CLUSTERS}"
    return ""


def _look(
    trial: Trial, plan: Looks, line: Estimate, before: list[Look], moment: Moment, share: float, *, final: bool
) -> Look:
    if line.estimate is None or line.std_error is None or line.df is None or line.p_value is None:
        raise AssertionError("a look is taken at an estimate")
    alpha = trial.power.alpha / family_size(trial, "primary")
    overrun = bool(before) and before[-1].crossed
    kept = before[:-1] if overrun else before
    times = [*(one.share for one in kept), share]
    bounds = boundaries(times, alpha, plan.spending, all_spent=final)
    boundary = _two_sided(bounds[-1])
    half = whenever_half_width(line.std_error, share / plan.at[0], alpha)
    look = Look(
        *_key(line), len(before) + 1, moment.at, final, 1 / line.std_error**2, share,
        alpha if final else spent(share, alpha, plan.spending), boundary, line.estimate, line.std_error, line.df,
        line.p_value, line.p_value <= boundary or overrun, line.estimate - half, line.estimate + half,
    )  # fmt: skip
    if not (look.crossed or (final and before)):
        return look
    return _stopped(look, Stopped(tuple(times), tuple(bounds), _z(line)), alpha, sqrt(look.information / share))


def _stopped(look: Look, stop: Stopped, alpha: float, per_drift: float) -> Look:
    """The look with the stagewise p, estimate and interval. per_drift: √ of the information planned."""
    scale = look.estimate / look.std_error / stop.z if stop.z else 1.0
    middle, low, high = (stop.drift(share) * scale / per_drift for share in (0.5, alpha / 2, 1 - alpha / 2))
    return replace(look, stopped_p=stop.p_value, stopped_estimate=middle, stopped_low=low, stopped_high=high)


def _two_sided(z: float) -> float:
    from scipy.stats import norm

    return float(2 * norm.sf(z))


def _z(line: Estimate) -> float:
    """The normal deviate with the same p, on the estimate's side."""
    from scipy.stats import norm

    z = float(norm.isf((line.p_value or 1.0) / 2))
    return z if (line.estimate or 0) >= 0 else -z


def _decided(trial: Trial, line: Estimate, look: Look) -> Estimate:
    """The verdict at the end of a trial that was looked at: on the interval that knows of the looks."""
    size = trial.outcomes[line.outcome].worthwhile
    low, high, middle = look.stopped_low, look.stopped_high, look.stopped_estimate
    if line.verdict is None or size is None or low is None or high is None or middle is None:
        return _noted(line, _said(look))
    return replace(
        _noted(line, _said(look)), verdict=verdict(middle, low, high, size.value), verdict_conf_low=low,
        verdict_conf_high=high,
    )  # fmt: skip


def _said(look: Look) -> str:
    kind = "the last look" if look.final else f"look {look.number}"
    said = f"{kind}, at {look.share:.0%} of the information planned: p {look.p_value:.4f} against {look.boundary:.4f}"
    if look.final:
        return said
    if not look.crossed:
        return f"{said}, so nothing stops the trial"
    good = "does better" if look.estimate > 0 else "does worse"
    return (
        f"{said}: {look.arm} {good} beyond the boundary, and enrolment may stop; follow everyone allocated to the end"
    )


def _noted(line: Estimate, said: str) -> Estimate:
    return replace(line, note=f"{line.note}; {said}" if line.note else said)
