"""The line that stands beside the plan where receipts say whom a message reached (statistics.md 21)."""

from __future__ import annotations

from dataclasses import replace
from math import inf
from typing import TYPE_CHECKING

import numpy as np

from nudge.analysis.answers import Answer, t_quantile
from nudge.analysis.cace import ESTIMAND, ComplierEffect, complier_effect
from nudge.analysis.comparison import Pair, informative
from nudge.analysis.inference import answer
from nudge.analysis.linear_effect import LEAST_DF
from nudge.analysis.named import row_values
from nudge.analysis.redundant import without
from nudge.analysis.remarks import Remark
from nudge.trial.errors import EstimationRefused
from nudge.trial.records.analysis import Floats

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from nudge.analysis.lines import Line
    from nudge.trial.records.analysis import Design, Estimate


def among_reached(line: Line) -> Iterator[Estimate | Remark]:
    """The effect on those reached, and the same were everyone of unknown fate reached too.

    Offered where somebody in the arm was reached and nobody in the control: between two arms that
    both send messages, being reached is not what tells them apart.
    """
    pair = comparable(line, line.trial.analysis.covariates)
    if pair is None:
        return
    if line.named in _NO_SHARE:
        yield Remark(line.name, "effect among those reached", _NO_SHARE[line.named])
        return
    try:
        pair = row_values(line.named, pair) if line.named == "survival" else pair
    except EstimationRefused as refusal:
        yield Remark(line.name, "effect among those reached", refusal.what)
        return
    yield from reached_lines(line, pair, line.design)


def reached_lines(line: Line, pair: Pair, design: Design, also: str = "") -> Iterator[Estimate]:
    """The same for a comparison's rows and a design; also: what more the line takes for granted."""
    found = answer(pair, design, binary=line.binary, average=line.trial.analysis.average)
    if pair.received is None or found.std_error is None or found.score_counts is not None or not only_the_arm(pair):
        return
    unknown = int(np.isnan(pair.received).sum())
    cases = [(0.0, f"; {unknown:,} of unknown fate count as not reached" if unknown else "")]
    if unknown:
        cases.append((1.0, f"; {unknown:,} of unknown fate count as reached"))
    for value, said in cases:
        reached = np.where(np.isnan(pair.received), value, pair.received)
        try:
            effect = complier_effect(without(pair, found.choice.left_out), reached, found.choice)
        except EstimationRefused:
            continue
        yield _shown(line, pair, found, effect, reached, f"{said}{also}")


_NO_SHARE = {
    "ordinal": "a chance of doing better compares two people, and is no sum of what each of them gained",
    "cox": "a ratio of hazards is no sum of what each person gained; the mean time until it happened is",
}
"""Estimands that cannot be shared out among those reached."""


def comparable(line: Line, covariates: Sequence[str] = ()) -> Pair | None:
    """The rows that can say it, in blocks with both arms; None where receipts do not tell the arms apart."""
    if line.rows.received is None:
        return None
    pair = line.pair(covariates)
    if line.design.blocks:
        pair = informative(pair)[0]
    return pair if only_the_arm(pair) else None


def only_the_arm(pair: Pair) -> bool:
    """Whether somebody in the arm was reached, by their receipts, and nobody in the control."""
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
        df=effect.df if enough else None, p_value=found.p_value, vcov=effect.vcov, note="",
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
