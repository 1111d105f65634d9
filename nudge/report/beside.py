"""What stands beside a verdict, in sentences; none of it sets the verdict."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nudge.report.numbers import day, p_value, percent, plain, points, signed
from nudge.report.words import readable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from nudge.trial.records.companions import Belief, Exaggeration, Look
    from nudge.trial.records.report import Results

_SURE = 0.0005


@dataclass(frozen=True, slots=True)
class Beside:
    """Sentences about one comparison."""

    about: str
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fold:
    """A fold of the report: its summary, what it rests on, and its sentences."""

    title: str
    resting_on: str
    comparisons: list[Beside]


def folds(results: Results) -> list[Fold]:
    """Everything beside the verdict, each kind in a fold of its own; empty ones left out."""
    every = [
        Fold(
            "Looks taken before the end", "Each look spends some of the error a trial may make; a comparison's error "
            "is its share of the family's. Boundaries: Lan and DeMets (1983).", looks_in_words(results.looks),
        ),
        Fold(
            "What to believe now, given what was believed before", "A belief held before the trial and what the trial "
            "saw, weighed by how precise each is (normal prior, t likelihood).",
            beliefs_in_words(results.beliefs, results.exaggerations),
        ),
    ]  # fmt: skip
    return [one for one in every if one.comparisons]


def beliefs_in_words(beliefs: Sequence[Belief], exaggerations: Sequence[Exaggeration]) -> list[Beside]:
    """What to believe of every primary effect, and how far a small p would mislead."""
    found: defaultdict[tuple[str, str, str], list[str]] = defaultdict(list)
    for one in beliefs:
        found[one.outcome, one.arm, one.control].append(_believed(one))
    for other in exaggerations:
        found[other.outcome, other.arm, other.control].append(_misled(other))
    return [
        Beside(f"{readable(outcome).capitalize()}, {readable(arm)} compared with {readable(control)}", tuple(said))
        for (outcome, arm, control), said in found.items()
    ]


def _believed(one: Belief) -> str:
    said = (
        f"Whoever began with the {readable(one.prior)} belief ({points(one.prior_mean)} points, give or take "
        f"{plain(one.prior_sd * 100)}) should now expect {points(one.mean)} points ({percent(one.level, 0)} of belief "
        f"between {points(one.low)} and {points(one.high)}): {_chance(one.better)} that the arm is better"
    )
    return f"{said}." if one.worthwhile is None else f"{said}, {_chance(one.worthwhile)} that it is worthwhile."


def _misled(one: Exaggeration) -> str:
    return (
        f"Were the true effect {plain(one.truth * 100)} points ({one.because}), a trial of this precision would find "
        f"p below the limit with {_chance(one.found)}; such results would overstate the effect "
        f"{plain(one.exaggeration)} times on average, and {percent(one.wrong_sign)} of them would point the wrong way."
    )


def _chance(probability: float) -> str:
    """`83 % probability`; never 0 or 100."""
    if probability < _SURE:
        return "less than 0.1 % probability"
    if probability > 1 - _SURE:
        return "more than 99.9 % probability"
    whole = 0.01 <= probability <= 0.99  # noqa: PLR2004 - nearer to certainty, tenths are told
    return f"{percent(probability, 0 if whole else 1)} probability"


def looks_in_words(looks: Sequence[Look]) -> list[Beside]:
    """Every look at every primary effect, and after a stop what it makes of the estimate."""
    found: defaultdict[tuple[str, str, str], list[str]] = defaultdict(list)
    for one in looks:
        found[one.outcome, one.arm, one.control].extend(_looked(one))
    return [
        Beside(f"{readable(outcome).capitalize()}, {readable(arm)} compared with {readable(control)}", tuple(said))
        for (outcome, arm, control), said in found.items()
    ]


def _looked(one: Look) -> Iterator[str]:
    kind = "The last look" if one.final else f"Look {one.number}"
    yield (
        f"{kind}, {day(one.at)}, at {percent(one.share, 0)} of the information planned: p {one.p_value:.4f} against a "
        f"boundary of {one.boundary:.4f}, {percent(one.spent, 2)} of error spent so far. Read at any moment, the "
        f"effect lies between {_size(one.whenever_low)} and {_size(one.whenever_high)}."
    )
    low, high, middle, p = one.stopped_low, one.stopped_high, one.stopped_estimate, one.stopped_p
    if low is not None and high is not None and middle is not None and p is not None:
        yield (
            f"Taking the looks into account the effect is {_size(middle)} ({_size(low)} to {_size(high)}, p "
            f"{p_value(p)}); a trial that stops on a high is likely to have caught one, and the plain estimate of "
            f"{_size(one.estimate)} does not know it."
        )


def _size(effect: float) -> str:
    return signed(effect, 3)
