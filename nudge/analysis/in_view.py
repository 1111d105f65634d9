"""Some of an outcome's rows: those whose window has closed, those enrolled while both arms took families."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from nudge.analysis.comparison import phases_of
from nudge.trial.records.columns import some_rows

if TYPE_CHECKING:
    from nudge.trial.records.analysis import AnalysisRows, Bools


def only(rows: AnalysisRows, here: Bools) -> AnalysisRows:
    """The rows that `here`, (n,), picks."""
    return replace(
        rows, outcome=rows.outcome[here], arm=rows.arm.at(here), unit=rows.unit[here], block=rows.block[here],
        probability=rows.probability[here],
        covariates={name: some_rows(values, here) for name, values in rows.covariates.items()},
        received=None if rows.received is None else rows.received[here],
        event=None if rows.event is None else rows.event[here],
        exposure=None if rows.exposure is None else rows.exposure[here],
        phases=None if rows.phases is None else phases_of(rows.phases, here),
        waiting=None if rows.waiting is None else rows.waiting[here],
        closed=None if rows.closed is None else {arm: values[here] for arm, values in rows.closed.items()},
    )  # fmt: skip


def matured(rows: AnalysisRows) -> AnalysisRows:
    """Without those whose outcome cannot have happened yet: they are not missing (statistics.md 1, 22, 25)."""
    if rows.waiting is None or not rows.waiting.any():
        return rows
    return only(rows, ~rows.waiting)


def concurrent(rows: AnalysisRows, *arms: str) -> AnalysisRows:
    """Without those enrolled while one of these arms took nobody: controls are concurrent (statistics.md 23)."""
    apart = [rows.closed[one] for one in arms if rows.closed is not None and one in rows.closed]
    if not apart:
        return rows
    return only(rows, ~np.logical_or.reduce(apart))
