"""Worst and best case: every missing outcome at its extreme, whenever enough are missing (statistics.md 1)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from nudge.analysis.inference import answer
from nudge.analysis.missing import filled, needs_bounds
from nudge.analysis.remarks import Remark

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nudge.analysis.lines import Line
    from nudge.trial.records.analysis import Estimate

WHAT = "worst and best case of missing outcomes"


@dataclass(frozen=True, slots=True)
class Extremes:
    """The least and the most an outcome can be. events: of times, whether they end with the event. said: in words."""

    values: tuple[float, float]
    said: tuple[str, str]
    events: tuple[float, float] | None = None


def extreme_lines(line: Line) -> Iterator[Estimate | Remark]:
    """Two lines, or why there are none."""
    if not needs_bounds(line.rows, line.comparison.arm, line.comparison.control):
        return
    found = extremes(line)
    if isinstance(found, str):
        yield Remark(line.name, WHAT, found)
        return
    arm, average = line.comparison.arm, line.trial.analysis.average
    for what, best in (("worst", False), ("best", True)):
        of_arm = int(best == (line.sign > 0))
        events = None if found.events is None else (found.events[of_arm], found.events[1 - of_arm])
        rows = filled(
            line.rows, arm, arm_value=found.values[of_arm], control_value=found.values[1 - of_arm], events=events
        )
        pair = line.pair(rows=rows)
        shown = answer(pair, line.design, binary=line.binary, average=average, named=line.named)
        said = f"{what} case: every missing outcome {what} for {arm}"
        note = f"{said}{_in_words(line, found, of_arm)}"
        yield line.line(pair, shown, average, (), "sensitivity", note)


def _in_words(line: Line, found: Extremes, of_arm: int) -> str:
    if line.binary:
        return ""
    return f" ({found.said[of_arm]} in it, {found.said[1 - of_arm]} in {line.comparison.control})"


def extremes(line: Line) -> Extremes | str:
    """The ends an outcome can take; or why it has none."""
    kind, known = line.outcome.kind, line.rows.outcome[~np.isnan(line.rows.outcome)]
    if line.binary:
        return Extremes((0.0, 1.0), ("none", "all"))
    if not known.size:
        return "no outcome is known"
    low, high = float(known.min()), float(known.max())
    if kind == "ordinal":
        return Extremes((low, high), (f"the lowest answer given, {low:g},", f"the highest answer given, {high:g},"))
    if kind == "time_to_event":
        last = _window(line) or high
        return Extremes((0.0, last), ("at once", f"not within {last:g} days"), (1.0, 0.0))
    if line.named == "ordinal":
        return Extremes((low - 1, high + 1), ("below everyone known", "above everyone known"))
    what = "count has no highest" if kind == "count" else "measurement has no lowest and highest"
    return f"a {what} value, so the worst case has no end"


def _window(line: Line) -> float | None:
    """Days for which an outcome is looked for; None where the file states none, or months."""
    if line.outcome.window is None:
        return None
    length = line.outcome.window.length
    return None if length.unit == "months" else length.delta() / timedelta(days=1)
