"""The line that stands beside the plan where receipts say whom a message reached (statistics.md 21)."""

from __future__ import annotations

from dataclasses import replace
from math import inf
from typing import TYPE_CHECKING

import numpy as np

from nudge.analysis.answers import Answer, t_p_value, t_quantile
from nudge.analysis.cace import ESTIMAND, ComplierEffect, complier_effect
from nudge.analysis.comparison import Pair, informative
from nudge.analysis.inference import answer
from nudge.analysis.linear_effect import LEAST_DF
from nudge.trial.errors import EstimationRefused
from nudge.trial.records.analysis import Floats

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nudge.analysis.lines import Line
    from nudge.trial.records.analysis import Estimate


def among_reached(line: Line) -> Iterator[Estimate]:
    """The effect on those reached, and the same were everyone of unknown fate reached too.

    Offered where somebody in the arm was reached and nobody in the control: between two arms that
    both send messages, being reached is not what tells them apart.
    """
    if line.rows.received is None:
        return
    average = line.trial.analysis.average
    pair = line.pair(line.trial.analysis.covariates)
    if line.design.blocks:
        pair = informative(pair)[0]
    if pair.received is None or not _only_the_arm(pair):
        return
    found = answer(pair, line.design, binary=line.binary, average=average)
    if found.std_error is None or found.score_counts is not None:
        return
    unknown = int(np.isnan(pair.received).sum())
    cases = [(0.0, f"; {unknown:,} of unknown fate count as not reached" if unknown else "")]
    if unknown:
        cases.append((1.0, f"; {unknown:,} of unknown fate count as reached"))
    for value, said in cases:
        reached = np.where(np.isnan(pair.received), value, pair.received)
        try:
            effect = complier_effect(pair, reached, found.choice)
        except EstimationRefused:
            continue
        yield _shown(line, pair, found, effect, reached, said)


def _only_the_arm(pair: Pair) -> bool:
    if pair.received is None:
        return False
    return bool((pair.received[pair.treated] == 1).any()) and not np.nan_to_num(pair.received[~pair.treated]).any()


def _shown(
    line: Line, pair: Pair, found: Answer, effect: ComplierEffect, reached: Floats, said: str
) -> Estimate:  # fmt: skip
    share = float(reached[pair.treated].mean())
    note = f"among those reached, {share:.1%} of {line.comparison.arm}{said}; {_without_end(line, effect)}"
    enough = effect.df >= LEAST_DF
    answered = replace(
        found, estimate=effect.estimate, std_error=effect.std_error if enough else None,
        df=effect.df if enough else None, p_value=t_p_value(effect.itt.estimate / effect.itt.std_error, effect.itt.df),
        vcov=effect.vcov, note="",
    )  # fmt: skip
    covariates = line.trial.analysis.covariates
    made = line.line(pair, answered, line.trial.analysis.average, covariates, "sensitivity", note)
    return replace(made, estimand=f"CACE: {ESTIMAND}", estimator=f"two_stage_{found.choice.estimator}")


def _without_end(line: Line, effect: ComplierEffect) -> str:
    """Anderson and Rubin's interval in words, oriented."""
    parts = effect.anderson_rubin(t_quantile(line.level, effect.itt.df))
    if parts == ((-inf, inf),):
        return "too few were reached for an interval that is right whatever their number"
    turned = [sorted(line.sign * bound for bound in part) for part in parts]
    said = " or ".join(f"{_bound(low)} to {_bound(high)}" for low, high in sorted(turned))
    return f"Anderson-Rubin interval {said}"


def _bound(value: float) -> str:
    return "without end" if abs(value) == inf else f"{value:.4g}".replace("-", "−")
