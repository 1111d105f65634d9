"""What sending would take unit by unit, whichever arm a unit falls in, and when it would end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np

from nudge.delivery.plan import Planner
from nudge.outcomes.windows import windows
from nudge.workflow.checking.rendering import Unrendered, render_arm
from nudge.workflow.dispatching.linking import rehearsed

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray

    from nudge.workflow.checking.examine import Examined


@dataclass(frozen=True, slots=True)
class Sending:
    """messages, segments: (K, U) of each unit in each arm; first and last planned send, last window's close."""

    messages: NDArray[np.float64]
    segments: NDArray[np.float64]
    first: datetime | None
    last: datetime | None
    windows_close: datetime | None

    def of(self, arms: NDArray[np.int8]) -> NDArray[np.float64]:
        """(R, 2) messages and SMS segments of R draws; arms: (R, U) positions."""
        counts = np.zeros((arms.shape[0], 2))
        for k in range(self.messages.shape[0]):
            here = (arms == k).astype(float)
            counts += here @ np.column_stack([self.messages[k], self.segments[k]])
        return counts


def sending_of(examined: Examined, now: datetime) -> Sending:
    """Render every arm for every unit of the roll. now: stands in for the moment of allocation."""
    trial, roll = examined.trial, examined.roll
    if roll is None:
        raise AssertionError("without a roll there is nobody to write to")
    planner = Planner(trial, examined.variants, now)
    by_key = {template.key: template for template in examined.templates}
    messages = np.zeros((len(trial.arms), len(roll.units)))
    segments = np.zeros_like(messages)
    dues: list[datetime] = []
    manner = rehearsed(trial, "")
    for k, arm in enumerate(trial.arms):
        for u, unit in enumerate(roll.units):
            for one in render_arm(planner, by_key, unit, arm, manner):
                if isinstance(one, Unrendered):
                    continue
                messages[k, u] += 1
                segments[k, u] += one.words.segments if one.words.channel == "sms" else 0
                dues.append(one.due)
    zone = ZoneInfo(trial.timezone)
    closes = [
        window.closes
        for outcome in trial.outcomes.values() if outcome.role == "primary"
        for window in windows(outcome.window, roll.units, planner.first_planned, now, zone).values()
        if window.closes is not None
    ]  # fmt: skip
    return Sending(messages, segments, min(dues, default=None), max(dues, default=None), max(closes, default=None))
