"""Headlines of estimators that give neither a difference of chances nor of means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nudge.report import numbers
from nudge.report.words import ratio, ratio_range, readable, unoriented

if TYPE_CHECKING:
    from nudge.trial.model import Trial
    from nudge.trial.records.analysis import Estimate


def by_estimator(line: Estimate, trial: Trial) -> str:
    """What a ratio, a time or a chance of doing better says, in a sentence or two."""
    if line.estimator == "survival":
        return _sooner(line)
    if line.estimator == "ordinal":
        return _chance(line, trial)
    arm, control = readable(line.arm), readable(line.control)
    times = f"{ratio(line, line.estimate)} times" if line.estimate is not None else ""
    if line.estimator == "cox":
        return (
            f"On any day, those with {arm} to whom “{readable(line.outcome)}” had not happened yet were {times} as "
            f"likely to have it as those with {control}{ratio_range(line)}."
        )
    outcome = trial.outcomes[line.outcome]
    per = readable(outcome.exposure) if outcome.exposure else "person"
    unit = outcome.unit or "events"
    return (
        f"On average {numbers.plain(line.mean_control or 0.0, 2)} {unit} per {per} with {control}; with {arm} it is "
        f"{times} that{ratio_range(line)}."
    )


def _sooner(line: Estimate) -> str:
    if line.estimate is None or line.mean_control is None:
        raise AssertionError("only a line with an estimate has a headline")
    gap = unoriented(line, line.estimate)
    bounds = ""
    if line.conf_low is not None and line.conf_high is not None:
        low, high = sorted(unoriented(line, bound) for bound in (line.conf_low, line.conf_high))
        bounds = f" (from {_days(low)} to {_days(high)})"
    within = line.note.partition("mean over the ")[2].partition(";")[0]
    return (
        f"Over the {within}, “{readable(line.outcome)}” took {numbers.plain(line.mean_control)} days on average with "
        f"{readable(line.control)}; with {readable(line.arm)} it came {_days(gap)}{bounds}."
    )


def _days(value: float) -> str:
    return f"{numbers.plain(abs(value))} days {'sooner' if value < 0 else 'later'}"


def _chance(line: Estimate, trial: Trial) -> str:
    if line.estimate is None:
        raise AssertionError("only a line with an estimate has a headline")
    called = trial.population.called.people
    bounds = ""
    if line.conf_low is not None and line.conf_high is not None:
        bounds = f" (between {_of_hundred(line.conf_low)} and {_of_hundred(line.conf_high)})"
    return (
        f"Of 100 pairs of {called}, one with {readable(line.arm)} and one with {readable(line.control)}, the one with "
        f"{readable(line.arm)} did better in {_of_hundred(line.estimate)}{bounds}, ties shared; 50 would be no "
        "difference."
    )


def _of_hundred(value: float) -> str:
    return f"{100 * (0.5 + value):.0f}"
