"""What the results say, in sentences. Nothing is "significant" and nothing is "no effect"."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nudge.report import numbers

if TYPE_CHECKING:
    from nudge.trial.model import Trial
    from nudge.trial.parts.outcomes import Outcome
    from nudge.trial.quantities import Difference
    from nudge.trial.records.analysis import Estimate


_SMALL = 0.01
"""Differences below one point are given to two decimals."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one primary comparison."""

    question: str
    headline: str
    verdict: str
    tone: str
    """good, bad or open: the colour beside the word, never instead of it."""
    because: str
    family: str
    counted: str
    """Of how many the outcome is known, and how the comparison stands to the lock where it is not as planned."""


_VERDICTS = {
    "firmly worthwhile": ("Worthwhile, firmly", "good"),
    "worthwhile": ("Worthwhile", "good"),
    "too small to matter": ("Too small to matter", "bad"),
    "harmful": ("Harmful", "bad"),
    "undecided": ("Undecided", "open"),
    "undecided: better than control, size uncertain": ("Undecided: better than control, size uncertain", "open"),
    "within the margin": ("Within the margin", "good"),
    "no worse": ("No worse than the margin allows", "good"),
    "worse by more than the margin": ("Worse by more than the margin", "bad"),
    "equivalent": ("Equivalent within the margin", "good"),
    "not equivalent": ("Not equivalent", "bad"),
}


_WAITS = "no verdict yet: "
"""How a note begins while windows are open."""


def readable(name: str) -> str:
    """A name from the file as words."""
    return name.replace("_", " ")


_YES_NO = {"True": "yes", "False": "no"}


def level(name: str) -> str:
    """A level as words: `free meals: yes`."""
    column, _, value = name.partition(": ")
    return f"{readable(column)}: {_YES_NO.get(value, value)}"


def sentence(text: str) -> str:
    """The same with a capital first letter and spaced per cent signs; other capitals stay."""
    return spaced(text[:1].upper() + text[1:])


def spaced(text: str) -> str:
    """`62.2 %`, as everywhere in a report."""
    return re.sub(r"(?<=\d)%", " %", text)


def standing(label: str) -> str:
    """How a line stands to the lock, as words."""
    return {"prespecified": "pre-specified", "sensitivity": "beside the plan"}.get(label, label)


def answer(line: Estimate, trial: Trial) -> Answer:
    """One planned estimate in words."""
    outcome = trial.outcomes[line.outcome]
    none = ("No verdict yet" if line.note.startswith(_WAITS) else "No verdict", "open")
    shown, tone = _VERDICTS.get(line.verdict or "", none)
    arms = f"{readable(line.arm)} compared with {readable(line.control)}"
    alone = line.role == "primary" and _primary(trial) == 1
    return Answer(
        question=arms if alone else f"{readable(line.outcome)}: {arms}",
        headline=headline(line, trial),
        verdict=shown,
        tone=tone,
        because=because(line, outcome, looks=trial.analysis.looks is not None),
        family=_family(line, trial),
        counted=f"{_counted(line, trial)}{_STANDING.get(line.label, '')}",
    )


_STANDING = {
    "exploratory": " Exploratory: it is not as it was locked.",
    "amended": " Amended: the plan changed after the lock, as told below.",
}


def _primary(trial: Trial) -> int:
    return sum(one.role == "primary" for one in trial.outcomes.values())


def _counted(line: Estimate, trial: Trial) -> str:
    """Out of how many each arm's figures are."""
    called = trial.population.called.people
    arms = ((line.n_arm, line.n_allocated_arm, line.arm), (line.n_control, line.n_allocated_control, line.control))
    if all(n == of for n, of, _ in arms):
        return f"The outcome is known for all {arms[0][1]:,} and {arms[1][1]:,} {called}."
    said = " and ".join(f"{n:,} of the {of:,} {called} with {readable(arm)}" for n, of, arm in arms)
    return f"The outcome is known for {said}."


def headline(line: Estimate, trial: Trial) -> str:
    """The finding as natural frequencies, or in the outcome's own unit."""
    if line.estimate is None or line.mean_control is None:
        return f"Nothing can be said of {readable(line.outcome)}."
    if line.scale == "log_ratio" or line.estimator in {"ordinal", "survival"}:
        from nudge.report.other_scales import by_estimator  # which is made of the words here

        return by_estimator(line, trial)
    if line.scale == "probability" and line.conf_low is None:
        return (
            f"{_events(line.mean_arm, line.n_arm)} with {readable(line.arm)} and "
            f"{_events(line.mean_control, line.n_control)} with {readable(line.control)} {_had(line)}."
        )
    if line.scale == "probability":
        return _frequencies(line, trial)
    outcome = trial.outcomes[line.outcome]
    raw = unoriented(line, line.estimate)
    direction = "more" if raw >= 0 else "fewer"
    level = f"{numbers.plain(line.mean_control, 2)}{f' {outcome.unit}' if outcome.unit else ''}"
    change = f"{numbers.plain(abs(raw), 2)} {direction}{_range(line, 1, 2)}"
    return f"On average {level} with {readable(line.control)}; {readable(line.arm)} makes it {change}."


def _frequencies(line: Estimate, trial: Trial) -> str:
    if line.estimate is None or line.mean_control is None:
        raise AssertionError("only a line with an estimate is put as frequencies")
    raw = unoriented(line, line.estimate)
    base = numbers.frequency_base(line.mean_control, line.mean_control + raw)
    people = trial.population.called.people
    size = numbers.out_of(abs(raw), base)
    change = f"{size} {'more' if raw >= 0 else 'fewer'}" if float(size) else "about the same number"
    return (
        f"Of every {base:,} {people}, about {numbers.out_of(line.mean_control, base)} {_had(line)} with "
        f"{readable(line.control)}. With {readable(line.arm)} it is {change}{_range(line, base, 0)}."
    )


def _events(mean: float | None, n: int) -> str:
    return f"{round((mean or 0.0) * n):,} of {n:,}"


def _had(line: Estimate) -> str:
    return f"had the outcome “{readable(line.outcome)}”"


def unoriented(line: Estimate, oriented: float) -> float:
    """An oriented effect turned back to the outcome's own direction; a higher hazard is a shorter time."""
    return -oriented if (line.better == "lower") != (line.estimator == "cox") else oriented


def ratio(line: Estimate, oriented: float) -> str:
    """An oriented logarithm of a ratio as the ratio itself: arm over control."""
    return numbers.plain(math.exp(unoriented(line, oriented)), 2)


def ratio_range(line: Estimate) -> str:
    """` (1.05 to 1.42)`, from the plain interval."""
    if line.conf_low is None or line.conf_high is None:
        return ""
    low, high = sorted((line.conf_low, line.conf_high), key=lambda bound: unoriented(line, bound))
    return f" ({ratio(line, low)} to {ratio(line, high)})"


def _range(line: Estimate, base: int, decimals: int) -> str:
    """` (between 3 and 13 more)`, from the plain interval."""
    if line.conf_low is None or line.conf_high is None:
        return ""
    low, high = sorted(unoriented(line, bound) * base for bound in (line.conf_low, line.conf_high))
    if line.scale == "probability" and max(abs(low), abs(high)) < 1:
        decimals = 1

    def shown(value: float) -> str:
        return f"{abs(value):,.{decimals}f}"

    if low >= 0:
        return f" (between {shown(low)} and {shown(high)} more)"
    if high <= 0:
        return f" (between {shown(high)} and {shown(low)} fewer)"
    return f" (anywhere from {shown(low)} fewer to {shown(high)} more)"


def effect(line: Estimate, unit: str | None = None) -> str:
    """`+8.1 points (3.1 to 13.2)`, or `+0.06 days (−1.03 to 1.15)`, oriented. unit: the outcome's own."""
    if line.estimate is None:
        return "–"
    if line.scale == "log_ratio":
        return f"{ratio(line, line.estimate)} times{ratio_range(line)}"
    if line.scale == "probability":
        bounds = (
            f" ({numbers.plain(line.conf_low * 100)} to {numbers.plain(line.conf_high * 100)})"
            if line.conf_low is not None and line.conf_high is not None else ""
        )  # fmt: skip
        return f"{numbers.points(line.estimate)} points{bounds}"
    bounds = (
        f" ({numbers.plain(line.conf_low, 3)} to {numbers.plain(line.conf_high, 3)})"
        if line.conf_low is not None and line.conf_high is not None else ""
    )  # fmt: skip
    named = unit or measured_in(line)
    return f"{numbers.signed(line.estimate, 3)}{f' {named}' if named else ''}{bounds}"


def measured_in(line: Estimate) -> str:
    """The unit that the estimator itself gives, where the file names none."""
    return "days" if line.estimator == "survival" else ""


def because(line: Estimate, outcome: Outcome, *, looks: bool = False) -> str:
    """Why the verdict is what it is. looks: whether the plan looks before the end."""
    if line.note.startswith(_WAITS):
        return _waiting(line)
    if line.verdict is None:
        note = line.note
        return note[:1].upper() + note[1:] + "." if note else "The file names no change that would matter."
    limit = outcome.worthwhile if outcome.aim == "superiority" else outcome.margin
    low, high = (_held_against(line, end, limit) for end in (line.verdict_conf_low, line.verdict_conf_high))
    above, below = ("above zero", "below zero") if line.scale != "log_ratio" else ("better than 1", "worse than 1")
    sentences = {
        "firmly worthwhile": f"Even the lower end of the interval, {low}, reaches the {limit} that would change the "
        "decision.",
        "worthwhile": f"The whole interval ({low} to {high}) is {above} and the estimate reaches the {limit} that "
        "would change the decision; its lower end does not.",
        "too small to matter": f"Even the upper end of the interval, {high}, is below the {limit} that would change "
        "the decision.",
        "harmful": f"The whole interval ({low} to {high}) is {below}: the arm did worse than its comparison.",
        "undecided": f"The interval runs from {low} to {high}, so both no difference and one of {limit} remain "
        "possible. This trial cannot tell them apart.",
        "undecided: better than control, size uncertain": f"The whole interval ({low} to {high}) is {above}, but "
        f"the estimate falls short of the {limit} that would change the decision.",
        "within the margin": f"A rise of {limit} or more is ruled out: {_worst(line)}.",
        "no worse": f"Being worse by {limit} or more is ruled out: the worse end of the interval is {low}.",
        "worse by more than the margin": f"Even the better end of the interval, {high}, is worse than {limit} allows.",
        "equivalent": f"A difference of {limit} or more is ruled out either way: the interval runs from {low} to "
        f"{high}, so both one-sided tests hold.",
        "not equivalent": f"The whole interval ({low} to {high}) lies beyond {limit} on one side.",
    }
    if line.verdict == "undecided" and outcome.hypothesis in {"non_inferiority", "equivalence"}:
        return f"The interval runs from {low} to {high}, so a difference of {limit} is not ruled out.{_margin_p(line)}"
    return f"{sentences[line.verdict]}{_turned(line)}{_wider(line, looks=looks)}{_margin_p(line)}"


def _turned(line: Estimate) -> str:
    """A reminder where the interval of the verdict runs the other way than the sentence before it."""
    if line.better != "lower" or line.role == "harm" or line.scale == "log_ratio":
        return ""
    less = "Sooner" if line.estimator == "survival" else "Fewer"
    return f" {less} is better here, and better is counted as positive."


def _waiting(line: Estimate) -> str:
    """One sentence while windows are open; a look that may stop the trial is told as well."""
    parts = line.note.removeprefix(_WAITS).split("; ")
    told = [parts[0], *(one for one in parts[1:] if "enrolment may stop" in one)]
    return " ".join(f"{one[:1].upper()}{one[1:]}." for one in told)


def _worst(line: Estimate) -> str:
    """The worst that a harm's interval leaves, as the rise it would be."""
    low = line.verdict_conf_low
    if low is None or low >= 0 or line.scale == "log_ratio":
        return f"the lower end of the interval is {_amount(line, low)}"
    return f"the worst that the interval leaves is a rise of {_amount(line, -low)}"


def _wider(line: Estimate, *, looks: bool) -> str:
    """Why the interval of the verdict is not the one of the headline, where it is wider."""
    ends = (line.conf_low, line.conf_high, line.verdict_conf_low, line.verdict_conf_high)
    if None in ends or line.p_margin is not None:
        return ""
    low, high, verdict_low, verdict_high = (end or 0.0 for end in ends)
    if verdict_high - verdict_low <= (high - low) * 1.001:
        return ""
    what = "comparisons and looks" if looks else "comparisons"
    return f" That interval is wider than the one above: it allows for all {what} together."


def _margin_p(line: Estimate) -> str:
    """The test beside the interval, of outcomes held to a margin."""
    return "" if line.p_margin is None else f" Against the margin, one-sided p {_equals(line.p_margin)}."


ADJUSTMENTS = {
    "holm": "Holm",
    "hochberg": "Hochberg",
    "benjamini_hochberg": "Benjamini-Hochberg",
    "romano_wolf": "Romano-Wolf",
    "none": "not adjusted",
}
"""What a report calls the adjustment that a file names."""


def _amount(line: Estimate, value: float | None, decimals: int = 0) -> str:
    """An effect in its own unit. decimals: at least so many."""
    if value is None:
        return "–"
    if line.scale == "log_ratio":
        return f"{ratio(line, value)} times"
    if line.scale != "probability":
        return numbers.plain(value, max(3, decimals))
    return f"{numbers.plain(value * 100, max(decimals, 1 if abs(value) >= _SMALL else 2))} points"


_FINEST = 5


def _held_against(line: Estimate, value: float | None, limit: Difference | None) -> str:
    """An end of an interval with as many decimals as tell it from the size that it is held against."""
    if value is None or limit is None or line.scale == "log_ratio":
        return _amount(line, value)
    size, factor = abs(limit.as_estimated), 100 if line.scale == "probability" else 1
    unit = f" {limit.unit}" if line.scale == "mean" else ""
    for decimals in range(_FINEST):
        shown = _amount(line, value, decimals)
        number = float(shown.split(" ", maxsplit=1)[0].replace("−", "").replace(",", ""))
        if number != round(size * factor, _FINEST) or abs(value) == size:
            break
    return f"{shown}{unit}"


def _family(line: Estimate, trial: Trial) -> str:
    if line.p_adjusted is None:
        return ""
    if line.role == "primary" and _primary(trial) * len(trial.comparisons) == 1:
        return f"p {_equals(line.p_value)}"
    how = ADJUSTMENTS[trial.analysis.multiplicity]
    return f"p {_equals(line.p_value)}; adjusted for the family of comparisons ({how}) {_equals(line.p_adjusted)}"


def _equals(p: float | None) -> str:
    shown = numbers.p_value(p)
    return shown if shown.startswith("<") else f"= {shown}"
