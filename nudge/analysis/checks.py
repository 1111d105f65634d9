"""Checks of conduct and data that stand beside the results (statistics.md 1, 24)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from nudge.analysis.comparison import pair_of
from nudge.analysis.in_view import concurrent, matured
from nudge.analysis.inference import answer
from nudge.trial.problems import listed
from nudge.trial.records.analysis import AnalysisRows, Check, CheckStatus, Design

if TYPE_CHECKING:
    from nudge.trial.quantities import Comparison
    from nudge.trial.records.report import FlowStep

_SUSPECT = 0.001


def attrition(name: str, rows: AnalysisRows, comparison: Comparison, design: Design) -> Check:
    """Whether the share with an outcome differs between two arms, by the design's own variance.

    Of those whose window has closed: what cannot have happened yet is not missing.
    """
    closed = concurrent(matured(rows), comparison.arm, comparison.control)
    known = replace(closed, outcome=(~np.isnan(closed.outcome)).astype(float), event=None)
    pair = pair_of(known, comparison.arm, comparison.control)
    sides = [pair.y[pair.treated == side] for side in (True, False)]
    empty = [arm for arm, side in zip((comparison.arm, comparison.control), sides, strict=True) if not side.size]
    if empty:
        why = "nobody was allocated to" if closed is rows else "no window has closed in"
        return Check("attrition", "note", f"{name}: {why} {listed(empty)}")
    shares = [float(side.mean()) for side in sides]
    said = (
        f"{name}: an outcome is known for {shares[0]:.1%} of {comparison.arm} and {shares[1]:.1%} "
        f"of {comparison.control}"
    )
    if closed.phases is not None:
        said += "; the test compares within periods"
    if min(shares) == max(shares) == 1:
        return Check("attrition", "ok", said)
    p_value = answer(pair, design, binary=True, average="person").p_value
    status: CheckStatus = "problem" if p_value is not None and p_value < _SUSPECT else "note"
    return Check("attrition", status, said, p_value, {"arm": shares[0], "control": shares[1]})


def sample_ratio(counts: Mapping[str, int], ratio: Mapping[str, int]) -> Check:
    """χ² of randomised units against the designed ratio; for draws made elsewhere."""
    from scipy.stats import chisquare

    observed = np.array([counts.get(arm, 0) for arm in ratio], dtype=float)
    shares = np.array([ratio[arm] for arm in ratio], dtype=float)
    test = chisquare(observed, observed.sum() * shares / shares.sum())
    said = listed(f"{counts.get(arm, 0):,} {arm}" for arm in ratio)
    designed = ":".join(str(ratio[arm]) for arm in ratio)
    status: CheckStatus = "problem" if test.pvalue < _SUSPECT else "ok"
    return Check(
        "sample ratio", status, f"units by arm: {said}, designed {designed}", float(test.pvalue),
        {"statistic": float(test.statistic)},
    )  # fmt: skip


def reconciliation(flow: Sequence[FlowStep]) -> Check:
    """Every unit and person is somewhere: each step of the flow adds up to the one before."""
    gaps = []
    for measure in ("units", "people"):

        def total(step: str, arm: str | None = None, *, of: str = measure) -> int:
            return sum(getattr(s, of) for s in flow if s.step == step and (arm is None or s.arm == arm))

        here = any(one.step == "assessed" for one in flow)
        if here and total("assessed") - total("excluded") - total("allocated"):
            gaps.append(f"{measure} assessed less excluded are not those allocated")
        arms = dict.fromkeys(step.arm for step in flow if step.step == "allocated")
        for step, what in (("delivery", "delivery"), ("outcome", "outcomes")):
            present = any(one.step == step for one in flow)
            gaps += [
                f"{measure} of {arm} by {what} are not those allocated"
                for arm in arms if present and total(step, arm) != total("allocated", arm)
            ]  # fmt: skip
    if gaps:
        return Check("reconciliation", "problem", "; ".join(gaps))
    return Check("reconciliation", "ok", "every unit and person is accounted for: the flow adds up to zero")
