"""The share of each arm to whom it had happened by each day, with the numbers still at risk."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nudge.analysis.survival_times import KaplanMeier
from nudge.trial.records.analysis import SurvivalCurve

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from nudge.trial.records.analysis import AnalysisRows

_ROWS = 8
"""Days at which numbers at risk are given, at most; weeks where days would be too many."""
_FEW_DAYS = 3


def survival_curves(name: str, rows: AnalysisRows, arms: Sequence[str]) -> Iterator[SurvivalCurve]:
    """One curve an arm; nothing where the outcome is no time to an event."""
    if rows.event is None:
        return
    known = ~np.isnan(rows.outcome) & ~np.isnan(rows.event)
    if not known.any():
        return
    last = float(rows.outcome[known].max())
    step = int(np.ceil(last / _ROWS)) or 1
    days = np.arange(0, last + 1, step if step <= _FEW_DAYS else 7 * np.ceil(step / 7))
    for arm in arms:
        here = known & rows.arm.is_(arm)
        time, event = rows.outcome[here], rows.event[here]
        if not time.size:
            continue
        curve = KaplanMeier.of(time, event)
        yield SurvivalCurve(
            name, arm, int(time.size), int(event.sum()),
            tuple(curve.times.tolist()), tuple((1 - curve.left).tolist()), float(time.max()),
            tuple(days.tolist()), tuple(int((time >= day).sum()) for day in days),
            tuple((1 - curve.at(days)).tolist()),
        )  # fmt: skip
